"""Files of very many small parts are refused before the parts are gone through."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pytest

from bench.core.errors import DataError
from bench.data import archives, json_files, unpacking
from bench.data.table_files import open_table

ROWS = "text,label\n" + "".join(f"a good text {i},{'ab'[i % 2]}\n" for i in range(20))


def test_gzip_with_padding_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(ROWS.encode()) + b"\0" * 10_000)
    assert open_table(path).columns == ("text", "label")
    monkeypatch.setattr(archives, "SMALL", 1_000)
    path.write_bytes(gzip.compress(ROWS.encode()) + b"\0" * 300_000)  # more than Python 3.13 reads ahead
    with pytest.raises(DataError, match="ends in more padding"):
        open_table(path)


def test_a_zip_of_very_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.csv", ROWS)
        for number in range(50):
            archive.writestr(f"{number}.md", "")
    assert open_table(tmp_path / "a.zip").columns == ("text", "label")
    monkeypatch.setattr(unpacking, "FILES", 20)
    with pytest.raises(DataError, match="holds 51 files"):
        open_table(tmp_path / "a.zip")


def test_a_json_document_of_very_many_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "a.json").write_text('{"text": ["a good text", "a bad one"], "label": ["a", "b"]}')
    assert open_table(tmp_path / "a.json").columns == ("text", "label")
    monkeypatch.setattr(json_files, "VALUES", 2)
    with pytest.raises(DataError, match="one JSON document of more than 2 values"):
        open_table(tmp_path / "a.json")
