"""`--figures`: the charts of the report as files, for a paper."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import help
from bench.cli.output import warn
from bench.core.errors import BenchError, MissingExtra
from bench.core.names import file_name

if TYPE_CHECKING:
    from bench.report.charts import Spec
    from bench.report.page_facts import Facts


@dataclass(frozen=True)
class FigureOptions:
    """Where charts are written, which, and in which formats."""

    figures: Annotated[Path | None, typer.Option(
        metavar="FOLDER", rich_help_panel=help.OUTPUT, help="Write the charts to this folder, for a paper.")] = None
    chart: Annotated[list[str] | None, typer.Option(
        "--chart", metavar="NAME,...", rich_help_panel=help.OUTPUT,
        help="With --figures: only curves, pareto, matrix, ranks, distance or seconds.")] = None
    formats: Annotated[list[str] | None, typer.Option(
        "--formats", metavar="svg,pdf,png", rich_help_panel=help.OUTPUT,
        help="With --figures: the formats. [default: all three]")] = None


def check_figures(options: FigureOptions) -> list[str]:
    """The formats asked for; raises `BenchError` for an unknown format or chart."""
    from bench.data.cards import unknown_name
    from bench.report import charts, vega

    formats = options.formats or list(vega.FORMATS)
    if unknown := [name for name in formats if name not in vega.FORMATS]:
        raise BenchError(f"unknown format {', '.join(map(repr, unknown))}", ", ".join(vega.FORMATS))
    kinds = charts.specs(())
    for kind in options.chart or ():
        if kind not in kinds:
            raise unknown_name("chart", kind, kinds, ", ".join(kinds))
    return formats


def draw_figures(facts: Facts, folder: Path, options: FigureOptions) -> str:
    """Draw every chart, or those of the chosen kinds; returns the line that names the files."""
    from bench.report import paper_figures

    formats, kinds = check_figures(options), options.chart
    paths = save_charts([(folder / file_name(name), spec) for name, spec in paper_figures.named_panels(facts)
                         if not kinds or name.split("-")[0] in kinds], formats)
    return "Written: " + ", ".join(map(str, paths))


def save_charts(charts: Sequence[tuple[Path, Spec]], formats: Sequence[str] = ()) -> list[Path]:
    """Save charts by the stems of their files, in all formats if none is named; returns the paths.

    Characters that PNG and PDF show as boxes are named; an SVG holds the text, and its reader's fonts.
    """
    from bench.report import vega

    formats = formats or vega.FORMATS
    paths = [path for stem, spec in charts for path in vega.save(spec, stem, formats)]
    if set(formats) != {"svg"}:
        check_fonts([spec for _, spec in charts])
    return paths


def check_fonts(charts: Sequence[Spec]) -> None:
    """Name the characters of charts that no font of this machine has; Matplotlib, if installed, knows them."""
    from bench.explore import canvas

    with suppress(MissingExtra):
        warn_of_boxes(canvas.without_font(charts))


def warn_of_boxes(lacking: str, picture: str = "") -> None:
    """Name the characters of a picture that no font of this machine has, if any."""
    if lacking:
        warn(f"{picture + ': ' if picture else ''}no font of this machine has {lacking[:40]}, drawn as boxes; install "
             "one, such as Noto Sans of the script in question, and run again")
