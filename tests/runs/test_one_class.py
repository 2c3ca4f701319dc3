"""Draws that miss classes: every strategy of the table predicts probabilities, and one from outside does not fail."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_encoder
from commands import kept, run
from conftest import Bench, Prepare, World

from bench.baselines import BASELINES
from bench.learning.probe import fit_probe, smoothed_shares
from bench.protocol.trial import make_trial
from bench.results import stored_predictions
from bench.runs import needs
from bench.runs.inputs import DataRef, TrialContext
from bench.runs.registry import Strategy, strategies_named
from bench.runs.runner import fit_and_predict, record_of, run_trial
from bench.runs.trials import TrialSpec

STRATEGIES = strategies_named(("all",), BASELINES)
every = pytest.mark.parametrize("strategy", STRATEGIES, ids=[s.name for s in STRATEGIES])
OUTSIDE = """
import numpy as np
NEEDS = frozenset({needs})
def fit(trial, resources):
    from sklearn.linear_model import LogisticRegression
    from sklearn.feature_extraction.text import CountVectorizer
    words = CountVectorizer().fit(trial.labelled.texts())
    model = LogisticRegression().fit(words.transform(trial.labelled.texts()), trial.labelled.labels)
    return lambda examples: model.predict_proba(words.transform(examples.texts()))
"""


def seed_with(world: World, target: str, classes: int, budget: int = 3) -> int:
    """The first seed whose random draw has so many classes."""
    domain = getattr(world, target)
    return next(seed for seed in range(200) if len(np.unique(make_trial(
        domain.data, domain.split, "", domain.name, budget, seed, draw="random").labelled.labels)) == classes)


@every
@pytest.mark.parametrize(("target", "classes", "leading"), [
    ("target", 1, "accuracy"), ("three", 1, "balanced_accuracy"), ("three", 2, "accuracy"),
    ("three", 2, "balanced_accuracy")])
def test_a_draw_that_misses_classes_has_probabilities_of_all(world: World, context: TrialContext, prepare: Prepare,
                                                             strategy: Strategy, target: str, classes: int,
                                                             leading: str):
    domain = getattr(world, target)
    on_target = world.on_target(strategy, domain)
    if strategy.missing() or on_target is None:
        pytest.skip("not for this machine or target")
    strategy = on_target
    at = replace(context, target=replace(DataRef.of(domain), leading=leading))
    if needs.models(strategy.needs()):
        at = replace(at, encoders=(tiny_encoder.bundled(world.root),))
    prepare(at, *strategy.needs())
    spec = TrialSpec(at, strategy, 3, seed_with(world, target, classes), draw="random")
    fitted = fit_and_predict(spec)
    record = record_of(spec, fitted.predictions)
    assert (record.status, record.draw) == ("ok", "random")
    truth, p = stored_predictions.unpack(record.predictions)
    np.testing.assert_allclose(p.sum(1), 1.0, atol=1e-3)
    probabilities = fitted.predictions.probabilities
    assert probabilities.shape == (len(truth), len(domain.data.labels))
    np.testing.assert_allclose(probabilities.sum(1), 1.0, atol=1e-4)
    np.testing.assert_allclose(fitted.predict.model().probabilities(fitted.test.texts()), probabilities, atol=1e-5)
    seen = np.unique(fitted.trial.labelled.labels)
    if classes == 1 and "one-class" not in strategy.needs():
        assert record.fallback == "class-shares"
        expected = np.full(len(domain.data.labels), 1 / (3 + len(domain.data.labels)))
        expected[seen] += 3 / (3 + len(domain.data.labels))
        np.testing.assert_allclose(probabilities, np.tile(expected, (len(truth), 1)), atol=1e-6)
    else:
        assert record.fallback == ""


def test_what_uses_no_label_or_the_sources_does_not_give_up_where_the_labels_have_one_class(
        world: World, context: TrialContext, prepare: Prepare):
    for name in ("source-only", "tfidf-source", "tfidf-joint"):
        strategy = next(s for s in STRATEGIES if s.name == name)
        prepare(context, *strategy.needs())
        record = run_trial(TrialSpec(context, strategy, 3, seed_with(world, "target", 1), draw="random"))
        assert (record.accuracy or 0) > 0.6, name


def test_the_probe_of_one_class_is_its_smoothed_shares_as_a_head_too():
    x, y = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32), np.full(6, 1)
    probe = fit_probe(x, y, 0)
    np.testing.assert_allclose(probe(x, 3), np.tile([1 / 9, 7 / 9, 1 / 9], (6, 1)), rtol=1e-6)
    head = probe.head(3)
    logits = x @ head.weight.T + head.bias
    np.testing.assert_allclose(np.exp(logits) / np.exp(logits).sum(1, keepdims=True), probe(x, 3), rtol=1e-5)
    np.testing.assert_allclose(smoothed_shares(np.array([0, 0, 1]), 2), [3 / 5, 2 / 5])


def test_a_class_that_the_tuning_sample_misses_does_not_stop_the_probe():
    x = np.random.default_rng(0).normal(size=(6_000, 2)).astype(np.float32)
    sample = np.random.default_rng(0).permutation(6_000)
    y = np.zeros(6_000, np.int64)
    y[sample[-3:]] = 1
    p = fit_probe(x, y, 0)(x, 2)
    np.testing.assert_allclose(p.sum(1), 1.0, atol=1e-5)


@pytest.mark.parametrize(("needs", "fallback", "status"), [
    ("()", "class-shares", "ok"), ("{'one-class'}", "", "failed")])
def test_a_strategy_from_outside_is_spared_one_class_unless_it_asks_for_it(
        bench_: Bench, workshop: Path, world: World, needs: str, fallback: str, status: str):
    (workshop / "plain.py").write_text(OUTSIDE.format(needs=needs))
    done = bench_(*run(baseline=["plain.py"], budgets="2", seeds=6, draw="random"), "-v")
    records = kept(Path("results"))
    assert len(records) == 6
    ones = [r for r in records if r.fallback or r.status == "failed"]
    assert 0 < len(ones) < 6
    assert {(r.fallback, r.status) for r in ones} == {(fallback, status)}
    if status == "ok":
        assert done.exit_code == 0, done.output
        assert "the class shares were predicted" in done.stderr
        board = " ".join(done.stdout.split())
        assert f"{len(ones)} of 6 draws had one class alone" in board
