"""A batch that does not fit is tried in two halves, with the same result; a half that does not fit is one clear line.

There is no GPU here: what fits is bounded by a stand-in that raises what PyTorch raises, after some of the work.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from test_engines import RECIPE, toy_batches
from torch import Tensor

from bench.core.errors import BenchError
from bench.learning.networks.architectures import Architecture, initial_params
from bench.learning.networks.engines import torch as torch_engine
from bench.learning.networks.engines.torch_batches import Padded, Rows
from bench.learning.networks.engines.torch_network import Classifier

NET = Architecture("gru", embedding=6, hidden=5, most_tokens=12, dropout=0.3)
WHOLE = Classifier.pooled


@pytest.fixture
def fitting(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> list[int]:
    """So many texts fit, in the parameter's words of PyTorch for more; returns the sizes that were tried."""
    most, error = request.param
    tried: list[int] = []

    class Full(torch.autograd.Function):
        @staticmethod
        def forward(ctx: object, x: Tensor) -> Tensor:
            return x.clone()

        @staticmethod
        def backward(ctx: object, gradient: Tensor) -> Tensor:
            raise error

    def pooled(self: object, texts: Padded | Rows, step: Tensor | None = None) -> Tensor:
        tried.append(len(texts))
        features = WHOLE(self, texts, step)  # type: ignore[arg-type]
        if len(texts) <= most:
            return features
        if not features.requires_grad:
            raise error
        return Full.apply(features)  # type: ignore[no-any-return]

    monkeypatch.setattr(Classifier, "pooled", pooled)
    return tried


CUDA, CPU = torch.OutOfMemoryError("CUDA out of memory."), RuntimeError("DefaultCPUAllocator: can't allocate memory: 9")
NUMPY = MemoryError("Unable to allocate 9 GiB")


@pytest.mark.parametrize("fitting", [(16, CUDA), (16, CPU), (16, NUMPY)], indirect=True)
def test_a_batch_that_does_not_fit_is_trained_in_two_halves_to_the_same_weights(fitting: list[int]):
    batches, vocabulary = toy_batches(64)
    batches = replace(batches, size=32)
    params, recipe = initial_params(NET, vocabulary, "toy"), replace(RECIPE, shards=1, epochs=1)
    halved = torch_engine.fit(NET, params, batches, recipe, "cpu")
    assert set(fitting) == {32, 16}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Classifier, "pooled", WHOLE)
        whole = torch_engine.fit(NET, params, batches, recipe, "cpu")
    for name, weights in whole.items():
        np.testing.assert_allclose(halved[name], weights, atol=2e-3, err_msg=name)


@pytest.mark.parametrize("fitting", [(100, CUDA)], indirect=True)
def test_scores_of_a_batch_that_does_not_fit_are_those_of_one_that_does(fitting: list[int]):
    batches, vocabulary = toy_batches(120)
    params = initial_params(NET, vocabulary, "toy")
    halved = torch_engine.scores(NET, params, batches.x, "cpu")
    assert set(fitting) == {120, 60}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Classifier, "pooled", WHOLE)
        np.testing.assert_allclose(halved, torch_engine.scores(NET, params, batches.x, "cpu"), atol=1e-5)


@pytest.mark.parametrize("fitting", [(3, CUDA)], indirect=True)
def test_where_half_a_batch_does_not_fit_either_it_is_one_clear_line(fitting: list[int]):
    batches, vocabulary = toy_batches(64)
    batches = replace(batches, size=32)
    params = initial_params(NET, vocabulary, "toy")
    with pytest.raises(BenchError, match="not enough memory for a batch of 32 texts, nor for half of it"):
        torch_engine.fit(NET, params, batches, replace(RECIPE, shards=1), "cpu")
    assert fitting == [32, 16]
    with pytest.raises(BenchError, match="nor for half of it"):
        torch_engine.scores(NET, params, batches.x, "cpu")


@pytest.mark.parametrize("fitting", [(3, RuntimeError("mat1 and mat2 shapes cannot be multiplied"))], indirect=True)
def test_another_error_is_not_taken_for_a_lack_of_memory(fitting: list[int]):
    batches, vocabulary = toy_batches(64)
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        torch_engine.fit(NET, initial_params(NET, vocabulary, "toy"), batches, replace(RECIPE, shards=1), "cpu")
    assert len(fitting) == 1
