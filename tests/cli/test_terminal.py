"""On a terminal, in a log file, in a shell: colours, progress, narrow windows, Ctrl-C, completion, exit codes."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Bench

from bench.results import record_files

PLUGIN = """
import time
from pathlib import Path
import numpy as np
NEEDS = frozenset()
def slow(trial, resources):
    time.sleep(0.0 if Path(__file__).with_name("hurry").exists() else 0.4)
    return lambda e: np.full((len(e), 2), 0.5, np.float32)
"""
ESCAPE = "\x1b"
CODES = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>])")
RUN = ["run", "--target", "toy-target", "--source", "toy-source", "--tasks", "cards", "--data-dir", "data", "--offline",
       "--epochs", "1", "--budgets", "8,16", "--device", "cpu", "--net", "cnn", "--preset", "tutorial",
       "--results-dir", "results"]
WITH_BASE = ["--baseline", "source-only", "--baseline", "tfidf", "--seeds", "3", "--jobs", "1"]
WITHOUT = ["--baseline", "majority", "--baseline", "tfidf", "--seeds", "2", "--jobs", "1"]
QUICK = ["--baseline", "majority", "--seeds", "6", "--jobs", "1"]
SLOW = ["--baseline", "terminal_plugin:slow", "--seeds", "6", "--jobs", "2"]


COMMANDS = """
import json, sys
from bench.cli import streams
from bench.cli.app import app
streams.settle()
for words in json.loads(sys.argv[1]):
    try:
        app(words, prog_name="bench")
    except SystemExit as ended:
        assert not ended.code, words
    print("== done ==", flush=True)
"""  # one after the other in one process: most of the time of a short command goes into its imports


@pytest.fixture
def folder(workshop: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The workshop, a slow baseline, and the command `bench` on the path."""
    (workshop / "terminal_plugin.py").write_text(PLUGIN)
    (workshop / "bin").mkdir()
    script = workshop / "bin" / "bench"
    script.write_text(f"#!{sys.executable}\nfrom bench.cli.app import entry\nif __name__ == '__main__':\n    entry()\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    root = str(Path(__file__).parents[2])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([root, str(workshop), os.environ.get("PYTHONPATH", "")]))
    for name in ("NO_COLOR", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    return workshop


def _default_interrupt() -> None:
    """Tests begun in the background of a script ignore Ctrl-C, and what they start would too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _own_terminal() -> None:
    _default_interrupt()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@contextlib.contextmanager
def terminal(words: list[str], folder: Path, columns: int,
             program: str = "bench") -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """`bench` on a terminal of its own, so wide; the process, and the terminal's other end."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen([program, *words], cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs,
                               start_new_session=True, preexec_fn=_own_terminal,
                               env=dict(os.environ))  # without it readline adds its COLUMNS=80
    os.close(theirs)
    try:
        yield process, ours
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(ours)


def read(ours: int, until: Callable[[str], bool] = lambda text: False, seconds: float = 90) -> str:
    """What comes to the terminal until it is closed, or `until` is content."""
    data = b""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not select.select([ours], [], [], 0.2)[0]:
            continue
        try:
            got = os.read(ours, 65536)
        except OSError:  # Linux says so when the other end is closed
            break
        if not got:
            break
        data += got
        if until(data.decode(errors="replace")):
            break
    else:
        pytest.fail(f"nothing more within {seconds} s: {data[-500:]!r}")
    return data.decode(errors="replace")


def shown(words: list[str], folder: Path, columns: int = 100, program: str = "bench") -> str:
    """All that a command writes to a terminal; it must succeed."""
    with terminal(words, folder, columns, program) as (process, ours):
        text = read(ours)
        assert process.wait(20) == 0, text
    return text


def shown_in_turn(commands: list[list[str]], folder: Path, columns: int = 100) -> list[str]:
    """What each of the commands writes to a terminal, one process for all of them; each must succeed."""
    text = shown(["-c", COMMANDS, json.dumps(commands)], folder, columns, program=sys.executable)
    *each, rest = text.split("== done ==\r\n")
    assert len(each) == len(commands)
    return [*each[:-1], each[-1] + rest]


def test_lists_fit_the_terminal(folder: Path) -> None:
    for text in shown_in_turn([["list", what] for what in ("baselines", "tasks", "engines")], folder, columns=80):
        lines = CODES.sub("", text).splitlines()
        assert len(lines) > 2
        assert max(map(len, lines)) <= 80


def test_a_terminal_shows_progress_and_colours_and_no_color_takes_every_code_away(
        folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    live = shown([*RUN, *WITH_BASE], folder)
    assert ESCAPE in live
    assert re.search(r"\d+ of 12 trials ━+.* left", CODES.sub("", live)), "the bar, and what is left"
    assert "reading toy-target, toy-source ━" in CODES.sub("", live), "from the first second"
    marks = ["-c", "from bench.cli.output import say; say('▲ ▼', marks=True)"]
    green, red = shown(marks, folder, program=sys.executable).split()
    assert green.startswith(f"{ESCAPE}[32m▲")
    assert red.startswith(f"{ESCAPE}[31m▼")
    monkeypatch.setenv("NO_COLOR", "1")
    assert shown(marks, folder, program=sys.executable).strip() == "▲ ▼"
    commands = [[*RUN, *QUICK], ["leaderboard", "--results-dir", "results"], ["list", "tasks"], ["run", "--help"],
                [*RUN, *WITH_BASE, "--dry-run"]]
    for words, plain in zip(commands, shown_in_turn(commands, folder), strict=True):
        assert plain
        assert ESCAPE not in plain, words
        assert "\r" not in plain.replace("\r\n", "\n"), words


def test_a_log_file_has_whole_lines_and_no_codes(folder: Path) -> None:
    with (folder / "log").open("wb") as log:
        done = subprocess.run(["bench", *RUN, *QUICK], cwd=folder, stdout=log, stderr=log, check=False, timeout=90)
    text = (folder / "log").read_bytes().decode()
    assert done.returncode == 0, text
    assert ESCAPE not in text
    assert "\r" not in text
    assert re.search(r"^12 of 12 trials · toy-target, 16 labels: \w+ \.\d+ leads$", text, re.MULTILINE)
    assert len(text.splitlines()) < 50


def test_a_narrow_terminal_keeps_its_lines(folder: Path) -> None:
    text = shown([*RUN, *WITHOUT], folder, columns=40)
    frames = [CODES.sub("", part) for part in re.split(r"\r\n|\r|\n", text)]
    bars = [f for f in frames if re.search(r"━|╸", f)]
    assert bars
    assert max(map(len, bars)) <= 40
    assert any(re.search(r"\d+ of 8 trials", f) for f in bars)
    board, planned = shown_in_turn([["leaderboard", "--results-dir", "results"],
                                    [*RUN, *WITHOUT, "--seeds", "3", "--dry-run"]], folder, columns=40)
    lines = [CODES.sub("", line) for line in board.replace("\r\n", "\n").splitlines()]
    assert max(map(len, lines)) <= 40, max(lines, key=len)
    for name in ("majority", "tfidf"):
        assert sum(line.startswith(name) for line in lines) >= 2, "a row for each budget"
    assert max(len(line) for line in planned.replace("\r\n", "\n").splitlines()) <= 40


def test_one_ctrl_c_waits_for_the_running_trials_and_the_next_start_goes_on(
        folder: Path, bench_: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal([*RUN, *SLOW, "-v"], folder, 100) as (process, ours):
        before = read(ours, lambda text: text.count("toy-target terminal_plugin:slow") >= 3)
        os.write(ours, b"\x03")
        after = read(ours, seconds=30)
        assert process.wait(20) == 130
    lines = CODES.sub("", before + after).replace("\r", "\n").splitlines()
    messages = [line.strip() for line in lines if "bench: " in line]
    kept = record_files.read(folder / "results" / "records" / "toy-target.jsonl")
    assert 3 <= len(kept) < 12
    assert messages == [f"bench: stopped; {len(kept)} of 12 trials are saved, and the same command continues"]
    assert any(line.startswith("stopping after the running trial… (Ctrl-C again stops now); ") for line in lines)
    assert "Traceback" not in before + after
    assert {r.status for r in kept} == {"ok"}
    monkeypatch.syspath_prepend(str(folder))
    (folder / "hurry").touch()
    done = bench_(*RUN, *SLOW)
    assert done.exit_code == 0, done.output
    assert f"{len(kept)} of 12 trials are done already" in done.stderr
    assert len(record_files.read(folder / "results" / "records" / "toy-target.jsonl")) == 12


def test_an_interrupt_while_the_base_is_trained_is_as_clean(folder: Path) -> None:
    words = [*RUN, "--baseline", "source-only", "--seeds", "1", "--epochs", "2000", "--jobs", "1"]
    process = subprocess.Popen(["bench", *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               preexec_fn=_default_interrupt)
    assert process.stderr is not None
    first = ""
    for line in process.stderr:
        first += line
        if "base: epoch 2" in line:
            break
    process.send_signal(signal.SIGINT)
    rest = process.stderr.read()
    assert process.wait(30) == 130, first + rest
    assert rest.rstrip().splitlines()[-1] == "bench: stopped; finished trials are saved, and the same command continues"
    assert "Traceback" not in rest


def test_exit_codes_are_those_of_the_page(folder: Path, bench_: Bench) -> None:
    for words, code in ((["run", "--help"], 0), ([], 2), (["run", "--no-such-option"], 2),
                        (["leaderboard", "--results-dir", "nowhere"], 2)):
        assert bench_(*words).exit_code == code, words
    page = (Path(__file__).parents[2] / "docs" / "running.md").read_text(encoding="utf-8")
    for words, code in ((["--version"], 0), (["run", "--target", "amazn"], 2)):  # a process hands the code on
        done = subprocess.run(["bench", *words], cwd=folder, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == code
        assert f"| {code} |" in page


def test_a_closed_pipe_is_no_error(folder: Path) -> None:
    done = subprocess.run("bench list tasks | head -1", shell=True, cwd=folder, capture_output=True, text=True,
                          check=True, timeout=60, executable="/bin/bash", env={**os.environ, "BASH_ENV": ""})
    assert done.stderr == ""


def test_bash_completes_commands_options_and_names_after_the_script_is_read(folder: Path) -> None:
    lines = """
        source <(_BENCH_COMPLETE=source_bash bench)
        complete -p bench
        one() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _bench_completion bench; echo "${COMPREPLY[@]}"; }
        one bench lead
        one bench list en
        one bench run --dry
        one bench run --target hot
        one bench run -t amazon@va
        one bench run --baseline gl
        one bench run --baseline tfidf,fro
        one bench fit --engine m
        one bench run --target ./mi
    """
    done = subprocess.run(["bash", "-c", lines], cwd=folder, capture_output=True, text=True, check=True, timeout=60)
    bound, *offers = done.stdout.splitlines()
    assert "_bench_completion" in bound
    assert [f.split() for f in offers] == [["leaderboard"], ["engines"], ["--dry-run"],
        ["hotels", "hotels-datafiniti"], ["amazon@vader-snippets"], ["glove-frozen", "glove-trainable", "glove-forest"],
        ["tfidf,frozen"], ["mxnet"], []], "where nothing fits, bash offers files"


def test_zsh_is_given_a_script_and_the_commands(folder: Path) -> None:
    def asked(**env: str) -> str:
        return subprocess.run(["bench"], cwd=folder, capture_output=True, text=True, check=False, timeout=60,
                              env={**os.environ, "_BENCH_COMPLETE": "source_zsh", **env}).stdout

    assert "#compdef bench" in asked()
    assert '"leaderboard"' in asked(_BENCH_COMPLETE="complete_zsh", _TYPER_COMPLETE_ARGS="bench lead")


def test_completion_is_installed_for_the_shell_that_asks(folder: Path) -> None:
    home = folder / "home"
    home.mkdir()
    done = subprocess.run(["bash", "-c", "bench --install-completion; true"], cwd=folder, capture_output=True,
                          text=True, check=True, timeout=60, env={**os.environ, "HOME": str(home)})
    assert "bash completion installed" in done.stdout, done.stderr
    assert "bench" in (home / ".bashrc").read_text()
