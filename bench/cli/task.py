"""The commands `bench task …`: cards for new data, made and checked."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli import completion, help, output, paths
from bench.cli.data import load
from bench.cli.option_groups import After
from bench.cli.options import AsJson, CacheDir, DataOptions, OwnFileOptions, Source, options_of
from bench.cli.output import warn
from bench.core.errors import BenchError
from bench.core.places import home_expanded

if TYPE_CHECKING:
    from bench.protocol.domain import Domain
    from bench.runs.options import Options


def task_new(
    *,
    file: Annotated[str, typer.Argument(
        metavar="FILE", help="CSV, TSV, JSONL, JSON, Parquet or Excel, plain or packed, or a data set of the Hugging "
                             "Face hub (hf:OWNER/NAME).")],
    name: Annotated[str, typer.Option(metavar="NAME", rich_help_panel=help.OUTPUT,
                                      help="Name of the task. [default: from the file name]")] = "",
    own_file: OwnFileOptions,
    cache_dir: CacheDir = None,
) -> None:
    """Print a card for a data file or a data set of the hub: bench task new mine.csv > tasks/mine.toml."""
    from bench.data.card_text import card_text
    from bench.data.cards import parse_card
    from bench.data.hub_names import is_hub_name
    from bench.runs import inputs, user_target

    options = options_of(own_file, cache_dir=cache_dir)
    access = inputs.access_for(options, warn, progress=False)
    own = file if is_hub_name(file) else str(paths.path(file))
    domain = user_target.load(own, options, access, warn, inputs.known_tasks(options))
    card = card_text(domain.task, name or domain.task.name, domain.data.corpus.sha256, len(domain.data.y))
    parse_card(card, "the new card")
    output.data(card)


def task_check(
    *,
    card: Annotated[str, typer.Argument(metavar="CARD|FILE|NAME", autocompletion=completion.tasks,
                                        help="Card file, data file, hf:OWNER/NAME, or name of a task.")],
    data: DataOptions,
    own_file: OwnFileOptions,
    source: Annotated[Source, After("tasks")] = "imdb",
    as_json: AsJson = False,
) -> None:
    """Load the data of a task: rows, balance, length, duplicates, overlap with the source, sanity scores."""
    from bench.learning.networks.memory import release_freed_memory
    from bench.protocol import audit

    options, card = options_of(data, own_file, source=source), home_expanded(card)
    domain = _load_card(Path(card), options) if card.endswith(".toml") else load(card, options)
    facts = _facts(domain)
    release_freed_memory()  # the source comes next
    try:
        facts["overlap"] = asdict(audit.copies_between(load(options.source, options), domain))
    except BenchError as error:
        facts["overlap"] = f"not tested: {error}"
    scores = audit.sanity_scores(domain)
    facts["sanity"] = asdict(scores)
    if as_json:
        output.json_values(facts)
    else:
        _print(facts)
    empty = [label for label, texts in facts["labels"].items() if not texts]
    if empty:
        warn(f"check this: labels without a text: {', '.join(empty)}")
    if scores.suspicious:
        warn(f"check this: with shuffled labels the score is {scores.shuffled:.3f}, chance is {scores.chance:.3f}")


def _load_card(path: Path, options: Options) -> Domain:
    from bench.data.cards import read_card
    from bench.data.load import load_task
    from bench.protocol.domain import domain_of
    from bench.runs import inputs, user_target

    access = inputs.access_for(options, warn, progress=False)
    domain = domain_of(load_task(read_card(path), access, options.cache_dir, "", warn))
    user_target.tell_rows(domain, warn)
    return domain


def _facts(domain: Domain) -> dict[str, Any]:
    import numpy as np

    from bench.protocol import audit

    data, split = domain.data, domain.split
    lengths = data.corpus.tokens.lengths
    counts = np.bincount(data.y, minlength=len(data.labels))
    copies = asdict(audit.copies_within(domain))
    return {"task": domain.name, "origin": domain.origin, "content_sha256": data.corpus.sha256, "rows": len(data.y),
            "test": len(split.test), "pool": len(split.pool),
            "labels": dict(zip(data.labels, counts.tolist(), strict=True)),
            "words_median": float(np.median(lengths)), "words_longest": int(lengths.max()),
            **{name: value for name, value in copies.items() if name not in ("name", "texts")}}


def _print(facts: dict[str, Any]) -> None:
    scores, overlap = facts["sanity"], facts["overlap"]
    rows = {
        "from": facts["origin"], "content": facts["content_sha256"],
        "texts": f"{facts['rows']:,}: {facts['pool']:,} training, {facts['test']:,} test",
        "labels": ", ".join(f"{label} {texts:,} ({100 * texts / facts['rows']:.0f}%)"
                            for label, texts in facts["labels"].items()),
        "length": f"median {facts['words_median']:.0f} words, longest {facts['words_longest']:,}",
        "duplicates": f"{facts['exact']:,} exact, {facts['near']:,} near; label conflicts: {facts['conflicts']:,}",
        "left the pool": f"{facts['train_in_test_exact']:,} copies of test texts, {facts['train_in_test_near']:,} near",
        "overlap": overlap if isinstance(overlap, str) else
                   f"{overlap['exact']} exact, {overlap['near']} near: {overlap['source']} in the test set",
        "TF-IDF": f"{scores['tfidf']:.3f} balanced accuracy (chance {scores['chance']:.3f})",
        "shuffled labels": f"{scores['shuffled']:.3f} (must be near {scores['chance']:.3f} ± "
                           f"{scores['shuffled_band']:.3f})",
        "length alone": f"{scores['length_only']:.3f}",
    }
    output.say(facts["task"])
    output.facts(rows, 16)
