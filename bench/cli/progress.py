"""Progress of a run on stderr: a live bar on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bench.cli.output import codes, plain, say, warn

if TYPE_CHECKING:
    from bench.learning.pretrain import Base
    from bench.protocol.domain import Domain
    from bench.results.record import Record


def headline(target: Domain, base: Base | None, source: str) -> str:
    """The data and the base, in one line before the trials begin."""
    from bench.protocol.split import NO_TEST

    split = target.split
    counts = f"{len(split.test):,} test, {len(split.pool):,} training"
    if target.edition.test == NO_TEST:
        counts = f"all {len(split.pool):,} different ones training, none test"
    trained = f", base {base.net} {base.accuracy:.3f} on its own test set, trained in {base.seconds:.0f} s" \
        if base else ""
    copies = split.leaked + split.near
    return (f"{target.name} · {len(target.data.y):,} texts: {counts} "
            f"(left out: {split.duplicates} duplicates, {copies} copies of test texts) · from {target.origin} · "
            f"source {source}{trained}")


def epoch_line(row: Mapping[str, float]) -> str:
    """One epoch of a base's training."""
    accuracy = f"accuracy {row['train_accuracy']:.3f} (train)"
    if "validation_accuracy" in row:
        accuracy += f" / {row['validation_accuracy']:.3f} (validation)"
    return (f"epoch {int(row['epoch'])}: loss {row['loss']:.4f}, {accuracy}, {row['seconds']:.1f} s, "
            f"{row['tokens_per_second']:,.0f} tokens/s")


class TrialProgress:
    """The progress of one command; a context manager that removes its bar at the end."""

    def __init__(self) -> None:
        self.live = codes(sys.stderr)
        self.bar: Any = None
        self.done = self.total = 0
        self.tenths = -1  # of the base's training that were shown in a log

    def __enter__(self) -> TrialProgress:
        """Return itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Remove the bar."""
        self.pause()

    def say(self, text: str) -> None:
        """Print one line, above the bar."""
        self._print(plain(text))

    def _print(self, line: str) -> None:
        if self.bar is not None:
            self.bar.console.print(line, markup=False, highlight=False)
        else:
            warn(line)

    def lines(self, text: str) -> None:
        """Print several lines, above the bar."""
        for line in text.rstrip().split("\n"):
            indent = line[: len(line) - len(line.lstrip())]
            self._print(indent + plain(line))

    def pause(self) -> None:
        """Remove the bar."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None

    def training(self, event: dict[str, Any]) -> None:
        """Show a step or an epoch of the base's training."""
        if "phase" in event:
            self.say(f"base: {event['phase']}")
            return
        if "epoch" in event:
            self.say(f"base: {epoch_line(event)}")
            return
        note = f"loss {event['loss']:.3f} · {event['tokens_per_second'] / 1000:.0f}k tokens/s"
        if self.live:
            self._live("training the base", event["steps"], event["step"], note)
        elif (tenths := 10 * event["step"] // event["steps"]) > self.tenths:
            self.tenths = tenths
            say(f"training the base: step {event['step']} of {event['steps']}, {note}", err=True)

    def trials(self, total: int, done: int) -> None:
        """Begin to count trials."""
        self.pause()
        self.total, self.done = total, done

    def trial(self, record: Record) -> None:
        """Show a finished trial."""
        self.done += 1
        if record.status == "ok":
            auc = "" if record.auc is None else f" auc {record.auc:.3f}"
            seconds = record.seconds["adapt"] + record.seconds["predict"]
            text = f"acc {record.accuracy or 0.0:.3f}{auc} in {seconds:.1f} s"
            text += "; all its labels are of one class, so the class shares were predicted" if record.fallback else ""
        else:
            text = f"FAILED: {record.error}"
        width = len(str(self.total))
        self.say(f"{self.done:>{width}}/{self.total} {record.task} {record.row:<14} {record.budget!s:>5} labels "
                 f"seed {record.seed}: {text}")
        if self.live:
            self._live("trials", self.total, self.done, "")

    def _live(self, what: str, total: int, done: int, note: str) -> None:
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
            self._live(what, total, done, note)
            return
        self.bar.update(self.task, completed=done, note=note)
