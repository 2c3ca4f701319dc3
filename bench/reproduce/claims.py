"""Published claims, measured again: claims are data, figures come from runs, verdicts are computed from both."""

from __future__ import annotations

import json
import os
import time
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import mean, stdev
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from bench.core import places, store
from bench.core.errors import BenchError
from bench.core.files import save_text
from bench.core.schema import Text, checked
from bench.data.cards import unknown_name
from bench.reproduce.measures import MEASURES, measure
from bench.reproduce.measures.workplace import Measured, NotTested, Workplace

FORMAT_VERSION = 3  # raised when a measure changes in a way that its name does not show
REPRODUCED, NOT_REPRODUCED, NOT_TESTED = "reproduced", "not reproduced", "not tested here"


@dataclass(frozen=True)
class Rule:
    """What a figure's mean must be; bounds are inclusive."""

    figure: Text
    near: float | None = None
    within: float = 0.0
    at_least: float | None = None
    at_most: float | None = None

    def holds(self, value: float) -> bool:
        """Whether a mean meets it; the last digits of a float do not decide."""
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
    met: str = REPRODUCED  # the verdict where every rule holds


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
    """What came out for a claim."""

    claim: Claim
    measured: Measured
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    why_not: str = ""  # the reason where it was not tested

    @property
    def verdict(self) -> str:
        """Computed from the figures; nobody writes it."""
        if self.why_not:
            return NOT_TESTED
        return self.claim.met if all(rule.holds(self._mean(rule)) for rule in self.claim.rules) else NOT_REPRODUCED

    def _mean(self, rule: Rule) -> float:
        if rule.figure not in self.measured.figures:
            raise BenchError(f"claim {self.claim.id} has a rule on {rule.figure!r}, which {self.claim.measure} does "
                             "not measure", f"it measures: {', '.join(self.measured.figures)}")
        return mean(self.measured.figures[rule.figure])


def default_claims() -> Path:
    """The claims that come with the suite: beside the code in a wheel, else in the checkout."""
    own = places.PACKAGE / "claims.toml"
    return own if own.exists() else places.ROOT / "results" / "published" / "claims.toml"


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


def chosen(claims: Sequence[Claim], ids: Sequence[str]) -> list[Claim]:
    """The claims named: `B1` also takes `B1-corrected` and so on; all where none is named."""
    for name in ids:
        if not any(_named(claim, name) for claim in claims):
            raise BenchError(f"unknown claim {name!r}", f"there are: {', '.join(claim.id for claim in claims)}")
    return [claim for claim in claims if not ids or any(_named(claim, name) for name in ids)]


def _named(claim: Claim, name: str) -> bool:
    return claim.id.lower() == name.lower() or claim.id.lower().startswith(f"{name.lower()}-")


def test(claims: Sequence[Claim], place: Workplace, folder: Path) -> Iterator[ClaimResult]:
    """Measure each claim, or take its figures from `folder` where it was measured before."""
    for claim in claims:
        path = folder / f"{claim.id}.json"
        known = _kept(path, claim, place)
        if known:
            place.say(f"{claim.id}: measured before")
            yield known
            continue
        place.say(f"{claim.id}: {claim.title}")
        began, cpu = time.perf_counter(), _cpu()
        try:
            measured = measure(claim.measure)(replace(place, seeds=claim.seeds))
        except NotTested as error:
            yield ClaimResult(claim, Measured({}), why_not=str(error))
            continue
        except BenchError as error:  # no data, no extra: this claim cannot be tested, others can
            yield ClaimResult(claim, Measured({}), why_not=str(error))
            continue
        finding = ClaimResult(claim, measured, time.perf_counter() - began, _cpu() - cpu)
        _keep(path, finding, place)
        yield finding


def _key(claim: Claim, place: Workplace) -> str:
    """What the figures depend on; a rule may change without a new run."""
    from bench.learning.networks.engines import version

    name = place.mxnet_or_torch()
    return store.key_of([FORMAT_VERSION, claim.measure, claim.seeds, name, version(name)])


def _kept(path: Path, claim: Claim, place: Workplace) -> ClaimResult | None:
    try:
        saved = msgspec.json.decode(path.read_bytes(), type=SavedFigures)
    except (OSError, ValueError, RecursionError):
        return None  # not there, or damaged: it is measured again
    if saved.key != _key(claim, place):
        return None
    return ClaimResult(claim, Measured(saved.figures, saved.notes, saved.engine), saved.seconds, saved.cpu_seconds)


def _keep(path: Path, finding: ClaimResult, place: Workplace) -> None:
    measured = finding.measured
    saved = SavedFigures(_key(finding.claim, place), dict(measured.figures), measured.notes, measured.engine,
                         finding.seconds, finding.cpu_seconds)
    save_text(path, json.dumps(msgspec.structs.asdict(saved), indent=1))


def write(folder: Path, findings: Sequence[ClaimResult]) -> list[Path]:
    """Write `claims.md` and `claims.json`; returns the paths."""
    rows = [{**asdict(f.claim), **asdict(f.measured), "verdict": f.verdict, "why_not": f.why_not,
             "seconds": round(f.seconds, 1), "cpu_seconds": round(f.cpu_seconds, 1)} for f in findings]
    texts = {"claims.md": markdown(findings), "claims.json": json.dumps(rows, indent=1, ensure_ascii=False) + "\n"}
    return [save_text(folder / name, text) for name, text in texts.items()]


def markdown(findings: Sequence[ClaimResult]) -> str:
    """A table of verdicts, then each claim's protocol, rules and figures."""
    from tabulate import tabulate

    head = ["claim", "what was claimed", "ours", "verdict", "seconds", "CPU seconds"]
    body = [[f.claim.id, f"{f.claim.title}: {f.claim.claimed}", leading(f), f"**{f.verdict}**",
             f"{f.seconds:.0f}" if f.seconds else "", f"{f.cpu_seconds:.0f}" if f.seconds else ""] for f in findings]
    table = tabulate([[cell.replace("|", "\\|") for cell in row] for row in body], head, tablefmt="github",
                     disable_numparse=True, colalign=["left"] * 4 + ["right"] * 2)
    return f"{table}\n\n" + "\n".join(_section(f) for f in findings)


def page(findings: Sequence[ClaimResult]) -> str:
    """The table as a page of the documentation, with the command that makes it."""
    from bench.runs.machine import host

    spent = sum(f.seconds for f in findings)
    cpu = sum(f.cpu_seconds for f in findings)
    return f"""# Claims

What five tutorials claimed, measured again on real data. Made by `bench reproduce --write-docs docs/claims.md` on
{host()["cores"]} cores in {spent / 60:.0f} minutes ({cpu / 60:.0f} of CPU time). Claims and rules stand in
`results/published/claims.toml`; verdicts are computed. ± is the standard deviation over seeds. The seconds of a claim
include the nets that it is the first to need.

{markdown(findings)}"""


def _section(f: ClaimResult) -> str:
    claim = f.claim
    seeds = f"{claim.seeds} seeds" if claim.seeds > 1 else "1 seed"
    why = f": {f.why_not}" if f.why_not else ""
    lines = [f"## {claim.id}: {claim.title}", "",
             f"{claim.tutorial}. Claimed: {claim.claimed}. Verdict: **{f.verdict}**{why}.", "", claim.protocol, ""]
    lines += [f"- Rule: {rule}" for rule in claim.rules]
    lines += [f"- {name}: {spread(values)}" for name, values in f.measured.figures.items()]
    lines += [f"- {note}" for note in f.measured.notes]
    lines += [f"- {seeds}; engine {f.measured.engine}"] if f.measured.engine else [f"- {seeds}"]
    return "\n".join(lines) + f"\n- `bench reproduce --claim {claim.id}`\n"


def leading(f: ClaimResult) -> str:
    """The figures that the verdict hangs on."""
    if f.why_not:
        return f.why_not
    return "; ".join(f"{rule.figure} {spread(f.measured.figures[rule.figure])}" for rule in f.claim.rules)


def spread(values: Sequence[float]) -> str:
    """Mean ± standard deviation, or the one value."""
    return f"{number(mean(values))} ± {number(stdev(values))}" if len(values) > 1 else number(values[0])


def number(value: float) -> str:
    """Three digits after the point for small numbers, fewer for large ones."""
    if float(value).is_integer() and abs(value) >= 20:
        return f"{value:,.0f}"
    return f"{value:.3f}" if abs(value) < 2 else f"{value:.1f}" if abs(value) < 1000 else f"{value:,.0f}"


def _cpu() -> float:
    """CPU seconds of this process and of those that it started and that have ended."""
    return sum(os.times()[:4])
