"""What `bench run` and `bench leaderboard` print first: the answer, how to make the model, and one compact table."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.cli import lists
from bench.cli.output import heading, say, width
from bench.cli.sections import leaderboards, print_sections
from bench.cli.terminal import sentence
from bench.core.budget import FULL
from bench.core.names import TaskRef

if TYPE_CHECKING:
    import typer

    from bench.analysis.study import Study
    from bench.library.trials import TargetResult
    from bench.report.answer import Answer

# Options of `bench run` that `bench fit` has too, and that are handed on as they were given.
HANDED_ON = ("text_column", "label_column", "map_label", "rating_threshold", "strict", "data_dir", "cache_dir", "tasks",
             "offline", "net", "preset", "epochs", "engine", "device")
GIVEN = ("COMMANDLINE", "DEFAULT_MAP")  # where click says that a value came from: the line, or --config


def print_answers(studies: Sequence[Study], result: TargetResult | None = None, context: typer.Context | None = None,
                  *, verbose: bool = False) -> None:
    """Print the answer and the compact table of each leaderboard; after a run also the commands for the model.

    `verbose` prints every sentence about the table too.
    """
    from bench.report import answer, formats, tables

    for study in studies:
        found = answer.answer(study)
        say("\n".join(["", *map(sentence, found.lines() if found else ["No strategy has finished at any budget."])]))
        if found and result and context and (commands := _commands(found, result, context)):
            heading("\nMake the model, then label new texts:")
            say("\n".join(commands))
        if verbose:
            print_sections(leaderboards([study]))
            continue
        heading(f"\n{sentence(study.board.title)}")
        words = map(sentence, [answer.legend(study), *answer.warnings(study)])
        say("\n".join([formats.plain(tables.compact(study), width()), "", *words]), marks=True)


def print_index(studies: Sequence[Study]) -> None:
    """Print one line per leaderboard, where there are those of several targets: what to use there."""
    from bench.report import answer

    for study in studies:
        found = answer.answer(study)
        heading(f"\n{sentence(study.board.title)}")
        say(sentence(found.lines()[0] if found else "No strategy has finished at any budget."))
    first = TaskRef.parse(studies[0].board.target).task
    say()
    say(sentence(f"{len(studies)} leaderboards. One with its table: bench leaderboard --target {first}; all of them: "
                 "bench leaderboard -v"))


def _commands(found: Answer, result: TargetResult, context: typer.Context) -> list[str]:
    """The commands that make the model and use it; none where the answers came from elsewhere."""
    if found.study.board.row_keys[found.first.baseline].imported:
        return []
    model = f"{TaskRef.parse(found.study.board.target).task}-model"
    words = ["bench", "fit", *fit_options(found, result, context), "--out", model]
    use = ["bench", "predict", model, "--file", "new.csv"]
    return [f"  {shlex.join(words)}",
            f"  {shlex.join(use)} > labelled.csv"]


def fit_options(found: Answer, result: TargetResult, context: typer.Context) -> Iterator[str]:
    """The options of `bench fit` for the strategy, the texts and the base of an answer."""
    from bench.data.user_file import is_users_file
    from bench.report.commands import setting_text

    options, row = result.options, found.study.board.row_keys[found.first.baseline]
    yield from ("--target", result.asked)
    if options.source != type(options).source:
        yield from ("--source", options.source)
    strategy = next((name for name in options.baselines if Path(name.replace(".py:", ":")).name == row.strategy),
                    row.strategy)
    yield from ("--baseline", strategy)
    settings = json.loads(row.settings)
    chosen = {f"{strategy}.{name}": settings[name] for name in row.chosen if name in settings}
    for name, value in {**chosen, **{f"base.{name}": value for name, value in options.base_recipe}}.items():
        yield from ("--set", f"{name}={setting_text(value)}")
    if is_users_file(found.study.board.target):
        yield "--all-labels"
    elif found.ranking.budget != FULL:
        yield from ("--budget", str(found.ranking.budget))
        if options.draw != type(options).draw:
            yield from ("--draw", options.draw)
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if parameter.name in HANDED_ON and source is not None and source.name in GIVEN:
            yield from _given(max(parameter.opts, key=len), context.params[parameter.name])


def _given(flag: str, value: Any) -> Iterator[str]:
    """An option as it is typed: a list with commas, or repeated where they would not be read so."""
    if isinstance(value, (list, tuple)):
        texts = list(map(str, value))
        joined = ",".join(texts)
        for text in [joined] if lists.parts(joined) == texts else texts:
            yield from (flag, text)
    elif value is True:
        yield flag
    elif value not in (None, False, ""):
        yield from (flag, str(value))
