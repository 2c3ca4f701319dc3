"""Every kind of table file through one door: what is read, what is said of it, and what is refused."""

from __future__ import annotations

import gzip
import json
import os
import time
import tracemalloc
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from bench.core.errors import BenchError, DataError
from bench.data.table_files import format_of, open_named, open_table

ROWS = "text,label\ngood film,pos\nbad film,neg\n"


def refusal(path: Path, *columns: str) -> str:
    """The one line that is said of a file that cannot be read."""
    def read() -> None:
        table = open_table(path)
        table.read(columns or table.columns)

    with pytest.raises(BenchError) as caught:
        read()
    message = str(caught.value)
    assert "\n" not in message
    assert path.name in message
    return message


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def zipped(path: Path, **files: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return path


def test_every_format_gives_the_same_cells_plain_and_packed(tmp_path: Path):
    frame = pd.DataFrame({"text": ["a, b", 'say "x"\nand y'], "label": ["pos", "neg"]})
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_csv(tmp_path / "a.tsv", index=False, sep="\t")
    frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    frame.to_json(tmp_path / "a.json", orient="records")
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_excel(tmp_path / "a.xlsx", index=False)
    for path in sorted(tmp_path.glob("a.*")):
        written(path.with_name(path.name + ".gz"), gzip.compress(path.read_bytes()))
        with zipfile.ZipFile(path.with_suffix(".zip"), "w") as archive:
            archive.write(path, path.name)
            archive.writestr("__MACOSX/._" + path.name, b"?")
            archive.writestr("README.md", b"?")
        for packed in (path, path.with_name(path.name + ".gz"), path.with_suffix(".zip")):
            table = open_table(packed)
            assert table.columns == ("text", "label"), packed
            assert table.read(table.columns).cells == frame.to_dict("list"), packed


def test_rows_come_in_batches_with_their_places_and_only_the_columns_asked_for(tmp_path: Path):
    table = open_table(written(tmp_path / "a.csv", 'text,label,id\n"two\nlines",a,1\nb,c,2\n\nd,e,3\n'))
    assert [(rows.places, rows.cells) for rows in table.batches(["id"], 2)] == [
        ([2, 4], {"id": ["1", "2"]}), ([6], {"id": ["3"]})]
    assert table.sample(["label"], 1).cells == {"label": ["a"]}
    assert table.unit == "line"
    assert table.notes == ("1 blank line between rows passed over",)
    with pytest.raises(DataError, match=r"no column 'words' \(its columns: text, label, id"):
        table.read(["words"])


def test_a_files_format_is_known_by_its_ending():
    kinds = {"a.csv": "csv", "A.CSV.GZ": "csv", "a.tab": "tsv", "a.tsv.zip": "tsv", "a.ndjson": "jsonl",
             "a.json": "json", "a.parquet": "parquet", "a.xlsx": "xlsx",
             "a.txt": "txt", "a.zip": "zip", "a.pdf": None, "a": None}
    assert {name: format_of(Path(name)) for name in kinds} == kinds


def test_what_is_no_data_file_is_refused_with_the_likely_cause(tmp_path: Path):
    cases = {
        "a.docx": (b"PK\x03\x04", "damaged or cut short"),
        "a.xls": (b"\xd0\xcf\x11\xe0", "an old Excel workbook: save it as .xlsx"),
        "b.csv": (b"\xd0\xcf\x11\xe0\0\0", "an old Excel workbook: save it as .xlsx"),
        "c.csv": (b"PAR1abcPAR1", "a Parquet file: name it .parquet"),
        "d.csv": (b"%PDF-1.7", "a PDF document"),
        "e.csv": (b"<!DOCTYPE html><html>", "a web page: download the file itself"),
        "f.csv": (b"\xfd7zXZ\0", "damaged or cut short"), "g.parquet": (b"text,label\n", "damaged or cut short"),
        "h.csv": (b"", "is empty"), "i.csv": (b" \n\n", "is empty"), "j.xlsx": (b"text", "damaged or cut short"),
        "k.pkl": (b"\x80\x04\x95", "a Python pickle, which could run code"), "l.tar.gz": (b"", "an archive of files"),
        "m.arrow": (b"ARROW1", "save it as Parquet"), "n.csv": (b"7z\xbc\xaf", "a 7z archive: unpack it"),
    }
    for name, (content, words) in cases.items():
        assert words in refusal(written(tmp_path / name, content)), name
    assert "no such file" in refusal(tmp_path / "none.csv")
    (tmp_path / "folder.csv").mkdir()
    assert "is a folder" in refusal(tmp_path / "folder.csv")


def test_a_workbook_that_is_called_csv_says_what_it_is(tmp_path: Path):
    pd.DataFrame({"text": ["a"]}).to_excel(tmp_path / "a.xlsx")
    assert "it is an Excel workbook: name it .xlsx" in refusal((tmp_path / "a.xlsx").rename(tmp_path / "a.csv"))


@pytest.mark.parametrize("ending", ["csv", "jsonl", "json", "parquet", "xlsx", "txt"])
def test_pipes_and_devices_are_refused_before_they_are_opened(tmp_path: Path, ending: str):
    os.mkfifo(tmp_path / f"a.{ending}")
    assert "is no file but a pipe or a device" in refusal(tmp_path / f"a.{ending}")
    (tmp_path / f"b.{ending}").symlink_to("/dev/zero")
    assert "is no file but a pipe or a device" in refusal(tmp_path / f"b.{ending}")


def test_a_zip_must_hold_one_data_file(tmp_path: Path):
    assert "holds 2 data files, not one: 'a.csv', 'b.csv'" in refusal(
        zipped(tmp_path / "a.zip", a_dot_csv=ROWS, b_dot_csv=ROWS))
    assert "holds no data file, not one: 'x', 'y'" in refusal(zipped(tmp_path / "b.zip", x="a", y="b"))
    assert "holds no data file" in refusal(zipped(tmp_path / "c.zip"))
    assert open_table(zipped(tmp_path / "d.csv.zip", data=ROWS)).columns == ("text", "label")
    about = {"x__README_dot_txt": "of these data", "LICENSE": "free", "x__figure_dot_pdf": "%PDF"}
    assert open_table(zipped(tmp_path / "f.zip", **about, x__train_dot_csv=ROWS)).columns == ("text", "label")
    assert open_table(zipped(tmp_path / "g.zip", **about, ratings=ROWS)).columns == ("text", "label")
    assert "it is a Word document" in refusal(zipped(tmp_path / "h.docx", word__document_dot_xml="<w/>"))
    path = zipped(tmp_path / "e.csv.zip", a_dot_csv=ROWS)
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    assert "locked by a password" in refusal(written(path, bytes(data)))
    assert "damaged or cut short" in refusal(written(path, bytes(data[:50])))


def test_what_is_packed_cannot_unpack_to_more_than_its_size_explains(tmp_path: Path):
    lines = b"a,b\n" * (1 << 18)
    with gzip.open(tmp_path / "a.csv.gz", "wb") as out:
        for _ in range(100):
            out.write(lines)
    with (zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive,
          archive.open("b.jsonl", "w") as out):
        for _ in range(100):
            out.write(b'{"a": "b"}\n' * (1 << 17))
    with (zipfile.ZipFile(tmp_path / "c.xlsx", "w", zipfile.ZIP_DEFLATED) as archive,
          archive.open("xl/workbook.xml", "w") as out):
        for _ in range(100):
            out.write(bytes(1 << 20))
    tracemalloc.start()
    for name in ("a.csv.gz", "b.zip", "c.xlsx"):
        assert "decompression bomb" in refusal(tmp_path / name)
    assert tracemalloc.get_traced_memory()[1] < 24 << 20
    tracemalloc.stop()


@pytest.mark.parametrize(("ending", "line"), [("jsonl", b"?\n"), ("csv", b"\n"), ("csv", b"a,b,c\n")])
def test_millions_of_bad_lines_in_a_small_file_stop_at_the_first(tmp_path: Path, ending: str, line: bytes):
    with gzip.open(tmp_path / f"a.{ending}.gz", "wb") as out:
        out.write(b"x,y\n" if ending == "csv" else b"")
        for _ in range(16):
            out.write(line * ((4 << 20) // len(line)))
    assert (tmp_path / f"a.{ending}.gz").stat().st_size < 100_000
    began = time.monotonic()
    message = refusal(tmp_path / f"a.{ending}.gz")
    assert time.monotonic() - began < 5
    assert any(words in message for words in ("line 1 is not JSON", "blank lines", "line 2 has 3 cells"))


def test_a_header_of_many_names_or_lines_takes_no_time(tmp_path: Path):
    began = time.monotonic()
    assert "1000002 columns" in refusal(written(tmp_path / "a.csv", "text,label" + ",x" * 1_000_000 + "\na,b\n"))
    header = '"text\n' + "a,b\n" * 80_000 + '",label\nx,y\n'
    table = open_table(written(tmp_path / "b.csv", header))
    assert len(table.columns) == 2
    assert "the quote that opens in line 1 never closes" in refusal(written(tmp_path / "c.csv", '"text,label\n' + ROWS))
    wide = json.dumps([{str(i): 1 for i in range(5_000)}])
    assert "brings the 5000th key" in refusal(written(tmp_path / "d.json", wide))
    assert time.monotonic() - began < 10


def test_a_line_or_text_without_an_end_is_refused_in_little_memory(tmp_path: Path):
    with (tmp_path / "a.txt").open("wb") as out:
        out.write(b"text,label\n")
        for _ in range(70):
            out.write(b"x" * 1_000_000)
    tracemalloc.start()
    assert "line 2 has more than 64,000,000 characters" in refusal(tmp_path / "a.txt")
    assert tracemalloc.get_traced_memory()[1] < 24 << 20
    tracemalloc.stop()
    for name, content in {"b.csv": "text,label\n" + "x" * 10_000_001 + ",y\n",
                          "c.jsonl": json.dumps({"text": "x" * 10_000_001}),
                          "d.txt": "x" * 10_000_001}.items():
        assert "10,000,00" in refusal(written(tmp_path / name, content)), name


def test_columns_of_numbers_and_headers_that_look_like_data_are_known(tmp_path: Path):
    rows = "1,good,2024-05-01,4.5\n2,3 stars,2024-05-02,\n"
    table = open_table(written(tmp_path / "a.csv", "id,text,date,stars\n" + rows))
    assert table.numeric == {"id", "date", "stars"}
    assert table.header_doubt == ""
    for content in ("1,good film\n0,bad film\n", "ham,ok then\nspam,win a prize\nham,see you\n",
                    "this film was one of the best I saw,pos\nbad film,neg\n"):
        table = open_table(written(tmp_path / "b.csv", content))
        assert table.header_doubt.startswith("the first row looks like data, not names: "), content
        assert "--label-column 1 --text-column 2, or put a row of names above it" in table.header_doubt
        assert table.header


WITHOUT_NAMES = [("ham", "ok then, see you at eight at the station I think"), ("spam", "win a prize"),
                 ("ham", "where are you"), ("spam", "free for all")]


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.xlsx"])
def test_a_first_row_that_is_certainly_data_is_a_row_and_columns_are_numbered(tmp_path: Path, name: str):
    frame = pd.DataFrame(WITHOUT_NAMES)
    if name == "a.xlsx":
        frame.to_excel(tmp_path / name, index=False, header=False)
    else:
        frame.to_csv(tmp_path / name, index=False, header=False, sep="\t" if name == "a.tsv" else ",")
    table = open_table(tmp_path / name)
    assert table.read(["1", "2"]).cells == {"1": [a for a, _ in WITHOUT_NAMES], "2": [b for _, b in WITHOUT_NAMES]}
    assert table.read(["1"]).places == [1, 2, 3, 4]
    assert not table.header
    assert "the first row is data and not names, so the columns are called by their numbers, 1 to 2" in table.notes


def test_a_title_above_the_names_is_said(tmp_path: Path):
    title = open_table(written(tmp_path / "a.csv", "Survey of 2024,\n\nremark,vote\na,b\n"))
    assert "'Survey of 2024' stands alone above 2 columns; take out" in title.header_doubt
    assert "is '# exported' a title? take out" in refusal(written(tmp_path / "b.csv", "# exported\ntext,label\na,b\n"))
    frame = pd.DataFrame([["Survey of 2024", None], ["remark", "vote"], ["a", "b"]])
    frame.to_excel(tmp_path / "c.xlsx", index=False, header=False)
    assert "stands alone above 2 columns" in open_table(tmp_path / "c.xlsx").header_doubt


def test_a_name_that_columns_have_is_a_name_though_it_is_a_value_too(tmp_path: Path):
    assert open_table(written(tmp_path / "a.csv", "answer,agree\nyes I do,agree\nno,disagree\n")).header_doubt == ""


def test_a_number_names_a_column_where_the_first_row_may_be_data(tmp_path: Path):
    path = written(tmp_path / "a.csv", "1,good film\n2,bad film\n1,fine film\n2,sad film\n")
    assert open_named(path, ["text", None]).header
    table = open_named(path, ["2", "1"])
    assert table.read(["2"]).cells == {"2": ["good film", "bad film", "fine film", "sad film"]}
    assert open_named(written(tmp_path / "b.csv", ROWS), ["2", "1"]).header, "these are names"


@pytest.mark.parametrize("content", [
    "label,text\n1,a\n2,b\n1,a\nlabel,text\n2,c\n",  # files that were joined
    "like,would you recommend our service to a friend or to your family\nyes,no\nno,yes\nyes,no\nno,no\n",
    "this text is as long as a first text may well be,pos\n",
])
def test_names_that_can_be_names_are_names(tmp_path: Path, content: str):
    assert open_table(written(tmp_path / "a.csv", content)).header if content.count("\n") > 1 else \
        "holds no rows" in refusal(written(tmp_path / "a.csv", content))


def test_names_that_are_missing_or_there_twice_are_said(tmp_path: Path):
    table = open_table(written(tmp_path / "a.csv", ",text,label\n0,a,b\n"))
    assert table.columns == ("text", "label")
    assert table.notes == ("the first column has no name (row numbers?) and is not read",)
    table = open_table(written(tmp_path / "b.csv", "v1,v2,,\nham,a,,\nspam,b,c,\n"))
    assert (table.columns, table.notes) == (("v1", "v2"), ("2 columns have no name and are not read",))
    table = open_table(written(tmp_path / "c.csv", "text,label,label\na,b,c\n"))
    assert table.columns == ("text", "label")
    assert table.notes == ("2 columns are called 'label'",)
    assert table.read(["text"]).cells == {"text": ["a"]}
    with pytest.raises(DataError, match="has two columns called 'label'"):
        table.read(["label"])
    assert "no column has a name" in refusal(written(tmp_path / "d.csv", ",\na,b\n"))


def test_two_hundred_thousand_rows_are_read_in_seconds_and_streamed_in_little_memory(tmp_path: Path):
    with (tmp_path / "a.csv").open("w") as out:
        out.write("id,text,label\n")
        for i in range(200_000):
            out.write(f'{i},"a text of some words, number {i}\nin two lines that are not short",{i % 2}\n')
    began = time.monotonic()
    table = open_table(tmp_path / "a.csv")
    assert sum(len(rows.places) for rows in table.batches(["text", "label"])) == 200_000
    assert time.monotonic() - began < 10
    tracemalloc.start()
    for rows in table.batches(["text"]):
        last = rows.places[-1]
        if last > 40_000:
            break
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()
