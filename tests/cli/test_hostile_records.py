"""Records, cards and archives of strangers through the commands that read them: no traceback, no control character."""

from __future__ import annotations

import gzip
import json
import os
import random
import tarfile
import time
from pathlib import Path
from typing import Any

import command_lines
import pytest
import toy
from hostile import FORMS, good_record, line, ran, reading_of_results, results_folder

from bench.core.errors import BenchError
from bench.core.printable import one_line, safe_json
from bench.data import archives
from bench.data.table_files import open_table
from bench.report.formats import in_markdown
from bench.results import record_files


@pytest.mark.usefixtures("cached_script")
def test_hostile_records_end_in_words_in_every_command_that_reads_results(tmp_path: Path):
    folder = results_folder(tmp_path / "results", random.Random(1), 20)
    for words in reading_of_results(folder):
        ran(*words)


@pytest.mark.parametrize("form", FORMS)
def test_a_source_cannot_write_markup_or_steer_a_terminal(tmp_path: Path, form: str):
    (tmp_path / "records").mkdir()
    lines = [line(good_record(seed, baseline=name, source=source)) for seed in range(2) for name in ("tfidf", "scratch")
             for source in ("imdb <script>alert(1)</script> [x](http://e) # a", "imdb\x1b[2J\u202e", "\ud800")]
    (tmp_path / "records" / "toy.jsonl").write_bytes(b"".join(lines))
    done = ran("leaderboard", "--results-dir", tmp_path, "--format", form)
    assert done.exit_code == 0
    assert "damaged line left out" in done.stderr
    if form in ("md", "html"):
        assert "<script>" not in done.stdout.replace("\\<script>", "")
        assert "[x](http" not in done.stdout or form == "html"


def test_one_bad_card_is_one_line_and_the_others_are_listed(tmp_path: Path):
    route = 'from = "directory"\nfile = "x.csv"'
    cards = {"a": toy.card("toy-a", "x.csv").replace(route, 'from = "archive"\nurl = "http://[::1"'),
             "b": toy.card("toy-b", "x.csv").replace('"x.csv"', '"a\\u0000.csv"'), "c": "name = ",
             "d": toy.card("toy-d", "x.csv").replace('"Toy toy-d"', '"\\u001b[2J\\u202e"'),
             "e": toy.card("toy-e", "x.csv")}
    for name, text in cards.items():
        (tmp_path / f"{name}.toml").write_text(text)
    for words in (("list", "tasks"), ("data", "list"), ("list", "tasks", "--json")):
        done = ran(*words, "--tasks", tmp_path)
        assert done.exit_code == 0
        assert "toy-e" in done.stdout
        assert done.stderr.count("left out: ") == 3
    assert json.loads(ran("list", "tasks", "--json", "--tasks", tmp_path).stdout)


@pytest.mark.usefixtures("cached_script")
def test_pipes_and_devices_in_a_results_folder_are_left_out(tmp_path: Path):
    folder = results_folder(tmp_path / "results", random.Random(2), 0)
    os.mkfifo(folder / "records" / "pipe.jsonl")
    (folder / "records" / "zero.jsonl").symlink_to("/dev/zero")
    (folder / "records" / "folder.jsonl").mkdir()
    (folder / "records" / "loop.jsonl").symlink_to("loop.jsonl")
    (folder / "distances").mkdir()
    os.mkfifo(folder / "distances" / "pipe.json")
    assert ran("leaderboard", "--results-dir", folder).stderr.count("is no file: left out") == 3
    assert ran("report", "--results-dir", folder, "--out", tmp_path / "page.html").exit_code == 0
    assert ran("time", "--compare", folder / "distances" / "pipe.json", "/dev/zero").exit_code == 2


@pytest.mark.parametrize("body", [b"1" * 200_000, b"9" * 60_000 + b" a=b\n", b"70 a=" + b"1" * 64 + b"\n", b"5 a\n\n"])
def test_an_extended_tar_header_takes_no_time(tmp_path: Path, body: bytes):
    header = tarfile.TarInfo("./PaxHeaders/x")
    header.type, header.size = tarfile.XHDTYPE, len(body)
    data = header.tobuf(format=tarfile.USTAR_FORMAT) + body + bytes(-len(body) % 512) + tarfile.TarInfo("a").tobuf()
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(data + bytes(1024)))
    began = time.process_time()
    with pytest.raises(BenchError, match="extended header"):
        list(archives.members(tmp_path / "a.tar.gz"))
    assert time.process_time() - began < 10


def test_an_extended_header_as_tar_writes_it_is_read(tmp_path: Path):
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz", format=tarfile.PAX_FORMAT) as made:
        entry = tarfile.TarInfo("ü" * 150)
        entry.mtime = 1234567890.123456
        made.addfile(entry)
    assert [name for name, _ in archives.members(tmp_path / "a.tar.gz")] == ["ü" * 150]


@pytest.mark.parametrize(("name", "start", "row"), [
    ("a.csv.gz", b"text,label\n", b"a,\n"), ("a.jsonl.gz", b'{"a":1}\n', b"{}\n"), ("b.jsonl.gz", b'{"a":1}\n', b"\n"),
    ("a.txt.gz", b"a\n", b"b\n"), ("a.json.gz", b"[{}", b",{}")])
def test_millions_of_rows_in_a_few_kilobytes_are_refused(tmp_path: Path, name: str, start: bytes, row: bytes):
    path = tmp_path / name
    path.write_bytes(gzip.compress(start + row * 3_000_000, 6))
    began = time.process_time()
    with pytest.raises(BenchError, match=r"bomb|blank lines"):
        open_table(path).read(["text" if name[2:5] in ("csv", "txt") else "a"])
    assert time.process_time() - began < 20


def test_millions_of_lines_that_are_no_records_are_refused_and_few_are_named(tmp_path: Path):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b"{\n" * 3_000_000, 6))
    said: list[Any] = []
    with pytest.raises(BenchError, match="hold no record"):
        record_files.read(path, said.append)
    assert len(said) == record_files.TOLD + 1


def test_what_is_shown_can_be_seen_and_joiners_stay_where_they_mean_something():
    assert one_line("a\x1b[2J\u202eb\n\u200bc\x9b") == "a\\u001b[2J\\u202eb \\u200bc\\u009b"
    assert one_line("می\u200cخواهم 👩\u200d👧") == "می\u200cخواهم 👩\u200d👧"
    assert one_line("a\u200db\u202e\u200d\u202e").isascii()
    values = {"a\u202e": "\U000e0041\u2028\x9b"}
    assert json.loads(safe_json(json.dumps(values, ensure_ascii=False))) == values
    assert safe_json(json.dumps(values, ensure_ascii=False)).isascii()
    assert in_markdown("# a|b <i> ![x](y) `c`\nd") == "\\# a\\|b \\<i> \\![x\\](y) \\`c\\` d"


@pytest.mark.usefixtures("cached_script")
def test_random_command_lines_end_in_0_1_or_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(command_lines.workshop(tmp_path / "work"))
    codes = command_lines.fuzzed(5, 150)
    assert set(codes) <= {0, 1, 2}
