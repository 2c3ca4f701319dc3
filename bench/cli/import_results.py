"""The command `bench results import`: predictions from elsewhere become a row of a leaderboard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import completion, help
from bench.cli.lists import numbers
from bench.cli.options import RUNS, DataOptions, Draw, NetworkOptions, OwnFileOptions, ResultsDir, Source, options_of
from bench.cli.output import say, warn
from bench.cli.sections import leaderboards, print_sections
from bench.core.budget import FULL, NO_LABELS, budget_in_words, parse_budgets
from bench.core.errors import BenchError

if TYPE_CHECKING:
    from bench.core.budget import Budget
    from bench.results.record import Record


def results_import(
    *,
    file: Annotated[Path, typer.Argument(
        metavar="FILE",
        help="CSV, TSV, JSONL, JSON, Parquet or Excel: a row for each test text, with its id and a probability for "
             "each class, or a label alone.")],
    name: Annotated[str, typer.Option("--name", metavar="NAME", rich_help_panel=help.WHAT,
                                      help="Name of the row, such as gpt-x.")],
    target: Annotated[str, typer.Option(
        "--target", "-t", metavar="NAME|FILE", autocompletion=completion.tasks, rich_help_panel=help.WHAT,
        help="Task, task@edition, your own data file or hf:OWNER/NAME.")],
    budget: Annotated[list[str] | None, typer.Option(
        "--budget", metavar="N,...", rich_help_panel=help.WHAT,
        help="Number of labelled texts that it has seen. 0: none; the answers then stand at all budgets that the "
             "leaderboard has, or at those that you name beside the 0 (0,32). [default: 0]")] = None,
    seed: Annotated[list[str] | None, typer.Option(
        "--seed", metavar="N,...", rich_help_panel=help.WHAT,
        help="Seed of the label draw that it has seen. [default: 0; without labels, all that the leaderboard "
             "has]")] = None,
    draw: Draw = "stratified",
    id_column: Annotated[str | None, typer.Option(
        metavar="COLUMN", rich_help_panel=help.OWN_FILE,
        help="Column with the ids. [default: id, hash and the like]")] = None,
    answer_column: Annotated[str | None, typer.Option(
        metavar="COLUMN", rich_help_panel=help.OWN_FILE,
        help="Column with the labels, if there are no probabilities. [default: guessed]")] = None,
    force: Annotated[bool, typer.Option("--force", rich_help_panel=help.OUTPUT,
    help="Replace other answers of the same name.")] = False,
    source: Source = "imdb",
    network: NetworkOptions,
    data: DataOptions,
    results_dir: ResultsDir = RUNS,
    own_file: OwnFileOptions,
) -> None:
    """Read predictions made elsewhere, check that they cover the test set, and add them as a row marked imported."""
    from bench.analysis import boards, study
    from bench.baselines import BASELINES
    from bench.core.plugins import baseline_entries
    from bench.data.answers import read_answers
    from bench.report import leaderboard_files
    from bench.results import record_files
    from bench.runs import imported, inputs

    imported.check_name(name, {*BASELINES, *baseline_entries(lambda text: None)})
    budgets = parse_budgets(",".join(budget or ["0"]))
    options = options_of(network, data, own_file, targets=(target,), source=source, budgets=budgets, draw=draw,
                         results_dir=results_dir)
    pair = next(inputs.for_targets(options, warn, inputs.no_vectors, progress=False))
    domain = pair.target
    answers = read_answers(file, domain.data.labels, imported.words_of(domain), id_column, answer_column)
    warn(f"{file.name}: {'; '.join(answers.notes)}")
    probabilities, of_training = imported.matched(answers, domain, file)
    if of_training:
        warn(f"{file.name}: {of_training:,} answers are of training texts: left out")
    if answers.labels_only:
        warn(f"{file.name}: without probabilities, accuracy, balanced accuracy and F1 alone have a meaning; the "
             "calibration and the AUC of this row have none")
    there = record_files.read_with_packed(results_dir / "records" / f"{domain.task.name}.jsonl", warn)
    columns = imported.columns_of_board(there, pair, options.cache_dir, options.draw)
    if there and not columns:
        others = sorted({f"--source {r.source.partition('@')[0]} --engine {r.engine} --device {r.device} (net {r.net}, "
                         f"draw {r.draw})" for r in there})
        warn(f"the records of {domain.task.name} in {results_dir} stand on other leaderboards: {'; '.join(others[:4])}")
    chosen = _columns(budgets, numbers(seed, "--seed"), columns, len(domain.split.pool))
    records = imported.make_records(pair, options.cache_dir, name, probabilities, chosen, options.draw,
                                    file, labels_only=answers.labels_only)
    path, written = imported.save(results_dir, records, force=force)
    studies = study.studies(record_files.read_with_packed(path))
    leaderboard_files.write(results_dir, studies)
    for b, seeds in chosen.items():
        if missing := sorted(columns.get(b, set()) - seeds):
            warn(f"the leaderboard has other seeds at {b} labels too: a row has a score there once predictions for the "
                 f"seeds {', '.join(map(str, missing))} are imported as well")
    keys = [board.key for board in boards.boards_of(records)]
    print_sections(leaderboards([s for s in studies if any(s.board.key.holds(key) for key in keys)]))
    say(_summary(records, written, len(domain.split.pool)))
    say(f"Written: {path}")


def _columns(budgets: tuple[Budget, ...], seeds: list[int], board: dict[Budget, set[int]],
             pool: int) -> dict[Budget, set[int]]:
    """The budgets and seeds for which the answers stand."""
    if too_large := [b for b in budgets if b != FULL and b > pool]:
        raise BenchError(f"--budget {too_large[0]} is more than the {pool:,} texts to train on", "or full")
    if NO_LABELS not in budgets:
        if len(budgets) > 1 or len(seeds) > 1:
            raise BenchError("predictions of one model have seen one draw of labels",
                             "one --budget and one --seed; import the others from files of their own")
        return {budgets[0]: set(seeds or (0,))}
    chosen = {b: set() for b in budgets} if len(budgets) > 1 else {NO_LABELS: set(), **board}
    usual = set().union(*board.values()) or {0}
    return {b: set(seeds or board.get(b) or usual) for b in chosen}


def _summary(records: list[Record], written: int, pool: int) -> str:
    first = records[0]
    budgets = dict.fromkeys(record.budget for record in records)
    labels = "no label" if NO_LABELS in budgets else budget_in_words(first.budget, pool)
    where = f", the same at {', '.join(map(str, budgets))} labels" if len(budgets) > 1 else ""
    kept = "" if written else "; these answers were there already"
    return (f"{first.baseline} (imported), which saw {labels}: accuracy {first.accuracy:.3f} on {first.n_test:,} test "
            f"texts{where}{kept}")
