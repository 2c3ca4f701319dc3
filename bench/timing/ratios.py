"""The timing contract: how certain a timing is, and when the ratio of two of them means something.

The clock of a phase starts when everything before it is done, and stops when its result is in NumPy, so the device has
nothing left to do. Every sample is kept. A ratio is refused, with the reason, unless both sides did the same work with
the same libraries and got the same scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from scipy.stats import binom

from bench.timing.timings import Configuration, Timing

COMPARED = ("train", "score", "features")  # phases
COVERAGE = 0.95  # of an interval, where there are at least six samples
SAME_ACCURACY, SAME_PROBABILITY = 0.02, 0.02  # the largest differences between runs of the same work
WIDEST = 1.5  # the upper end of a ratio's interval divided by the lower, at most


@dataclass(frozen=True)
class MedianInterval:
    """The median of some samples, and an interval for the true median."""

    median: float
    low: float
    high: float
    coverage: float  # probability that such an interval holds the true median

    def __str__(self) -> str:
        """`1.52 [1.48, 1.60]`."""
        return f"{self.median:.3g} [{self.low:.3g}, {self.high:.3g}]"


def interval(samples: Sequence[float]) -> MedianInterval:
    """The median with its order-statistic interval, which assumes no shape of the distribution.

    The true median lies between the k-th smallest and the k-th largest of n samples with the probability that n throws
    of a fair coin show at least k heads and k tails; k is the largest that keeps `COVERAGE`. Fewer than six samples
    cannot reach it: their interval is all of them, with the coverage that this has.
    """
    ordered, n = sorted(samples), len(samples)
    k = max([1, *(k for k in range(1, n // 2 + 1) if _coverage(n, k) >= COVERAGE)])
    return MedianInterval(median(ordered), ordered[k - 1], ordered[n - k], _coverage(n, k))


def _coverage(n: int, k: int) -> float:
    return max(0.0, float(1.0 - 2.0 * binom.cdf(k - 1, n, 0.5)))


@dataclass(frozen=True)
class Ratio:
    """How many times faster `other` is than `reference` in one phase, or why that cannot be said."""

    phase: str
    reference: str
    other: str
    times: MedianInterval | None
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
        low, mid, high = (100.0 * (1.0 - 1.0 / times)
                          for times in (self.times.low, self.times.median, self.times.high))
        return f"{mid:.0f}% less time [{low:.0f}%, {high:.0f}%]"


def ratio(reference: Timing, other: Timing, phase: str = "train") -> Ratio:
    """Seconds of `reference` divided by those of `other`.

    Within one run the ratio is taken round by round, so that a busy minute slows both sides. Between two runs it is
    the quotient of the medians, and its interval is the widest that both intervals allow.
    """
    refused = Ratio(phase, _label(reference, other), _label(other, reference), None,
                    devices=(reference.setting.device, other.setting.device))
    if reason := refusal(reference, other):
        return replace(refused, refused=reason)
    a, b = reference.samples[phase], other.samples[phase]
    if min(len(a), len(b)) < 2:
        return replace(refused, refused="one sample has no interval; --repeats 6 gives one of 95%")
    if reference.run == other.run:
        times = interval([x / y for x, y in zip(a, b, strict=True)])
    else:
        x, y = interval(a), interval(b)
        times = MedianInterval(x.median / y.median, x.low / y.high, x.high / y.low,
                               max(0.0, x.coverage + y.coverage - 1.0))
    if times.high > WIDEST * times.low:
        return replace(refused, refused=f"its interval, {times.low:.3g} to {times.high:.3g}, is too wide to mean "
                                        "anything; use more --repeats or --steps, or a quieter machine")
    return replace(refused, times=times)


def refusal(a: Timing, b: Timing) -> str:
    """Why one timing must not be divided by the other; empty where it may be."""
    for name in sorted(a.work.keys() | b.work.keys()):
        if a.work.get(name) != b.work.get(name):
            return f"{name.replace('_', ' ')} differs: {a.work.get(name)} and {b.work.get(name)}"
    for name in sorted((a.versions.keys() & b.versions.keys()) - {"commit"}):  # our own change may be what is timed
        if _without_build(a.versions[name]) != _without_build(b.versions[name]):
            return f"the version of {name} differs: {a.versions[name]} and {b.versions[name]}"
    if a.setting.engine == b.setting.engine and a.versions.keys() != b.versions.keys():
        return f"libraries differ: {', '.join(sorted(a.versions.keys() ^ b.versions.keys()))}"
    if abs(a.accuracy - b.accuracy) > SAME_ACCURACY:
        return f"the scores differ: accuracy {a.accuracy:.4f} and {b.accuracy:.4f}"
    if len(a.probabilities) != len(b.probabilities) or not a.probabilities:
        return "the scores cannot be compared: they are of different texts"
    difference = sum(abs(p - q) for p, q in zip(a.probabilities, b.probabilities, strict=True)) / len(a.probabilities)
    if not difference <= SAME_PROBABILITY:  # NaN does not agree with anything
        return f"the scores differ: probabilities by {difference:.3f} on average"
    return ""


def ratios_within_run(timings: Sequence[Timing]) -> list[Ratio]:
    """The ratios of each pair of configurations that differ in one thing alone: engine, device or threads."""
    return [ratio(a, b, phase) for i, a in enumerate(timings) for b in timings[i + 1 :]
            if _differences(a.setting, b.setting) == 1 for phase in COMPARED]


def ratios_between_runs(before: Sequence[Timing], after: Sequence[Timing]) -> list[Ratio]:
    """The ratios of equal configurations, and of those that differ in the device alone, in two runs.

    The runs may be on two machines, or before and after a change.
    """
    return [ratio(a, b, phase) for a in before for b in after
            if a.setting == b.setting or (a.setting.engine == b.setting.engine and a.setting.device != b.setting.device)
            for phase in COMPARED]


def gpu_savings(ratios: Sequence[Ratio]) -> list[str]:
    """What a GPU saves, in the words of the published claim ("up to 91% less time")."""
    return [f"GPU training takes {ratio.less_time()} than {ratio.reference}" if ratio.times else
            f"What GPU training saves over {ratio.reference} cannot be said: {ratio.refused}"
            for ratio in ratios if ratio.phase == "train" and ratio.devices == ("cpu", "cuda")]


def _differences(a: Configuration, b: Configuration) -> int:
    """In how many things two configurations differ; the threads that feed a GPU do not count."""
    threads = a.device == b.device == "cpu" and a.threads != b.threads
    return (a.engine != b.engine) + (a.device != b.device) + threads


def _label(timing: Timing, other: Timing) -> str:
    """The configuration; beside a timing of another run, also its machine, and its commit where they differ."""
    if other.run == timing.run:
        return str(timing.setting)
    commit = timing.versions.get("commit", "")
    where = [timing.host.get("gpu") or timing.host.get("cpu"), commit if commit != other.versions.get("commit") else ""]
    return f"{timing.setting} ({', '.join(str(part) for part in where if part)})"


def _without_build(version: str) -> str:
    """2.13.0+cpu and 2.13.0+cu130 are the same version."""
    return version.partition("+")[0]
