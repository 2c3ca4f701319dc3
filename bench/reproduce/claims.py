"""Published claims, measured again: claims are data, figures come from runs, verdicts are computed from both."""

from __future__ import annotations

import json
import os
import textwrap
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import mean, stdev
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from bench.core import files, places, store
from bench.core.errors import BenchError
from bench.core.schema import Text, checked
from bench.data.cards import unknown_name
from bench.reproduce.measures import MEASURES, measure
from bench.reproduce.measures.session import Measurement, NotTested, Session

FORMAT_VERSION = 4  # raised when a measure changes in a way that its name does not show
WIDTH = 128  # characters of a line of the page
REPRODUCED, NOT_REPRODUCED, NOT_TESTED = "reproduced", "not reproduced", "not tested here"


@dataclass(frozen=True)
class Rule:
    """What the mean of a figure over the seeds must be; bounds are inclusive."""

    figure: Text
    near: float | None = None
    within: float = 0.0
    at_least: float | None = None
    at_most: float | None = None

    def holds(self, value: float) -> bool:
        """Whether a mean satisfies the rule; the last digits of a float do not decide."""
        tiny = 1e-9
        return ((self.near is None or abs(value - self.near) <= self.within + tiny)
                and (self.at_least is None or value >= self.at_least - tiny)
                and (self.at_most is None or value <= self.at_most + tiny))

    def __str__(self) -> str:
        """In words."""
        parts = []
        if self.near is not None:
            parts.append(f"within {self.within:,.6g} of {self.near:,.6g}" if self.within else f"{self.near:,.6g}")
        if self.at_least is not None:
            parts.append(f"at least {self.at_least:,.6g}")
        if self.at_most is not None:
            parts.append(f"at most {self.at_most:,.6g}")
        return f"{self.figure}: {', '.join(parts)}"


@dataclass(frozen=True)
class Claim:
    """One claim of `results/published/claims.toml`."""

    id: Text
    title: str
    tutorial: str
    claimed: str
    protocol: str
    measure: str
    rules: Annotated[tuple[Rule, ...], Meta(min_length=1, description="a list of one rule or more")]
    seeds: Annotated[int, Meta(ge=1)] = 1
    met: str = REPRODUCED  # the verdict if every rule holds


class ClaimsFile(msgspec.Struct, forbid_unknown_fields=True):
    """The content of a file of claims; `Claim` has the keys of an entry."""

    claims: list[dict[str, Any]]


class SavedFigures(msgspec.Struct):
    """What is saved of a claim that was measured."""

    key: str  # of what the figures depend on
    figures: dict[str, tuple[float, ...]]  # by seed
    notes: tuple[str, ...]
    engine: str
    seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class ClaimResult:
    """What was measured for a claim."""

    claim: Claim
    measurement: Measurement
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    why_not: str = ""  # the reason where it was not tested

    @property
    def verdict(self) -> str:
        """Computed from the figures, never written by hand."""
        if self.why_not:
            return NOT_TESTED
        return self.claim.met if all(rule.holds(self._mean(rule)) for rule in self.claim.rules) else NOT_REPRODUCED

    def _mean(self, rule: Rule) -> float:
        figures = self.measurement.figures
        if rule.figure not in figures:
            raise BenchError(f"claim {self.claim.id} has a rule on {rule.figure!r}, which {self.claim.measure} does "
                             "not measure", f"it measures: {', '.join(figures)}")
        return mean(figures[rule.figure])


def default_claims() -> Path:
    """The claims that come with the suite: beside the code in a wheel, else in the checkout."""
    packaged = places.PACKAGE / "claims.toml"
    return packaged if packaged.exists() else places.ROOT / "results" / "published" / "claims.toml"


def read_claims(path: Path) -> list[Claim]:
    """The claims of a TOML file, strictly checked."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BenchError(f"cannot read {path}: {error.strerror or error}") from None
    except tomllib.TOMLDecodeError as error:
        raise BenchError(f"{path} is not a file of claims: {error}") from None
    entries = checked(content, ClaimsFile, str(path)).claims
    return [_claim(entry, f"{path}: claim {entry.get('id', number)}") for number, entry in enumerate(entries, 1)]


def _claim(entry: dict[str, Any], where: str) -> Claim:
    if isinstance(entry.get("rules"), list):
        entry["rules"] = [checked(rule, Rule, f"{where}, rule {i}") for i, rule in enumerate(entry["rules"], 1)]
    claim = checked(entry, Claim, where)
    if claim.measure not in MEASURES:
        raise unknown_name("measure", claim.measure, MEASURES, where)
    for rule in claim.rules:
        if rule.near is None and rule.at_least is None and rule.at_most is None:
            raise BenchError(f"{where}: the rule on {rule.figure!r} has no bound", "near, at_least or at_most")
    return claim


def claims_named(claims: Sequence[Claim], ids: Sequence[str]) -> list[Claim]:
    """The claims named: `B1` also means `B1-corrected` and so on; all claims where none is named."""
    for name in ids:
        if not any(_named(claim, name) for claim in claims):
            raise BenchError(f"unknown claim {name!r}", f"one of {', '.join(claim.id for claim in claims)}")
    return [claim for claim in claims if not ids or any(_named(claim, name) for name in ids)]


def _named(claim: Claim, name: str) -> bool:
    return claim.id.lower() == name.lower() or claim.id.lower().startswith(f"{name.lower()}-")


def measure_claims(claims: Sequence[Claim], session: Session, folder: Path) -> Iterator[ClaimResult]:
    """Measure each claim, or take its figures from `folder` where it was measured before."""
    for claim in claims:
        path = folder / f"{claim.id}.json"
        saved = _read_saved(path, claim, session)
        if saved:
            session.say(f"{claim.id}: measured before")
            yield saved
            continue
        session.say(f"{claim.id}: {claim.title}")
        began, cpu_began = time.perf_counter(), _cpu_seconds()
        try:
            measurement = measure(claim.measure)(replace(session, seeds=claim.seeds))
        except (NotTested, BenchError) as error:  # no GPU, no data, no extra: other claims can be tested
            yield ClaimResult(claim, Measurement({}), why_not=str(error))
            continue
        result = ClaimResult(claim, measurement, time.perf_counter() - began, _cpu_seconds() - cpu_began)
        _save(path, result, session)
        yield result


def _key(claim: Claim, session: Session) -> str:
    """What the figures depend on; a rule may change without a new run."""
    from bench.learning.networks.engines import version

    name = session.mxnet_or_torch()
    return store.key_of([FORMAT_VERSION, claim.measure, claim.seeds, name, version(name)])


def _read_saved(path: Path, claim: Claim, session: Session) -> ClaimResult | None:
    try:
        saved = msgspec.json.decode(path.read_bytes(), type=SavedFigures)
    except (OSError, ValueError, RecursionError):
        return None  # not there, or damaged: it is measured again
    if saved.key != _key(claim, session):
        return None
    return ClaimResult(claim, Measurement(saved.figures, saved.notes, saved.engine), saved.seconds, saved.cpu_seconds)


def _save(path: Path, result: ClaimResult, session: Session) -> None:
    measurement = result.measurement
    saved = SavedFigures(_key(result.claim, session), dict(measurement.figures), measurement.notes, measurement.engine,
                         result.seconds, result.cpu_seconds)
    files.save_text(path, json.dumps(msgspec.structs.asdict(saved), indent=1))


def write(folder: Path, results: Sequence[ClaimResult]) -> list[Path]:
    """Write `claims.md` and `claims.json`; returns the paths."""
    rows = [{**asdict(r.claim), **asdict(r.measurement), "verdict": r.verdict, "why_not": r.why_not,
             "seconds": round(r.seconds, 1), "cpu_seconds": round(r.cpu_seconds, 1)} for r in results]
    texts = {"claims.md": markdown(results), "claims.json": json.dumps(rows, indent=1, ensure_ascii=False) + "\n"}
    return [files.save_text(folder / name, text) for name, text in texts.items()]


def markdown(results: Sequence[ClaimResult]) -> str:
    """A table of verdicts, then each claim's protocol, rules and figures."""
    from tabulate import tabulate

    head = ["claim", "what was claimed", "ours", "verdict", "seconds", "CPU seconds"]
    body = [[r.claim.id, f"{r.claim.title}: {r.claim.claimed}", deciding_figures(r), f"**{r.verdict}**",
             f"{r.seconds:.0f}" if r.seconds else "", f"{r.cpu_seconds:.0f}" if r.seconds else ""] for r in results]
    table = tabulate([[cell.replace("|", "\\|") for cell in row] for row in body], head, tablefmt="github",
                     disable_numparse=True, colalign=["left"] * 4 + ["right"] * 2)
    return f"{table}\n\n" + "\n".join(_section(r) for r in results)


def page(results: Sequence[ClaimResult]) -> str:
    """The table as a page of the documentation, with the command that makes it."""
    from bench.runs.machine import host

    seconds = sum(r.seconds for r in results)
    cpu_seconds = sum(r.cpu_seconds for r in results)
    verdicts = ", ".join(f"{count} {verdict}" for verdict, count in Counter(r.verdict for r in results).most_common())
    return f"""# Claims

What five tutorials claimed, and one paper, measured again on real data: {verdicts}.

A claim is reproduced if our mean fulfils all of its rules; claims and rules are in `results/published/claims.toml`, and
the verdicts are computed. ± is the standard deviation over seeds: how much a figure varies when only chance differs.
[Words used](quick-start.md#words-used-here) explains AUC, F1 and others.

Made by `bench reproduce --write-docs docs/claims.md` on {host()["cores"]} cores in {seconds / 60:.0f} minutes
({cpu_seconds / 60:.0f} of CPU time). The seconds of a claim include the networks that it is the first to need.

{markdown(results)}"""


def _section(result: ClaimResult) -> str:
    claim, measurement = result.claim, result.measurement
    seeds = f"{claim.seeds} seeds" if claim.seeds > 1 else "1 seed"
    why = f": {result.why_not}" if result.why_not else ""
    lines = [f"## {claim.id}: {claim.title}", "",
             f"{claim.tutorial}. Claimed: {claim.claimed}. Verdict: **{result.verdict}**{why}.", "", claim.protocol, ""]
    lines += [f"- Rule: {rule}" for rule in claim.rules]
    lines += [f"- {name}: {spread(values)}" for name, values in measurement.figures.items()]
    lines += [f"- {note}" for note in measurement.notes]
    lines += [f"- {seeds}; engine {measurement.engine}"] if measurement.engine else [f"- {seeds}"]
    return "\n".join(_wrapped(line) for line in lines) + f"\n- `bench reproduce --claim {claim.id}`\n"


def _wrapped(line: str) -> str:
    if line.startswith("#"):
        return line
    return "\n".join(textwrap.wrap(line, WIDTH, subsequent_indent="  " if line.startswith("- ") else "",
                                   break_long_words=False, break_on_hyphens=False))


def deciding_figures(result: ClaimResult) -> str:
    """The figures that decide the verdict, or why there are none."""
    if result.why_not:
        return result.why_not
    figures = result.measurement.figures
    return "; ".join(f"{rule.figure} {spread(figures[rule.figure])}" for rule in result.claim.rules)


def spread(values: Sequence[float]) -> str:
    """Mean ± standard deviation, or the one value."""
    return f"{number(mean(values))} ± {number(stdev(values))}" if len(values) > 1 else number(values[0])


def number(value: float) -> str:
    """Three digits after the point for small numbers, fewer for large ones."""
    if float(value).is_integer() and abs(value) >= 20:
        return f"{value:,.0f}"
    return f"{value:.3f}" if abs(value) < 2 else f"{value:.1f}" if abs(value) < 1000 else f"{value:,.0f}"


def _cpu_seconds() -> float:
    """CPU seconds of this process and of those that it started and that have ended."""
    return sum(os.times()[:4])
