"""The table of needs: a new need is one entry, and each hook is called where the table says."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Prepare, World

from bench.baselines import BASELINES
from bench.core import recipes
from bench.results.record import NO_VECTORS
from bench.runs import needs, registry
from bench.runs.applicable import applicable
from bench.runs.costs import STATED, Cost, MeasuredCosts, Step
from bench.runs.inputs import Inputs, TrialContext, for_pair
from bench.runs.need import Need, Workload
from bench.runs.needs import NEEDS
from bench.runs.options import Options
from bench.runs.pool import run
from bench.runs.registry import Strategy, strategies_named
from bench.runs.trials import blank_record, trial_specs

ASKS = """
import numpy as np
NEEDS = frozenset({"lexicon"})
def fit(trial, resources):
    return lambda examples: np.full((len(examples), 2), 0.5, np.float32)
"""


@pytest.fixture
def strategy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Strategy]:
    """A strategy that asks for a need of the name `lexicon`."""
    (tmp_path / "lexicon_strategy.py").write_text(ASKS)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Strategy("asks", "lexicon_strategy")
    sys.modules.pop("lexicon_strategy", None)


def workload(world: World, inputs: Inputs | None = None) -> Workload:
    return Workload(world.source.name, world.target.name, 300, 320, 2, (world.base.key,), MeasuredCosts({}), world.root,
                    inputs)


def test_a_new_need_is_one_entry(world: World, context: TrialContext, prepare: Prepare, strategy: Strategy,
                                 monkeypatch: pytest.MonkeyPatch):
    heard: list[str] = []

    def opened(resources: object, corpus: object) -> dict[str, float]:
        heard.append("open")
        return {"encode": 7.0}

    entry = Need(implies=("counts",), per_base=True,
                 refusal=lambda source, target, glove: "left out: no lexicon" if target.name == "three" else "",
                 train=lambda context, base_spec, watch: heard.append("train"),
                 attach=lambda context: heard.append("attach") or {},
                 prepare=lambda resources, corpus: heard.append("prepare"), open=opened,
                 entries=lambda context: [context.root / "lexicon"],
                 steps=lambda work: [Step("lexicon", work.target, False, Cost(3.0, STATED))])
    monkeypatch.setitem(NEEDS, "lexicon", entry)  # type: ignore[arg-type]
    monkeypatch.setattr(registry, "OURS", ("bench", strategy.module))  # another process would not know the new need
    assert strategy.needs() == {"lexicon", "counts"}
    said: list[str] = []
    assert applicable([strategy], world.source.task, world.three.task, True, said.append) == []
    assert said == ["asks left out: no lexicon"]
    assert applicable([strategy], world.source.task, world.target.task, True, said.append) == [strategy]
    assert [step.what for step in needs.steps(strategy.needs(), workload(world))] == ["lexicon"]
    prepare(context, *strategy.needs())
    assert heard == ["train", "attach", "prepare", "open"]
    assert context.root / "lexicon" in needs.cache_entries(strategy.needs(), context)
    record = next(run(trial_specs(context, [strategy], (8,), 1), 1))
    assert heard[4:] == ["attach", "open"]
    assert record.seconds["encode"] == 7.0
    assert record.base == context.base


def test_a_need_is_estimated_from_the_cards_and_as_done_where_it_is_in_the_cache(
        world: World, context: TrialContext, prepare: Prepare):
    names = needs.complete({"features", "source-linear"})
    unread = needs.steps(names, workload(world))
    assert [(step.what, step.cached) for step in unread] == [("base", False), ("features", False),
                                                             ("source's linear model", False)]
    prepare(context, *names)
    pair = for_pair(Options(cache_dir=world.root, device="cpu"), world.source, world.target, world.vectors)
    assert all(step.cached for step in needs.steps(names, workload(world, pair)))


def test_only_needs_of_the_source_send_it_to_a_cluster(context: TrialContext, prepare: Prepare):
    prepare(context, "base", "counts", "source")
    target = needs.cache_entries({"counts"}, context)
    assert not any(context.source.sha256[:24] in entry.name for entry in target)
    assert context.root / "bases" / context.base in needs.cache_entries({"base"}, context)
    for name in ("source", "source-linear"):
        assert any(context.source.sha256[:24] in entry.name for entry in needs.cache_entries({name}, context))


def test_a_target_with_other_labels_or_without_glove_is_refused_with_the_reason(world: World):
    other, same = world.three.task, world.target.task
    assert needs.refusal({"same-labels"}, world.source.task, other, True) == (
        "is not applicable: the labels of three (negative, neutral, positive) are not those of source")
    assert needs.refusal({"same-labels"}, world.source.task, same, True) == ""
    assert needs.refusal({"glove"}, world.source.task, same, False) == "left out: it needs GloVe vectors"
    assert needs.refusal({"base"}, world.source.task, other, False) == ""
    assert needs.refusal({"gpu"}, world.source.task, same, True) == "left out: it is for --device cuda"
    assert needs.refusal({"gpu"}, world.source.task, same, True, "cuda") == ""


def test_word_vectors_as_the_base_has_them_are_no_condition_and_the_record_says_whether_there_were_some(
        world: World, context: TrialContext, prepare: Prepare):
    strategies = strategies_named(("scratch", "scratch-random", "finetune", "glove-forest"), BASELINES)
    prepare(context, "base", "glove", "word-vectors")
    tutorial = replace(context, architecture=replace(context.architecture, glove="no"))
    kinds = {"with": context, "without": replace(context, vectors=None), "a network without": tutorial}
    said = {kind: {spec.strategy.name: blank_record(spec).vectors_sha256
                   for spec in trial_specs(of, strategies, (8,), 1)} for kind, of in kinds.items()}
    digest = context.vectors.sha256 if context.vectors else ""
    assert digest
    assert said["with"] == {"scratch": digest, "scratch-random": "", "finetune": digest, "glove-forest": digest}
    assert said["without"] == {"scratch": NO_VECTORS, "scratch-random": "", "finetune": "", "glove-forest": ""}
    assert said["a network without"]["scratch"] == ""
    assert needs.refusal({"word-vectors"}, world.source.task, world.three.task, False) == ""
    for of in kinds.values():
        scratch, random = run(trial_specs(of, strategies[:2], (8,), 1), 1)
        assert scratch.status == random.status == "ok", scratch.error
        assert (scratch.predictions == random.predictions) == (of is not context)
        assert (scratch.recipe, random.recipe) == (recipes.current("scratch"), recipes.current("scratch-random"))
