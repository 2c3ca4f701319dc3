"""What `bench leaderboard` and `bench report` share: the records that a command names, and their charts as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import completion
from bench.cli.terminal import warn
from bench.core.errors import BenchError
from bench.core.names import TaskRef

if TYPE_CHECKING:
    from bench.report.page_facts import CachedStudy, Facts
    from bench.results.record import Record

OnlyTarget = Annotated[list[str] | None, typer.Option(
    "--target", "-t", autocompletion=completion.tasks, help="Only these tasks; repeatable.")]
OnlySource = Annotated[str, typer.Option(
    "--source", "-s", autocompletion=completion.tasks, help="Only from this source.")]
OnlyBaseline = Annotated[list[str] | None, typer.Option(
    "--baseline", "-b", autocompletion=completion.strategies,
    help="Only these strategies; repeatable; main: those that bench run runs by default.")]
OnlyEngine = Annotated[str, typer.Option(
    "--engine", autocompletion=completion.engines, help="Only from this engine: torch or mxnet.")]
Figures = Annotated[Path | None, typer.Option("--figures", help="Write the charts into this folder, for a paper.")]
Charts = Annotated[list[str] | None, typer.Option("--chart", help="Of --figures: only curves, pareto, matrix, ranks, "
                                                  "distance or seconds; repeatable.")]
FigureFormats = Annotated[str, typer.Option("--formats", help="Of --figures, comma-separated: svg, pdf, png.")]
EVERY_FORMAT = "svg,pdf,png"


def chosen(folder: Path, target: list[str] | None, source: str = "", baseline: list[str] | None = None,
           engine: str = "", *, none: bool = False) -> list[Record]:
    """The records of some targets, a source, strategies and an engine; empty is all.

    `BenchError` where nothing is left, but where `none` at all will do.
    """
    from baselines import MAIN
    from bench.data.cards import unknown_name
    from bench.results import record_files

    if not (folder / "records").is_dir():
        raise BenchError(f"no records in {folder}", "bench run makes some; --results-dir names the folder")
    found = record_files.read_all(folder, warn)
    names = {TaskRef.parse(t).task for t in target or ()}
    unknown = names - {r.task for r in found}
    if unknown:
        raise BenchError(f"no records of {', '.join(sorted(unknown))} in {folder}",
                         f"there are: {', '.join(sorted({r.task for r in found})) or 'none'}")
    strategies = {one for name in baseline or () for one in (MAIN if name == "main" else (name,))}
    for name in strategies - {r.baseline for r in found} - set(MAIN):
        raise unknown_name("baseline", name, sorted({r.baseline for r in found}), "those of the records")
    wanted = set(target or ())
    kept = [r for r in found if not wanted or r.task in wanted or str(r.target) in wanted]
    kept = [r for r in kept if source in ("", r.source, TaskRef.parse(r.source).task)
            and (not strategies or r.baseline in strategies) and engine in ("", r.engine)]
    if not kept and not (none and not found):
        tasks = ", ".join(sorted({r.task for r in found}))
        raise BenchError(f"no such records in {folder}", f"there are targets {tasks or 'none'}"
                         f" from {', '.join(sorted({r.source for r in found})) or 'no source'}"
                         f" by {', '.join(sorted({r.engine for r in found})) or 'no engine'}")
    return kept


def facts(folder: Path, found: list[Record], cache: dict[str, CachedStudy] | None = None) -> Facts:
    """What the report knows of records and the distances kept beside them."""
    from bench.report import page_facts, target_files

    return page_facts.facts(found, cache, target_files.load_distances(folder))


def check_figures(formats: str, kinds: Sequence[str] | None) -> list[str]:
    """The formats named; `BenchError` for one, or for a chart, that there is not."""
    from bench.data.cards import unknown_name
    from bench.report import charts, vega

    named = [f.strip() for f in formats.split(",") if f.strip()]
    wrong = [f for f in named if f not in vega.FORMATS]
    if wrong or not named:
        raise BenchError(f"unknown format {', '.join(wrong) or formats!r}", ", ".join(vega.FORMATS))
    known = charts.specs(())
    for kind in kinds or ():
        if kind not in known:
            raise unknown_name("chart", kind, known, ", ".join(known))
    return named


def draw(found: Facts, folder: Path, formats: Sequence[str], kinds: Sequence[str] | None) -> list[Path]:
    """Draw every chart, or those of some kinds, into a folder; returns the files."""
    from bench.report import paper_figures, vega

    return [path for name, spec in paper_figures.named_panels(found) if not kinds or name.split("-")[0] in kinds
            for path in vega.save(spec, folder / name, formats)]
