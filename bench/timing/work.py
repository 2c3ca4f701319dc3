"""The work that is timed: drawn once, written to a folder, read by the process of each configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core import store
from bench.core.errors import BenchError
from bench.core.seeds import generator_for
from bench.data.text import Ragged, frequent
from bench.learning.networks.architectures import (
    EMBEDDING,
    Architecture,
    Params,
    architecture_named,
    initial_params,
    with_classes,
)
from bench.learning.networks.batches import Batches, Recipe
from bench.learning.pretrain import recipe_for
from bench.runs.inputs import access_for, load
from bench.runs.options import Options, Say


@dataclass(frozen=True)
class Amount:
    """How much work is timed, and how often."""

    texts: int = 5_120  # to encode and to train on
    steps: int = 0  # training steps; 0: one pass over the texts
    repeats: int = 6  # rounds that count; one more comes before them
    precision: str = "float32"  # of training on a GPU, see `Recipe`


@dataclass(frozen=True)
class Work:
    """Everything that the phases need."""

    texts: list[str]
    net: Architecture
    recipe: Recipe
    params: Params
    batches: Batches
    x: Ragged  # texts not trained on
    y: NDArray[np.int64]  # their labels


def write_work(options: Options, amount: Amount, folder: Path, say: Say) -> dict[str, Any]:
    """Write the work to `folder`; returns the facts that must agree for a ratio.

    The net is that of the options without dropout, which each engine draws in its own way: so all configurations
    compute the same, and their scores can be compared. Its weights are random; word vectors would not change a time.
    Nothing is learned against adversarial steps, which PyTorch alone can: they double the time of an epoch.
    """
    if amount.texts < 1 or amount.steps < 0 or amount.repeats < 1:
        raise BenchError("nothing to time", "--texts and --repeats are 1 or more, --steps 0 or more")
    source = load(options.source, options, access_for(options, say, progress=False), say)
    data, pool, test = source.data, source.split.pool, source.split.test
    net = replace(with_classes(architecture_named(options.net, options.preset), len(data.labels)), dropout=0.0)
    recipe = replace(recipe_for(net.kind, len(pool)), epochs=1, precision=amount.precision, adversarial=0.0,
                     frozen=("embedding.",) if net.glove == "frozen" else ())
    rng = generator_for("time", source.name)
    rows, scored = np.sort(rng.permutation(pool)[: amount.texts]), np.sort(rng.permutation(test)[: amount.texts])
    steps = amount.steps or -(-len(rows) // recipe.batch)
    members = np.resize(np.arange(len(rows)), steps * recipe.batch) if amount.steps else np.arange(len(rows))
    vocabulary = frequent(data.corpus.tokens.take(pool), data.corpus.words, most=net.words)
    tokens = data.corpus.tokens.renumber(vocabulary.table(data.corpus.words))
    x, test_x = tokens.take(rows).clip(net.most_tokens), tokens.take(scored)
    params = initial_params(net, len(vocabulary), "time")
    arrays: dict[str, Any] = {
        "ids": x.ids, "offsets": x.offsets, "y": data.y[rows], "members": members, "test_ids": test_x.ids,
        "test_offsets": test_x.offsets, "test_y": data.y[scored],
        **{f"params/{name}": values for name, values in params.items()}}
    np.savez(folder / "work.npz", **arrays)
    (folder / "work.json").write_text(json.dumps(
        {"texts": data.examples(rows).texts(), "net": net.as_json(), "recipe": asdict(recipe)}))
    return {"source": source.name, "content_sha256": data.corpus.sha256,
            "rows": store.key_of([rows.tolist(), scored.tolist()]), "net": net.as_json(), "recipe": _facts(recipe),
            "steps": steps, "batch": recipe.batch, "precision": recipe.precision, "texts": len(rows),
            "scored": len(scored), "tokens": int(x.lengths[members].sum()), "words": len(params[EMBEDDING])}


def _facts(recipe: Recipe) -> dict[str, Any]:
    """A recipe as JSON reads it back, without its shards, which follow from the threads."""
    facts: dict[str, Any] = json.loads(json.dumps(asdict(recipe)))
    del facts["shards"]
    return facts


def read_work(folder: Path, shards: int) -> Work:
    """The work that `write_work` wrote, for so many shards of a batch."""
    facts = json.loads((folder / "work.json").read_text())
    arrays = np.load(folder / "work.npz", allow_pickle=False)
    recipe = replace(_recipe(facts["recipe"]), shards=shards)
    batches = Batches(Ragged(arrays["ids"], arrays["offsets"]), arrays["y"], recipe.batch, ("time",),
                      epoch_rows=(arrays["members"],))
    return Work(facts["texts"], Architecture(**{**facts["net"], "widths": tuple(facts["net"]["widths"])}), recipe,
                {name[7:]: arrays[name] for name in arrays.files if name.startswith("params/")}, batches,
                Ragged(arrays["test_ids"], arrays["test_offsets"]), arrays["test_y"])


def _recipe(values: Mapping[str, Any]) -> Recipe:
    pairs = {name: tuple((part, value) for part, value in values[name]) for name in ("rates", "epsilons")}
    return Recipe(**{**values, "frozen": tuple(values["frozen"]), **pairs})
