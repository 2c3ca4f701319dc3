"""SetFit: batches in which every class has pairs, and vectors that come together by class."""

from __future__ import annotations

import numpy as np
import pytest
import tiny_encoder
from conftest import World

from bench.baselines import setfit
from bench.core.errors import BenchError
from bench.learning.encoder_base import BATCH
from bench.learning.encoder_contrast import contrast, contrast_batches
from bench.learning.encoder_network import EncoderNetwork, features, open_network
from bench.learning.features.encoders import missing
from bench.learning.resources import Resources

needs_extra = pytest.mark.skipif(missing("any") is not None, reason="the extra `sentence` is not installed")


def test_each_batch_has_as_many_texts_of_each_class_and_none_twice():
    y = np.array([0] * 50 + [1] * 3 + [2])
    batches = contrast_batches(y, 30, "toy")
    for rows in batches:
        assert sorted(np.bincount(y[rows])) == [1, 3, 5]
        assert len(set(rows)) == len(rows) <= BATCH
    assert set(np.concatenate(batches)) == set(range(len(y)))
    assert [rows.tolist() for rows in contrast_batches(y, 30, "toy")] == [rows.tolist() for rows in batches]


def test_with_many_classes_each_batch_has_pairs_of_some_of_them():
    y = np.arange(200) % 20
    batches = contrast_batches(y, 40, "toy")
    for rows in batches:
        assert np.bincount(y[rows], minlength=20).tolist().count(2) == BATCH // 2
    assert set(y[np.concatenate(batches)]) == set(range(20))


@pytest.mark.parametrize("y", [[0, 1], [1, 1, 1], [0, 1, 2]])
def test_one_text_of_each_class_or_one_class_is_a_batch_too(y: list[int]):
    for rows in contrast_batches(np.array(y), 3, "toy"):
        assert sorted(rows) == list(range(len(y)))


@needs_extra
def test_texts_of_one_class_come_together_and_others_apart(world: World):
    network = open_network(tiny_encoder.bundled(world.root))
    labelled = world.trial(32).labelled
    pieces = network.pieces(labelled.texts(), 32)
    tuned = contrast(network, pieces, labelled.labels, 40, 3e-3, "cpu", ("toy",))

    def gap(of: EncoderNetwork) -> float:
        vectors = features(of, pieces, "cpu")
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        cosines, same = vectors @ vectors.T, labelled.labels[:, None] == labelled.labels
        return float(cosines[same].mean() - cosines[~same].mean())

    assert gap(tuned) > 0.5 > gap(network) + 0.3


@needs_extra
@pytest.mark.parametrize(("given", "named"), [({"readings": 0}, "readings = 0"), ({"most_steps": 0}, "most_steps = 0")])
def test_settings_that_train_nothing_are_refused(world: World, given: dict[str, int], named: str):
    resources = Resources(None, None, "cpu", 0, encoders=(tiny_encoder.bundled(world.root),))  # type: ignore[arg-type]
    with pytest.raises(BenchError, match=named):
        setfit.fit(world.trial(16), resources, word_pieces=16, **given)
