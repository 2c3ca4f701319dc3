"""`bench.records`: the finished trials of a results folder."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from bench.core.errors import BenchError
from bench.library.board import Board
from bench.results import record_files
from bench.results.record import Record
from bench.results.trial_table import PHASES
from bench.runs.options import Options

if TYPE_CHECKING:
    import pandas as pd

    from bench.library.arguments import Folder



@dataclass(frozen=True, repr=False)
class Records(Sequence[Record]):
    """Finished trials, in the order of their files: a sequence of `Record` values."""

    values: tuple[Record, ...]
    folder: Path

    def to_frame(self) -> pd.DataFrame:
        """One row per trial: the fields of the record (docs/results.md), without the stored predictions.

        `seconds` is a column per phase: `seconds_load`, `seconds_encode`, `seconds_pretrain`, `seconds_adapt`,
        `seconds_predict`. Settings, versions, host and the like stay dictionaries. The budget is a number or "full".
        """
        import pandas as pd

        names = [field.name for field in fields(Record) if field.name not in ("predictions", "seconds", "schema")]
        columns = [*names, *(f"seconds_{phase}" for phase in PHASES)]
        return pd.DataFrame([_row(record, names) for record in self.values], columns=columns)

    def board(self) -> Board:
        """The leaderboards of these trials."""
        from bench.analysis.study import studies

        return Board(studies(self.values), self.folder)

    def __len__(self) -> int:
        """The number of trials."""
        return len(self.values)

    @overload
    def __getitem__(self, at: int) -> Record: ...

    @overload
    def __getitem__(self, at: slice) -> Records: ...

    def __getitem__(self, at: int | slice) -> Record | Records:
        """A trial, or those of a slice."""
        return Records(self.values[at], self.folder) if isinstance(at, slice) else self.values[at]

    def __iter__(self) -> Iterator[Record]:
        """Each trial."""
        return iter(self.values)

    def __repr__(self) -> str:
        """How many trials, of what."""
        tasks = sorted({record.task for record in self.values})
        return f"<{len(self.values):,} records of {', '.join(tasks) or 'no task'} in {self.folder}>"


def records(folder: Folder = Options.results_dir) -> Records:
    """The finished trials of a results folder; damaged lines are left out with a warning.

    Raises `BenchError` where the folder holds no records.
    """
    path = Path(folder).expanduser()
    if not (path / "records").is_dir():
        raise BenchError(f"no records in {path}", "bench.run writes them; results_dir names the folder")
    return Records(tuple(record_files.read_all(path, lambda text: warnings.warn(text, stacklevel=2))), path)


def _row(record: Record, names: Sequence[str]) -> dict[str, Any]:
    body = asdict(record)
    return {**{name: body[name] for name in names},
            **{f"seconds_{phase}": record.seconds.get(phase) for phase in PHASES}}
