"""Streams and paths as they come: closed, full, in old encodings; too long, empty, in a home folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from commands import refused, run
from conftest import Bench

from bench.cli.app import app
from bench.core import places
from bench.runs.options import Options

SCRIPT = "from bench.cli.app import entry; entry()"


def shell(redirection: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    command = f'{sys.executable} -c "{SCRIPT}" {" ".join(arguments)} {redirection}'
    return subprocess.run(["bash", "-c", command], capture_output=True, check=False, timeout=120,
                          env={**os.environ, "PYTHONPATH": str(places.ROOT), **variables})


@pytest.mark.parametrize(("redirection", "code", "words"), [
    (">&-", 2, b"standard output is closed"), ("2>&-", 0, b""), ("<&-", 0, b""), (">&- 2>&- <&-", 2, b""),
    (">/dev/full", 2, b"No space left"), ("2>/dev/full", 0, b""), ("| head -c 1", 0, b""),
])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_streams_that_cannot_be_used_end_clearly(redirection: str, code: int, words: bytes):
    done = shell(redirection, "list", "nets")
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1:strict", "utf-8", "shift_jis"])
def test_what_an_encoding_lacks_is_written_as_its_nearest_signs(encoding: str):
    code = "from bench.cli import streams; streams.settle(); print('▲ ▼ – … 好 \\udcff é')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, timeout=60,
                          env={**os.environ, "PYTHONPATH": str(places.ROOT), "PYTHONIOENCODING": encoding})
    assert done.returncode == 0, done.stderr
    said = done.stdout.decode(encoding.partition(":")[0]).strip()
    assert said == {"cp1252": "^ v – … ? ? é", "ascii": "^ v - ... ? ? ?", "latin-1:strict": "^ v - ... ? ? é",
                    "utf-8": "▲ ▼ – … 好 ? é", "shift_jis": "▲ ▼ - … 好 ? ?"}[encoding]


PATHS = ("FILE", "FOLDER", "FILE.md")  # how the help calls what they take


def path_options() -> list[tuple[str, str]]:
    """Every command, and each of its options that takes a path."""
    found = []

    def walk(command: object, name: str) -> None:
        for word, inner in getattr(command, "commands", {}).items():
            walk(inner, f"{name} {word}".strip())
        found.extend((name, p.opts[0]) for p in getattr(command, "params", ())
                     if p.param_type_name == "option" and (p.metavar or "").partition(",")[0] in PATHS)

    walk(typer.main.get_command(app), "")
    return found


def test_the_options_that_take_paths_are_known():
    assert len(path_options()) > 30
    assert {("run", "--results-dir"), ("map", "--out"), ("fit", "--cache-dir"), ("data pull", "--data-dir"),
            ("leaderboard", "--figures"), ("predict", "--file")} <= set(path_options())


NO_PATHS = {"a" * 300: "too long", "/".join(["b" * 200] * 30): "too long", "好" * 100: "too long", "": "empty",
            "~nobody-of-this-name/x": "no such home folder"}


@pytest.mark.parametrize(("command", "option"), path_options())
def test_every_path_option_refuses_what_cannot_be_a_path(bench_: Bench, command: str, option: str):
    for given, words in NO_PATHS.items():
        done = bench_(*command.split(), option, given)
        assert done.exit_code == 2, (given, done.output)
        assert words in " ".join(done.stderr.split())
        assert option in done.stderr


@pytest.mark.parametrize("arguments", [
    ("run", "--target", "{}.csv", "--offline"), ("run", "--source", "{}.csv", "--offline"),
    ("task", "check", "{}.csv", "--offline"), ("task", "check", "{}.toml", "--offline"), ("task", "new", "{}.csv"),
    ("fit", "--target", "{}.csv", "--baseline", "majority", "--offline"), ("predict", "{}", "a text"),
    ("leaderboard", "--compare", "{},{}"), ("distance", "--target", "{}.csv", "--offline"),
])
def test_a_name_that_is_too_long_is_one_error(bench_: Bench, arguments: tuple[str, ...]):
    done = bench_(*(word.replace("{}", "a" * 300) for word in arguments))
    assert done.exit_code == 2, (done.output, done.exception)
    assert "Traceback" not in done.output


def test_the_home_folder_is_meant_by_a_tilde(bench_: Bench, workshop: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(workshop))
    monkeypatch.setenv("TRANSFERBENCH_CACHE", "~/own-cache")
    assert Options().cache_dir == workshop / "own-cache"
    (workshop / "data" / "toy-target.csv").rename(workshop / "mine.csv")
    done = bench_(*run(target="~/mine.csv", source="~/data/toy-source.csv", results_dir="~/own", data_dir="~/data",
                       tasks="~/cards", baseline="majority"))
    assert done.exit_code == 0, done.output
    assert (workshop / "own" / "records").is_dir()
    assert (workshop / "own-cache").is_dir()
    assert not (workshop / "~").exists()


def test_a_results_folder_that_is_a_file_is_one_error(bench_: Bench, workshop: Path):
    (workshop / "results").write_text("")
    refused(bench_(*run(baseline="majority")), "results")
    refused(bench_("leaderboard", "--results-dir", "results"))


def test_closed_streams_stay_taken_in_the_processes_that_a_command_starts(tmp_path: Path):
    script = ("import os, sys; from bench.cli import streams; streams.settle(); "
              "open(sys.argv[1], 'w').write(str([os.get_inheritable(number) for number in range(3)]))")
    subprocess.run(["bash", "-c", 'exec <&- >&- 2>&-; exec "$@"', "bash", sys.executable, "-c", script,
                    str(tmp_path / "said")], check=True, timeout=100)
    assert (tmp_path / "said").read_text() == "[True, True, True]"
