"""The commands `bench list …`: tasks, baselines, nets, engines."""

from __future__ import annotations

from typing import Any

from bench.cli.options import AsJson, FolderOptions, Tasks, options_of
from bench.cli.output import json_values, say, table, warn
from bench.cli.terminal import sentence


def list_tasks(*, tasks: Tasks = None, folders: FolderOptions, as_json: AsJson = False) -> None:
    """Every task: rows, classes, licence, editions, and whether it is available now."""
    from bench.data.cards import BUILT_IN
    from bench.report.roles import CONFIRMATION
    from bench.results.members import listed
    from bench.runs import inventory

    rows = inventory.tasks(options_of(folders, tasks=tasks), warn)
    _print(rows if as_json else [{k: v for k, v in row.items() if k != "role"} for row in rows], as_json=as_json)
    ours = {path.stem for path in BUILT_IN.glob("*.toml")}
    unseen = dict.fromkeys(row["task"] for row in rows if row["role"] == CONFIRMATION and row["task"] in ours)
    if unseen and not as_json:
        say("\n" + sentence(f"No recipe of the suite was chosen on {listed(list(unseen))}."))


def list_baselines(as_json: AsJson = False) -> None:
    """Every strategy: whether it runs by default and can run here, and a summary; with --json what it needs too."""
    from bench.baselines import BASELINES, MAIN
    from bench.runs import inventory

    rows = inventory.baselines(BASELINES, MAIN, warn)
    _print(rows if as_json else [{k: v for k, v in row.items() if k != "needs"} for row in rows], as_json=as_json)


def list_nets(as_json: AsJson = False) -> None:
    """Every base network and its sizes."""
    from bench.learning.networks.architectures import ARCHITECTURES, TUTORIAL

    _print([{"net": name, "preset": preset, "embedding": net.embedding, "hidden": net.hidden, "pooling": net.pooling,
             "longest text": net.most_tokens, "words": net.words or "seen twice", "GloVe": net.glove}
            for preset, nets in (("default", ARCHITECTURES), ("tutorial", TUTORIAL)) for name, net in nets.items()],
           as_json=as_json)


def list_engines(as_json: AsJson = False) -> None:
    """The frameworks that can train, with their versions and devices."""
    from bench.runs import inventory

    _print(inventory.engines(), as_json=as_json)


def _print(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    json_values(rows) if as_json else table(rows)
