"""Data, cards, archives and records from strangers: refused in one line, in bounded time and memory, never run."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import tarfile
import time
import tracemalloc
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import toy
from typer.testing import CliRunner

from bench.analysis import study
from bench.cli.app import app
from bench.cli.output import plain
from bench.core.errors import BenchError, CardError, DataError, RouteError
from bench.data import archives
from bench.data.cards import Route, parse_card, read_card
from bench.data.public_formats import read
from bench.data.routes import Access, deliver
from bench.data.spelling import tidy
from bench.data.text import clean, tokens
from bench.data.user_file import task_from_file
from bench.learning.networks.architectures import check_params, initial_params
from bench.report import leaderboard_files
from bench.results import record_files, stored_predictions
from bench.results.record import Record

RECORD = Record("toy", "one", "ab" * 32, "imdb@x", "tfidf", {}, "gru", "torch", "cpu", 32, 0, accuracy=0.5,
                balanced_accuracy=0.5, seconds={"adapt": 1.0})
CARD = toy.card("toy", "toy.csv")


def refused(call: Callable[[], Any], *said: str, seconds: float = 20.0) -> str:
    """The one line of a refusal that takes no longer than it may."""
    began = time.monotonic()
    with pytest.raises(BenchError) as caught:
        call()
    assert time.monotonic() - began < seconds
    message = str(caught.value)
    assert "\n" not in message
    for text in said:
        assert text in message
    return message


# --- texts


def test_a_number_of_thousands_of_digits_is_an_unknown_character():
    assert clean("a &#" + "1" * 5_000 + "; b") == "a b"
    assert clean("&#" + "0" * 5_000 + "65;") == "A"


@pytest.mark.parametrize("text", ["&#0000000065;x&#65;", "&#99999999999; a", "&#12345678", "&#x41;&amp;#123456789;",
                                  "&#1114111;", "é" * 200, "e\u0301" * 200, "…" * 300, "a" + "\u0300" * 30,
                                  "مرحبا 👩‍👩‍👧 שלום\u202e"])
def test_texts_are_cleaned_as_the_standard_library_cleans_them(text: str):
    import html

    from bench.data.text import BREAK, CONTROL

    plainly = unicodedata.normalize("NFC", CONTROL.sub(" ", BREAK.sub(" ", html.unescape(text))))
    assert clean(text) == " ".join(plainly.split())


def test_a_pile_of_accents_takes_no_time_and_keeps_its_letter():
    began = time.process_time()
    cleaned = clean("good " + "a" + "\u0327\u0300" * 200_000 + " film")
    assert time.process_time() - began < 5
    assert len(cleaned) < 100
    assert tokens(cleaned)[0] == "good"
    assert tokens(cleaned)[-1] == "film"


@pytest.mark.parametrize("text", ["<br" + " " * 300_000, "<br " * 100_000, "&" * 300_000, "&#" * 150_000,
                                  "&#x" * 100_000, "a'" * 150_000, "'" * 300_000, "\u202e" * 300_000,
                                  "\U0001f469\u200d" * 100_000])
def test_no_text_takes_longer_than_its_length(text: str):
    began = time.process_time()
    tokens(clean(text))
    assert time.process_time() - began < 5


# --- files


def test_a_row_of_ten_megabytes_is_refused_and_says_why(tmp_path: Path):
    (tmp_path / "a.csv").write_text("text,label\ngood one,1\n\"" + "bad words " * 1_000_001 + "\",0\n")
    refused(lambda: read("csv", tmp_path / "a.csv", {}), "the row that begins in line 3",
            "more than 10,000,000 characters", "quote")


def test_a_small_file_takes_little_memory_and_a_device_none(tmp_path: Path):
    (tmp_path / "a.csv").write_text("text,label\n" + "a good one,1\na bad one,0\n" * 2)
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    task_from_file(tmp_path / "a.csv")  # imports come first
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (64 << 20), hard))
    try:
        task_from_file(tmp_path / "a.csv")
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    (tmp_path / "zero.csv").symlink_to("/dev/zero")
    refused(lambda: task_from_file(tmp_path / "zero.csv"), "is no file")


def test_a_header_of_a_million_columns_is_refused(tmp_path: Path):
    (tmp_path / "a.csv").write_text("text,label" + ",x" * 1_000_000 + "\na,b\n")
    refused(lambda: task_from_file(tmp_path / "a.csv"), "1000002 columns")
    rows = ({"text": "a", "label": "b", str(i): 1} for i in range(5_000))
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    refused(lambda: task_from_file(tmp_path / "a.jsonl"), "line 999 brings the 1001th key")


def test_a_parquet_file_that_unpacks_to_two_hundred_gigabytes_is_refused_in_little_memory(tmp_path: Path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    many = 200_000
    one = pa.DictionaryArray.from_arrays(pa.array([0] * many, pa.int32()), pa.array(["x" * 1_000_000]))
    table = pa.table({"text": one, "label": ["a", "b"] * (many // 2)})
    pq.write_table(table, tmp_path / "a.parquet", compression="zstd", store_schema=False)
    assert (tmp_path / "a.parquet").stat().st_size < 10_000
    before = pa.total_allocated_bytes()
    refused(lambda: read("parquet", tmp_path / "a.parquet", {}), "decompression bomb")
    assert pa.default_memory_pool().max_memory() - before < 500 << 20
    rows = pa.array(["x"] * 5_000_000).dictionary_encode()
    table = pa.table({"text": rows, "label": rows})
    pq.write_table(table, tmp_path / "b.parquet", compression="zstd", store_schema=False)
    refused(lambda: read("parquet", tmp_path / "b.parquet", {}), "decompression bomb")


def test_a_parquet_file_with_two_columns_of_one_name_is_refused(tmp_path: Path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"]), pa.array(["c"])], names=["text", "text", "label"])
    pq.write_table(table, tmp_path / "a.parquet")
    refused(lambda: read("parquet", tmp_path / "a.parquet", {}), "two columns called 'text'")


@pytest.mark.parametrize("kind", ["zip", "tar", "csv.gz"])
def test_ten_gigabytes_in_ten_megabytes_are_refused_without_filling_memory(tmp_path: Path, kind: str):
    """The real thing is in `tests/stress`; here a fortieth of it, in the same proportion."""
    path = bomb(tmp_path / f"a.{kind}", kind, 256 << 20)
    tracemalloc.start()
    tracemalloc.reset_peak()
    if kind == "csv.gz":
        refused(lambda: read("csv", path, {}), "decompression bomb", seconds=60)
    else:
        refused(lambda: list(archives.members(path)), "decompression bomb", seconds=60)
    assert tracemalloc.get_traced_memory()[1] < 64 << 20
    tracemalloc.stop()


def bomb(path: Path, kind: str, size: int) -> Path:
    """A file that unpacks to `size` bytes: zeros, or rows of a table."""
    zeros = bytes(1 << 20)
    if kind == "zip":
        with (zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made,
              made.open("x", "w", force_zip64=size >> 31 > 0) as out):
            for _ in range(size >> 20):
                out.write(zeros)
        return path
    with gzip.open(path, "wb", 9) as out:
        if kind == "tar":
            for number in range(size >> 27):
                entry = tarfile.TarInfo(f"aclImdb/train/pos/{number}_1.txt")
                entry.size = 1 << 27
                out.write(entry.tobuf())
                for _ in range(128):
                    out.write(zeros)
        else:
            for _ in range(size >> 20):
                out.write(b"a,b\n" * (1 << 18))
    return path


def test_a_zip_that_states_a_smaller_size_than_it_holds_gives_no_more_than_it_states(tmp_path: Path):
    path = bomb(tmp_path / "a.zip", "zip", 256 << 20)
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = (1000).to_bytes(4, "little")  # the central directory's uncompressed size
    path.write_bytes(bytes(data))
    tracemalloc.start()
    with pytest.raises(DataError):
        list(archives.members(path))
    assert tracemalloc.get_traced_memory()[1] < 32 << 20
    tracemalloc.stop()


def test_a_review_file_of_openings_without_an_end_takes_no_time(tmp_path: Path):
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as made:
        for name, data in (("x/books/positive.review", b"<review_text>" * 400_000),
                           ("x/books/negative.review", b"<review_text>fine</review_text>" * 2)):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            made.addfile(entry, io.BytesIO(data))
    began = time.monotonic()
    assert list(read("blitzer-reviews", tmp_path / "a.tar.gz", {}).text) == ["fine", "fine"]
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("reader", ["imdb-archive", "blitzer-reviews", "op-spam", "vader-amazon"])
def test_a_file_name_of_megabytes_is_refused(tmp_path: Path, reader: str):
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz", format=tarfile.GNU_FORMAT) as made:
        made.addfile(tarfile.TarInfo("positive_polarity/a/fold1/a_" + "_1" * 1_000_000 + ".tx"))
    refused(lambda: read(reader, tmp_path / "a.tar.gz", {}), "an extended header of 2,000,032 bytes")


@pytest.mark.parametrize("text", ["صالح للأكل \u202etxt.exe", "👍🏽 👎", "<script>alert(1)</script>",
                                  "=HYPERLINK(\"x\")", "a\x1b[2Jb", "\ufeffbom", "Ω≈ç√", "𝕳𝖊𝖑𝖑𝖔", "z̷a̷l̷g̷o̷"])
@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_any_text_is_read_and_counts_as_text(tmp_path: Path, text: str, kind: str):
    frame = pd.DataFrame({"text": [f"{text} {i}" for i in range(4)], "label": ["good", text] * 2})
    path = tmp_path / f"a.{kind}"
    if kind == "csv":
        frame.to_csv(path, index=False)
    elif kind == "jsonl":
        frame.to_json(path, orient="records", lines=True)
    else:
        frame.to_parquet(path)
    assert sorted(task_from_file(path).task.labels) == sorted(["good", tidy(text)])
    dataset = toy.dataset(tmp_path, read(kind, path, {}), ("good", text.strip()))
    assert sorted(dataset.corpus.text(i) for i in range(4)) == sorted(clean(t) for t in frame["text"])


# --- cards


@pytest.mark.parametrize("text", [
    "rows = " + "1" * 5_000, "rows = 0x" + "f" * 5_000, "a" + ".a" * 30_000 + " = 1", "[" + "a." * 30_000 + "b]",
    '"a".' * 15_000 + "a = 1", "a = " + "[" * 30_000, "a = " + "{b = " * 10_000, "# " + "x" * 100_000,
    "".join(f"[a.b{i}]\n" for i in range(6_000))])
def test_a_card_made_to_take_time_takes_none(text: str):
    at = CARD.index("[[editions]]")
    for card in (text, text + "\n" + CARD, CARD[:at] + "[[editions]]\n" + text + CARD[at + len("[[editions]]"):]):
        refused(lambda card=card: parse_card(card, "card.toml"), "card.toml", seconds=10)


def test_a_card_that_is_a_pipe_or_a_device_is_refused(tmp_path: Path):
    os.mkfifo(tmp_path / "a.toml")
    refused(lambda: read_card(tmp_path / "a.toml"), "is no file")
    refused(lambda: read_card(Path("/dev/zero")), "is no file")


@pytest.mark.parametrize("name", ["../secret.csv", "/etc/passwd", "a/../../secret.csv", "..\\secret.csv", "link.csv",
                                  "folder/secret.csv"])
def test_a_card_in_a_folder_of_tasks_cannot_name_what_lies_outside(tmp_path: Path, name: str):
    (tmp_path / "cards").mkdir()
    (tmp_path / "secret.csv").write_text("text,label\n" + "secret words,1\nother words,0\n" * 20)
    (tmp_path / "cards" / "link.csv").symlink_to(tmp_path / "secret.csv")
    (tmp_path / "cards" / "folder").symlink_to(tmp_path)
    (tmp_path / "cards" / "evil.toml").write_text(toy.card("evil", "x", ("0", "1")).replace('"x"', json.dumps(name)))
    done = CliRunner().invoke(app, ["task", "check", "evil", "--tasks", str(tmp_path / "cards"), "--offline"])
    assert done.exit_code == 2, done.output
    assert "secret words" not in done.output
    assert "lies outside" in done.stderr
    assert "Traceback" not in done.output


@pytest.mark.parametrize("dataset", ["/etc", "./data", "../data", "csv", "json", "text", "imagefolder", "a/b/c",
                                     "hf://x", "~/x"])
def test_a_card_cannot_make_the_hub_library_read_files_of_this_machine(tmp_path: Path, dataset: str,
                                                                       monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("bench.data.routes.reachable", lambda url, access: None)
    route = Route("hub", {"dataset": dataset, "revision": "a" * 40})
    with pytest.raises(RouteError, match="not a data set of the hub"):
        deliver(route, Access(cache=tmp_path))


def test_a_folder_named_as_a_hub_data_set_is_not_read_in_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "me" / "toy").mkdir(parents=True)
    with pytest.raises(RouteError, match="also a file or folder here"):
        deliver(Route("hub", {"dataset": "me/toy", "revision": "a" * 40}), Access(cache=tmp_path / "c"))


def test_a_broken_card_in_a_folder_of_tasks_is_named_and_its_content_not_shown(tmp_path: Path):
    (tmp_path / "a.toml").symlink_to("/etc/passwd")
    with pytest.raises(CardError) as caught:
        read_card(tmp_path / "a.toml")
    assert "root:" not in str(caught.value)


# --- records


def sealed(path: Path, **values: Any) -> Path:
    """A records file whose one line has a right checksum, whatever it says."""
    body = {**asdict(RECORD), **values}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**body, "check": record_files._check(body)}) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("wrong", [
    {"task": "../../../evil"}, {"task": "/evil"}, {"task": ""}, {"task": "a" * 500}, {"edition": "a\nb"},
    {"baseline": "../evil"}, {"accuracy": "high"}, {"accuracy": float("nan")}, {"accuracy": None},
    {"auc": float("inf")}, {"seconds": []}, {"seconds": {"adapt": "long"}}, {"seconds": {"adapt": float("nan")}},
    {"budget": "some"}, {"budget": None}, {"budget": True}, {"seed": "one"}, {"status": "fine"},
    {"leading": "__class__"}, {"settings": 3}, {"predictions": "x"}, {"more": 1}])
def test_a_record_that_says_what_no_run_writes_is_left_out_despite_its_checksum(tmp_path: Path, wrong: dict[str, Any]):
    said: list[str] = []
    assert record_files.read(sealed(tmp_path / "records" / "a.jsonl", **wrong), said.append) == []
    assert len(said) == 1
    assert "damaged line left out" in said[0]
    assert record_files.read(sealed(tmp_path / "records" / "b.jsonl")) == [RECORD]


def packed(**values: Any) -> dict[str, Any]:
    good = stored_predictions.pack(np.array([0, 1]), np.zeros((2, 1), np.float16))
    return {**good, **values}


@pytest.mark.parametrize("wrong", [
    {"truth": "!"}, {"truth": 3}, {"scores": ""}, {"columns": 0}, {"columns": -5}, {"columns": "x"}, {"columns": 10**9},
    {"truth": base64.b64encode(zlib.compress(b"abc")).decode()}, {"truth": base64.b64encode(b"abc").decode()}])
def test_predictions_that_cannot_be_unpacked_are_one_line(wrong: dict[str, Any]):
    refused(lambda: stored_predictions.unpack(packed(**wrong)), "predictions cannot be unpacked")


def test_predictions_that_unpack_to_gigabytes_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stored_predictions, "LARGEST", 1 << 20)
    data = base64.b64encode(zlib.compress(bytes(1 << 24))).decode()
    refused(lambda: stored_predictions.unpack(packed(truth=data)), "predictions cannot be unpacked")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", " =", "\n=", "\uff1d", "\uff0b"])
def test_no_cell_of_the_exported_csv_is_run_by_a_spreadsheet(start: str):
    name = f"{start}HYPERLINK(1)"
    found = leaderboard_files.csv(study.studies([replace(RECORD, baseline=name, net=name, source=name)]))
    assert found.count(f",'{start.strip()}HYPERLINK(1)") == 4  # source, net, baseline, strategy


# --- weights


def test_weights_of_wrong_shapes_names_kinds_or_values_are_refused():
    good = initial_params(toy.NET, 10, "x")
    check_params(good, toy.NET, 10, "these")
    name = next(n for n in good if n.startswith("rnn"))
    wrong = [{**good, name: good[name][:-1]}, {**good, name: good[name].astype(np.float64)},
             {**good, name: np.full_like(good[name], np.nan)}, {k: v for k, v in good.items() if k != name},
             {**good, "more": good[name]}, {**good, "embedding.weight": good["embedding.weight"][:5]}]
    for params in wrong:
        refused(lambda params=params: check_params(params, toy.NET, 10, "these"), "these: weight")


# --- the terminal


def test_what_is_said_cannot_steer_the_terminal_or_fill_it():
    assert plain("a\x1b[2Jb\u202ec\nd") == "a\\u001b[2Jb\\u202ec d"
    assert len(plain("x" * 10_000_000)) < 3_000


def test_a_column_name_that_would_clear_the_screen_is_shown_as_text(tmp_path: Path):
    (tmp_path / "a.csv").write_text("\x1b[2J\x1b]0;title\x07,label\na,b\n")
    done = CliRunner().invoke(app, ["task", "new", str(tmp_path / "a.csv")])
    assert done.exit_code == 2
    assert "\x1b" not in done.output
    assert "\\u001b[2J" in done.stderr
