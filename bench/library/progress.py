"""Progress of a run as lines of text, or as one line that changes in a notebook; the command line adds its bar."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from bench.core.printable import one_line

if TYPE_CHECKING:
    from bench.learning.pretrain import Base
    from bench.protocol.domain import Domain
    from bench.results.record import Record

Write = Callable[[str], object]


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


class Progress:
    """The progress of one run, as lines that `write` gets; a context manager that ends what it shows.

    `notes` collects what was said of the data and the plan: rows that were left out, columns that were guessed.
    `live`: whether something that moves is shown, so that libraries may show bars of their own too.
    """

    live = False

    def __init__(self, write: Write) -> None:
        self.write = write
        self.notes: list[str] = []
        self.done = self.total = 0
        self.tenths = -1  # of the base's training that were shown as lines

    def __enter__(self) -> Progress:
        """Return itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """End what is shown."""
        self.pause()

    def say(self, text: str) -> None:
        """Say something of the data or the plan."""
        self.notes.append(one_line(text))
        self.line(text)

    def line(self, text: str) -> None:
        """Write one line."""
        self.write(one_line(text))

    def lines(self, text: str) -> None:
        """Write several lines, such as a traceback."""
        for line in text.rstrip().split("\n"):
            self.write(line[: len(line) - len(line.lstrip())] + one_line(line))

    def pause(self) -> None:
        """Remove what moves, until it is shown again."""

    def training(self, event: dict[str, Any]) -> None:
        """Show a step or an epoch of the base's training."""
        if "phase" in event:
            self.line(f"base: {event['phase']}")
            return
        if "epoch" in event:
            self.line(f"base: {epoch_line(event)}")
            return
        note = f"loss {event['loss']:.3f} · {event['tokens_per_second'] / 1000:.0f}k tokens/s"
        if self.live:
            self.show("training the base", event["steps"], event["step"], note)
        elif (tenths := 10 * event["step"] // event["steps"]) > self.tenths:
            self.tenths = tenths
            self.line(f"training the base: step {event['step']} of {event['steps']}, {note}")

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
        self.trial_line(record, f"{record.task} {record.row:<14} {record.budget!s:>5} labels "
                                f"seed {record.seed}: {text}")

    def trial_line(self, record: Record, text: str) -> None:
        """Show what there is to say of a finished trial."""
        self.line(f"{self.done:>{len(str(self.total))}}/{self.total} {text}")
        if self.live:
            self.show("trials", self.total, self.done, "")

    def show(self, what: str, total: int, done: int, note: str) -> None:
        """Show what moves: `done` of `total` steps."""


class NotebookProgress(Progress):
    """In a notebook: notes and failures stay, all else is one line that changes."""

    live = True

    def __init__(self, write: Write) -> None:
        super().__init__(write)
        self.display: Any = None

    def trial_line(self, record: Record, text: str) -> None:
        """A failed trial stays, others pass."""
        if record.status != "ok":
            self.line(text)
        self.show("trials", self.total, self.done, text)

    def show(self, what: str, total: int, done: int, note: str) -> None:
        """Change the line."""
        from IPython.display import display

        shown = {"text/plain": one_line(f"{what}: {done:,} of {total:,} · {note}")}
        if self.display is None:
            self.display = display(shown, raw=True, display_id=True)
        else:
            self.display.update(shown, raw=True)

    def pause(self) -> None:
        """Leave the line as it is; what is shown next has another."""
        self.display = None


def progress_for(wanted: bool | Write) -> Progress:
    """What shows the progress where `wanted`: a function gets each line, True writes to the notebook or to stderr."""
    if callable(wanted):
        return Progress(wanted)
    if not wanted:
        return Progress(lambda line: None)
    return NotebookProgress(_to("stdout")) if _in_notebook() else Progress(_to("stderr"))


def _in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None) is not None


def _to(name: str) -> Write:
    def write(line: str) -> None:
        if stream := getattr(sys, name):  # looked up now: a notebook and pytest change it
            stream.write(f"{line}\n")
            stream.flush()

    return write
