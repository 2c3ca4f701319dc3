"""Progress of a run on stderr: one live line on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import Any

from bench.cli.output import codes, plain, say
from bench.library.progress import STOPPING, Progress

NARROWEST_BAR, WIDEST_BAR = 6, 40  # columns
BEGIN = "starting"


class TrialProgress(Progress):
    """The progress of one command: lines on standard error, and below them one that moves where that is a terminal."""

    def __init__(self, *, verbose: bool = False, short: bool = False) -> None:
        super().__init__(self._print, verbose=verbose, short=short)
        self.live = codes(sys.stderr)
        self.bar: Any = None
        self.note, self.what = "", BEGIN
        self.began = time.monotonic()

    def __enter__(self) -> TrialProgress:
        """Show the line from the first second on."""
        self.show("")
        return self

    def _print(self, text: str) -> None:
        """Print one line, above the live one."""
        indent = text[: len(text) - len(text.lstrip())]
        if self.bar is not None:
            with suppress(RuntimeError):  # in a signal's handler, while a line was being written: the live line says it
                self.bar.console.print(indent + plain(text), markup=False, highlight=False)
        else:
            say(indent + plain(text), err=True)

    def pause(self) -> None:
        """Remove the live line."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None

    def show(self, note: str) -> None:
        """Change the live line, or begin it."""
        self.note = note
        if not self.live or self.bar is not None:
            return
        from rich.console import Console
        from rich.live import Live

        self.bar = Live(get_renderable=self._line, console=Console(stderr=True), transient=True, refresh_per_second=4,
                        redirect_stdout=False)
        self.bar.start()

    def _line(self) -> Any:
        """The live line, which fits the width: what is done now, a bar, the time left, who leads."""
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        width = self.bar.console.width - 1 if self.bar is not None else 79
        what, left = plain(STOPPING if self.stopping else self.what), "" if self.stopping else self.left()
        what = what if len(what) <= width else f"{what[: width - 1]}…"
        room = width - len(what)
        texts = []
        if left and room >= len(left) + 2 + NARROWEST_BAR + 1:
            texts.append(left)
            room -= len(left) + 3
        note = plain(self.note)
        if note and room >= len(note) + 2 + NARROWEST_BAR + 1:
            texts.append(note)
            room -= len(note) + 3
        line = Table.grid(padding=(0, 1))
        cells: list[Any] = [what]
        if room > NARROWEST_BAR:
            seconds = self.remaining.seconds() if self.remaining is not None else None
            spent = time.monotonic() - self.began
            cells.append(ProgressBar(total=None if seconds is None else spent + seconds, completed=spent,
                                     width=min(room - 1, WIDEST_BAR), pulse=seconds is None))
        cells += [" · ".join(texts)] * bool(texts)
        for _ in cells:
            line.add_column(no_wrap=True)
        line.add_row(*cells)
        return line
