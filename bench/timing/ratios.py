"""The timing contract: what a timing is, how sure it is, and when two of them may be divided.

A phase's clock starts when all before it is done and stops when its result lies in NumPy, so a device has nothing
left to do. Every sample is kept. A ratio is refused unless both sides did the same work with the same libraries and
came to the same scores; what the reason is, it says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from scipy.stats import binom

FORMAT_VERSION = 1  # of the files
# Phase → what is timed. Weights and texts also cross to the device within train, score and features.
PHASES: Mapping[str, str] = {
    "encode": "texts to word numbers",
    "transfer": "weights to the device and back, the optimiser made: a training of no steps",
    "train": "forward, backward and optimiser of all steps",
    "score": "logits of texts not trained on",
    "features": "pooled features of the same texts",
}
RATIOS = ("train", "score", "features")  # what is compared
COVERAGE = 0.95  # of an interval, where there are samples enough (six)
SAME_ACCURACY, SAME_PROBABILITY = 0.02, 0.02  # the largest differences between runs of the same work
WIDEST = 1.5  # the most that the upper end of a ratio's interval may be above the lower


@dataclass(frozen=True)
class Configuration:
    """One way of doing the work."""

    engine: str
    device: str
    threads: int  # of the CPU; with a GPU those that feed it

    def __str__(self) -> str:
        """`torch cpu 2 threads`."""
        return f"{self.engine} {self.device}" + (
            f" {self.threads} thread{'s' * (self.threads != 1)}" if self.device == "cpu" else "")


@dataclass(frozen=True)
class Timing:
    """What one setting took, and all that must agree before it is compared."""

    setting: Configuration
    run: str  # timings of one run were taken turn about
    work: Mapping[str, Any]  # content hash, rows, net, steps, batch, precision, …
    versions: Mapping[str, str]
    host: Mapping[str, Any]
    samples: Mapping[str, Annotated[tuple[float, ...], Meta(min_length=1)]]  # seconds by phase, a round each
    accuracy: float  # after training, on texts not trained on
    probabilities: tuple[float, ...]  # of each text's last class, of the first texts scored
    peak_bytes: int = 0
    energy: Mapping[str, Any] = field(default_factory=dict)  # joules of one training, and who told; or why nobody did

    @property
    def tokens_per_second(self) -> float:
        """Real tokens trained on in a second, at the median."""
        return float(self.work["tokens"]) / median(self.samples["train"])


class TimingFile(msgspec.Struct):
    """The content of a file of timings."""

    form: int  # FORMAT_VERSION
    timings: list[Timing]


@dataclass(frozen=True)
class RatioInterval:
    """The median of some samples and where it lies."""

    median: float
    low: float
    high: float
    coverage: float  # how often such an interval holds the true median

    def __str__(self) -> str:
        """`1.52 s [1.48, 1.60]`."""
        return f"{self.median:.3g} [{self.low:.3g}, {self.high:.3g}]"


def interval(samples: Sequence[float]) -> RatioInterval:
    """The median with its order-statistic interval: no shape of the distribution is assumed.

    The true median lies between the k-th smallest and the k-th largest of n samples with the probability that a fair
    coin's n throws show at least k heads and k tails; k is the largest that keeps `COVERAGE`. Fewer than six samples
    cannot: their interval is all of them, and `coverage` says what that is worth.
    """
    ordered, n = sorted(samples), len(samples)
    k = max([1, *(k for k in range(1, n // 2 + 1) if _coverage(n, k) >= COVERAGE)])
    return RatioInterval(median(ordered), ordered[k - 1], ordered[n - k], _coverage(n, k))


def _coverage(n: int, k: int) -> float:
    return max(0.0, float(1.0 - 2.0 * binom.cdf(k - 1, n, 0.5)))


@dataclass(frozen=True)
class Ratio:
    """How many times faster `other` is than `reference` in one phase; or why that cannot be said."""

    phase: str
    reference: str
    other: str
    times: RatioInterval | None
    refused: str = ""
    devices: tuple[str, str] = ("cpu", "cpu")

    def __str__(self) -> str:
        """One line."""
        start = f"{self.phase}: {self.other} against {self.reference}"
        return f"{start}: {self.times} times as fast" if self.times else f"{start}: no ratio, because {self.refused}"

    def less_time(self) -> str:
        """The share of time that `other` saves, in words; empty where the ratio was refused."""
        if self.times is None:
            return ""
        low, mid, high = (100.0 * (1.0 - 1.0 / t) for t in (self.times.low, self.times.median, self.times.high))
        return f"{mid:.0f}% less time [{low:.0f}%, {high:.0f}%]"


def ratio(reference: Timing, other: Timing, phase: str = "train") -> Ratio:
    """Seconds of `reference` divided by those of `other`.

    Timings of one run were taken turn about: their ratio is taken round by round, so that a busy minute is busy for
    both. Of two runs it is the quotient of the medians, and its interval the widest that both intervals allow.
    """
    none = Ratio(phase, _named(reference, other), _named(other, reference), None,
                 devices=(reference.setting.device, other.setting.device))
    if reason := refusal(reference, other):
        return replace(none, refused=reason)
    a, b = reference.samples[phase], other.samples[phase]
    if min(len(a), len(b)) < 2:
        return replace(none, refused="one sample has no interval; --repeats 6 gives one of 95%")
    if reference.run == other.run:
        found = interval([x / y for x, y in zip(a, b, strict=True)])
    else:
        x, y = interval(a), interval(b)
        found = RatioInterval(
            x.median / y.median, x.low / y.high, x.high / y.low, max(0.0, x.coverage + y.coverage - 1.0)
        )
    if found.high > WIDEST * found.low:
        return replace(none, refused=f"its interval, {found.low:.3g} to {found.high:.3g}, is too wide to mean "
                                     "anything; more --repeats or --steps, or a quieter machine")
    return replace(none, times=found)


def refusal(a: Timing, b: Timing) -> str:
    """Why the two timings must not be divided by one another; empty where they may be."""
    for name in sorted(a.work.keys() | b.work.keys()):
        if a.work.get(name) != b.work.get(name):
            return f"{name.replace('_', ' ')} differs: {a.work.get(name)} and {b.work.get(name)}"
    for name in sorted((a.versions.keys() & b.versions.keys()) - {"commit"}):  # a change of ours may be what is timed
        if _public(a.versions[name]) != _public(b.versions[name]):
            return f"the version of {name} differs: {a.versions[name]} and {b.versions[name]}"
    if a.setting.engine == b.setting.engine and a.versions.keys() != b.versions.keys():
        return f"libraries differ: {', '.join(sorted(a.versions.keys() ^ b.versions.keys()))}"
    if abs(a.accuracy - b.accuracy) > SAME_ACCURACY:
        return f"the scores differ: accuracy {a.accuracy:.4f} and {b.accuracy:.4f}"
    if len(a.probabilities) != len(b.probabilities) or not a.probabilities:
        return "the scores cannot be compared: they are of different texts"
    apart = sum(abs(p - q) for p, q in zip(a.probabilities, b.probabilities, strict=True)) / len(a.probabilities)
    if not apart <= SAME_PROBABILITY:  # not a number is no agreement
        return f"the scores differ: probabilities by {apart:.3f} on average"
    return ""


def ratios(timings: Sequence[Timing]) -> list[Ratio]:
    """Of one run: each pair of settings that differ in one thing alone: engine, device or threads."""
    found = []
    for i, a in enumerate(timings):
        for b in timings[i + 1 :]:
            if _kinds_apart(a.setting, b.setting) == 1:
                found += [ratio(a, b, phase) for phase in RATIOS]
    return found


def ratios_between(mine: Sequence[Timing], theirs: Sequence[Timing]) -> list[Ratio]:
    """Of two runs, on two machines or before and after a change: settings that are equal, or differ in the device."""
    return [ratio(a, b, phase) for a in mine for b in theirs
            if a.setting == b.setting or (a.setting.engine == b.setting.engine and a.setting.device != b.setting.device)
            for phase in RATIOS]


def claim(found: Sequence[Ratio]) -> list[str]:
    """What a GPU saves, in the words of the published claim ("up to 91% less time")."""
    return [f"GPU training takes {one.less_time()} than {one.reference}" if one.times else
            f"What GPU training saves over {one.reference} cannot be said: {one.refused}"
            for one in found if one.phase == "train" and one.devices == ("cpu", "cuda")]


def _kinds_apart(a: Configuration, b: Configuration) -> int:
    """In how many things two settings differ; the threads that feed a GPU are not one."""
    threads = a.device == b.device == "cpu" and a.threads != b.threads
    return (a.engine != b.engine) + (a.device != b.device) + threads


def _named(timing: Timing, beside: Timing) -> str:
    if beside.run == timing.run:
        return str(timing.setting)
    commit = timing.versions.get("commit", "")
    other = beside.versions.get("commit")
    where = [timing.host.get("gpu") or timing.host.get("cpu"), commit if commit != other else ""]
    return f"{timing.setting} ({', '.join(str(w) for w in where if w)})"


def _public(version: str) -> str:
    """A version without its build: 2.13.0+cpu and 2.13.0+cu130 are one library."""
    return version.partition("+")[0]
