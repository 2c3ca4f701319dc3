"""Leaderboards from synthetic records: pairing, coverage, editions, and escaped texts."""

from __future__ import annotations

import csv as reader
import io
import json
from dataclasses import replace
from pathlib import Path
from statistics import stdev

import numpy as np
import pytest
from board_records import BLANK, CURVES, FULL, STRENGTH, TEXTS, TRUTH, answered, record

from bench.analysis import study
from bench.analysis.leaderboard import leaderboards
from bench.report import advice, formats, leaderboard_files, leaderboard_json, leaderboard_rows, tables
from bench.results import record_files, stored_predictions
from bench.results.record import Record


def test_means_spreads_and_gains_are_over_the_same_seeds():
    board = leaderboards(FULL)[0]
    cell = board.cells["finetune", 32]
    tuned, scratch = ([r.accuracy for r in FULL if r.baseline == n] for n in ("finetune", "scratch"))
    assert cell.accuracy == pytest.approx(sum(tuned) / 3)
    assert cell.spread == pytest.approx(stdev(tuned))
    assert cell.gain == pytest.approx(100 * (sum(tuned) - sum(scratch)) / 3)
    assert (cell.done, cell.of, cell.adapt) == (3, 3, 2.0)
    assert board.cells["scratch", 32].gain is None
    assert board.rows == ("finetune", "scratch")  # the best first
    assert board.pretrain == 50.0
    row = study.studies(FULL)[0].rankings[0].rows[0]
    assert row.score.estimate == pytest.approx(cell.accuracy)
    assert row.gain.estimate == pytest.approx(cell.gain)
    assert row.auc.estimate == pytest.approx(cell.auc)


def test_the_order_of_the_records_does_not_matter():
    assert leaderboards(FULL[::-1]) == leaderboards(FULL)
    assert study.studies(FULL[::-1])[0].rankings == study.studies(FULL)[0].rankings


def test_a_missing_seed_leaves_no_mean_and_shows_how_many_there_are():
    found = study.studies(FULL[:-1])[0]
    assert found.board.cells["finetune", 32].accuracy is None
    row = next(r for r in tables.compact(found).body if r[0] == "finetune")
    assert row[1:] == ("", "2/3", "", "")
    assert found.board.rows == ("scratch", "finetune")  # no mean, no rank
    assert [r.baseline for r in found.rankings[0].rows] == ["scratch"]


def test_no_gain_is_shown_where_scratch_lacks_a_seed():
    found = study.studies(FULL[1:])[0]
    assert found.board.cells["finetune", 32].gain is None
    assert found.rankings[0].rows[0].gain is None


def test_a_failed_trial_is_listed_and_counts_as_missing():
    failed = replace(BLANK, baseline="finetune", seed=2, status="failed", error="ValueError: | a pipe", seconds={})
    found = study.studies([*FULL[:-1], failed])[0]
    assert (found.board.cells["finetune", 32].done, found.board.cells["finetune", 32].of) == (2, 3)
    assert "failed: finetune, 32 labels, seed 2: ValueError: | a pipe" in advice.notes(found)
    assert leaderboards([failed, *FULL])[0].failed == ()  # it was tried again since, and succeeded


@pytest.mark.parametrize(("name", "value"), [("edition", "two"), ("content_sha256", "cd" * 32), ("source", "imdb@y"),
                                             ("net", "bilstm"), ("engine", "mxnet"), ("device", "cuda")])
def test_what_cannot_be_compared_is_never_mixed(name: str, value: str):
    other = [replace(r, **{name: value}, **answered(0.3, r.seed)) for r in FULL]
    found = study.studies([*FULL, *other])
    assert len(found) == 2
    means = sorted(s.rankings[0].rows[0].score.estimate for s in found)
    assert means[0] < means[1] == pytest.approx(leaderboards(FULL)[0].cells["finetune", 32].accuracy)


def test_a_record_of_another_test_set_is_left_out_and_named():
    flipped = [replace(r, **answered(1.2, r.seed, 1 - TRUTH)) for r in FULL if r.baseline == "finetune"]
    found = study.studies([*FULL[:3], *flipped])[0]
    assert [r.baseline for r in found.rankings[0].rows] == ["scratch"]
    assert "its test set differs from that of the others" in " ".join(found.left_out)


def test_predictions_that_do_not_give_the_recorded_score_are_left_out_and_named():
    nan = stored_predictions.pack(TRUTH, np.full((TEXTS, 1), np.nan, np.float16))
    for change, said in (({"predictions": nan}, "NaN"), ({"predictions": {}}, "no predictions are stored"),
                         ({"accuracy": 0.99}, "its predictions give"),
                         ({"predictions": {"truth": "!", "scores": "", "columns": 1}}, "cannot be unpacked")):
        found = study.studies([*FULL[:5], replace(FULL[5], **change)])[0]
        assert [r.baseline for r in found.rankings[0].rows] == ["scratch"]
        assert said in " ".join(found.left_out)
        assert "left out" in str(tables.compact(found).body)


def test_a_record_of_another_schema_is_left_out_and_reported(tmp_path: Path):
    path = tmp_path / "records" / "toy.jsonl"
    for r in FULL:
        record_files.append(path, r)
    record_files.append(path, replace(FULL[0], schema=99, accuracy=0.01))
    said: list[str] = []
    read = record_files.read_all(tmp_path, said.append)
    assert len(read) == 6
    assert "schema 99" in said[0]


def test_with_one_seed_the_advice_says_that_the_spread_is_unknown():
    found = study.studies([r for r in FULL if r.seed == 0])[0]
    assert found.board.cells["finetune", 32].spread is None
    assert "only one seed, so the spread over seeds is unknown" in advice.advice(found)[0]


def test_verdicts_ranks_and_ties_are_those_that_were_built_in():
    found = study.studies(CURVES)[0]
    rows = {r.baseline: r for r in found.at(256).rows}
    assert {n: r.verdict for n, r in rows.items()} == {"scratch": "", "finetune": "helps", "frozen": "helps",
                                                       "tfidf": "helps", "worse": "harms"}
    assert rows["finetune"].rank == rows["frozen"].rank == 1
    assert rows["worse"].rank == 5
    assert sum(r.best for r in rows.values()) == pytest.approx(1.0)
    line = advice.advice(found)[2]
    assert line.startswith("At 256 labels the highest score is that of f")
    assert "cannot be ordered against f" in line
    assert "points above scratch" in line


def test_budgets_are_in_order_and_full_is_last_with_its_size():
    found = [replace(r, budget=b, n_train=n) for r in FULL for b, n in (("full", 6000), (128, 128), (32, 32))]
    one = study.studies(found)[0]
    assert one.board.budgets == (32, 128, "full")
    table = tables.compact(one)
    assert [name for name, _ in table.groups] == ["32 labels", "128 labels", "all 6,000"]
    assert {len(row) for row in table.body} == {len(table.head)}


def test_thirteen_baselines_and_eight_budgets_fit_a_terminal():
    many = [record(f"a-long-name-{i}", 0, budget=2 ** (b + 4)) for i in range(13) for b in range(8)]
    text = formats.plain(tables.compact(study.studies(many)[0]), 110)
    assert max(map(len, text.split("\n"))) <= 110
    assert text.count("a-long-name-12") == 4  # blocks of budgets below each other


def test_rows_can_be_sorted():
    found = study.studies(CURVES)[0]
    assert [r[0] for r in tables.compact(found, "name").body] == sorted(STRENGTH)
    assert tables.compact(found, "256").body[0][0] in ("finetune", "frozen")
    with pytest.raises(Exception, match="cannot sort by 'elephants'"):
        tables.compact(found, "elephants")


EVIL = ["=cmd()", "+1", "-1", "@x"]


def test_a_csv_cell_that_a_spreadsheet_would_run_is_inert():
    found = study.studies([replace(FULL[0], baseline=name) for name in EVIL])
    for text in (leaderboard_files.csv(found), formats.rendered(tables.compact(found[0]), "csv", "")):
        lines = list(reader.reader(io.StringIO(text)))
        assert {f"'{name}" for name in EVIL} <= {cell for row in lines[1:] for cell in row}
        assert not any(cell[:1] in "=+@\t" for row in lines[1:] for cell in row if cell)


def test_the_csv_has_one_row_per_baseline_and_budget_and_numbers_that_read_back():
    lines = list(reader.DictReader(io.StringIO(leaderboard_files.csv(study.studies(FULL)))))
    cell = leaderboards(FULL)[0].cells["finetune", 32]
    assert len(lines) == 2
    assert float(lines[0]["accuracy"]) == pytest.approx(cell.accuracy, abs=1e-6)
    assert float(lines[0]["gain_points"]) == pytest.approx(cell.gain, abs=1e-5)
    assert float(lines[0]["score_low"]) < float(lines[0]["score"]) < float(lines[0]["score_high"])
    assert (lines[0]["verdict"], lines[1]["gain_points"]) == ("helps", "")
    assert tuple(lines[0]) == leaderboard_rows.COLUMNS


def test_text_is_escaped_in_every_format():
    evil = "a|b_$%&<script>{}#^~\\"
    found = study.studies([replace(r, baseline=evil) for r in FULL[:3]])[0]
    md = leaderboard_files.markdown(found)
    rows = [line for line in md.split("\n") if line.startswith("|")]
    assert "a\\|b" in rows[2]
    html = formats.page([formats.rendered(tables.compact(found), "html", evil, [evil])])
    assert "<script>" not in html
    assert html.count("&lt;script&gt;") == 3
    latex = formats.rendered(tables.compact(found), "latex", "title", [evil])
    assert r"a\textbar{}b\_\$\%\&\textless{}script\textgreater{}\{\}\#\textasciicircum{}\textasciitilde{}" in latex
    body = latex[latex.index(r"\midrule") : latex.index(r"\bottomrule")]
    assert {line.replace(r"\&", "").count("&") for line in body.split("\n") if line.endswith(r" \\")} == {4}
    assert r"\toprule" in latex
    assert latex.count(r"\begin{tabular}") == latex.count(r"\end{tabular}") == 1


def test_the_json_fits_its_schema():
    jsonschema = pytest.importorskip("jsonschema")
    schema = leaderboard_json.json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    no_auc = [replace(r, baseline="one-sided") for r in FULL[:2]]
    read = json.loads(leaderboard_json.as_json(study.studies([*CURVES, *no_auc])))
    jsonschema.validate(read, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**read, "schema": "another"}, schema)


def test_each_task_has_its_own_files(tmp_path: Path):
    written = leaderboard_files.write(tmp_path, study.studies([*FULL, *(replace(r, task="other") for r in FULL)]))
    assert sorted(p.name for p in written) == ["other.csv", "other.md", "toy.csv", "toy.md"]
    assert {p.name for p in (tmp_path / "leaderboards").iterdir() if p.suffix != ".lock"} == {p.name for p in written}
    assert "toy@one" in (tmp_path / "leaderboards" / "toy.md").read_text(encoding="utf-8")


def test_no_records_make_no_leaderboard():
    assert leaderboards([]) == []
    assert study.studies([]) == []


def in_groups(groups: np.ndarray) -> list[Record]:
    return [replace(r, predictions={**r.predictions, "groups": stored_predictions.pack(
        TRUTH, np.zeros((TEXTS, 1), np.float16), groups)["groups"]}) for r in FULL]


def test_four_kinds_of_texts_are_no_groups():
    assert study.studies(in_groups(np.arange(TEXTS) % 4))[0].predictions[0].groups is None


def test_groups_of_test_texts_widen_the_intervals_and_are_said():
    groups = np.arange(TEXTS) // 10
    clustered = in_groups(groups)
    alone, together = (study.studies(records)[0] for records in (FULL, clustered))
    assert together.predictions[0].groups.tolist() == groups.tolist()
    assert together.rankings[0].n_test == TEXTS
    assert any("The test texts come in 30 groups" in line for line in advice.notes(together))
    assert not any("groups" in line for line in advice.notes(alone))
    mixed = study.studies([clustered[0], *FULL[1:]])[0]  # records made before have the same texts
    assert all(p.groups is not None for p in mixed.predictions)
    assert [p.groups_stored for p in together.predictions] == [True] * len(together.predictions)
    said = [line for line in advice.notes(mixed) if "before groups were stored" in line]
    assert len(said) == 1
    assert f"of {len(mixed.predictions)} cells" in said[0]
    assert not any("before groups were stored" in line for line in [*advice.notes(together), *advice.notes(alone)])


def test_records_made_before_they_could_say_which_texts_belong_together_are_said():
    def said(records: list[Record]) -> int:
        return sum("which test texts belong together" in line for line in advice.notes(study.studies(records)[0]))

    today = [replace(r, source_sha256="5" * 64) for r in FULL]  # of a target without groups: nothing to say
    assert (said(FULL), said(today), said(in_groups(np.arange(TEXTS) // 10))) == (1, 0, 0)


def test_a_class_with_few_test_texts_is_warned_about():
    truth = np.array([0] * 3 + [1] * 297)
    rare = [replace(r, leading="balanced_accuracy", **answered(1.2, r.seed, truth)) for r in FULL]
    found = study.studies(rare)[0]
    assert any("only 3 test text(s)" in line for line in advice.notes(found))
    assert found.rankings[0].rows[0].score.low < 0.9
