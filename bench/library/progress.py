"""Progress of a run as lines of text, or as one line that changes in a notebook; the command line adds its bar."""

from __future__ import annotations

import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.core.budget import Budget, budget_in_words
from bench.core.printable import one_line

if TYPE_CHECKING:
    from bench.learning.pretrain import Base
    from bench.protocol.domain import Domain
    from bench.results.record import Record
    from bench.runs.remaining import Remaining

Write = Callable[[str], object]
QUIET = 30.0  # seconds after which a log has a line again
LONGEST_NOTE = 240  # characters of a notice of `bench run`, whose -v prints the whole of it
STOPPING = "stopping after the running trial… (Ctrl-C again stops now)"
ADDRESS = re.compile(r" ?\(https?://[^\s)]*\)| ?https?://[^\s),;]*[^\s),;.:]")


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


def brief(text: str) -> str:
    """A notice without addresses, and no longer than two lines or so."""
    short = ADDRESS.sub("", text)
    if len(short) > LONGEST_NOTE:
        short = f"{short[:LONGEST_NOTE].rsplit(' ', 1)[0]}…"
    return short if short == text else f"{short} (-v says all)"


class Lead:
    """The strategy that leads on a target so far, at the number of labels that the final answer is about."""

    def __init__(self, target: str, labels: Mapping[Budget, int], usual: Budget) -> None:
        self.target, self.labels, self.usual = target, labels, usual
        self.scores: dict[Budget, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        self.last: Budget = usual

    def add(self, record: Record) -> None:
        """Count a trial."""
        score = record.accuracy if record.leading == "accuracy" else record.balanced_accuracy
        if record.status == "ok" and score is not None:
            self.scores[record.budget][record.row].append(score)
            self.last = record.budget

    def words(self) -> str:
        """`amazon, 128 labels: auto .912 leads`; empty while nothing has finished."""
        budget = self.usual if self.usual in self.scores else self.last
        rows = {row: sum(scores) / len(scores) for row, scores in self.scores.get(budget, {}).items()}
        if not rows:
            return ""
        from bench.report.numbers import score_text

        best = max(rows, key=lambda row: rows[row])
        return f"{self.target}, {budget_in_words(budget, self.labels[budget])}: {best} {score_text(rows[best])} leads"


class Progress:
    """The progress of one run, as lines that `write` gets; a context manager that ends what it shows.

    `notes` collects what was said of the data and the plan: rows that were left out, columns that were guessed.
    `live`: whether something that moves is shown. `verbose`: a line for each trial and whole notices, in place of a
    line now and then and short ones.
    """

    live = False
    bars = False  # whether libraries may show bars of their own too

    def __init__(self, write: Write, *, verbose: bool = False, short: bool = False) -> None:
        self.write = write
        self.verbose, self.short = verbose, short
        self.notes: list[str] = []
        self.done = self.total = 0
        self.tenths = -1  # of the base's training that were shown as lines
        self.remaining: Remaining | None = None
        self.lead: Lead | None = None
        self.what = ""  # what is done now, in words
        self.written = time.monotonic()  # when the last line was
        self.stopping = False

    def __enter__(self) -> Progress:
        """Return itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """End what is shown."""
        self.pause()

    def say(self, text: str, *, whole: bool = False) -> None:
        """Say something of the data or the plan once; where notices are `short`, in short unless this is a `whole`."""
        text = one_line(text)
        if whole or text not in self.notes:
            self.notes.append(text)
            self.line(brief(text) if self.short and not whole else text)

    def line(self, text: str) -> None:
        """Write one line."""
        self.written = time.monotonic()
        self.write(one_line(text))

    def lines(self, text: str) -> None:
        """Write several lines, such as a traceback."""
        for line in text.rstrip().split("\n"):
            self.write(line[: len(line) - len(line.lstrip())] + one_line(line))

    def pause(self) -> None:
        """Remove what moves, until it is shown again."""

    def phase(self, text: str, *, note: bool = False) -> None:
        """Say what is done now; with `note` a log has a line of it."""
        self.what = one_line(text)
        if note and not self.live:
            self.line(self.what)
        self.show("")

    def expect(self, remaining: Remaining) -> None:
        """Show the time that is left from here on."""
        self.remaining = remaining

    def training(self, event: dict[str, Any]) -> None:
        """Show what is read or prepared, a step or an epoch of the base's training."""
        if "reading" in event:
            names = list(dict.fromkeys(Path(name).name for name in event["reading"]))
            self.phase(f"reading {', '.join(names[:3])}{' and others' if len(names) > 3 else ''}")
        elif "fetching" in event:
            of = f" of {event['size'] / 1e6:,.0f}" if event["size"] else ""
            self.phase(f"downloading {event['fetching']}: {event['bytes'] / 1e6:,.0f}{of} MB")
        elif "preparing" in event:
            self.phase(f"preparing {event['preparing'].target.task.name}")
        elif "phase" in event:
            self.phase(event["phase"], note=True)
        elif "epoch" in event:
            self.line(f"base: {epoch_line(event)}")
        elif "step" in event:
            self._step(event)

    def _step(self, event: Mapping[str, Any]) -> None:
        if self.remaining is not None:
            self.remaining.train(event["step"] / event["steps"])
        self.what = f"training the base: step {event['step']:,} of {event['steps']:,}"
        self.show(f"loss {event['loss']:.3f} · {event['tokens_per_second'] / 1000:.0f}k tokens/s")
        if not self.live and (tenths := 10 * event["step"] // event["steps"]) > self.tenths:
            self.tenths = tenths
            self.line(f"{self.what}, loss {event['loss']:.3f}{self._left(', ')}")

    def trials(self, total: int, done: int, lead: Lead | None = None) -> None:
        """Begin to count the trials of a target."""
        self.total, self.done, self.lead = total, done, lead
        self.tenths = 10 * done // max(total, 1)
        self._count()

    def trial(self, record: Record) -> None:
        """Show a finished trial."""
        self.done += 1
        if self.remaining is not None:
            self.remaining.trial(record)
        if self.lead is not None:
            self.lead.add(record)
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
        self._count()
        if self.verbose or record.status != "ok":
            self.line(f"{self.done:>{len(str(self.total))}}/{self.total} {text}")
        elif not self.live:
            tenths = 10 * self.done // max(self.total, 1)
            if tenths > self.tenths or time.monotonic() - self.written > QUIET:
                self.tenths = max(tenths, self.tenths)
                leader = f" · {self.lead.words()}" if self.lead and self.lead.words() else ""
                self.line(f"{self.what}{self._left(' · ')}{leader}")

    def interrupted(self) -> None:
        """Say that Ctrl-C was noticed: called while a trial runs, from the handler of the signal."""
        self.stopping = True
        self.line(f"{STOPPING}; {self.kept()}")

    def kept(self) -> str:
        """What a run that is stopped now leaves behind; empty where no trial is counted yet."""
        if not self.total:
            return ""
        saved = f"{self.done} of {self.total} trials are saved" if self.done else "no trial has finished yet"
        return f"{saved}, and the same command continues"

    def left(self) -> str:
        """The time that is left, in words; empty where it is not known."""
        from bench.runs.costs import duration

        seconds = self.remaining.seconds() if self.remaining is not None else None
        return "" if seconds is None else f"{'about ' * (seconds >= 1)}{duration(seconds)} left"

    def _left(self, before: str) -> str:
        left = self.left() if self.done < self.total or not self.total else ""
        return before + left if left else ""

    def _count(self) -> None:
        self.what = f"{self.done:,} of {self.total:,} trials"
        self.show(self.lead.words() if self.lead else "")

    def show(self, note: str) -> None:
        """Show what is done now, `self.what`, how long all that is left takes, and `note` where there is room."""


class NotebookProgress(Progress):
    """In a notebook: notes and failures stay, all else is one line that changes."""

    live = bars = True

    def __init__(self, write: Write) -> None:
        super().__init__(write)
        self.display: Any = None

    def show(self, note: str) -> None:
        """Change the line."""
        from IPython.display import display

        shown = {"text/plain": one_line(" · ".join(part for part in (self.what, self.left(), note) if part))}
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
        return Progress(wanted, verbose=True)
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
