"""All tests of a leaderboard as one family: false discoveries among equal systems, and the pooled spread of seeds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from board_records import CURVES, answered, record

from bench.analysis import comparisons, inference, multiplicity, pairwise, scores, study
from bench.analysis.multiplicity import Contrasts
from bench.analysis.scores import SamplingVariance

CELLS = (4, 5)  # budgets and baselines of a simulated leaderboard


def spreads(name: str, rng: np.random.Generator, shape: tuple[int, int] = CELLS) -> np.ndarray:
    """How much the seeds of each cell differ, in units of a text's noise, [budgets, baselines]."""
    out = np.full(shape, {"none": 0.0, "equal": 0.1, "falling": 0.1, "uneven": 0.1}.get(name, 0.03))
    if name == "falling":  # few labels spread more
        out *= np.geomspace(4.0, 0.2, shape[0])[:, None]
    elif name == "uneven":
        out *= np.exp(rng.normal(size=shape))
    elif name == "one baseline":
        out[:, 0] = 0.4
    elif name == "one budget":
        out[0] = 0.4
    elif name == "one cell":
        out[0, 0] = 0.4
    return out


SPREADS = ("none", "equal", "falling", "uneven", "one baseline", "one budget", "one cell")


def equals(rng: np.random.Generator, spread: np.ndarray, seeds: int, n: int) -> list[Contrasts]:
    """A leaderboard of systems that are equally good: all its pairs at all its budgets."""
    truth = rng.integers(0, 2, n)
    sign, hard = 2 * truth - 1, rng.normal(size=n)
    out = []
    for row in spread:
        odds = [sign * (0.8 + s * rng.normal(size=(seeds, 1)) + np.sqrt(0.5) * (hard + rng.normal(size=(seeds, n))))
                for s in row]
        difference, variance = pairwise.mean_differences([scores.accuracy(truth, (x > 0).astype(int)) for x in odds])
        i, j = np.triu_indices(len(row), 1)
        names = tuple((f"{a}", f"{b}") for a, b in zip(i, j, strict=True))
        out.append(Contrasts(names, difference[i, j], variance.at(i, j)))
    return out


def false_calls(name: str, seeds: int, n: int, boards: int, seed: int, shape: tuple[int, int] = CELLS) -> float:
    """The share of leaderboards of equal systems in which anything is called different."""
    rng, called = np.random.default_rng(seed), 0
    for _ in range(boards):
        p = multiplicity.adjusted_p_values(equals(rng, spreads(name, rng, shape), seeds, n))
        called += min(q.min() for q in p) <= 0.05
    return called / boards


@pytest.mark.parametrize("seeds", [1, 2, 3, 5])
def test_at_most_one_leaderboard_of_equal_systems_in_twenty_has_a_false_discovery(seeds: int):
    found = [false_calls(name, seeds, 150, 30, i) for i, name in enumerate(SPREADS) if seeds > 1 or name == "none"]
    cases = 30 * len(found)
    assert np.mean(found) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / cases)


def test_a_leaderboard_of_one_budget_has_them_as_rarely():
    found = [false_calls(name, 3, 150, 60, i, (1, 5)) for i, name in enumerate(("none", "equal", "uneven"))]
    assert np.mean(found) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 180)


def one(from_seeds: list[float], interaction: float = 0.0, seeds: int = 3) -> Contrasts:
    k = len(from_seeds)
    variance = SamplingVariance(np.array(from_seeds), np.full(k, 1e-5), np.full(k, interaction), seeds, 1000,
                                np.full(k, 1e-5))
    return Contrasts(tuple(("a", chr(98 + i)) for i in range(k)), np.full(k, 0.1), variance)


def test_other_budgets_make_a_spread_larger_and_never_smaller():
    small, large = one([1e-4, 1e-4, 1e-4]), one([9e-4, 1e-4, 1e-4])
    first, second = multiplicity.moderated_variances([small, large])
    assert first.from_seeds == pytest.approx([5e-4, 1e-4, 1e-4], rel=0.5)
    assert first.from_seeds[0] > 1e-4
    assert second.from_seeds[0] == pytest.approx(9e-4)
    assert first.borrowed.tolist() == second.borrowed.tolist() == [2.0, 2.0, 2.0]


def test_the_level_of_another_budget_is_adjusted_to_this_one():
    few, many = one([4e-4, 4e-4, 4e-4]), one([1e-4, 1e-4, 1e-4])
    for found, given in zip(multiplicity.moderated_variances([few, many]), (few, many), strict=True):
        assert found.from_seeds == pytest.approx(given.variance.from_seeds)


def test_a_spread_smaller_than_its_interaction_with_the_texts_is_chance():
    assert multiplicity.moderated_variances([one([1e-6], interaction=1e-4)])[0].from_seeds == pytest.approx([1e-4])


def test_nothing_is_borrowed_where_nothing_is_known():
    for given in ([one([1e-4])], [one([1e-4]), one([1e-4], seeds=5)], [one([0.0]), one([1e-4])]):
        assert multiplicity.moderated_variances(given)[0].borrowed.tolist() == [0.0]
    assert multiplicity.moderated_variances([one([0.0], seeds=1), one([0.0], seeds=1)])[0].borrowed == 0.0


def test_significant_differences_have_intervals_without_zero_and_more_pairs_cost_more():
    found = study.studies(CURVES)[0]
    called = [r for s in found.rankings for r in s.rows if r.verdict in ("helps", "harms")]
    assert called
    assert all(0.0 not in r.gain for r in called)
    few = comparisons.compare_baselines(found.predictions, ["tfidf", "scratch"], [256])[0]
    board = next(r for r in found.at(256).rows if r.baseline == "tfidf")
    assert few.p <= few.p_holm <= board.p


def test_the_spread_at_other_budgets_shows_a_gain_that_three_seeds_alone_could_not():
    curve = {32: 0.1, 128: 0.4, 512: 0.8, 2048: 1.1}
    made = [record(name, seed, strength=s + more, budget=b, n_train=b) for b, s in curve.items() for seed in range(3)
            for name, more in (("scratch", 0.0), ("finetune", 1.0), ("frozen", 0.9), ("tfidf", 0.3))]
    found = study.studies(made)[0]
    verdicts = {(s.budget, r.baseline): r.verdict for s in found.rankings for r in s.rows}
    assert all(verdicts[b, "finetune"] == "helps" for b in curve)
    alone = np.concatenate([inference.p_value(c.difference, c.variance) for c in _contrasts(found)])
    pooled = np.concatenate(multiplicity.adjusted_p_values(_contrasts(found)))
    assert (inference.holm(alone) <= 0.05).sum() < (pooled <= 0.05).sum()


def test_the_gate_fails_by_the_corrected_test_and_by_the_points():
    early = [r for r in CURVES if r.baseline in ("finetune", "frozen")]
    late = [replace(r, **answered(0.2, r.seed)) if r.baseline == "frozen" and r.budget == 256 else r for r in early]
    found = comparisons.compare_runs(study.studies(early)[0].predictions, study.studies(late)[0].predictions)
    assert len(found) == 6
    changed = comparisons.significantly_worse(found, 1.0)
    assert [(c.first, c.budget) for c in changed] == [("frozen after", 256)]
    assert changed[0].p <= changed[0].p_holm <= 0.05
    assert comparisons.significantly_worse(found, 50.0) == []
    assert comparisons.significantly_worse([replace(changed[0], p_holm=0.06)], 1.0) == []


def _contrasts(found: study.Study) -> list[Contrasts]:
    return [d.contrasts() for d in pairwise.differences_by_budget(found.predictions)]
