"""Files of a results folder that concern several targets: transfer matrices, and measured domain distances."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench.analysis.domain_distance import NAMES, DomainDistance
from bench.analysis.transfer_matrix import TransferMatrix
from bench.core import files
from bench.core.names import TaskRef, file_name
from bench.core.printable import one_line
from bench.report import vega
from bench.report.formats import rendered
from bench.report.panels import matrix_panel
from bench.report.target_tables import matrix_table, matrix_title

LARGEST = 16 << 20  # bytes of a file of distances


def matrix_markdown(matrix: TransferMatrix) -> str:
    """The matrix as Markdown with its title."""
    return rendered(matrix_table(matrix), "md", matrix_title(matrix))


def write_matrix(folder: Path, matrix: TransferMatrix) -> Path:
    """Write the matrix as `leaderboards/matrix-BASELINE-BUDGET.md` of a results folder."""
    return files.save_text(_matrix_file(folder, matrix, ".md"), matrix_markdown(matrix))


def draw_matrix(folder: Path, matrix: TransferMatrix) -> list[Path]:
    """Draw the matrix next to its Markdown as .png and .svg; `MissingExtra` without the `report` extra."""
    return vega.save(matrix_panel(matrix), _matrix_file(folder, matrix, ""), ("png", "svg"))


def _matrix_file(folder: Path, matrix: TransferMatrix, suffix: str) -> Path:
    return folder / "leaderboards" / f"{file_name(f'matrix-{matrix.baseline}-{matrix.budget}')}{suffix}"


def save_distances(folder: Path, source: str, distances: Sequence[DomainDistance]) -> Path:
    """Write the distances from a source into `distances/SOURCE.json` of a results folder.

    Distances of other targets that the file already holds stay in it.
    """
    name = file_name(TaskRef.parse(source).task)
    rows = {d.target: d for d in (*load_distances(folder).get(source, ()), *distances)}
    body = {"source": source, "distances": [asdict(rows[t]) for t in sorted(rows)]}
    return files.save_text(folder / "distances" / f"{name}.json", json.dumps(body, indent=1) + "\n")


def load_distances(folder: Path) -> dict[str, list[DomainDistance]]:
    """The distances saved in a results folder, by source; files that hold none are skipped."""
    distances: dict[str, list[DomainDistance]] = {}
    for path in sorted((folder / "distances").glob("*.json")):
        try:
            body = json.loads(files.read_plain(path, LARGEST))
            rows = [DomainDistance(one_line(str(r["target"])), *(float(r[k]) for k in NAMES))
                    for r in body["distances"]]
            distances[one_line(str(body["source"]))] = rows
        except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            continue
    return distances
