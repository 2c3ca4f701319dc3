"""Tables with a title and sentences, printed in any format of `bench leaderboard`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli import help, output
from bench.cli.output import width
from bench.cli.terminal import sentence
from bench.core.errors import BenchError, MissingExtra, NoRoom

if TYPE_CHECKING:
    from bench.analysis.study import Study
    from bench.report.tables import Table

Format = Annotated[str, typer.Option("--format", "-f", metavar="NAME", rich_help_panel=help.OUTPUT,
                                     help="table, md, csv, latex, html or json.")]


@dataclass(frozen=True)
class Section:
    """A table, its title, and the sentences above and below it."""

    title: str
    table: Table
    sentences: Sequence[str]
    lead: Sequence[str] = ()  # sentences above the table


def check_format(name: str) -> None:
    """Raise `BenchError` for an unknown format."""
    from bench.report import formats

    if name not in formats.FORMATS:
        raise BenchError(f"unknown format {name!r}", ", ".join(formats.FORMATS))


def leaderboards(studies: Sequence[Study], sort: str = "") -> list[Section]:
    """Each study's leaderboard, with the advice and what the columns mean."""
    from bench.report import tables
    from bench.report.headline import headline

    return [Section(study.board.title, tables.compact(study, sort), sentences(study), headline(study))
            for study in studies]


def sentences(study: Study) -> list[str]:
    """The advice of a study and the notes on its columns."""
    from bench.report.advice import advice, notes

    return [*advice(study), *notes(study)]


def print_sections(sections: Sequence[Section], format: str = "table") -> None:
    """Print the sections; JSON gives the text of the tables, by column."""
    from bench.report import formats

    if format == "table":
        for section in sections:
            table = formats.plain(section.table, width())
            lead = [*map(sentence, section.lead), *([""] if section.lead else [])]
            lines = ["", sentence(section.title), *lead, table, "", *map(sentence, section.sentences)]
            output.say("\n".join(lines), marks=True)
    elif format == "json":
        output.json_text(json.dumps([_values(section) for section in sections], indent=1, ensure_ascii=False) + "\n")
    else:
        texts = [formats.rendered(section.table, format, section.title, section.sentences, section.lead)
                 for section in sections]
        output.data(formats.page(texts) if format == "html" else "\n".join(texts))


def _values(section: Section) -> dict[str, Any]:
    rows = [dict(zip(section.table.flat(), row, strict=True)) for row in section.table.body]
    return {"title": section.title, "rows": rows, "words": [*section.lead, *section.sentences]}


def as_json(values: Any) -> str:
    """Dataclasses and numbers as JSON text; infinite numbers become null."""
    from bench.report import formats

    return json.dumps(formats.json_values(values), indent=1, allow_nan=False) + "\n"


def draw(picture: Callable[[], list[Path]]) -> None:
    """Draw a picture and name its files, or say what is missing."""
    try:
        output.say("Written: " + ", ".join(map(str, picture())))
    except (MissingExtra, NoRoom) as error:
        output.say(f"No picture: {error}", err=True)
