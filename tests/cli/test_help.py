"""The help: panels, examples that work, nothing cut, any width; and lists, which are given in one way everywhere."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from commands import kept, refused, run
from conftest import Bench

from bench.cli import help, lists
from bench.cli.app import COMMANDS, GROUPS, app
from bench.cli.examples import EXAMPLES

TOP: Any = typer.main.get_command(app)


def every_command(group: Any = TOP, path: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        yield f"{path} {name}".strip(), command
        yield from every_command(command, f"{path} {name}".strip()) if hasattr(command, "commands") else ()


@pytest.mark.parametrize("columns", [60, 80, 100, 160])
def test_no_help_is_cut_or_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    top = TOP.make_context("bench", ["run"], resilient_parsing=True)
    for path, command in [("", TOP), *every_command()]:
        context = command.make_context(path, ["x"], parent=top if path else None, resilient_parsing=True)
        text = command.get_help(context)
        assert not re.search(r"[a-z]\.\.\.", text), path
        assert max(map(len, text.splitlines())) <= columns, max(text.splitlines(), key=len)
        assert path != "run" or max(map(len, text.splitlines())) > columns - 15, "the whole width is used"


def test_every_command_and_option_stands_in_a_panel_and_every_command_has_examples() -> None:
    assert {name for names in help.COMMAND_PANELS.values() for name in names} <= {*COMMANDS, *GROUPS}
    for path, command in every_command():
        assert EXAMPLES[path], path
        for parameter in command.params:
            if parameter.param_type_name == "option":
                assert getattr(parameter, "rich_help_panel", None), f"{path} {parameter.opts}"
                assert "<" not in str(parameter.metavar), f"{path} {parameter.opts}"


def test_the_examples_are_commands_that_exist_with_options_that_they_have() -> None:
    assert set(EXAMPLES) == {"", *(path for path, _ in every_command())}
    for path, examples in EXAMPLES.items():
        for line in examples:
            words = shlex.split(line.split(" > ")[0])
            assert words[0] == "bench", line
            assert " ".join(words[1:]).startswith(path), line
            command, rest = TOP, words[1:]
            while hasattr(command, "commands"):
                command, rest = command.commands[rest[0]], rest[1:]
            if rest != ["--help"]:
                command.make_context("bench", rest, resilient_parsing=False).close()


@pytest.mark.parametrize(("value", "parts"), [
    ("32,128", ["32", "128"]), (" a , b", ["a", "b"]), ("tfidf[C=1,p=2],x", ["tfidf[C=1,p=2]", "x"]),
    ('"a,b",c', ["a,b", "c"]), ("a", ["a"]), ("", [""])])
def test_a_list_is_split_at_its_commas(value: str, parts: list[str]) -> None:
    assert lists.parts(value) == parts


def test_what_holds_commas_of_its_own_is_not_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a,b.csv").write_text("text,label\n")
    assert lists.parts("a,b.csv") == ["a,b.csv"]
    assert lists.pairs("happy=positive,sad=negative") == ["happy=positive", "sad=negative"]
    assert lists.pairs("good, nice=positive") == ["good, nice=positive"]


def test_commas_repeated_flags_and_both_mean_the_same(bench_: Bench, workshop: Path) -> None:
    together = run(baseline="tfidf,majority", budgets="8,16", seeds=1)
    apart = run(baseline=["tfidf", "majority"], budgets=["8", "16"], seeds=1)
    plans = [bench_(*words, "--dry-run", "--json").stdout for words in (together, apart)]
    assert plans[0] == plans[1]
    assert '"trials": 4' in plans[0]


def test_a_wrong_option_or_command_gets_a_suggestion(bench_: Bench) -> None:
    assert "--budgets" in bench_("run", "--bugets", "32").stderr
    assert "leaderboard" in bench_("leaderbord").stderr


def test_a_run_ends_with_the_answer_and_a_command_that_makes_the_model(bench_: Bench, workshop: Path) -> None:
    done = bench_(*run(baseline="tfidf,majority", budgets="16,full", seeds=1))
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[1].startswith("With 16 labels use "), "before all tables"
    assert len(lines) < 25
    fit = next(line for line in lines if line.startswith("  bench fit "))
    made = bench_(*shlex.split(fit)[1:], "--source", "toy-source")
    assert made.exit_code == 0, made.output
    assert {record.baseline for record in kept(Path("results"))} == {"tfidf", "majority"}
    everything = bench_(*run(baseline="tfidf,majority", budgets="16,full", seeds=1), "-v")
    assert len(everything.stdout.splitlines()) > len(lines)
    refused(bench_("leaderboard", "--results-dir", "results", "--target", "no-such"), "no-such")
