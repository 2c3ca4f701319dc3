"""The transfer matrix shows each source by each target, and says where a pair is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.analysis.transfer_matrix import matrix
from bench.core.errors import BenchError
from bench.report.analysis_figures import heat_map, matrix_markdown, write_matrix
from bench.results.record import Record


def record(source: str, target: str, accuracy: float, seed: int = 0) -> Record:
    return Record(target, "v1", "0" * 64, f"{source}@v1", "finetune", {}, "gru", "torch", "cpu", 32, seed,
                  base=f"base-of-{source}", n_train=32, n_test=10, accuracy=accuracy, auc=accuracy,
                  balanced_accuracy=accuracy, seconds={"adapt": 1.0})


RECORDS = [record("books", "dvd", 0.7), record("books", "kitchen", 0.6), record("dvd", "kitchen", 0.65),
           record("dvd", "kitchen", 0.75, seed=1)]


def test_cells_are_means_over_seeds_and_missing_pairs_are_dashes() -> None:
    found = matrix(RECORDS, "finetune", 32)
    assert found.sources == ("books@v1", "dvd@v1")
    assert found.accuracy[1][found.targets.index("kitchen@v1")] == pytest.approx(0.7)
    assert found.accuracy[1][found.targets.index("dvd@v1")] is None
    assert "–" in matrix_markdown(found)


def test_one_source_is_no_matrix() -> None:
    with pytest.raises(BenchError, match="1 source"):
        matrix(RECORDS[:2], "finetune", 32)


def test_it_is_written_as_markdown_and_as_a_heat_map(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    paths = write_matrix(tmp_path, matrix(RECORDS, "finetune", 32))
    assert [p.suffix for p in paths] == [".md", ".png", ".svg"]
    assert all(p.stat().st_size > 100 for p in paths)
    assert heat_map(matrix(RECORDS, "finetune", 32), tmp_path / "again")
