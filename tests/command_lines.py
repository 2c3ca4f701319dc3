"""Random command lines: every command with its options, in any number, order and value; tiny data, no network."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import toy
import typer
from hostile import NASTY, NUMBERS, good_record, line, ran, results_folder

from bench.cli.app import app

# Values that would train for minutes, leave the folder of the test, reach a network or serve for ever.
NEVER = {"--serve", "--scheduler", "--install-completion", "--show-completion", "--published"}
WORDS = ("toy", "toy@toy", "toy-two", "mine.csv", "fifo.csv", "folder.csv", "toy.toml", "bad.toml", "all", "main",
         "tfidf", "majority", "scratch", "nothing:fit", "csv", "md", "json", "jsonl", "table", "html", "latex", "svg",
         "png", "torch", "mxnet", "cpu", "cuda", "auto", "gru", "cnn", "default", "tutorial", "32", "8,full", "full",
         "0", "1", "-1", "1e9", "nan", "inf", "0.5", "results", "records", "cards", "none", "text", "label", "a=b", "=",
         "a=", "words", "confusion", "/dev/null", "/dev/zero", "..", ".", "tfidf,scratch", "model", "curves")
# Commands that would work for long, or read a whole corpus that this machine has, end before they do.
LAST = {"run": ["--dry-run"], "fit": ["--budget", "-1"], "pretrain": ["--source", "none"],
        "time": ["--compare", "a.json", "results"], "map": ["--texts", "1"], "distance": ["--source", "none"],
        "reproduce": ["--claim", "none"], "data pull": ["none"], "data verify": ["none"], "data audit": ["none"],
        "task check": ["--source", "none"], "baseline check": ["--set", "none.x=1"]}


def workshop(folder: Path) -> Path:
    """Small data, cards, records and a file of each odd kind."""
    import os

    (folder / "cards").mkdir(parents=True)
    toy.rows(40).to_csv(folder / "mine.csv", index=False)
    for name in ("toy", "toy-two"):
        (folder / "cards" / f"{name}.toml").write_text(toy.card(name, "mine.csv"))
    (folder / "toy.toml").write_text(toy.card("toy-three", "mine.csv"))
    (folder / "bad.toml").write_text("name = \"\x1b[2J\"")
    (folder / "folder.csv").mkdir()
    os.mkfifo(folder / "fifo.csv")
    (folder / "a.json").write_text('{"form": 1, "timings": []}')
    results_folder(folder / "results", random.Random(0))
    (folder / "results" / "records" / "toy-two.jsonl").write_bytes(line(good_record(1, task="toy-two")))
    return folder


def commands() -> list[tuple[list[str], list[str]]]:
    """The words of every command, and its options."""
    found = []

    def walk(group: object, words: list[str]) -> None:
        for name, command in getattr(group, "commands", {}).items():
            if hasattr(command, "commands"):
                walk(command, [*words, name])
            else:
                options = [flag for one in command.params for flag in one.opts if flag.startswith("--")]
                found.append(([*words, name], [flag for flag in options if flag not in NEVER]))

    walk(typer.main.get_command(app), [])
    return found


def command_line(rng: random.Random, known: Sequence[tuple[list[str], list[str]]]) -> list[str]:
    """One random command line."""
    words, options = rng.choice(known)
    said = list(words)
    for _ in range(rng.choice((0, 1, 1, 2, 2, 3, 5))):
        kind = rng.randrange(10)
        if kind < 7 and options:
            said.append(rng.choice(options))
        if kind < 9:
            said.append(_value(rng))
        elif kind == 9:
            said.append(rng.choice(("--help", "--no-such", "-x", "--", "-", "--json", "--offline")))
    said = [word.replace("\0", "") for word in said]  # no shell can hand over a NUL
    return [*said, *LAST.get(" ".join(words), []), *(["--offline"] if "--offline" in options else [])]


def _value(rng: random.Random) -> str:
    kind = rng.randrange(8)
    if kind < 5:
        return rng.choice(WORDS)
    return rng.choice(NASTY) if kind < 7 else str(rng.choice([n for n in NUMBERS if abs(n) < 10**200]))


def fuzzed(seed: int, count: int) -> dict[int, int]:
    """Run random command lines in the current folder, which is a `workshop`; how often each exit code came."""
    rng, known = random.Random(seed), commands()
    codes: dict[int, int] = {}
    for _ in range(count):
        done = ran(*command_line(rng, known), stdin=b"a text\n", seconds=60)
        codes[done.exit_code] = codes.get(done.exit_code, 0) + 1
    return codes
