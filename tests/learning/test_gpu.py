"""The GPU's way through the PyTorch engine: its batches and pooling on any machine, the rest where there is a GPU."""

from __future__ import annotations

import time
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from test_engines import SMALL, every_net, toy_batches

from bench.core.errors import BenchError
from bench.data.text import Ragged
from bench.learning import pretrain
from bench.learning.networks.architectures import ARCHITECTURES, Architecture, initial_params
from bench.learning.networks.batches import Batches, Hooks, Recipe
from bench.learning.networks.engines import engine
from bench.learning.networks.engines.torch_batches import DeviceBatches, Padded, host_batch, padded
from bench.learning.networks.engines.torch_layers import masked_mean_max, mean_max

TORCH = engine("torch")
gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
RECIPE = Recipe(epochs=3, batch=16, learning_rate=1e-2, shards=1)


def many(n: int = 12_800, words: int = 30_000) -> Batches:
    """Texts of the length of reviews."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(50, 400, n)
    ids = rng.integers(2, words, lengths.sum()).astype(np.int32)
    x = Ragged(ids, np.concatenate([[0], np.cumsum(lengths)]))
    return Batches(x, rng.integers(0, 2, n), pretrain.RECIPE.batch, ("gpu",))


@every_net
def test_a_batch_gathered_on_the_device_is_the_one_made_on_the_host(net: Architecture):
    batches, _ = toy_batches()
    batches = replace(batches, heads=(1, 1))
    order, read = batches.epoch(1), batches.with_word_dropout(1, 0.2)
    on_device = DeviceBatches(net, batches, "cpu")
    on_device.start_epoch(read.x, order, list(range(len(order))))
    for number, rows in enumerate(order):
        there, here = on_device.batch(number), host_batch(net, read, rows, number, 1, False, 0)
        assert isinstance(there.texts, Padded)
        assert isinstance(here.texts, Padded)
        assert torch.equal(there.texts.ids, here.texts.ids)
        assert torch.equal(there.texts.lengths, here.texts.lengths)
        assert torch.equal(there.y, here.y)
        assert torch.equal(there.head_mask, here.head_mask)
        masks = there.dropout_mask, here.dropout_mask
        assert (masks[0] is None) == (masks[1] is None) == (not net.dropout)
        assert masks[0] is None or torch.equal(*masks)


def test_texts_of_no_words_and_the_last_text_are_gathered_too():
    x = Ragged(np.array([5, 6, 7], np.int32), np.array([0, 0, 2, 2, 3]))
    batches = Batches(x, np.array([0, 1, 0, 1]), 4, ("odd",))
    on_device = DeviceBatches(ARCHITECTURES["gru"], batches, "cpu")
    rows = np.array([3, 0, 1, 2])
    on_device.start_epoch(batches.x, [rows], [0])
    texts = on_device.batch(0).texts
    assert isinstance(texts, Padded)
    assert texts.ids.tolist() == [[7, 0, 5, 0], [0, 0, 6, 0]]
    assert texts.lengths.tolist() == [1, 1, 2, 1]
    assert torch.equal(texts.ids, padded(ARCHITECTURES["gru"], batches.x, rows, "cpu").ids)


def test_the_gpus_pooling_is_the_cpus():
    states, lengths = torch.randn(7, 5, 3, generator=torch.Generator().manual_seed(0)), torch.tensor([7, 1, 4, 2, 7])
    a, b = states.clone().requires_grad_(), states.clone().requires_grad_()
    one, two = mean_max(a, lengths), masked_mean_max(b, lengths)
    torch.testing.assert_close(one, two)
    weight = torch.arange(one.numel(), dtype=torch.float32).reshape(one.shape)
    torch.autograd.backward((one * weight).sum())
    torch.autograd.backward((two * weight).sum())
    torch.testing.assert_close(a.grad, b.grad)


@pytest.mark.parametrize(("precision", "message"), [("bf16", "precision bf16 on a CPU"), ("half", "unknown precision")])
def test_a_precision_that_the_device_does_not_have_is_refused(precision: str, message: str):
    batches, vocabulary = toy_batches()
    net = SMALL["default gru"]
    with pytest.raises(BenchError, match=message):
        TORCH.fit(net, initial_params(net, vocabulary, "toy"), batches, replace(RECIPE, precision=precision), "cpu")


@gpu
@every_net
def test_a_net_trained_on_the_gpu_scores_as_one_trained_on_the_cpu(net: Architecture):
    batches, vocabulary = toy_batches()
    params = initial_params(net, vocabulary, "toy")
    scores = [TORCH.scores(net, TORCH.fit(net, params, batches, RECIPE, device), batches.x, device)
             for device in ("cpu", "cuda")]
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-3)


@gpu
@pytest.mark.parametrize("precision", ["tf32", "bf16"])
def test_a_lower_precision_is_near(precision: str):
    batches, vocabulary = toy_batches()
    net = SMALL["default gru"]
    params = initial_params(net, vocabulary, "toy")
    trained = [TORCH.fit(net, params, batches, replace(RECIPE, precision=p), "cuda") for p in ("float32", precision)]
    scores = [TORCH.scores(net, weights, batches.x, "cuda") for weights in trained]
    np.testing.assert_allclose(scores[0], scores[1], atol=0.1)


@gpu
def test_the_hooks_hear_of_every_step_in_order_and_none_synchronises_the_gpu():
    batches, net = many(2_560), ARCHITECTURES["gru"]
    params = initial_params(net, 30_000, "gpu")
    recipe = replace(pretrain.RECIPE, epochs=1)
    steps: list[int] = []
    TORCH.fit(net, params, batches, recipe, "cuda")  # the first run sets libraries up
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            TORCH.fit(net, params, batches, recipe, "cuda", Hooks(step=lambda done, *rest: steps.append(done)))
        finally:
            torch.cuda.set_sync_debug_mode("default")
    assert steps == list(range(1, batches.steps() + 1))
    waits = sum("synchroniz" in str(w.message) for w in caught)
    # The weights, the texts, an epoch's order and the losses cross once each; a wait in the step would add 20.
    assert waits < len(params) * 8 + 20, f"{waits} waits in {batches.steps()} steps"


@gpu
def test_the_speed_of_an_epoch_is_printed():
    batches, net = many(), ARCHITECTURES["gru"]
    params = initial_params(net, 30_000, "gpu")
    recipe = replace(pretrain.RECIPE, epochs=1)
    TORCH.fit(net, params, batches, recipe, "cuda")
    began = time.perf_counter()
    TORCH.fit(net, params, batches, recipe, "cuda")
    seconds = time.perf_counter() - began
    tokens = int(batches.x.lengths.sum())
    print(f"\n{torch.cuda.get_device_name()}: an epoch of {tokens:,} tokens in {seconds:.2f} s, "  # noqa: T201 (for -s)
          f"{tokens / seconds:,.0f} tokens/s")
    assert seconds > 0
