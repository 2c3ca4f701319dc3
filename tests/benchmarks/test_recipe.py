"""How the base's recipe is chosen: reviews of films that it was not trained on, and three other domains. Run with -s.

Reviews of one film stand beside each other in IMDB's numbering, so blocks of numbers hold out films and not only texts.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import FOLDER

from bench.data.text import clean
from bench.learning.networks.architectures import ARCHITECTURES, EMBEDDING, HEAD
from bench.learning.networks.batches import Recipe
from bench.learning.networks.engines import engine
from bench.learning.pretrain import RECIPE, pretrain
from bench.learning.resources import Resources
from bench.runs import inputs
from bench.runs import options as suite

BLOCK, FOLDS, HELD = 625, 5, (1, 3)  # reviews a block; every fifth block is held out, once for each of HELD
RECIPES: dict[str, Recipe] = {
    "chosen": RECIPE,
    "no adversarial steps": replace(RECIPE, adversarial=0.0),
    "adversarial steps of length 1": replace(RECIPE, adversarial=1.0),
    "two epochs": replace(RECIPE, epochs=2, learning_rate=12e-3),
    "no word dropout": replace(RECIPE, word_dropout=0.0),
    "Adam's own epsilon": replace(RECIPE, epsilons=()),
    "both, embedding at 0.1": Recipe(epochs=2, batch=128, learning_rate=12e-3, rates=((EMBEDDING, 0.1),)),
}
OTHERS = ("amazon", "rotten-tomatoes", "hotels")


@pytest.mark.skipif(not (FOLDER / "imdb.parquet").exists(), reason="needs the numbered reviews (BENCH_DATA)")
def test_recipes_of_the_base(benchmark, tmp_path) -> None:
    options = suite.Options(data_dir=FOLDER)
    access = inputs.access_for(options, print, progress=False)
    source = inputs.load_source("imdb", options, access, print)
    others = {name: inputs.load(name, options, access, print) for name in OTHERS}
    vectors = inputs.find_vectors(access, print)
    block = blocks(source)
    rows = []
    for held in HELD:
        pool = source.split.pool
        out = block[pool] % FOLDS == held
        films = replace(source.split, pool=pool[~out], test=pool[out])  # the test half is never scored
        for name, spec in RECIPES.items():
            order = inputs.base_spec(options, replace(source, split=films), vectors)
            base = pretrain(replace(order, recipe=spec), tmp_path)
            found = [base.accuracy]
            for other in others.values():
                texts = other.data.examples(other.split.pool)
                weights = Resources(engine("torch"), ARCHITECTURES["gru"], "cpu", 0, base, vectors)
                logits = weights.features(texts) @ base.params[HEAD].T + base.params["head.bias"]
                found.append(float((logits.argmax(1) == texts.labels).mean()))
            rows.append((held, name, *found))
            print(rows[-1])
    table = pd.DataFrame(rows, columns=["fold", "recipe", "other films", *OTHERS])
    table["three domains"] = table[list(OTHERS)].mean(axis=1)
    means = table.drop(columns="fold").groupby("recipe", sort=False).mean()
    print("\n", means.round(4).to_string())
    assert means.loc["chosen", "other films"] > means.loc["both, embedding at 0.1", "other films"]
    benchmark.pedantic(lambda: weights.base_params(texts.corpus), rounds=1)


def blocks(source) -> np.ndarray:
    """The block of each text of the corpus, by its number in IMDB's training half; -1 elsewhere."""
    frame = pd.read_parquet(FOLDER / "imdb.parquet", columns=["text", "split", "id"]).query("split == 'train'")
    number = frame["id"].str.extract(r"/(\d+)_")[0].astype(int)
    of = {clean(text): n // BLOCK for text, n in zip(frame["text"], number, strict=True)}
    return np.array([of.get(source.data.corpus.text(i), -1) for i in range(len(source.data.corpus))])
