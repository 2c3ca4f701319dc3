"""A table file with any bytes changed is a table or one line, in bounded time: never a traceback."""

from __future__ import annotations

import io
import random
import time
from pathlib import Path

import pandas as pd
import pytest
import tables
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.core.errors import BenchError
from bench.data.table_files import open_table


def damaged(rng: random.Random, data: bytes) -> bytes:
    """The bytes with some of them flipped, cut out, put in or repeated."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(out) + 1)
        kind = rng.choice(["flip", "drop", "put", "repeat", "cut"])
        if kind == "flip" and at < len(out):
            out[at] ^= 1 << rng.randrange(8)
        elif kind == "drop":
            del out[at:at + rng.randint(1, 20)]
        elif kind == "put":
            out[at:at] = rng.choice([b"\0", b'"', b"\r", b"\n", b",", b"\xff", b"{", b"[", rng.randbytes(5)])
        elif kind == "repeat":
            out[at:at] = out[max(0, at - 30):at]
        elif rng.random() < 0.3:
            del out[at:]
    return bytes(out)


@pytest.mark.parametrize("writer", tables.WRITERS)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1 << 30))
def test_a_damaged_file_is_refused_in_one_line_or_still_a_table(tmp_path: Path, writer: str, seed: int):
    rng = random.Random(seed)
    path = tables.WRITERS[writer](rng, tmp_path, tables.table(rng)).path
    path.write_bytes(damaged(rng, path.read_bytes()))
    try:
        table = open_table(path)
        for name in table.columns:
            if name not in table.twice:
                rows = table.read([name])
                assert len(rows.cells[name]) == len(rows.places)
    except BenchError as error:
        if "\n" in str(error).replace("two\nlines", ""):
            raise
    finally:
        path.unlink()


@pytest.mark.parametrize("content", [
    "x,y\n" + "\r" * 500_000 + "a,b\n", "x,y\n" + "á" + "áa" * 250_000 + ",b\n", "x,y\n" + '"' * 500_001,
    "x,y\n" + '""a' * 200_000, "x,y\n" + '\\"' * 300_000 + "\n", "x;y\n" + ";" * 500_000, "x,y\n" + ", " * 300_000,
    '{"a": 1, ' * 100_000, "[" + '{"a":1},' * 100_000, "[" + "1," * 300_000, '{"a": "' + "\\" * 500_000,
    "{" + ",".join(f'"k{i}": 1' for i in range(200_000)) + ',"k199999": 2}', " " * 1_000_000, "\n" * 1_000_000,
    "1" * 1_000_000, '"' + "x\n" * 500_000, "x\ty\n" + '"\t' * 300_000])
@pytest.mark.parametrize("ending", ["csv", "tsv", "json", "jsonl", "txt"])
def test_no_file_takes_longer_than_its_length(tmp_path: Path, content: str, ending: str):
    for data in {content.encode("utf-8"), content.encode("cp1252")}:  # most are the same bytes in both
        path = tmp_path / f"a.{ending}"
        path.write_bytes(data)
        began = time.process_time()
        try:
            table = open_table(path)
            table.read([name for name in table.columns if name not in table.twice])
        except BenchError as error:
            if len(str(error)) > 5_000:
                raise
        assert time.process_time() - began < 5


def test_a_workbook_of_millions_of_empty_rows_is_refused_at_once(tmp_path: Path):
    import zipfile

    out = io.BytesIO()
    pd.DataFrame({"text": ["a"]}).to_excel(out, index=False)
    with zipfile.ZipFile(out) as old, zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            data = old.read(entry)
            new.writestr(entry.filename, data.replace(b"</sheetData>", b"<row/>" * 5_000_000 + b"</sheetData>"))
    began = time.process_time()
    with pytest.raises(BenchError, match="decompression bomb"):
        open_table(tmp_path / "a.xlsx")
    assert time.process_time() - began < 5
