"""A text file whose name does not say its kind: read where it is a table in one way alone, refused otherwise."""

from __future__ import annotations

import re
from dataclasses import replace

from bench.core.errors import DataError
from bench.data.dialects import delimited
from bench.data.encodings import TextFile
from bench.data.json_files import json_table
from bench.data.labelled_lines import labelled_table
from bench.data.table import TableFile

JSON = re.compile(r"\ufeff?\s*(\{\s*[\"}]|\[\s*[{\]])")
START = 1 << 16  # characters
LINES = ("a labelled file is a table with named columns, such as text and label; where each class has a file of its "
         "own, put its label before each line and join the files: sed 's/^/LABEL\\t/' FILE >> all.tsv")


def unnamed_table(text: TextFile, *, header: bool) -> TableFile:
    """The table of a text file: JSON, a label before each text, or columns that one separator gives every line.

    Raises `DataError` where it is none of them.
    """
    if text.empty:
        raise DataError(f"{text.path} is empty", "a header line and one row an example are needed")
    with text.opened() as file:
        start = file.read(START)
    if JSON.match(start):
        return _said(json_table(text, "json"))
    if table := labelled_table(text):
        return table
    try:
        table = delimited(text, "tsv" if "\t" in start.partition("\n")[0] else "csv", header=header)
    except DataError as error:
        if "may be separated" in str(error):
            raise
        raise DataError(f"{text.path} is no table, for no separator gives every line as many cells; it may hold a text "
                        "in each line", LINES) from None
    if len(table.columns) < 2:
        raise DataError(f"{text.path} holds a text in each line and no labels", LINES)
    return _said(table)


def _said(table: TableFile) -> TableFile:
    return replace(table, notes=(f"its name does not say its kind; it is read as {table.format.upper()}", *table.notes))
