"""Tables as text for the terminal and as Markdown, CSV, LaTeX and HTML, everything escaped; values for JSON."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass, replace
from html import escape
from typing import Any

import numpy as np

from bench.core.errors import BenchError
from bench.core.printable import one_line
from bench.report import latex
from bench.report.tables import Table

FILES = {"md": "md", "csv": "csv", "latex": "tex", "html": "html", "json": "json"}  # formats and their file endings
FORMATS = ("table", *FILES)
RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
MARKDOWN = re.compile(r"[\\|`<]|!(?=\[)|\](?=[(\[:])")  # what could begin HTML, code, a picture, a link or a cell
MARKDOWN_START = re.compile(r"^[#>+*=~-](?=[#>+*=~\s-]|$)")  # a heading, quotation, list or line


def plain(table: Table, width: int = 120) -> str:
    """For a terminal: as many groups of columns side by side as fit into `width`, the others below.

    Groups are three spaces apart, or one space where a single group would be too wide otherwise.
    """
    table = replace(table, body=tuple(tuple(map(one_line, row)) for row in table.body))
    sizes = [max(len(r[i]) for r in (table.head, *table.body)) for i in range(len(table.head))]
    groups, at = [], 1
    for name, count in table.groups or (("", len(table.head) - 1),):
        columns = list(range(at, at + count))
        whole = sum(sizes[i] + 1 for i in columns) - 1
        wide = bool(table.groups) and count > 1 and sizes[0] + 1 + whole > width
        if wide and not any(row[columns[-1]] for row in table.body):
            columns, wide = columns[:-1], False  # nothing stands in it
        for part in (columns[:-1], columns[-1:]) if wide else (columns,):  # the last column stands below the others
            groups.append((name, part, max(sum(sizes[i] + 1 for i in part) - 1, len(name))))
        at += count
    gap = 3 if sizes[0] + 3 + max(size for _, _, size in groups) <= width else 1
    blocks: list[list[tuple[str, list[int]]]] = [[]]
    used = sizes[0]
    for name, columns, size in groups:
        if blocks[-1] and used + gap + size > width:
            blocks.append([])
            used = sizes[0]
        blocks[-1].append((name, columns))
        used += gap + size
    return "\n\n".join(_block(table, block, sizes, " " * gap) for block in blocks)


def _block(table: Table, block: list[tuple[str, list[int]]], sizes: list[int], gap: str) -> str:
    lines = []
    if table.groups:
        heads = [name.center(sum(sizes[i] + 1 for i in columns) - 1) for name, columns in block]
        lines.append(gap.join(["".ljust(sizes[0]), *heads]).rstrip())
    for row in (table.head, *table.body):
        parts = [" ".join(_pad(table, i, row[i], sizes[i]) for i in columns) for _, columns in block]
        lines.append(gap.join([row[0].ljust(sizes[0]), *parts]).rstrip())
    return "\n".join(lines)


def _pad(table: Table, column: int, text: str, size: int) -> str:
    is_name = table.head[column] in ("baseline", "first", "second")
    return text.ljust(size) if is_name or "[" in text else text.rjust(size)


def rendered(table: Table, form: str, title: str, lines: Sequence[str] = (), lead: Sequence[str] = ()) -> str:
    """A table as Markdown, LaTeX (booktabs), HTML or CSV; all but CSV with its title and sentences.

    The sentences in `lead` stand above the table, `lines` below it; in LaTeX all of them are comments.
    """
    if form == "csv":
        return csv_text([table.flat(), *table.body])
    if form == "md":
        return _markdown(table, title, lines, lead)
    if form == "latex":
        return latex.rendered(table, title, [*lead, *lines])
    if form == "html":
        return _html(table, title, lines, lead)
    raise BenchError(f"unknown format {form!r}", ", ".join(FORMATS))


def _markdown(table: Table, title: str, lines: Sequence[str], lead: Sequence[str]) -> str:
    from tabulate import tabulate

    head, *body = [list(map(in_markdown, row)) for row in (table.flat(), *table.body)]
    text = tabulate(body, head, tablefmt="github", disable_numparse=True)
    sentences = "\n".join(f"- {in_markdown(line)}" for line in lines)
    above = "".join(f"{in_markdown(line)}\n\n" for line in lead)
    return f"## {in_markdown(title)}\n\n{above}{text}\n" + (f"\n{sentences}\n" if sentences else "")


def in_markdown(text: str) -> str:
    """One line of words in which no HTML, link, picture, code or heading begins, and no cell of a table ends."""
    shown = MARKDOWN.sub(lambda match: f"\\{match[0]}", one_line(text))
    return MARKDOWN_START.sub(lambda match: f"\\{match[0]}", shown)


def _html(table: Table, title: str, lines: Sequence[str], lead: Sequence[str]) -> str:
    from tabulate import tabulate

    head, *body = [list(map(one_line, row)) for row in (table.flat(), *table.body)]
    text = tabulate(body, head, tablefmt="html", disable_numparse=True)
    sentences = "".join(f"<p>{escape(one_line(line))}</p>\n" for line in lines)
    above = "".join(f"<p><strong>{escape(one_line(line))}</strong></p>\n" for line in lead)
    return f"<section>\n<h2>{escape(one_line(title))}</h2>\n{above}{text}\n{sentences}</section>\n"


def page(sections: Sequence[str]) -> str:
    """HTML sections as one page."""
    style = "body{font-family:sans-serif;margin:2em}td,th{padding:.2em .6em;text-align:left;white-space:nowrap}"
    return (f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Leaderboards</title>'
            f"<style>{style}</style></head>\n<body>\n{''.join(sections)}</body></html>\n")


def csv_text(rows: Sequence[Sequence[Any]]) -> str:
    """Rows as CSV; numbers are rounded, none is infinite, and cells that a spreadsheet would run are quoted."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in rows:
        writer.writerow([_inert(value) for value in row])
    return out.getvalue()


def parquet_bytes(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Columns of rows as a Parquet file; numbers that are not finite are null, and a column of mixed kinds is text."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {}
    for name in names:
        values = [json_values(row[name]) for row in rows]
        kinds = {type(value) for value in values if value is not None}
        if kinds == {int, float}:
            values = [None if value is None else float(value) for value in values]
        elif len(kinds) > 1 or name == "budget":
            values = [None if value is None else str(value) for value in values]
        columns[name] = pa.array(values)
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, compression="zstd")
    return out.getvalue()


def _inert(value: object) -> object:
    if isinstance(value, float):
        return round(value, 6) if np.isfinite(value) else None
    if not isinstance(value, str):
        return value
    shown = one_line(value)
    return f"'{shown}" if shown[:1] in RUN_BY_SPREADSHEETS else shown


def json_values(value: Any) -> Any:
    """Dataclasses, NumPy numbers and infinities as values that JSON has; infinite numbers become null."""
    if is_dataclass(value) and not isinstance(value, type):
        return {k: json_values(v) for k, v in vars(value).items() if not k.startswith("_")}
    if isinstance(value, dict):
        return {str(k): json_values(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_values(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value
