"""The transfer matrix holds each source by each target, and says where a pair is missing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.analysis.transfer_matrix import possible_matrices, transfer_matrix
from bench.core.errors import BenchError
from bench.results.record import Record


def record(source: str, target: str, accuracy: float, seed: int = 0) -> Record:
    return Record(target, "v1", "0" * 64, f"{source}@v1", "finetune", {}, "gru", "torch", "cpu", 32, seed,
                  base=f"base-of-{source}", n_train=32, n_test=10, accuracy=accuracy, auc=accuracy,
                  balanced_accuracy=accuracy, seconds={"adapt": 1.0})


RECORDS = [record("books", "dvd", 0.7), record("books", "kitchen", 0.6), record("dvd", "kitchen", 0.65),
           record("dvd", "kitchen", 0.75, seed=1)]


def test_cells_are_means_over_seeds_and_a_missing_pair_has_none() -> None:
    matrix = transfer_matrix(RECORDS, "finetune", 32)
    assert matrix.sources == ("books@v1", "dvd@v1")
    assert matrix.scores[1][matrix.targets.index("kitchen@v1")] == pytest.approx(0.7)
    assert matrix.scores[1][matrix.targets.index("dvd@v1")] is None


def test_a_target_is_shown_with_the_score_that_leads_on_it() -> None:
    balanced = [replace(r, leading="balanced_accuracy", balanced_accuracy=0.5) if r.task == "kitchen" else r
                for r in RECORDS]
    matrix = transfer_matrix(balanced, "finetune", 32)
    assert matrix.leading == {"dvd@v1": "accuracy", "kitchen@v1": "balanced_accuracy"}
    assert matrix.scores[0] == (0.7, 0.5)


def test_one_source_is_no_matrix() -> None:
    with pytest.raises(BenchError, match="1 source"):
        transfer_matrix(RECORDS[:2], "finetune", 32)
    assert possible_matrices(RECORDS[:2]) == []
    assert possible_matrices(RECORDS) == [("finetune", 32)]
