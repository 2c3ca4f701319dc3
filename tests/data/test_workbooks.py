"""Excel workbooks: the first sheet that holds anything, its cells as text."""

from __future__ import annotations

import builtins
import datetime
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from bench.core.errors import DataError, MissingExtra
from bench.data.table_files import TableFile, open_table


def opened(folder: Path, *sheets: Sequence[Sequence[Any]]) -> TableFile:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, rows in enumerate(sheets, 1):
        sheet = book.create_sheet(f"Sheet {number}")
        for row in rows:
            sheet.append(list(row))
    book.save(folder / "a.xlsx")
    return open_table(folder / "a.xlsx")


def test_cells_are_the_texts_that_other_formats_give(tmp_path: Path):
    table = opened(tmp_path, [
        ["text", "label", "when", "note"], ["two\nlines é 👍", 1, datetime.datetime(2024, 5, 31), None],
        ["a_x000D_\nb", 1.0, datetime.datetime(2024, 5, 31, 12), "x"], [10, True, None, 2.5], [None, None, None, None],
        ["last", "", None, None]])
    rows = table.read(table.columns)
    assert rows.cells == {"text": ["two\nlines é 👍", "a\r\nb", "10", "last"], "label": ["1", "1", "true", None],
                          "when": ["2024-05-31", "2024-05-31 12:00:00", None, None], "note": [None, "x", "2.5", None]}
    assert rows.places == [2, 3, 4, 6]
    assert (table.unit, table.notes, table.numeric) == ("row", (), {"when"})


def test_the_sheet_that_is_read_is_named_where_there_are_more(tmp_path: Path):
    table = opened(tmp_path, [], [[None], [None, "text"], [None, "a"]], [["other"], ["b"]])
    assert table.read(["text"]).cells == {"text": ["a"]}
    assert table.notes == ("the sheet 'Sheet 2' was read, not 'Sheet 3'",
                           "the first column has no name (row numbers?) and is not read")


def test_what_stands_beside_the_table_is_said(tmp_path: Path):
    table = opened(tmp_path, [["text", "label"], ["a", "x"], ["b", "y", None, "a remark"]])
    assert table.read(table.columns).cells == {"text": ["a", "b"], "label": ["x", "y"]}
    assert table.notes == ("cells beside the columns that row 1 names, as in row 3, are not read",)


def test_what_holds_no_table_is_said(tmp_path: Path):
    with pytest.raises(DataError, match="is empty"):
        opened(tmp_path, [])
    with pytest.raises(DataError, match="holds no rows"):
        opened(tmp_path, [["text", "label"]])
    with pytest.raises(DataError, match="at most 1000"):
        opened(tmp_path, [[f"c{i}" for i in range(1_001)], [1]])


def test_a_damaged_workbook_is_one_line(tmp_path: Path):
    opened(tmp_path, [["text"], ["a"]])
    whole = (tmp_path / "a.xlsx").read_bytes()
    for content in (whole[:200], whole[:-40], whole[:400] + b"\0" * 50 + whole[450:]):
        (tmp_path / "a.xlsx").write_bytes(content)
        with pytest.raises(DataError, match="damaged or cut short"):
            open_table(tmp_path / "a.xlsx").read(["text"])
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    with pytest.raises(DataError, match="damaged or cut short"):
        open_table(tmp_path / "a.xlsx")


def test_without_openpyxl_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    opened(tmp_path, [["text"], ["a"]])
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name == "openpyxl":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra, match=r"openpyxl.*pip install 'transferbench\[excel\]'"):
        open_table(tmp_path / "a.xlsx")
