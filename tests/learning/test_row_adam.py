"""The compiled Adam steps some rows of an embedding as PyTorch's AdamW steps all of them."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from bench.data.text import Ragged
from bench.learning.networks.engines import compiled


def test_a_row_without_a_gradient_moves_on_as_adam_has_it():
    assert compiled.ready(), compiled.why_not()
    from bench.learning.networks.engines.compiled import adam

    rng = np.random.default_rng(0)
    parameter = nn.Parameter(torch.from_numpy(rng.normal(size=(6, 8)).astype(np.float32)))
    weight, mean, square = (np.array(a, np.float32) for a in (parameter.detach(), np.zeros((6, 8)), np.zeros((6, 8))))
    optimiser = torch.optim.AdamW([parameter], lr=0.01, eps=1e-4, weight_decay=0.1)
    done, numbers = np.zeros(6, np.int64), np.full(6, -1, np.int32)
    steps = 40
    counts = np.arange(steps + 1)
    rates = (0.01 / np.maximum(1 - 0.9**counts, 1e-9)).astype(np.float32)
    roots = (np.maximum(1 - 0.999**counts, 1e-9) ** -0.5).astype(np.float32)
    decays = np.full(steps + 1, 1 - 0.01 * 0.1, np.float32)
    for step in range(1, steps + 1):
        rows = rng.integers(0, 5, 3) if step < 20 else np.array([0])  # row 5 never has one; twice the same may come
        values = rng.normal(size=(3, 8)).astype(np.float32)[: len(rows)]
        dense = np.zeros((6, 8), np.float32)
        np.add.at(dense, rows, values)
        parameter.grad = torch.from_numpy(dense)
        x = Ragged(np.append(rows, 1).astype(np.int32), np.array([0, len(rows), len(rows) + 1]))
        for share in (1, 0):
            adam.bring_up_rows(x.ids, x.offsets, np.array([0]), weight, mean, square, done, step - 1, rates, roots,
                               decays, 1e-4, share, 2)
        np.testing.assert_allclose(weight[rows], parameter.detach()[rows], atol=2e-6)  # before they are read
        for share in (1, 0):
            adam.step_rows(rows, values, weight, mean, square, done, numbers, step, rates[step], roots[step],
                           decays[step], 1e-4, share, 2)
        optimiser.step()
    assert done.min() < steps
    adam.finish_rows(weight, mean, square, done, steps, rates, roots, decays, 1e-4, 0, 1)
    np.testing.assert_allclose(weight, parameter.detach(), atol=2e-6)
    state = optimiser.state[parameter]
    np.testing.assert_allclose(mean, state["exp_avg"], atol=1e-6)
    np.testing.assert_allclose(square, state["exp_avg_sq"], atol=1e-6)
