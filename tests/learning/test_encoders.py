"""Pre-trained encoders by name: the bundled one, folders, the hub; none brings code, none changes unnoticed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import servers
import tiny_encoder
import toy
from conftest import Bench, Prepare, World

from bench.baselines import BASELINES
from bench.core.errors import BenchError, MissingExtra, RouteError
from bench.data.corpus import Examples
from bench.data.http import Access
from bench.learning.features import encoders, sentence_encoder
from bench.learning.features.encoders import BUNDLED, BUNDLED_ENCODER, digest, find_encoder, missing
from bench.learning.models import folder as model_folder
from bench.learning.models.sentence_model import SentenceModel
from bench.learning.source_sentences import SampleSpec, sample_rows, source_sentences
from bench.results import record_files
from bench.runs import needs, trials
from bench.runs.costs import MeasuredCosts
from bench.runs.inputs import TrialContext, for_pair
from bench.runs.need import Workload
from bench.runs.options import Options
from bench.runs.registry import Description, Strategy, strategies_named

REVISION = "0123456789abcdef0123456789abcdef01234567"
WEIGHTS = b"weights"
with_extra = pytest.mark.skipif(missing("any") is not None, reason="the extra `sentence` is not installed")
with_bundled = pytest.mark.skipif(missing() is not None, reason="the extra `sentence` is not installed")


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(cache=tmp_path / "cache" / "raw", connect_timeout=2.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of an encoder, as far as their digest goes."""
    place = tmp_path / "my-encoder"
    (place / "1_Pooling").mkdir(parents=True)
    (place / "config.json").write_text("{}")
    (place / "1_Pooling" / "config.json").write_text("{}")
    (place / "model.safetensors").write_bytes(WEIGHTS)
    (place / "modules.json").write_text(json.dumps([{"type": "sentence_transformers.models.Transformer", "path": ""}]))
    (place / "README.md").write_text("anything")
    return place


def refused(model: str, access: Access) -> str:
    with pytest.raises(BenchError) as caught:
        find_encoder(model, access)
    return str(caught.value)


def test_the_bundled_encoder_is_the_default_and_needs_no_look(access: Access):
    assert find_encoder(BUNDLED, access) is BUNDLED_ENCODER
    assert BUNDLED_ENCODER.is_bundled


def test_a_folder_is_known_by_all_that_it_is_loaded_from(folder: Path, access: Access):
    encoder = find_encoder(str(folder), access)
    assert (encoder.name, encoder.folder, encoder.is_bundled) == ("my-encoder", folder, False)
    (folder / "README.md").write_text("something else")
    assert find_encoder(str(folder), access) == encoder
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    assert find_encoder(str(folder), access).sha256 != encoder.sha256
    with pytest.raises((BenchError, MissingExtra)):
        encoders.weights_of(encoder)


@pytest.mark.parametrize(("spoil", "reason"), [
    (lambda folder: (folder / "model.safetensors").rename(folder / "pytorch_model.bin"), "in a .safetensors file"),
    (lambda folder: [(folder / name / "config.json").unlink() for name in (".", "1_Pooling")], "has no config.json"),
    (lambda folder: (folder / "modules.json").write_text('[{"type": "custom_code.Model", "path": ""}]'),
     "code of its own"),
    (lambda folder: (folder / "modules.json").write_text("{"), "cannot be read"),
    (lambda folder: (folder / "1_Pooling" / "config.json").write_text('{"activation_function": "os.abort"}'),
     "code of its own"),
])
def test_a_folder_that_is_no_encoder_or_brings_code_is_refused(
        folder: Path, access: Access, spoil: Callable[[Path], object], reason: str):
    spoil(folder)
    assert reason in refused(str(folder), access)


def test_a_name_that_names_nothing_says_what_would(access: Access, tmp_path: Path):
    assert "no such folder" in refused(str(tmp_path / "none"), access)
    assert "owner/name@revision" in refused("minilm", access)
    assert "says no revision" in refused("owner/name", access)
    assert "owner/name@REVISION" in refused("owner/name", access)
    assert "there is no encoder" in refused("a\0b", access)
    assert "not in the cache and the network is off" in refused("me/tiny@v1", replace(access, offline=True))


def test_an_encoder_of_the_hub_is_fetched_once_whole_and_checked(
        folder: Path, access: Access, monkeypatch: pytest.MonkeyPatch):
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    extra = {"onnx/model.json": b"{}", "pytorch_model.bin": b"pickle", "code.py": b"raise SystemExit"}
    with servers.serving(servers.hub("me/tiny", REVISION, {**files, **extra}, "models")) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        encoder = find_encoder(f"me/tiny@{REVISION}", access)
        assert encoder.sha256 == digest(folder)
        assert encoder.name == f"me/tiny@{REVISION}"
        fetched = {path.name for path in encoder.folder.rglob("*") if path.is_file()}
        assert fetched == {"config.json", "model.safetensors", "modules.json", encoders.SEAL}
        seen = len(server.seen)
        assert find_encoder(f"me/tiny@{REVISION}", access) == encoder
        assert find_encoder(f"me/tiny@{REVISION}", replace(access, offline=True)) == encoder
        assert len(server.seen) == seen
        (encoder.folder / "model.safetensors").write_bytes(b"damaged")
        assert "network is off" in refused(f"me/tiny@{REVISION}", replace(access, offline=True))
        assert find_encoder(f"me/tiny@{REVISION}", access) == encoder
        assert (encoder.folder / "model.safetensors").read_bytes() == WEIGHTS
        assert "cannot fetch the encoder me/tiny@v2" in refused("me/tiny@v2", access)
        assert "cannot fetch the encoder me/none@v1" in refused("me/none@v1", access)
    assert [p.name for p in encoder.folder.parent.iterdir() if p.is_dir() and p != encoder.folder] == []
    with pytest.raises(RouteError, match="connection refused"):
        find_encoder("me/tiny@v3", access)


def chosen(model: str, name: str = "sentence-embedding") -> Strategy:
    """A strategy with a setting that names the encoder."""
    strategy, = strategies_named((name,), BASELINES)
    described = strategy.described()
    return replace(strategy, description=Description(described.needs, {**described.settings, "model": model},
                                                     described.summary))


def test_a_record_names_the_encoder_and_its_digest_and_the_bundled_one_by_neither(
        context: TrialContext, folder: Path, access: Access):
    encoder = find_encoder(str(folder), access)
    context = replace(context, encoders=(encoder,))

    def record(model: str):
        return trials.blank_record(trials.trial_specs(context, [chosen(model)], [16], 1)[0])

    assert record(BUNDLED).settings == {}
    assert record(str(folder)).settings == {"model": "my-encoder", "model_sha256": encoder.sha256}
    assert record(str(folder)).identity() != record(BUNDLED).identity()
    assert "source_texts" in trials.blank_record(
        trials.trial_specs(context, [chosen(BUNDLED, "sentence-source")], [16], 1)[0]).settings


def test_two_strategies_with_different_encoders_prepare_both(folder: Path):
    one, other = chosen(BUNDLED), chosen(str(folder))
    assert set(needs.models(one.needs() | other.needs())) == {BUNDLED, str(folder)}
    assert one.described().needs == other.described().needs == {"sentences"}


def test_what_the_encoder_reads_of_a_source_is_a_sample_of_its_pool(world: World):
    data, pool = world.source.data, world.source.split.pool
    few, more = (sample_rows(data, pool, "source", n) for n in (40, 80))
    np.testing.assert_array_equal(few, more[:40])
    assert set(more) <= set(pool)
    assert 18 <= data.y[few].sum() <= 22
    for texts, pieces in ((15, 128), (100, 1), ("many", 128)):
        with pytest.raises(BenchError, match="16 or more"):
            SampleSpec(BUNDLED_ENCODER, texts, pieces)


@with_extra
def test_an_encoder_from_a_folder_is_prepared_once_and_predicts(
        world: World, context: TrialContext, prepare: Prepare, tmp_path: Path, access: Access):
    encoder = find_encoder(str(tiny_encoder.save(tmp_path / "tiny")), access)
    (tmp_path / "broken").mkdir()
    for name in ("config.json", "model.safetensors"):
        (tmp_path / "broken" / name).write_text("{}")
    with pytest.raises(BenchError, match="broken cannot be opened"):
        sentence_encoder.vectors(["a"], find_encoder(str(tmp_path / "broken"), access))
    strategy = chosen(encoder.model, "sentence-joint")
    context = replace(context, encoders=(encoder,))
    pair = for_pair(Options(cache_dir=world.root, device="cpu"), world.source, world.target, world.vectors)
    work = Workload(world.source.name, world.target.name, 300, 320, 2, (), MeasuredCosts({}), world.root, pair,
                    (encoder,))
    assert not any(step.cached for step in needs.steps(strategy.needs(), work))
    resources = prepare(context, *strategy.needs())
    assert all(step.cached for step in needs.steps(strategy.needs(), work))
    assert resources.need_source_sentences().vectors.shape == (len(world.source.split.pool), 16)
    fitted = strategy.fit()(world.trial(32), resources, model=encoder.model)
    test = Examples(world.target.data.corpus, world.target.split.test)
    p = fitted(test)
    assert (p.argmax(1) == world.target.data.y[world.target.split.test]).mean() > 0.6
    model_folder.save(tmp_path / "model", fitted.model(), toy.LABELS, {}, force=False)
    loaded = model_folder.load(tmp_path / "model").model
    assert isinstance(loaded, SentenceModel)
    np.testing.assert_allclose(loaded.probabilities(test.texts()), p, atol=1e-5)
    tiny_encoder.save(tmp_path / "tiny", seed=1)
    with pytest.raises(BenchError, match="made for another sentence encoder"):
        model_folder.load(tmp_path / "model")
    shutil.rmtree(tmp_path / "tiny")
    with pytest.raises(BenchError, match="no such folder"):
        model_folder.load(tmp_path / "model")


@with_extra
def test_a_sample_is_encoded_once_and_a_leaked_text_is_left_out(
        world: World, tmp_path: Path, access: Access, monkeypatch: pytest.MonkeyPatch):
    encoder = find_encoder(str(tiny_encoder.save(tmp_path / "tiny")), access)
    data, pool = world.source.data, world.source.split.pool
    spec = SampleSpec(encoder, 50, 16)
    whole = source_sentences(data, pool, pool, "source", spec)
    monkeypatch.setattr(sentence_encoder, "vectors", lambda *given: pytest.fail("encoded again"))
    leaked = whole.examples.rows[:3]
    without = source_sentences(data, pool, np.setdiff1d(pool, leaked), "source", spec)
    assert len(whole.examples) == 50
    np.testing.assert_array_equal(without.examples.rows, whole.examples.rows[3:])
    np.testing.assert_array_equal(without.vectors, whole.vectors[3:])


@with_bundled
def test_the_bundled_encoder_puts_like_sentences_near_each_other():
    near, like, far = sentence_encoder.vectors(["A lovely film.", "What a wonderful movie!", "The invoice is overdue."])
    assert near @ like > 0.5 > near @ far
    clipped = sentence_encoder.vectors(["A lovely film. " + "word " * 300], word_pieces=16)
    np.testing.assert_allclose(clipped, sentence_encoder.vectors(["A lovely film. " + "word " * 40], word_pieces=16))
    assert sentence_encoder.vectors([]).shape == (0, encoders.DIMENSIONS)


@with_bundled
def test_the_source_under_the_encoder_from_the_command_line(bench_: Bench, workshop: Path):
    place = ("--source", "toy-source", "--target", "toy-target", "--tasks", "cards", "--data-dir", "data")
    done = bench_("run", *place, "--budgets", "0,16", "--seeds", 1, "--jobs", 1, "--results-dir", "results",
                  "--baseline", "sentence-source", "--baseline", "sentence-joint")
    assert done.exit_code == 0, done.output
    records = record_files.read(workshop / "results" / "records" / "toy-target.jsonl")
    assert {(r.baseline, r.budget, r.status) for r in records} == {
        ("sentence-source", 0, "ok"), ("sentence-source", 16, "ok"), ("sentence-joint", 16, "ok")}
    assert all(r.accuracy > 0.55 for r in records)
    fitted = bench_("fit", *place, "--baseline", "sentence-joint", "--budget", "16", "--out", "model")
    assert fitted.exit_code == 0, fitted.output
    labels = bench_("predict", "model", "zemi zala bako", "--format", "csv")
    assert labels.exit_code == 0, labels.output


def test_nothing_heavy_is_imported_to_name_an_encoder(folder: Path):
    code = (f"import sys; from bench.learning.features.encoders import find_encoder;"
            "from bench.data.http import Access;"
            f"find_encoder({str(folder)!r}, Access());"
            "print(sorted({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
