"""Workbooks of a few kB that cost openpyxl minutes are refused before it reads them; others are read as they were."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pandas as pd
import pytest

from bench.core.errors import DataError
from bench.data.table_files import open_table

SPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SHEET = '<sheet name="S{0}" sheetId="{0}" xmlns:r="' + OFFICE + '" r:id="rId{0}"/>'
RELATION = '<Relationship Id="rId{0}" Type="' + OFFICE + '/worksheet" Target="worksheets/sheet{0}.xml"/>'
TYPES = (f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
         '<Override PartName="/xl/workbook.xml" ContentType="application/'
         'vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>')
CELL = '<c t="inlineStr"><is><t>{}</t></is></c>'
ROWS = "".join(f"<row>{''.join(map(CELL.format, row))}</row>" for row in
               [("text", "label"), *((f"a good text {i}", "ab"[i % 2]) for i in range(10))])


def workbook(path: Path, more: str = "", *, before: str = "", sheets: str = SHEET.format(1),
             relations: str = RELATION.format(1), styles: str = "") -> Path:
    """A workbook of ten rows, with something added."""
    parts = {"[Content_Types].xml": TYPES,
             "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
                            f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
             "xl/workbook.xml": f"<workbook {SPACE}><sheets>{sheets}</sheets></workbook>",
             "xl/_rels/workbook.xml.rels":
                 f'<Relationships xmlns="{PACKAGE}/relationships">{relations}</Relationships>',
             "xl/worksheets/sheet1.xml": f"{before}<worksheet {SPACE}><sheetData>{ROWS}{more}</sheetData></worksheet>",
             **({"xl/styles.xml": f"<styleSheet {SPACE}><numFmts>{styles}</numFmts></styleSheet>"} if styles else {})}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


def rows_of(path: Path) -> int:
    table = open_table(path)
    return len(table.read(table.columns).places)


def test_what_programs_write_is_read(tmp_path: Path):
    far = '<row r="1048576"><c r="XFD1048576"/></row>'  # a cell that was only formatted
    rich = f'<row><c t="inlineStr"><is>{"<r><t>a </t></r>" * 900}</is></c><c t="inlineStr"><is><t>a</t></is></c></row>'
    styles = "".join(f'<numFmt numFmtId="{i}" formatCode="[$-407]d. mmm yyyy;@"/>' for i in range(164, 364))
    assert rows_of(workbook(tmp_path / "a.xlsx")) == 10
    assert rows_of(workbook(tmp_path / "b.xlsx", rich + far, styles=styles)) == 11
    frame = pd.DataFrame({f"c{i}": [f"a text {i}", "b"] for i in range(900)})
    with pd.ExcelWriter(tmp_path / "c.xlsx") as writer:
        for name in map(str, range(40)):
            frame.iloc[:, :20].to_excel(writer, sheet_name=name, index=False)
        frame.to_excel(writer, sheet_name="wide", index=False)
    assert rows_of(tmp_path / "c.xlsx") == 2


@pytest.mark.parametrize(("said", "added"), [
    ("a document type", {"before": '<!DOCTYPE a [<!ENTITY b "c">]>'}),
    ("elements inside one another", {"more": "<row>" + "<c>" * 5_000 + "</c>" * 5_000 + "</row>"}),
    ("attributes", {"more": "<row " + " ".join(f'a{i}="1"' for i in range(1_000)) + "/>"}),
    ("a tag of more than", {"more": f'<row r="{"1" * 3_000_000}"/>'}),
    ("empty cells between others", {"more": '<row><c r="XFD1"><v>1</v></c></row>' * 600}),
    ("more than 8,388,608 rows", {"more": '<row r="999999999"/>'}),
    ("pieces of text", {"more": f'<row><c t="inlineStr"><is>{"<r><t>a</t></r>" * 20_000}</is></c></row>'}),
    ("number formats", {"styles": f'<numFmt numFmtId="165" formatCode="{"[" * 20_000}"/>'}),
    ("more than 150,000 elements", {"styles": "<numFmt/>" * 200_000}),
    ("one sheet twice", {"sheets": SHEET.format(1) * 2}),
    ("one sheet twice", {"relations": RELATION.format(1) * 2}),
    ("more than 1,000 sheets", {"sheets": "".join(map(SHEET.format, range(1, 1_200)))}),
    ("save it as CSV", {"more": f"<row>{'<c><v>1</v></c>' * 1_000}</row>" * 120}),
    ("unpacks to more than", {"more": " " * 20_000_000})])
def test_what_none_writes_is_refused(tmp_path: Path, said: str, added: dict[str, str]):
    with pytest.raises(DataError, match=said):
        open_table(workbook(tmp_path / "a.xlsx", **added))
