"""Option groups: dataclasses become a command's options, each declared once, in the order that the help had."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

import pytest
import typer
from commands import refused
from conftest import Bench
from typer.testing import CliRunner

from bench.cli import leaderboard, lists, options, run, time
from bench.cli.option_groups import After, typer_command
from bench.cli.view_options import ViewOptions
from bench.core.errors import BenchError
from bench.runs.options import Options
from bench.timing.work import Amount


@dataclass(frozen=True)
class Size:
    width: Annotated[int, typer.Option(help="How wide.")] = 2
    height: Annotated[int, typer.Option("--height", "-h", help="How high.", envvar="TOY_HEIGHT")] = 3


def toy_command(*, size: Size, colour: Annotated[str, typer.Option(help="Which."), After("width")] = "red",
                name: Annotated[str, typer.Argument()]) -> None:
    """Draw a box."""
    if size.width < 1:
        raise BenchError(f"--width {size.width}", "1 or more")
    typer.echo(f"{name}: {size} {colour}")


def call(*words: str, **env: str):
    app = typer.Typer(rich_markup_mode=None)
    app.command()(typer_command(toy_command))
    return CliRunner().invoke(app, words, env=env)


def test_a_group_becomes_options_with_their_flags_defaults_and_variables():
    assert call("a").stdout == "a: Size(width=2, height=3) red\n"
    assert call("a", "-h", "5", "--width", "1", "--colour", "blue").stdout == "a: Size(width=1, height=5) blue\n"
    assert call("a", TOY_HEIGHT="7").stdout == "a: Size(width=2, height=7) red\n"


def test_the_help_lists_an_option_after_the_one_that_it_names():
    text = call("--help").stdout
    assert "Draw a box." in text
    assert text.index("--width") < text.index("--colour") < text.index("--height")


def test_an_error_of_any_command_is_one_line():
    result = call("a", "--width", "0")
    assert (result.exit_code, result.stderr) == (2, "bench: --width 0 (1 or more)\n")


@pytest.mark.parametrize("group", [options.NetworkOptions, options.DataOptions, options.OwnFileOptions,
                                   run.RepeatOptions, run.WorkerOptions])
def test_the_defaults_of_the_command_line_are_those_of_the_suite(group: type):
    suite = {field.name: field.default for field in fields(Options)}
    for field in fields(group):
        if field.default is not None:
            assert field.default == suite[field.name], field.name
    assert run.TrialOptions().seeds == Options().seeds
    assert Path(options.RUNS) == Options().results_dir


def test_the_amount_of_work_is_given_in_the_order_of_its_fields():
    assert [(f.name, f.default) for f in fields(time.AmountOptions)] == [(f.name, f.default) for f in fields(Amount)]


def test_every_view_is_chosen_by_its_option_alone():
    for view in leaderboard.VIEWS:
        default = {field.name: field.default for field in fields(ViewOptions)}[view.option]
        value = {bool: True, float: 1.0, str: "a,b"}[type(default)]
        assert leaderboard.chosen_view(ViewOptions(**{view.option: value})) is view
        assert leaderboard.chosen_view(ViewOptions(budget=["32"], **{view.option: value})) is view
    assert leaderboard.chosen_view(ViewOptions(budget=["32"])) is leaderboard.ONE_BUDGET
    assert leaderboard.chosen_view(ViewOptions(sort="name")) is leaderboard.LEADERBOARD


@pytest.mark.parametrize(("words", "message"), [
    (("--across", "--variance"), "--across and --variance are different views (choose one)"),
    (("--fail-if-worse", "1"), "unexpected --fail-if-worse (it needs --compare)"),
    (("frozen",), "unexpected frozen (it needs --compare)"),
    (("--hour-cost", "2", "--calibration"), "unexpected --hour-cost (it needs --label-cost)"),
    (("--sort", "name", "--budget", "32"), "unexpected --sort (it does not go with --budget)"),
])
def test_views_that_exclude_each_other_are_refused(bench_: Bench, words: tuple[str, ...], message: str):
    refused(bench_("leaderboard", *words), message)


def test_a_file_of_code_stands_in_a_list_with_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for name in ("mine.py", "my,own.py"):
        Path(name).touch()
    assert lists.parts("mine.py,tfidf") == ["mine.py", "tfidf"]
    assert lists.parts("mine.py:fit,tfidf") == ["mine.py:fit", "tfidf"]
    assert lists.parts("my,own.py:fit") == ["my,own.py:fit"]
    assert lists.parts("my,own.py") == ["my,own.py"]
