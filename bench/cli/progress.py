"""Progress of a run on stderr: a live bar on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
from typing import Any

from bench.cli.output import codes, plain, say
from bench.library.progress import Progress


class TrialProgress(Progress):
    """The progress of one command: lines on standard error, and below them a bar where that is a terminal."""

    def __init__(self) -> None:
        super().__init__(self._print)
        self.live = codes(sys.stderr)
        self.bar: Any = None

    def _print(self, text: str) -> None:
        """Print one line, above the bar."""
        indent = text[: len(text) - len(text.lstrip())]
        if self.bar is not None:
            self.bar.console.print(indent + plain(text), markup=False, highlight=False)
        else:
            say(indent + plain(text), err=True)

    def pause(self) -> None:
        """Remove the bar."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None

    def show(self, what: str, total: int, done: int, note: str) -> None:
        """Move the bar."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        if self.bar is None:
            columns = (TextColumn("{task.description}"), BarColumn(bar_width=None), MofNCompleteColumn(),
                       TimeRemainingColumn(), TextColumn("{task.fields[note]}"))
            self.bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self.bar.start()
            self.task = self.bar.add_task(what, total=total, note=note)
            self.what = what
        if what != self.what:
            self.pause()
            self.show(what, total, done, note)
            return
        self.bar.update(self.task, completed=done, note=note)
