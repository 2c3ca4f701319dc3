"""Models: what a baseline predicts, a kept and loaded model predicts too, and a stranger's folder does no harm."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import faults
import numpy as np
import pytest
import toy
from conftest import World
from safetensors.numpy import load, save
from sklearn.ensemble import RandomForestClassifier
from toy_fits import STRATEGIES, every, fitted, named

from bench.core import files
from bench.core.errors import BenchError
from bench.data.corpus import Examples
from bench.learning.models import folder as model_folder
from bench.learning.models.forest_model import Forest, ForestModel
from bench.learning.models.linear_model import LinearModel
from bench.learning.models.model import ConstantModel, Model, ModelError
from bench.learning.networks.architectures import ARCHITECTURES, TUTORIAL, initial_params, weight_shapes
from bench.protocol.domain import Domain
from bench.runs.registry import Strategy


def kept(folder: Path, model: Model, labels: tuple[str, ...]) -> model_folder.SavedModel:
    model_folder.save(folder, model, labels, {}, force=False)
    return model_folder.load(folder)


@every
@pytest.mark.parametrize(("which", "budget"), [("target", 32), ("target", 2), ("target", "full"), ("three", 96)])
def test_a_kept_model_predicts_what_its_predictor_predicts(world: World, strategy: Strategy, tmp_path: Path,
                                                           which: str, budget: int | str):
    target: Domain = getattr(world, which)
    if which == "three" and "same-labels" in strategy.needs():
        return
    fit = fitted(world, strategy, target, budget)
    test_rows = Examples(target.data.corpus, target.split.test)
    loaded = kept(tmp_path / "model", fit.model(), target.data.labels)
    p = loaded.model.probabilities(test_rows.texts())
    assert p.dtype == np.float32
    np.testing.assert_allclose(p, fit(test_rows), atol=1e-6, rtol=0)


def test_words_that_the_corpus_never_showed_are_known_through_the_base_and_glove(world: World):
    new = set(world.base.vocabulary.words) - set(world.target.data.corpus.words)
    assert new
    for name in ("finetune", "frozen", "source-only", "gradual", "multitask", "tfidf-source", "tfidf-joint"):
        model = fitted(world, named(name), world.target, 32).model()
        assert new <= set(model.parts().words), name
    for name in ("glove-forest", "scratch"):
        model = fitted(world, named(name), world.target, 32).model()
        assert set(toy.SIGNALS["neutral"]) <= set(model.parts().words), name
    scratch = fitted(world, named("scratch-random"), world.target, 32).model()
    labelled = {w for text in world.trial(32).labelled.texts() for w in text.split()}
    assert set(scratch.parts().words) == labelled, "the rest is as good as unknown"


@pytest.mark.parametrize("name", ["scratch", "scratch-random", "glove-frozen", "glove-trainable"])
def test_a_word_that_no_label_showed_has_a_meaning_where_words_have_vectors(world: World, name: str):
    model = fitted(world, named(name), world.target, 32).model()
    new, unknown = model.probabilities([" ".join(toy.SIGNALS["neutral"]), "qqqq wwww eeee rrrr"])
    assert (np.abs(new - unknown).max() > 1e-4) == (name != "scratch-random")


def test_a_text_without_a_known_word_has_probabilities_too(world: World):
    for strategy in STRATEGIES:
        if strategy.missing():
            continue
        p = fitted(world, strategy, world.target, 32).model().probabilities(["", "qqqq", "!", "grum " * 5000])
        assert np.isfinite(p).all()
        np.testing.assert_allclose(p.sum(axis=1), 1.0, atol=1e-5)
    assert fitted(world, STRATEGIES[0], world.target, 32).model().probabilities([]).shape == (0, 2)


def test_shapes_are_those_of_the_initial_weights():
    for table in (ARCHITECTURES, TUTORIAL):
        for net in table.values():
            small = replace(net, most_tokens=12, hidden=3, classes=3)
            assert {k: v.shape for k, v in initial_params(small, 7).items()} == weight_shapes(small, 7)


def test_a_forest_of_arrays_is_scikit_learns_forest_bit_for_bit():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(300, 6)).astype(np.float32), rng.integers(0, 3, 300)
    forest = RandomForestClassifier(25, random_state=0).fit(x, np.array([0, 2, 3])[y])
    arrays = Forest.from_sklearn(forest, 4)
    arrays.check(6)
    new = rng.normal(size=(500, 6)).astype(np.float32)
    p = arrays.probabilities(new)
    assert not p[:, 1].any()
    np.testing.assert_array_equal(p[:, [0, 2, 3]], forest.predict_proba(new).astype(np.float32))


def rewrite(folder: Path, change: Callable[[dict[str, Any]], None], **files: bytes) -> None:
    """Change a model's card and files, with checksums that are right, as a stranger would."""
    names = {"weights": "weights.safetensors", "words": "words.txt"}
    card = json.loads((folder / "card.json").read_text())
    for name, data in files.items():
        (folder / names[name]).write_bytes(data)
        card["files"][names[name]] = {"sha256": hashlib.sha256(data).hexdigest()}
    change(card)
    (folder / "card.json").write_text(json.dumps(card))


def nothing(card: dict[str, Any]) -> None:
    """Leave the card."""


@pytest.fixture
def net_folder(world: World, tmp_path: Path) -> Path:
    model = fitted(world, named("finetune"), world.target, 32).model()
    kept(tmp_path / "net", model, toy.LABELS)
    return tmp_path / "net"


def refused(folder: Path, *said: str) -> None:
    with pytest.raises(BenchError) as caught:
        model_folder.load(folder)
    for text in (str(folder), *said):
        assert text in str(caught.value)


@pytest.mark.parametrize("name", ["card.json", "weights.safetensors", "words.txt"])
def test_a_missing_or_damaged_file_is_named(net_folder: Path, name: str):
    data = (net_folder / name).read_bytes()
    (net_folder / name).unlink()
    refused(net_folder, f"it has no {name}")
    (net_folder / name).symlink_to("/dev/zero")
    refused(net_folder, f"{name} is not a plain file")
    (net_folder / name).unlink()
    (net_folder / name).write_bytes(data[: len(data) // 2])
    refused(net_folder, name)
    (net_folder / name).write_bytes(b"")
    refused(net_folder, name)


def test_a_surplus_file_is_refused_but_not_a_hidden_one(net_folder: Path):
    (net_folder / ".DS_Store").write_bytes(b"x")
    model_folder.load(net_folder)
    (net_folder / "model.pkl").write_bytes(b"x")
    refused(net_folder, "a model has no file 'model.pkl'")


def test_every_single_changed_byte_of_the_files_is_noticed(net_folder: Path):
    rng = np.random.default_rng(0)
    for name in ("weights.safetensors", "words.txt"):
        data = (net_folder / name).read_bytes()
        for at in [0, 7, 8, len(data) - 1, *rng.integers(0, len(data), 20)]:
            toy.flip(net_folder / name, int(at))
            refused(net_folder, f"{name} is damaged")
            (net_folder / name).write_bytes(data)


@pytest.mark.parametrize(("change", "said"), [
    (lambda c: c.update(form=2), "format version 2"),
    (lambda c: c.pop("labels"), "the key 'labels' is missing"),
    (lambda c: c.update(labels=["a", "a"]), "must be a list of different label names"),
    (lambda c: c.update(labels=["a", "b", "c"]), "names 3 labels"),
    (lambda c: c.update(labels="ab"), "labels = 'ab' must be a list of 2 to 1,000"),
    (lambda c: c.update(words=3), "the card says 3"),
    (lambda c: c.update(kind="os:system"), "unknown kind of model 'os:system'"),
    (lambda c: c.update(kind=["net"]), "kind = ['net'] must be text"),
    (lambda c: c.update(kind="linear"), "no array 'grams'"),
    (lambda c: c["files"]["words.txt"].update(sha256=3), "a table of file names with their sha256"),
    (lambda c: c.update(files=[]), "files = [] must be a table of file names"),
    (lambda c: c.update(model=None), "model = None must be a table"),
    (lambda c: c["model"].update(engine="os"), "unknown engine 'os'"),
    (lambda c: c["model"].pop("net"), "sizes of its net"),
    (lambda c: c["model"]["net"].pop("hidden"), "sizes of its net"),
    (lambda c: c["model"]["net"].update(hidden=10**9), "hidden = '1000000000'"),
    (lambda c: c["model"]["net"].update(hidden=10**7), "expected"),
    (lambda c: c["model"]["net"].update(hidden=-8), "hidden = '-8'"),
    (lambda c: c["model"]["net"].update(kind="bilstm"), "expected"),
    (lambda c: c["model"]["net"].update(kind={}), "kind = "),
    (lambda c: c["model"]["net"].update(pooling="flatten", most_tokens=10**8), "pooling = "),
    (lambda c: c["model"]["net"].update(widths=[900]), "widths = "),
    (lambda c: c["model"]["net"].update(widths=7), "widths = "),
    (lambda c: c["model"]["net"].update(dropout="x"), "dropout = "),
    (lambda c: c["model"]["net"].update(glove=[]), "glove = "),
])
def test_a_card_that_lies_is_refused(net_folder: Path, change: Callable[[dict[str, Any]], None], said: str):
    rewrite(net_folder, change)
    refused(net_folder, said)


def test_weights_that_lie_are_refused(net_folder: Path):
    data = (net_folder / "weights.safetensors").read_bytes()
    arrays = load(data)

    def but(**changed: np.ndarray) -> bytes:
        return save({**arrays, **{k.replace("__", "."): v for k, v in changed.items()}})

    lies = {
        "header of": (10**15).to_bytes(8, "little") + data[8:],
        "header of 2,000,000": (2_000_000).to_bytes(8, "little") + b" " * 2_000_010,
        "is damaged": data[:-4],
        "expected numbers [2, 16]": but(head__weight=np.zeros((2, 17), np.float32)),
        "expected numbers [2]": but(head__bias=np.zeros(2, np.int64)),
        "NaN": but(head__bias=np.array([0, np.nan], np.float32)),
        "which a gru does not have": but(more=np.zeros(2, np.float32)),
        "no array 'head.bias'": save({k: v for k, v in arrays.items() if k != "head.bias"}),
    }
    for said, content in lies.items():
        rewrite(net_folder, nothing, weights=content)
        refused(net_folder, said)
    rewrite(net_folder, nothing, weights=data, words=b"\xff\xfe")
    refused(net_folder, "UnicodeDecodeError")
    (net_folder / "card.json").write_text("[" * 100_000)
    refused(net_folder, "is not JSON")
    (net_folder / "card.json").write_bytes(b" " * (2 << 20))
    refused(net_folder, "more than 1,048,576")


def test_trees_that_do_not_end_and_pairs_out_of_order_are_refused(world: World, tmp_path: Path):
    forest = fitted(world, named("glove-forest"), world.target, 32).model()
    assert isinstance(forest, ForestModel)
    inner = int(np.flatnonzero(forest.forest.left >= 0)[1])
    for name, value, said in (("left", 0, "child outside its tree"), ("left", inner, "child outside its tree"),
                              ("right", 10**9, "child outside its tree"), ("feature", 50, "beyond its 50"),
                              ("left", -2, "child outside its tree")):
        changed = getattr(forest.forest, name).copy()
        changed[inner] = value
        bad = replace(forest, forest=replace(forest.forest, **{name: changed}))
        with pytest.raises(ModelError, match=said):
            ForestModel.from_parts(bad.parts())
    linear = fitted(world, named("tfidf"), world.target, 32).model()
    assert isinstance(linear, LinearModel)
    for grams in (linear.grams[::-1], linear.grams + np.int32(10**6), linear.grams * 0):
        with pytest.raises(ModelError, match="words, ascending"):
            LinearModel.from_parts(replace(linear, grams=grams).parts())


def test_force_replaces_a_model_and_nothing_else(tmp_path: Path):
    model = ConstantModel(np.array([0.25, 0.75], np.float32))
    labels = ("a", "b")
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.tex").write_text("x")
    (tmp_path / "empty").mkdir()
    kept(tmp_path / "empty", model, labels)
    with pytest.raises(BenchError, match="exists and is not a model"):
        model_folder.save(tmp_path / "precious", model, labels, {}, force=True)
    assert (tmp_path / "precious" / "thesis.tex").read_text() == "x"
    kept(tmp_path / "deep" / "model", model, labels)
    with pytest.raises(BenchError, match="--force"):
        model_folder.save(tmp_path / "deep" / "model", model, labels, {}, force=False)
    other = ConstantModel(np.array([0.5, 0.5], np.float32))
    model_folder.save(tmp_path / "deep" / "model", other, labels, {}, force=True)
    replaced = model_folder.load(tmp_path / "deep" / "model")
    np.testing.assert_array_equal(replaced.model.probabilities(["x"]), [[0.5, 0.5]])
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["model"], "no temporary folder is left"


@pytest.mark.parametrize("kind", faults.KINDS)
@pytest.mark.parametrize("at_once", [True, False])
def test_a_replaced_model_survives_a_fault_at_each_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str,
                                                        at_once: bool):
    if not at_once:  # as on a system whose folders cannot change places in one step
        monkeypatch.setattr(files, "exchange", lambda one, other: False)
    out = tmp_path / "in" / "model"
    old, new = (("no", "yes"), ("bad", "good"))

    def write(labels: tuple[str, ...]) -> None:
        model_folder.save(out, ConstantModel(np.array([0.5, 0.5], np.float32)), labels, {}, force=True)

    def before() -> None:
        shutil.rmtree(tmp_path / "in", ignore_errors=True)
        write(old)

    def after(ended: str) -> None:
        assert model_folder.load(out).labels in {faults.DONE: (new,)}.get(ended, (old, new))
        write(new)
        assert model_folder.load(out).labels == new

    assert faults.at_each_step(lambda: write(new), tmp_path, kind, before=before, after=after) >= 15


def test_a_model_of_a_strangers_class_cannot_be_kept(tmp_path: Path):
    class Own(ConstantModel):
        pass

    with pytest.raises(BenchError, match="cannot be saved"):
        kept(tmp_path / "own", Own(np.array([0.5, 0.5], np.float32)), ("a", "b"))
    assert not (tmp_path / "own").exists()
