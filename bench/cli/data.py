"""The commands `bench data …`: what data there are, and whether they are sound."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import completion
from bench.cli.options import AsJson, DataOptions, FolderOptions, OwnFileOptions, Tasks, options_of
from bench.cli.output import json_values, say, table, warn
from bench.core.errors import BenchError
from bench.core.names import TaskRef

if TYPE_CHECKING:
    from bench.protocol.domain import Domain
    from bench.runs.options import Options

Names = Annotated[list[str] | None, typer.Argument(
    metavar="NAME", autocompletion=completion.tasks,
    help="Tasks, task@edition, data files or hf:OWNER/NAME. [default: all]")]


def data_pull(*, names: Names = None, data: DataOptions, own_file: OwnFileOptions) -> None:
    """Fetch tasks into the cache and check them against their cards; unavailable tasks are listed at the end."""
    from bench.runs import inputs

    options = options_of(data, own_file)
    unavailable = []
    for name in names or sorted(inputs.known_tasks(options, warn)):
        try:
            domain = load(name, options)
        except BenchError as error:
            unavailable.append(name)
            warn(f"{name}: {error}")
            continue
        say(f"{domain.name}: {len(domain.data.y):,} texts from {domain.origin}")
    if unavailable:
        raise BenchError(f"not available: {', '.join(unavailable)}", "the reasons are listed above")


def data_verify(*, names: Names = None, folders: FolderOptions, tasks: Tasks = None) -> None:
    """Check what is in the cache and the data folder against the content hashes in the cards; fetch nothing."""
    from bench.data.cards import unknown_name
    from bench.data.columns import shell
    from bench.data.hub_names import is_hub_name
    from bench.data.user_file import looks_like_file
    from bench.runs import inputs

    options = options_of(folders, tasks=tasks, offline=True)
    known = inputs.known_tasks(options, warn)
    wrong = []
    for name in names or sorted(known):
        asked = TaskRef.parse(name)
        if asked.task not in known and (is_hub_name(name) or looks_like_file(name)):
            raise BenchError(f"{name} has no card, and so no hash to check", f"bench task new {shell(name)} writes one")
        if asked.task not in known:
            raise unknown_name("task", asked.task, known, "bench list tasks")
        editions = [e.name for e in known[asked.task].editions if asked.edition in ("", e.name)]
        for full_name in (str(TaskRef(asked.task, edition)) for edition in editions):
            try:
                domain = load(full_name, options)
            except BenchError as error:
                if type(error) is BenchError:  # no route delivered: there is nothing here to verify
                    say(f"{full_name}: not here")
                else:
                    wrong.append(full_name)
                    say(f"{full_name}: WRONG: {error}")
                continue
            checked = "agrees" if domain.edition.sha256 else "has no hash in its card"
            say(f"{full_name}: {len(domain.data.y):,} texts from {domain.origin}: content {checked}")
    if wrong:
        raise BenchError(f"not what the cards describe: {', '.join(wrong)}", "remove the files and pull again")


def data_audit(*, names: Names = None, data: DataOptions, own_file: OwnFileOptions, as_json: AsJson = False) -> None:
    """Count exact and near duplicates within tasks, between training and test, and between sources and targets."""
    from bench.protocol import audit
    from bench.runs import inputs

    options = options_of(data, own_file)
    domains = []
    for name in names or sorted(inputs.known_tasks(options, warn)):
        try:
            domains.append(load(name, options))
        except BenchError as error:
            if names:
                raise
            warn(f"{name} left out: {error}")
    within = [audit.copies_within(domain) for domain in domains]
    between = list(audit.all_pairs(domains))
    with_leak = {domain.name: scores for domain in domains if (scores := audit.change_with_leak(domain))}
    if as_json:
        json_values({"threshold": audit.THRESHOLD, "within": list(map(asdict, within)),
                     "between": list(map(asdict, between)),
                     "score_with_leak": {name: list(scores) for name, scores in with_leak.items()}})
        return
    say(f"Near duplicates: Jaccard similarity of three-word shingles of {audit.THRESHOLD} or more.\n")
    table([{"task": copies.name, "texts": copies.texts, "exact": copies.exact, "near": copies.near,
            "label conflicts": copies.conflicts, "training texts in the test set": copies.train_in_test_exact,
            "near duplicates there": copies.train_in_test_near} for copies in within])
    say("\nSource texts in a target's test set (a run of that pair leaves them out):")
    shared = [{"source": copies.source, "target": copies.target, "exact": copies.exact, "near": copies.near}
              for copies in between if copies.exact or copies.near]
    if shared:
        table(shared)
    say(f"{len(between) - len(shared)} of {len(between)} pairs share nothing.")
    for name, (without, score) in with_leak.items():
        say(f"{name}: TF-IDF accuracy {without:.4f}; with the leak left in {score:.4f} "
                   f"({100 * (score - without):+.2f} points)")


def load(name: str, options: Options) -> Domain:
    """Load a task by name, `name@edition` or file; messages go to stderr."""
    from bench.runs import inputs

    return inputs.load(name, options, inputs.access_for(options, warn, progress=False), warn)
