"""The commands `bench data` and `bench task`: what data there is, whether it is sound, and cards for new data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli import completion
from bench.cli.options import (
    AsJson,
    CacheDir,
    DataDir,
    LabelColumn,
    MapLabel,
    Offline,
    Source,
    Tasks,
    TextColumn,
    options_of,
)
from bench.cli.terminal import errors, table, warn
from bench.core.errors import BenchError

if TYPE_CHECKING:
    from bench.protocol.domain import Domain
    from bench.runs.options import Options

data_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Fetch, check and audit the data.")
task_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Make and check task cards.")
Names = Annotated[list[str] | None, typer.Argument(autocompletion=completion.tasks,
    help="Tasks, or task@edition. [default: all]")]


@data_app.command("list")
def list_data(tasks: Tasks = None, data_dir: DataDir = None, cache_dir: CacheDir = None,
              as_json: AsJson = False) -> None:
    """Every task's editions: rows, licence, and whether they can be had now."""
    from bench.runs import inventory

    with errors():
        rows = inventory.tasks(options_of(tasks=tuple(tasks or ()), data_dir=data_dir, cache_dir=cache_dir))
        typer.echo(json.dumps(rows)) if as_json else table(rows)


@data_app.command("pull")
def pull(names: Names = None, data_dir: DataDir = None, cache_dir: CacheDir = None, tasks: Tasks = None,
         offline: Offline = False) -> None:
    """Fetch tasks into the cache, checked against their cards; a task that cannot be had is named at the end."""
    missing = []
    with errors():
        options = options_of(tasks=tuple(tasks or ()), data_dir=data_dir, cache_dir=cache_dir, offline=offline)
        for name in names or sorted(_known(options)):
            try:
                loaded = _load(name, options)
            except BenchError as error:
                missing.append(name)
                warn(f"{name}: {error}")
                continue
            typer.echo(f"{loaded.name}: {len(loaded.data.y):,} texts from {loaded.origin}")
        if missing:
            raise BenchError(f"could not be had: {', '.join(missing)}", "the reasons stand above")


@data_app.command("verify")
def verify(names: Names = None, data_dir: DataDir = None, cache_dir: CacheDir = None, tasks: Tasks = None) -> None:
    """Check what is in the cache and the data folder against the cards' content hashes; fetches nothing."""
    wrong = []
    with errors():
        options = options_of(tasks=tuple(tasks or ()), data_dir=data_dir, cache_dir=cache_dir, offline=True)
        known = _known(options)
        for name in names or sorted(known):
            task, _, only = name.partition("@")
            if task not in known:
                raise _unknown(task, options)
            for edition in known[task].editions:
                if only and edition.name != only:
                    continue
                full = f"{task}@{edition.name}"
                try:
                    loaded = _load(full, options)
                except BenchError as error:
                    if type(error) is BenchError:  # no route delivered: nothing here to verify
                        typer.echo(f"{full}: not here")
                        continue
                    wrong.append(full)
                    typer.echo(f"{full}: WRONG: {error}")
                    continue
                checked = "agrees" if edition.sha256 else "has no hash in its card"
                typer.echo(f"{full}: {len(loaded.data.y):,} texts from {loaded.origin}: content {checked}")
        if wrong:
            raise BenchError(f"not what the cards describe: {', '.join(wrong)}", "remove the files, pull again")


@data_app.command("audit")
def audit_command(names: Names = None, data_dir: DataDir = None, cache_dir: CacheDir = None, tasks: Tasks = None,
                  offline: Offline = False, as_json: AsJson = False) -> None:
    """Exact and near duplicates within tasks, between training and test, and between every source and target."""
    from dataclasses import asdict

    from bench.protocol import audit

    with errors():
        options = options_of(tasks=tuple(tasks or ()), data_dir=data_dir, cache_dir=cache_dir, offline=offline)
        loaded = []
        for name in names or sorted(_known(options)):
            try:
                loaded.append(_load(name, options))
            except BenchError as error:
                if names:
                    raise
                warn(f"{name} left out: {error}")
        own = [audit.copies_within(one) for one in loaded]
        pairs = list(audit.all_pairs(loaded))
        changes = {one.name: change for one in loaded if (change := audit.change_with_leak(one))}
        if as_json:
            typer.echo(json.dumps({"threshold": audit.THRESHOLD, "within": [asdict(o) for o in own],
                                   "between": [asdict(p) for p in pairs],
                                   "score_with_leak": {k: list(v) for k, v in changes.items()}}))
            return
        typer.echo(f"Near duplicates: Jaccard similarity of three-word shingles of {audit.THRESHOLD} or more.\n")
        table([{"task": o.name, "texts": o.texts, "exact": o.exact, "near": o.near, "label conflicts": o.conflicts,
                "training texts in the test set": o.train_in_test_exact, "nearly": o.train_in_test_near} for o in own])
        typer.echo("\nSource texts that stand in a target's test set (left out when that pair is run):")
        shared = [{"source": p.source, "target": p.target, "exact": p.exact, "near": p.near}
                  for p in pairs if p.exact or p.near]
        if shared:
            table(shared)
        typer.echo(f"{len(pairs) - len(shared)} of {len(pairs)} pairs share nothing.")
        for name, (without, with_leak) in changes.items():
            typer.echo(f"{name}: TF-IDF accuracy {without:.4f}; with the leak left in {with_leak:.4f} "
                       f"({100 * (with_leak - without):+.2f} points)")


@task_app.command("new")
def new(file: Annotated[Path, typer.Argument(help="CSV, TSV, JSONL or Parquet, plain or .gz.")],
        name: Annotated[str, typer.Option(help="The task's name. [default: the file's]")] = "",
        text_column: TextColumn = None, label_column: LabelColumn = None, map_label: MapLabel = None,
        cache_dir: CacheDir = None) -> None:
    """Print a card for a data file: bench task new mine.csv > tasks/mine.toml."""
    from bench.data.card_text import card_text
    from bench.data.cards import parse_card

    with errors():
        options = options_of(text_column=text_column, label_column=label_column, map_label=tuple(map_label or ()),
                             cache_dir=cache_dir)
        loaded = _user_file(file, options)
        text = card_text(loaded.task, name or loaded.task.name, loaded.data.corpus.sha256, len(loaded.data.y))
        parse_card(text, "the new card")
        typer.echo(text, nl=False)


@task_app.command("check")
def check(card: Annotated[str, typer.Argument(autocompletion=completion.tasks,
    help="A card file, a data file, or a task's name.")],
          data_dir: DataDir = None, cache_dir: CacheDir = None, tasks: Tasks = None, source: Source = "imdb",
          offline: Offline = False, as_json: AsJson = False) -> None:
    """Load a task for real: rows, balance, length, duplicates, overlap with the source, sanity scores."""
    from dataclasses import asdict

    from bench.protocol import audit

    with errors():
        options = options_of(tasks=tuple(tasks or ()), data_dir=data_dir, cache_dir=cache_dir, offline=offline)
        loaded = _card(Path(card), options) if card.endswith(".toml") else _load(card, options)
        data, split = loaded.data, loaded.split
        lengths = data.corpus.tokens.lengths
        import numpy as np

        counts = np.bincount(data.y, minlength=len(data.labels))
        facts: dict[str, Any] = {
            "task": loaded.name, "origin": loaded.origin, "content_sha256": data.corpus.sha256,
            "rows": len(data.y), "test": len(split.test), "pool": len(split.pool),
            "labels": dict(zip(data.labels, counts.tolist(), strict=True)),
            "words_median": float(np.median(lengths)), "words_longest": int(lengths.max()),
            **{k: v for k, v in asdict(audit.copies_within(loaded)).items() if k not in ("name", "texts")}}
        try:
            facts["overlap"] = asdict(audit.copies_between(_load(source, options), loaded))
        except BenchError as error:
            facts["overlap"] = f"not tested: {error}"
        result = audit.sanity_scores(loaded)
        facts["sanity"] = asdict(result)
        if as_json:
            typer.echo(json.dumps(facts))
        else:
            _print_check(facts, loaded)
        wrong = [f"labels without a text: {', '.join(k for k, v in facts['labels'].items() if not v)}"] \
            if 0 in facts["labels"].values() else []
        if result.suspicious:
            wrong.append(f"the shuffled-label control scores {result.shuffled:.3f}, chance is {result.chance:.3f}")
        for text in wrong:
            warn(f"look at this: {text}")


def _print_check(facts: dict[str, Any], loaded: Domain) -> None:
    balance = ", ".join(f"{k} {v:,} ({100 * v / facts['rows']:.0f}%)" for k, v in facts["labels"].items())
    s, o = facts["sanity"], facts["overlap"]
    rows = {
        "from": facts["origin"], "content": facts["content_sha256"],
        "texts": f"{facts['rows']:,}: {facts['pool']:,} to train on, {facts['test']:,} the test set",
        "labels": balance,
        "length": f"median {facts['words_median']:.0f} words, longest {facts['words_longest']:,}",
        "duplicates": f"{facts['exact']:,} exact, {facts['near']:,} near; label conflicts: {facts['conflicts']:,}",
        "left the pool": f"{facts['train_in_test_exact']:,} copies of test texts, {facts['train_in_test_near']:,} near",
        "overlap": o if isinstance(o, str) else f"{o['exact']} exact, {o['near']} near: {o['source']} in the test set",
        "TF-IDF": f"{s['tfidf']:.3f} balanced accuracy (chance {s['chance']:.3f})",
        "shuffled labels": f"{s['shuffled']:.3f} (must be near {s['chance']:.3f} ± {s['shuffled_band']:.3f})",
        "length alone": f"{s['length_only']:.3f}",
    }
    typer.echo(facts["task"])
    for name, value in rows.items():
        typer.echo(f"  {name:<16} {value}")


def _known(options: Options) -> dict[str, Any]:
    from bench.runs import inputs

    return inputs.known_tasks(options)


def _load(name: str, options: Options) -> Domain:
    from bench.runs import inputs

    return inputs.load(name, options, inputs.access_for(options, warn, progress=False), warn)


def _user_file(path: Path, options: Options) -> Domain:
    """A data file of the user's own, whatever its name."""
    from bench.runs import inputs, user_target

    return user_target.load(path, options, inputs.access_for(options, warn, progress=False), warn, _known(options))


def _card(path: Path, options: Options) -> Domain:
    """A card file's task."""
    from bench.data.cards import read_card
    from bench.data.load import load_task
    from bench.protocol.domain import domain_of
    from bench.runs import inputs

    task = read_card(path)
    return domain_of(load_task(task, inputs.access_for(options, warn, progress=False), options.cache_dir, "", warn))


def _unknown(task: str, options: Options) -> BenchError:
    from bench.data.cards import unknown_name

    return unknown_name("task", task, _known(options), "bench list tasks")
