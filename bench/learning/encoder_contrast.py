"""Contrastive fine-tuning of an encoder on labelled texts (SetFit, Tunstall et al. 2022)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.seeds import generator_for, seed_for
from bench.data.text import Ragged
from bench.learning.encoder_base import BATCH
from bench.learning.encoder_network import EncoderNetwork, as_module, descend, network_of, text_vectors


def contrast(network: EncoderNetwork, pieces: Ragged, y: NDArray[np.int64], steps: int, learning_rate: float,
             device: str, seed_names: tuple[object, ...]) -> EncoderNetwork:
    """The encoder trained so that vectors of texts of one class, y [n], point the same way, and others do not.

    The loss is the squared error of the cosine, 1 within a class and 0 between two, of all pairs of texts in a batch:
    120 pairs for 16 texts. The paper draws pairs and encodes both texts of each, 240 for as many. Pairs of one class
    together weigh as much as all others. The same bits for the same arguments, device and threads.
    """
    import torch

    def losses() -> Iterator[tuple[Any, int]]:
        for rows in contrast_batches(y, steps, *seed_names):
            x = pieces.take(rows)
            directions = torch.nn.functional.normalize(text_vectors(module, x, device))
            first, second = np.triu_indices(len(rows), 1)
            same = y[rows[first]] == y[rows[second]]
            error = ((directions @ directions.T)[first, second] - torch.from_numpy(same).to(device).float()) ** 2
            yield sum(error[kind].mean() for kind in (np.flatnonzero(same), np.flatnonzero(~same)) if len(kind)), \
                len(x.ids)

    with torch.random.fork_rng(), torch.enable_grad():
        torch.manual_seed(seed_for("contrast", *seed_names))
        module = as_module(network, device).train()
        descend(list(module.parameters()), losses(), steps, learning_rate)
    return network_of(module, network)


def contrast_batches(y: NDArray[np.int64], steps: int, *names: object) -> list[NDArray[np.int64]]:
    """Rows of the texts of each batch: at most 16, of eight classes at most, of each as many as there are or fit in.

    A class deals out all its texts before one comes again, so that rare classes are read more often.
    """
    rng = generator_for("contrast", *names)
    members = {c: np.flatnonzero(y == c) for c in np.unique(y)}
    waiting = {c: np.empty(0, np.int64) for c in members}
    batches = []
    for _ in range(steps):
        chosen: Sequence[int] = rng.permutation(list(members))[: BATCH // 2].tolist()
        rows = []
        for c in chosen:
            count = min(BATCH // len(chosen), len(members[c]))
            if len(waiting[c]) < count:
                waiting[c] = rng.permutation(members[c])
            rows.append(waiting[c][:count])
            waiting[c] = waiting[c][count:]
        batches.append(np.concatenate(rows))
    return batches
