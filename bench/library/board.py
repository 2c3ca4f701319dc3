"""What `bench.run` gives back: the leaderboards of a run, as a table, as HTML and as a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bench.report import leaderboard_files, leaderboard_rows
from bench.report.formats import plain
from bench.report.headline import headline
from bench.report.tables import compact

if TYPE_CHECKING:
    import pandas as pd

    from bench.analysis.study import Study
    from bench.results.record import Record

WIDTH = 120  # characters of a line


@dataclass(frozen=True, repr=False)
class Board:
    """Leaderboards: one per target and source. A notebook shows them as tables, with the recommendation above each.

    `studies`: all statistics of each leaderboard.
    `failed`: the records of trials that failed in this run; running again tries them again.
    `notes`: what was said of the data: which columns were taken, which rows left out and why.
    `results_dir`: the folder that holds the records; `bench report` and `bench leaderboard` read it.
    """

    studies: Sequence[Study]
    results_dir: Path
    failed: Sequence[Record] = ()
    notes: Sequence[str] = field(default=())

    @property
    def recommendation(self) -> str:
        """Which strategy to use with about 128 labels, how good it is, and what it gains: one line per leaderboard.

        Empty where no strategy has finished at any budget.
        """
        lines = {study.board.title: headline(study)[:1] for study in self.studies}
        told = [(title, *line) for title, line in lines.items() if line]
        return told[0][1] if len(told) == len(self.studies) == 1 else "\n".join(": ".join(line) for line in told)

    def to_frame(self) -> pd.DataFrame:
        """One row per leaderboard, strategy and budget: scores, intervals, gains, ranks, costs.

        The columns are those of the files `leaderboards/TASK.csv` (docs/results.md). A value that could not be
        computed is missing; a label equivalent beyond the measured curve is infinite.
        """
        import pandas as pd

        return pd.DataFrame(leaderboard_rows.rows(self.studies), columns=list(leaderboard_rows.COLUMNS))

    def to_html(self) -> str:
        """The leaderboards with their sentences as HTML without scripts; all text in it is escaped."""
        sections = [leaderboard_files.section(study, "html") for study in self.studies]
        return "\n".join([*sections, self._failures("<p>{}</p>")])

    def _repr_html_(self) -> str:
        return self.to_html()

    def __repr__(self) -> str:
        """The recommendation and the leaderboards as text."""
        parts = ["\n".join([study.board.title, *headline(study)[:1], plain(compact(study), WIDTH)])
                 for study in self.studies]
        return "\n\n".join(parts) + self._failures("\n\n{}")

    def _failures(self, form: str) -> str:
        count = len(self.failed)
        return form.format(f"{count} trial{'s' if count > 1 else ''} failed; see .failed") if count else ""
