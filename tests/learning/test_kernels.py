"""The compiled kernels give PyTorch's numbers: GRU, LSTM, AdamW; and they are kept, checked and done without."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
import toy
from test_engines import SMALL, same, toy_batches
from torch import Tensor, nn

from bench.data.text import PADDING, Ragged
from bench.learning.networks.architectures import EMBEDDING, RECURRENT, Architecture, Params, initial_params
from bench.learning.networks.batches import Batches, Recipe, learning_rate_factor, pad
from bench.learning.networks.engines import compiled, torch_rnn
from bench.learning.networks.engines import torch as engine

WORDS = 50
RECIPE = Recipe(epochs=2, batch=16, learning_rate=1e-2)
recurrent = pytest.mark.parametrize("net", [SMALL[f"default {kind}"] for kind in RECURRENT], ids=str)


@pytest.fixture(autouse=True)
def kernels() -> None:
    assert compiled.ready(), compiled.why_not()


def texts(lengths: list[int], seed: int = 0) -> Ragged:
    """Texts of drawn words."""
    ids = np.random.default_rng(seed).integers(1, WORDS, sum(lengths)).astype(np.int32)
    return Ragged(ids, np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))


LAYERS = {"gru": partial(nn.GRU, bidirectional=False), "lstm": partial(nn.LSTM, bidirectional=False),
          "two grus": partial(nn.GRU, bidirectional=True), "two lstms": partial(nn.LSTM, bidirectional=True)}
every_layer = pytest.mark.parametrize("kind", LAYERS)


def weights_of(kind: str, inputs: int, units: int) -> tuple[Tensor, nn.RNNBase]:
    torch.manual_seed(units)
    return torch.randn(WORDS, inputs, requires_grad=True), LAYERS[kind](inputs, units)


def of_layer(layer: nn.RNNBase) -> list[torch_rnn.Weights]:
    a, b, c, d, *reverse = layer.parameters()
    return [(a, b, c, d), (reverse[0], reverse[1], reverse[2], reverse[3])] if reverse else [(a, b, c, d)]


def pooled_by_torch(x: Ragged, rows: np.ndarray, pooling: str, embedding: Tensor, layer: nn.RNNBase) -> Tensor:
    """What the kernels compute, by PyTorch's layers: on packed texts, which both directions read without padding."""
    ids, lengths = (torch.from_numpy(a) for a in pad(x, rows))
    inputs = nn.functional.embedding(ids, embedding, padding_idx=PADDING)
    packed = nn.utils.rnn.pack_padded_sequence(inputs, lengths, enforce_sorted=False)
    states = nn.utils.rnn.pad_packed_sequence(layer(packed)[0], total_length=len(ids))[0]
    if pooling == "last":
        last = states[lengths - 1, torch.arange(len(lengths))]
        return torch.cat([last[:, : layer.hidden_size], states[0, :, layer.hidden_size :]], 1)
    here = (torch.arange(len(states))[:, None] < lengths).unsqueeze(-1)
    return torch.cat([(states * here).sum(0) / lengths[:, None], states.masked_fill(~here, -9.0).amax(0)], 1)


def gradients(out: Tensor, *of: Tensor) -> list[Tensor]:
    """Of a loss that weighs every number of `out` differently."""
    weights = torch.linspace(-1.0, 2.0, out.numel()).view(out.shape)
    return [g.to_dense() for g in torch.autograd.grad((out**2 * weights).sum(), of)]


def apart(ours: list[Tensor], theirs: list[Tensor]) -> float:
    """The largest difference, relative to the largest number of each tensor."""
    return max(float((a - b).abs().max() / b.abs().max().clamp(min=1e-6))
               for a, b in zip(ours, theirs, strict=True))


LENGTHS = {
    "one word": [1], "one text": [37], "long": [400, 399, 1, 230], "none": [0], "some without words": [0, 3, 0, 17, 1],
    "equal": [12] * 9, "many": [int(n) for n in np.random.default_rng(1).integers(0, 20, 512)],
}


@pytest.mark.parametrize("pooling", ["mean-max", "last"])
@pytest.mark.parametrize(("kind", "inputs", "units"), [
    *(("gru", *sizes) for sizes in [(64, 64), (5, 7), (3, 1), (16, 128)]), ("lstm", 16, 128), ("two grus", 5, 7),
    *(("two lstms", *sizes) for sizes in [(64, 64), (5, 7), (3, 1)])])
@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS.keys())
def test_the_layers_are_torchs(lengths: list[int], kind: str, inputs: int, units: int, pooling: str):
    x = texts(lengths)
    rows = np.random.default_rng(2).permutation(len(lengths))
    embedding, layer = weights_of(kind, inputs, units)
    sides, weights = of_layer(layer), list(layer.parameters())
    ours = torch_rnn.pooled(x, rows, pooling, embedding, sides)
    theirs = pooled_by_torch(x, rows, pooling, embedding, layer)
    assert float((ours - theirs).detach().abs().max()) < 4e-6
    assert apart(gradients(ours, embedding, *weights), gradients(theirs, embedding, *weights)) < 5e-5
    with torch.inference_mode():
        inputs_of_words = [torch_rnn.input_products(embedding, side) for side in sides]
        scored = torch_rnn.scored(x, rows, pooling, inputs_of_words, sides)
        assert float((scored - theirs).abs().max()) < 4e-6


@every_layer
def test_the_layers_where_gates_saturate(kind: str):
    x, rows = texts([20, 3, 11]), np.arange(3)
    embedding, layer = weights_of(kind, 8, 8)
    large = (100 * embedding).detach().requires_grad_()
    ours = torch_rnn.pooled(x, rows, "mean-max", large, of_layer(layer))
    theirs = pooled_by_torch(x, rows, "mean-max", large, layer)
    assert float((ours - theirs).detach().abs().max()) < 1e-5
    assert all(torch.isfinite(g).all() for g in gradients(ours, large, *layer.parameters()))


@recurrent
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_weight_that_is_no_number_shows_in_the_features(bad: float, net: Architecture):
    batches, vocabulary = toy_batches(8)
    params = initial_params(net, vocabulary, "toy")
    params[EMBEDDING][batches.x.ids[0]] = bad
    assert np.isnan(engine.features(net, params, batches.x, "cpu")).any()
    trained = engine.fit(net, params, batches, replace(RECIPE, epochs=1), "cpu")
    assert np.isnan(trained["head.weight"]).any()


@every_layer
def test_a_words_gradient_is_the_sum_over_its_places_and_the_paddings_is_zero(kind: str):
    x = Ragged(np.array([7, 7, 3], np.int32), np.array([0, 0, 2, 3]))
    embedding, layer = weights_of(kind, 4, 4)
    out = torch_rnn.pooled(x, np.arange(3), "mean-max", embedding, of_layer(layer))
    gradient = torch.autograd.grad((out**2).sum(), embedding)[0]
    assert gradient.is_sparse
    dense = gradient.to_dense()
    assert set(torch.nonzero(dense.abs().sum(1)).flatten().tolist()) == {3, 7}


def trained_densely(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> dict[str, np.ndarray]:
    """Training by PyTorch's own layers and AdamW."""
    with monkeypatch.context() as patch:
        patch.setattr(compiled, "ready", lambda: False)
        return engine.fit(*arguments, "cpu")  # type: ignore[arg-type]


RECIPES = {
    "base's": replace(RECIPE, epsilons=((EMBEDDING, 1e-4),), rates=((EMBEDDING, 0.5),), warmup=0.1, word_dropout=0.1),
    "decay": replace(RECIPE, weight_decay=0.5), "anchored": replace(RECIPE, weight_decay=5.0, anchored=True),
    "three shards": replace(RECIPE, shards=3), "descent": replace(RECIPE, optimiser="sgd", learning_rate=0.1),
    "frozen": replace(RECIPE, frozen=("embedding.",)), "adversarial": replace(RECIPE, adversarial=0.5, shards=3),
}


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())
@pytest.mark.parametrize("net", [
    *(SMALL[f"{preset} {kind}"] for preset in ("default", "tutorial") for kind in RECURRENT), SMALL["default textcnn"],
], ids=str)
def test_training_gives_the_weights_of_torchs_layers_and_optimiser(
    net: Architecture, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
):
    batches, vocabulary = toy_batches(80)
    rare = np.where(np.arange(len(batches.x.ids)) % 97 == 0, vocabulary - 1, batches.x.ids).astype(np.int32)
    batches = replace(batches, x=Ragged(rare, batches.x.offsets))  # a word that most batches lack
    params = initial_params(net, vocabulary + 5, "toy")  # and words that none has
    ours = engine.fit(net, params, batches, recipe, "cpu")
    theirs = trained_densely(monkeypatch, net, params, batches, recipe)
    for name, values in theirs.items():
        np.testing.assert_allclose(ours[name], values, rtol=0, atol=1e-5, err_msg=name)
    assert np.abs(ours["head.weight"] - params["head.weight"]).max() > 1e-3


@recurrent
def test_half_the_gradient_is_that_after_the_step_that_raises_the_loss_most(net: Architecture):
    batches, vocabulary = toy_batches(8)
    net, start = replace(net, dropout=0.0), initial_params(net, vocabulary, "toy")
    plain = Recipe(epochs=1, batch=16, learning_rate=0.1, shards=1, optimiser="sgd", warmup=0.0)
    rate = 0.1 * learning_rate_factor(0, 1, 0.0)

    def gradient(params: Params) -> Params:
        after = engine.fit(net, params, batches, plain, "cpu")
        return {name: (params[name] - after[name]) / np.float32(rate) for name in params}

    first = gradient(start)
    step = first[EMBEDDING] * (0.7 / np.linalg.norm(first[EMBEDDING]))
    second = gradient({**start, EMBEDDING: start[EMBEDDING] + step})
    after = engine.fit(net, start, batches, replace(plain, adversarial=0.7), "cpu")
    for name, value in start.items():
        expected = value - np.float32(rate) * (first[name] + second[name]) / 2
        np.testing.assert_allclose(after[name], expected, atol=2e-6, err_msg=name)


def long_batches() -> tuple[Batches, int]:
    rng = np.random.default_rng(3)
    lengths = rng.integers(1, 90, 128)
    x = Ragged(rng.integers(1, 400, lengths.sum()).astype(np.int32), np.concatenate([[0], np.cumsum(lengths)]))
    return Batches(x, rng.integers(0, 2, 128), 32, ("long",)), 400


PRINT_DIGEST = """
import sys
sys.path[:0] = {path!r}
import hashlib
import numpy as np
from test_kernels import engine, long_batches, replace, RECIPE, initial_params, Architecture
batches, vocabulary = long_batches()
net = Architecture("gru", embedding=16, hidden=24, glove="no")
trained = engine.fit(net, initial_params(net, vocabulary, "toy"), batches, RECIPE, "cpu")
scores = engine.scores(net, trained, batches.x, "cpu")
print(hashlib.sha256(b"".join(trained[k].tobytes() for k in sorted(trained)) + scores.tobytes()).hexdigest())
"""


def code_of_a_training() -> str:
    """Prints the digest of what is trained."""
    return PRINT_DIGEST.format(path=[str(Path(__file__).parent), str(Path(__file__).parents[1])])


def trained_apart(**variables: str) -> subprocess.CompletedProcess[str]:
    """A training in a process of its own: its digest on standard output, what it told on standard error."""
    return subprocess.run([sys.executable, "-c", code_of_a_training()], capture_output=True, text=True, check=True,
                          env={**os.environ, **variables})


def test_without_numba_torchs_own_gru_works_and_says_so_once(tmp_path: Path):
    (tmp_path / "numba.py").write_text("raise ImportError('no LLVM for this processor')\n")
    done = trained_apart(PYTHONPATH=os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    assert len(done.stdout.split()) == 1
    assert done.stderr.count("without Numba's kernels") == 1
    assert "no LLVM for this processor" in done.stderr


def test_the_weights_do_not_depend_on_the_threads_of_scoring_or_of_the_libraries():
    digests = {trained_apart(OMP_NUM_THREADS=n, OPENBLAS_NUM_THREADS=n).stdout for n in ("1", "2")}
    assert len(digests) == 1


def test_training_goes_on_from_an_epoch_to_the_same_bits():
    from bench.learning.networks.batches import Hooks, TrainingState

    net, (batches, vocabulary) = SMALL["default gru"], toy_batches(80)
    params = initial_params(net, vocabulary, "toy")
    states: list[TrainingState] = []

    def keep(state: TrainingState) -> dict[str, float]:
        states.append(state)
        return {}

    recipe = replace(RECIPE, epochs=3)
    whole = engine.fit(net, params, batches, recipe, "cpu", Hooks(epoch=keep))
    assert same(engine.fit(net, params, batches, recipe, "cpu", None, states[0]), whole)


def test_another_process_compiles_meanwhile_and_what_is_compiled_gives_the_same_bits_and_never_runs_damaged(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """One test and one whole compilation, since each takes the time of a hundred other tests."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    for name in ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"):  # a compiler that is traced takes twice as long
        monkeypatch.delenv(name, raising=False)
    started: list[subprocess.Popen[str]] = []
    popen = subprocess.Popen

    def start(command: list[str], **settings: object) -> subprocess.Popen[str]:
        more = [*command[:-1], f"{command[-1]}\n{code_of_a_training()}"]  # with what it has just compiled
        heard = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(popen(more, **{**settings, **heard}))  # type: ignore[call-overload]
        return started[-1]

    with monkeypatch.context() as patch:
        patch.setattr(compiled.subprocess, "Popen", start)
        compiled.compile_meanwhile()
        just_compiled, said = started[0].communicate()
        assert (started[0].returncode, said.count("compiling")) == (0, 1), said
        compiled.compile_meanwhile()
    assert len(started) == 1
    from_cache = trained_apart()
    assert "compiling" not in from_cache.stderr
    assert from_cache.stdout == just_compiled
    victim = max((tmp_path / "transferbench").glob("*/*.nbc"), key=lambda path: path.stat().st_size)
    toy.flip(victim)
    code = f"import {compiled.__name__} as compiled\ncompiled.KERNELS = ('texts',)\nprint(compiled.ready())"
    anew = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (anew.stdout, anew.stderr.count("compiling")) == ("True\n", 1), anew.stderr
    assert not victim.exists(), "replaced by what this process compiled: the first module of kernels alone"
