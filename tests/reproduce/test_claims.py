"""Claims: verdicts at their edges, figures kept and gone on from, every measure on toy data, the command."""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import toy
from typer.testing import CliRunner

from bench.analysis.learning_curves import labels_at_score
from bench.baselines import BASELINES
from bench.cli.app import app
from bench.core.errors import BenchError
from bench.data.routes import Access
from bench.learning.features.glove import WordVectors
from bench.learning.networks import architectures
from bench.learning.networks.architectures import Architecture
from bench.protocol.domain import Domain
from bench.reproduce import claims
from bench.reproduce.claims import Claim, ClaimResult, Rule
from bench.reproduce.measures import MEASURES, measure
from bench.reproduce.measures.averages import letter_means
from bench.reproduce.measures.session import Measurement, NotTested, Session
from bench.results import record_files
from bench.runs.options import Options

PUBLISHED = claims.read_claims(claims.default_claims())


def finding(rule: Rule, *values: float, met: str = claims.REPRODUCED) -> ClaimResult:
    claim = Claim("T1", "a title", "T. A tutorial", "0.5", "a protocol", "letters", (rule,), len(values), met)
    return ClaimResult(claim, Measurement({"auc": values}))


@pytest.mark.parametrize(("rule", "values", "met"), [
    (Rule("auc", near=0.74, within=0.03), (0.71,), True),
    (Rule("auc", near=0.74, within=0.03), (0.77,), True),
    (Rule("auc", near=0.74, within=0.03), (0.7701,), False),
    (Rule("auc", near=0.74, within=0.03), (0.70, 0.72), True),
    (Rule("auc", near=128), (128.0,), True),
    (Rule("auc", near=128), (127.0,), False),
    (Rule("auc", at_least=0.96), (0.96,), True),
    (Rule("auc", at_least=0.96), (0.9599,), False),
    (Rule("auc", at_least=0.3), (0.1 + 0.2,), True),
    (Rule("auc", at_most=0.5), (0.5,), True),
    (Rule("auc", at_most=0.5), (0.5001,), False),
    (Rule("auc", at_least=0.2, at_most=0.4), (0.5,), False),
])
def test_a_verdict_is_computed_from_the_mean_and_bounds_are_inclusive(rule: Rule, values: tuple[float, ...],
                                                                      met: bool) -> None:
    assert finding(rule, *values).verdict == ("reproduced" if met else "not reproduced")
    assert finding(rule, *values, met="corrected").verdict == ("corrected" if met else "not reproduced")


def test_every_rule_must_hold_and_what_was_not_tested_has_no_other_verdict() -> None:
    one = finding(Rule("auc", at_least=0.5), 0.6)
    assert one.verdict == "reproduced"
    both = replace(one, claim=replace(one.claim, rules=(*one.claim.rules, Rule("auc", at_most=0.55))))
    assert both.verdict == "not reproduced"
    assert ClaimResult(one.claim, Measurement({}), why_not="no GPU").verdict == "not tested here"


def test_a_rule_on_a_figure_that_is_not_measured_is_an_error() -> None:
    with pytest.raises(BenchError, match=r"'f1'.*auc"):
        _ = finding(Rule("f1", at_least=0.5), 0.6).verdict


def test_the_published_claims_are_those_of_the_five_tutorials() -> None:
    ids = [claim.id for claim in PUBLISHED]
    assert len(set(ids)) == len(ids)
    assert set(ids) >= {"A0", "A1", "A2", "B1", "B1-corrected", "B1-matrix", *(f"C{i}" for i in range(1, 9)), "E1",
                        "E2"}
    assert {claim.measure for claim in PUBLISHED} == set(MEASURES)
    assert [c.id for c in claims.claims_named(PUBLISHED, ["b1"])] == ["B1", "B1-corrected", "B1-matrix"]
    assert [c.id for c in claims.claims_named(PUBLISHED, ["E1", "C5"])] == ["C5", "E1"]


@pytest.mark.parametrize(("change", "said"), [
    (('measure = "letters"', 'measure = "lettres"'), "lettres"),
    (("protocol = ", "protokol = "), "protokol"),
    (("near = 0.7405", "naer = 0.7405"), "naer"),
    (("rules = [{", "rules = [[{"), "not a file of claims"),
    (('rules = [{ figure = "AUC", at_least = 0.96 }]', 'rules = [{ figure = "AUC" }]'), "has no bound"),
    (('rules = [{ figure = "AUC", at_least = 0.96 }]', "rules = []"), "a list of one rule or more"),
])
def test_a_damaged_file_of_claims_says_where(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    text = claims.default_claims().read_text(encoding="utf-8")
    assert change[0] in text
    path = tmp_path / "claims.toml"
    path.write_text(text.replace(*change, 1), encoding="utf-8")
    with pytest.raises(BenchError, match=said):
        claims.read_claims(path)


MODULE = """
from bench.core.errors import BenchError
from bench.reproduce.measures.session import Measurement, NotTested
calls = []
def steady(session):
    calls.append(session.seeds)
    return Measurement({"auc": tuple(0.5 for _ in range(session.seeds))}, ("a note | with a bar",))
def stopped(session):
    raise KeyboardInterrupt
def no_gpu(session):
    raise NotTested("no GPU here")
def no_data(session):
    raise BenchError("no data for toy", "connect")
"""


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Measures called as their functions; the list hears every call."""
    (tmp_path / "toy_measures.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("steady", "stopped", "no_gpu", "no_data"):
        monkeypatch.setitem(MEASURES, name, f"toy_measures:{name}")  # type: ignore[arg-type]
    import toy_measures

    yield toy_measures.calls
    sys.modules.pop("toy_measures")


def claim(name: str, seeds: int = 2, **more: object) -> Claim:
    given = {"rules": (Rule("auc", at_least=0.5),), **more}
    return Claim(name.upper(), "t | t", "T", "0.5", "p", name, seeds=seeds, **given)  # type: ignore[arg-type]


def session_in(folder: Path, **more: object) -> Session:
    options = Options(results_dir=folder / "results", cache_dir=folder / "cache", jobs=1, offline=True)
    return Session(options, Access(None, folder / "cache" / "raw", True), BASELINES, **more)  # type: ignore[arg-type]


def test_finished_claims_are_kept_and_an_interrupted_run_goes_on(toys: list[int], tmp_path: Path) -> None:
    session, folder = session_in(tmp_path), tmp_path / "results" / "claims"
    with pytest.raises(KeyboardInterrupt):
        list(claims.measure_claims([claim("steady"), claim("stopped")], session, folder))
    assert toys == [2]
    found = list(claims.measure_claims([claim("steady"), claim("no_gpu")], session, folder))
    assert toys == [2], "measured before"
    assert [f.verdict for f in found] == ["reproduced", "not tested here"]
    stricter = claim("steady", rules=(Rule("auc", at_least=0.6),))
    assert next(claims.measure_claims([stricter], session, folder)).verdict == "not reproduced"
    assert toys == [2], "a rule changes without a new run"
    list(claims.measure_claims([claim("steady", seeds=3)], session, folder))
    assert toys == [2, 3]


def test_a_damaged_result_is_measured_again(toys: list[int], tmp_path: Path) -> None:
    session, folder = session_in(tmp_path), tmp_path / "results" / "claims"
    list(claims.measure_claims([claim("steady")], session, folder))
    for text in ("", "{}", "[]", '{"key": 1}'):
        (folder / "STEADY.json").write_text(text)
        assert next(claims.measure_claims([claim("steady")], session, folder)).verdict == "reproduced"
    assert len(toys) == 5


def test_what_cannot_be_had_is_not_tested_here_with_the_reason_and_the_others_run(toys: list[int],
                                                                                 tmp_path: Path) -> None:
    found = list(claims.measure_claims([claim("no_data"), claim("steady")], session_in(tmp_path), tmp_path / "claims"))
    assert [f.verdict for f in found] == ["not tested here", "reproduced"]
    assert "connect" in found[0].why_not
    paths = claims.write(tmp_path, found)
    assert [p.name for p in paths] == ["claims.md", "claims.json"]
    rows = json.loads(paths[1].read_text())
    assert [row["verdict"] for row in rows] == ["not tested here", "reproduced"]
    text = paths[0].read_text()
    assert "auc 0.500 ± 0.000" in text
    assert r"t \| t" in text, "a bar would end the table's cell"
    assert claims.page(found).startswith("# Claims\n\nWhat five tutorials claimed")


def test_an_unknown_claim_names_those_there_are() -> None:
    done = CliRunner().invoke(app, ["reproduce", "--claim", "B9", "--offline"])
    assert done.exit_code == 2
    assert "'B9'" in done.stderr
    assert all(claim.id in done.stderr for claim in PUBLISHED)
    assert len(done.stderr.splitlines()) == 1


def test_docs_of_some_claims_only_are_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["reproduce", "--claim", "B1", "--write-docs", str(tmp_path / "claims.md")])
    assert done.exit_code == 2
    assert "--write-docs" in done.stderr


def test_the_wheel_carries_the_claims() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    carried = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert carried["results/published/claims.toml"] == "bench/claims.toml"


def test_labels_are_worth_what_the_curve_says() -> None:
    curve = {32: 0.5, 128: 0.6, 512: 0.7}
    assert labels_at_score(0.6, curve) == pytest.approx(128)
    assert labels_at_score(0.65, curve) == pytest.approx(256)
    assert labels_at_score(0.4, curve) == -np.inf
    assert labels_at_score(0.9, curve) == np.inf


SMALL = {
    "gru": Architecture("gru", embedding=8, hidden=8, pooling="last", most_tokens=16, glove="no"),
    "bilstm": Architecture("bilstm", embedding=8, hidden=8, pooling="last", most_tokens=16, glove="no"),
    "dense": Architecture("dense", embedding=8, hidden=8, most_tokens=16, words=100, glove="no"),
    "cnn": Architecture(
        "cnn", embedding=8, hidden=8, widths=(5,), pooling="flatten", most_tokens=16, words=100, glove="no"
    ),
    "textcnn": Architecture(
        "textcnn", embedding=8, hidden=8, widths=(3, 4, 5), pooling="max", most_tokens=16, glove="no"
    ),
    "glove-cnn": Architecture(
        "cnn", embedding=50, hidden=8, widths=(5,), pooling="flatten", most_tokens=16, glove="frozen"
    ),
}


def with_letters(vectors: WordVectors) -> WordVectors:
    """The vectors with one for each letter too, as GloVe has them."""
    words = pd.read_parquet(vectors.index)["word"].tolist()
    letters = list("abcdefghijklmnopqrstuvwxyz")
    matrix = np.concatenate([np.load(vectors.matrix), np.random.default_rng(2).normal(size=(26, 50))])
    np.save(vectors.matrix, matrix.astype(np.float32))
    pd.DataFrame({"word": [*words, *letters]}).to_parquet(vectors.index)
    return vectors


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """The claims' tasks as toys, the tutorials' nets as small ones; nets are trained once for all claims."""
    root = tmp_path_factory.mktemp("claims")
    sides = {"imdb": (400, slice(0, 3)), "amazon": (300, slice(1, 4)), "newsgroups-atheism-space": (200, slice(0, 3))}
    loaded: dict[str, Domain] = {}
    for name, (n, words) in sides.items():
        frame = toy.rows(n, seed=len(name), words=words)
        frame["split"] = ["train", "train", "test", "test"] * (n // 4) if name != "amazon" else ""
        frame["text"] += [f" w{i}" for i in range(n)]  # no two alike
        loaded[name] = toy.loaded(root / "cache", name, frame)
    glove = with_letters(toy.vectors(root / "glove"))
    patch = pytest.MonkeyPatch()
    patch.setattr("bench.runs.inputs.load", lambda name, *rest: loaded[name.partition("@")[0]])
    for where in ("bench.runs.inputs.find_glove", "bench.reproduce.measures.session.find_glove"):
        patch.setattr(where, lambda access: glove)
    for name, net in SMALL.items():
        patch.setitem(architectures.TUTORIAL, name, net)  # type: ignore[arg-type]
    patch.setattr("bench.reproduce.measures.embeddings.BUDGETS", (32, 128, "full"))  # with more, this takes most of it
    patch.setattr("bench.reproduce.measures.embeddings.POSITIVE", toy.SIGNALS["positive"][:3])
    patch.setattr("bench.reproduce.measures.embeddings.NEGATIVE", toy.SIGNALS["negative"][:3])
    groups = tuple(frozenset(w[:3]) for w in toy.SIGNALS.values())
    patch.setattr("bench.reproduce.measures.sentiment.SIMILAR_WORDS", groups)
    yield session_in(root)
    patch.undo()


def test_letters_are_averaged_over_all_characters_as_the_published_loop_does(tmp_path: Path) -> None:
    glove = with_letters(toy.vectors(tmp_path))
    known = dict(zip(pd.read_parquet(glove.index)["word"], np.load(glove.matrix), strict=True))
    texts = ["ab ba", "aB 1!", "x", ""]
    expected = [np.mean([known.get(c, np.zeros(50)) for c in t], axis=0) if t else np.zeros(50) for t in texts]
    assert letter_means(texts, glove) == pytest.approx(np.array(expected), abs=1e-6)
    assert np.abs(letter_means(texts, glove)[0] - letter_means(["abba"], glove)[0]).max() > 0.01, "the blank counts"


NOT_HERE = ("gpu", "dann-table")  # a machine, and files of others: tests/reproduce/test_domain_adaptation.py


@pytest.mark.parametrize("claim", [c for c in PUBLISHED if c.measure not in NOT_HERE], ids=lambda c: c.id)
def test_every_claim_is_measured_and_its_rules_name_its_figures(session: Session, claim: Claim) -> None:
    seeds = min(claim.seeds, 2)
    measured = measure(claim.measure)(replace(session, seeds=seeds))
    assert {rule.figure for rule in claim.rules} <= set(measured.figures)
    assert all(np.isfinite(values).all() and len(values) in (1, seeds) for values in measured.figures.values())
    assert all(len(measured.figures[rule.figure]) == seeds for rule in claim.rules)
    assert claims.markdown([ClaimResult(claim, measured, 1.0, 1.0)]).count(f"--claim {claim.id}") == 1


def test_the_gain_of_a_claim_is_that_of_its_records_and_a_second_run_repeats_no_trial(session: Session) -> None:
    path = session.options.results_dir / "claims" / "A2" / "records" / "amazon.jsonl"
    first = measure("carry-over")(replace(session, seeds=2)).figures
    before = path.read_bytes()
    found = {(r.baseline, r.budget, r.seed): r.accuracy or 0.0 for r in record_files.read(path)}
    gains = [100 * (found["finetune", 128, seed] - found["scratch", 128, seed]) for seed in range(2)]
    assert first["points over scratch at 128"] == pytest.approx(gains)
    curve = {b: found["scratch", b, 0] for b in (32, 128)} | {
        next(r.n_train for r in record_files.read(path) if r.budget == "full"): found["scratch", "full", 0]}
    labels = labels_at_score(found["finetune", 32, 0], curve)
    assert first["labels saved"][0] == np.clip(labels, 32, max(curve)) - 32
    assert measure("carry-over")(replace(session, seeds=2)).figures == first
    assert path.read_bytes() == before


def test_without_a_gpu_the_claim_about_it_is_not_tested(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    from bench.learning.networks.engines import engine

    for name in {"torch", session.mxnet_or_torch()}:
        monkeypatch.setattr(engine(name), "devices", lambda: ["cpu"])
    with pytest.raises(NotTested, match="GPU"):
        measure("gpu")(session)
