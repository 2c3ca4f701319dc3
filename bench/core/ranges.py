"""What each numeric option may be: the command line, the Python API and the base check against this one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.core.errors import BenchError

FINITE = 1e300  # no price or rating is larger


@dataclass(frozen=True)
class Range:
    """The numbers that make sense, both ends included."""

    least: float
    most: float
    what: str  # with its article, to follow "is not"
    note: str = ""  # what a special value means, or an example
    whole: bool = True

    def refusal(self, name: str, value: object) -> BenchError | None:
        """The error for a value outside; None for one inside."""
        if isinstance(value, int if self.whole else (int, float)) and not isinstance(value, bool) \
                and self.least <= value <= self.most:  # NaN is nowhere
            return None
        given = f"{value:g}" if isinstance(value, float) else f"{value!r}"
        note = f"; {self.note}" if self.note else ""
        bounds = "any finite number" if self.least == -FINITE else f"{_text(self.least)} or more" \
            if self.most == FINITE else f"{_text(self.least)} to {_text(self.most)}"
        return BenchError(f"--{name.replace('_', '-')} {given} is not {self.what}", f"{bounds}{note}")


SEED = Range(0, 2**32 - 1, "a seed")  # NumPy and scikit-learn take no more

# Name of an option (`bench.runs.options.Options`, or a parameter of a command) → what it may be. `command.name` goes
# before `name`. Head seeds are label seeds plus thousands (`trials.HEAD_SEEDS`), hence the limit of a thousand.
RANGES: Mapping[str, Range] = {
    "seeds": Range(1, 1_000, "a number of label draws"),
    "base_seeds": Range(1, 1_000, "a number of bases"),
    "head_seeds": Range(1, 1_000, "a number of classifier heads"),
    "epochs": Range(0, 10_000, "a number of epochs", "0: as many as the recipe says"),
    "limit": Range(1, 10**9, "a number of trials"),
    "jobs": Range(0, 1_024, "a number of worker processes", "0: one per core"),
    "validation": Range(0, 0.5, "a share", "such as 0.2", whole=False),
    "rating_threshold": Range(-FINITE, FINITE, "a rating", "such as 3", whole=False),
    "trial_timeout": Range(1e-3, FINITE, "a number of seconds", "such as 600", whole=False),
    "seed": SEED,
    "sample_seed": SEED,
    "labels": Range(0, 10**9, "a number of labels", "0: the base itself"),
    "texts": Range(1, 10**9, "a number of texts"),
    "map.texts": Range(50, 10**9, "a number of texts"),
    "steps": Range(0, 10**9, "a number of training steps", "0: one pass over the texts"),
    "repeats": Range(1, 10_000, "a number of rounds"),
    "share": Range(1e-9, 100, "a percentage", "above 0, such as 5", whole=False),
    "port": Range(0, 65_535, "a port", "0: any free one"),
    "label_cost": Range(0, FINITE, "a price", "such as 0.10", whole=False),
    "hour_cost": Range(0, FINITE, "a price", "such as 1.00", whole=False),
    "fail_if_worse": Range(0, 100, "a number of points", "such as 1", whole=False),
}


def check(name: str, value: object, command: str = "") -> None:
    """Raise `BenchError` for a value that an option cannot have."""
    if error := RANGES.get(f"{command}.{name}", RANGES[name]).refusal(name, value):
        raise error


def _text(number: float) -> str:
    return f"{number:,.0f}" if number == int(number) and abs(number) < FINITE else f"{number:g}"
