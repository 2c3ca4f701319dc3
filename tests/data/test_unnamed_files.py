"""Files whose names do not say their kind, packed in other ways, or in folders: read where certain, else what to do."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from bench.core.errors import BenchError, DataError
from bench.data.card_text import card_text
from bench.data.cards import parse_card
from bench.data.load import load_task
from bench.data.routes import Access
from bench.data.table_files import open_table
from bench.data.user_file import Choices, task_from_file

TABLE = "text,label\n" + "".join(f"a film of number {i},{'pos' if i % 2 else 'neg'}\n" for i in range(20))


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(("name", "content", "kind"), [
    ("reviews", TABLE, "CSV"), ("reviews.data", TABLE.replace(",", "\t"), "TSV"), ("reviews.txt", TABLE, "CSV"),
    ("reviews.psv", TABLE.replace(",", "|"), "CSV"), ("reviews.DAT", TABLE.replace(",", ";"), "CSV"),
    ("reviews.log", json.dumps([{"text": f"a film number {i}", "label": "pos" if i % 2 else "neg"} for i in range(20)]),
     "JSON")])
def test_a_table_is_known_by_its_content_and_that_is_said(tmp_path: Path, name: str, content: str, kind: str):
    user = task_from_file(written(tmp_path / name, content))
    assert user.task.labels == ("negative", "positive")
    assert f"its name does not say its kind; it is read as {kind}" in user.notes


def test_binary_tables_are_known_by_their_first_bytes(tmp_path: Path):
    frame = pd.DataFrame({"text": ["a film", "the film"] * 4, "label": ["pos", "neg"] * 4})
    frame.to_parquet(tmp_path / "a")
    frame.to_excel(tmp_path / "b.xlsx", index=False)
    (tmp_path / "b.xlsx").rename(tmp_path / "b")
    assert {task_from_file(tmp_path / name).task.labels for name in "ab"} == {("negative", "positive")}


@pytest.mark.parametrize("content", ["a fine film, to see\na film\n", "a film\nthe film\n", "a,b\na\n"])
def test_lines_without_labels_are_refused_with_the_way_to_give_them(tmp_path: Path, content: str):
    with pytest.raises(DataError, match=r"a text in each line .*sed 's/\^/LABEL"):
        task_from_file(written(tmp_path / "rt-polarity.pos", content))


def test_what_the_refusal_says_to_type_makes_a_file_that_is_read(tmp_path: Path):
    lines = [f"{label}\ta film that is number {i} of many more and all are {label}\n" for label in ("pos", "neg")
             for i in range(10)]
    user = task_from_file(written(tmp_path / "all.tsv", "".join(lines)))
    assert user.task.labels == ("negative", "positive")


@pytest.mark.parametrize(("packer", "ending"), [(gzip.compress, "gz"), (bz2.compress, "bz2"), (lzma.compress, "xz"),
                                                (lambda data: pa.compress(data, "zstd", asbytes=True), "zst")])
def test_packed_files_are_read_and_damaged_ones_refused(tmp_path: Path, packer: object, ending: str):
    packed = packer(TABLE.encode())  # type: ignore[operator]
    user = task_from_file(written(tmp_path / f"Mine.CSV.{ending.upper()}", packed))
    assert (user.task.name, user.task.labels) == ("mine", ("negative", "positive"))
    with pytest.raises(DataError, match="damaged or cut short"):
        open_table(written(tmp_path / f"cut.csv.{ending}", packed[:-9]))


@pytest.mark.parametrize("packer", [bz2.compress, lzma.compress, lambda data: pa.compress(data, "zstd", asbytes=True)])
def test_a_bomb_is_refused_however_it_is_packed(tmp_path: Path, packer: object):
    packed = packer(b"text,label\n") + packer(b"a,b\n" * (1 << 20)) * 24  # type: ignore[operator]
    with pytest.raises(DataError, match="decompression bomb"):
        open_table(written(tmp_path / "a.csv.bz2", packed))


@pytest.mark.parametrize(("name", "line", "labels"), [
    ("train.ft.txt", "__label__{} a film number {}\n", ("negative", "positive")),
    ("train_5500.label", "{}:fine What is number {} ?\n", ("NEG:fine", "POS:fine"))])
def test_lines_that_begin_with_their_label_are_read(tmp_path: Path, name: str, line: str, labels: tuple[str, ...]):
    lines = [line.format(label if "ft" in name else label.upper(), i) for i in range(20) for label in ("pos", "neg")]
    user = task_from_file(written(tmp_path / name, "".join(lines)))
    assert user.task.labels == labels
    assert "every line begins with its label" in user.notes
    assert parse_card(card_text(user.task, "x", "0" * 64, 40), "x.toml").labels == labels


def test_a_line_of_several_labels_has_several(tmp_path: Path):
    table = open_table(written(tmp_path / "a.ft", "__label__a __label__b both\n__label__a one\n\n__label__b two\n"))
    rows = table.read(["label", "text"])
    assert rows.cells == {"label": ['["a", "b"]', "a", "b"], "text": ["both", "one", "two"]}
    assert rows.places == [1, 2, 4]


def test_a_file_without_names_makes_a_card_that_reads_it_again(tmp_path: Path):
    lines = [f"{1 + i % 2},{'fine' if i % 2 else 'bad'} film {i}\n" for i in range(80)]
    path = written(tmp_path / "yelp.csv", "".join(lines))
    with pytest.raises(DataError, match=r"--label-column 1 --text-column 2, or put a row of names above it"):
        task_from_file(path)
    user = task_from_file(path, Choices(text="2", label="1", mapping={"1": "bad", "2": "fine"}))
    task = parse_card(card_text(user.task, "yelp", "", 80).replace('sha256 = ""', ""), "yelp.toml")
    loaded = load_task(task, Access(data_dir=tmp_path, cache=tmp_path / "raw", offline=True), tmp_path / "cache")
    assert len(loaded.data.y) == 80
    assert loaded.data.labels == ("bad", "fine")


def test_of_two_columns_without_names_the_one_of_classes_is_the_label(tmp_path: Path):
    lines = [f"{'ham' if i % 3 else 'spam'}\tthis is the message number {i} and it is rather long\n" for i in range(30)]
    user = task_from_file(written(tmp_path / "SMSSpamCollection", "".join(lines)))
    assert user.notes[0].startswith("texts from '2', labels from '1': ham 20, spam 10 ")
    three = "".join(line.replace("\t", "\tthe title of it is long too\t") for line in lines)
    with pytest.raises(DataError, match=r"its columns: 1, 2, 3; .*--text-column 3"):
        task_from_file(written(tmp_path / "three.tsv", three))


def test_a_folder_says_what_to_name_or_how_its_parts_become_one(tmp_path: Path):
    folder = tmp_path / "parts"
    folder.mkdir()
    with pytest.raises(BenchError, match=r"is a folder \(name one file"):
        task_from_file(folder)
    for i in range(2):
        pd.DataFrame({"text": ["a"], "label": ["b"]}).to_parquet(folder / f"part-{i}.parquet")
    (folder / "_SUCCESS").write_text("")
    with pytest.raises(BenchError, match=r"folder of 2 Parquet files.*pandas.read_parquet\('.*parts'\).to_parquet"):
        task_from_file(folder)
    written(folder / "train.csv", TABLE)
    with pytest.raises(BenchError, match=r"is a folder \(name one file in it, such as .*part-0.parquet"):
        task_from_file(folder)
