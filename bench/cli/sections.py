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


def check_format(name: str, more: Sequence[str] = ()) -> None:
    """Raise `BenchError` for an unknown format; `more` are those that a command has besides."""
    from bench.report import formats

    if name not in formats.FORMATS:
        raise BenchError(f"unknown format {name!r}", ", ".join((*formats.FORMATS, *more)))


def leaderboards(studies: Sequence[Study], sort: str = "", names: Sequence[str] = ()) -> list[Section]:
    """Each study's leaderboard, with the advice and what the columns mean; `names` chooses its columns."""
    from bench.report import columns, tables
    from bench.report.headline import headline

    return [Section(study.board.title, columns.table(study, columns.of_text(names, "table", study), sort) if names else
                    tables.compact(study, sort), sentences(study), headline(study)) for study in studies]


def sentences(study: Study) -> list[str]:
    """The advice of a study and the notes on its columns."""
    from bench.report.advice import advice, notes

    return [*advice(study), *notes(study)]


def print_sections(sections: Sequence[Section], format: str = "table") -> None:
    """Print the sections; JSON gives the text of the tables, by column."""
    if format == "table":
        output.say(text_of_sections(sections, format).removesuffix("\n"), marks=True)
    elif format == "json":
        output.json_text(text_of_sections(sections, format))
    else:
        output.data(text_of_sections(sections, format))


def text_of_sections(sections: Sequence[Section], format: str) -> str:
    """Return the sections as one text in a format."""
    from bench.report import formats, latex

    if format == "table":
        blocks = [["", sentence(section.title), *map(sentence, section.lead), *([""] if section.lead else []),
                   formats.plain(section.table, width()), "", *map(sentence, section.sentences)]
                  for section in sections]
        return "\n".join("\n".join(lines) for lines in blocks) + "\n"
    if format == "json":
        return json.dumps([_values(section) for section in sections], indent=1, ensure_ascii=False) + "\n"
    if format == "latex":
        labels = latex.labels([section.title for section in sections])
        return "\n".join(latex.rendered(section.table, section.title, [*section.lead, *section.sentences], label=label)
                         for section, label in zip(sections, labels, strict=True))
    texts = [formats.rendered(section.table, format, section.title, section.sentences, section.lead)
             for section in sections]
    return formats.page(texts) if format == "html" else "\n".join(texts)


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
