"""Families of questions: false calls, verdicts that do not depend on what else was run, and bold rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import simulated
from board_records import CURVES, answered

from bench.analysis import comparisons, multiplicity, pairwise, rankings, study
from bench.analysis.curve_summary import curve_summary, curve_weights
from bench.analysis.scores import Interval, SamplingVariance
from bench.analysis.seed_spread import Pool, SeedScores, pool_of


@pytest.mark.parametrize("seeds", [1, 3])
def test_few_budgets_of_equal_strategies_have_a_false_call(seeds: int):
    """A question is a budget; tests/benchmarks has the figures for boards of full size."""
    found = [simulated.simulated(name, seeds, 10, 3 + i, 150, (3, 6)) for i, name in enumerate(
        ("none", "equal", "falling", "one strategy") if seeds > 1 else ("none",))]
    questions = 30 * len(found)
    assert np.mean([f.false for f in found]) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / questions)
    assert np.mean([f.covered for f in found]) > 0.92


def test_a_gain_of_ten_points_is_called_with_three_seeds_and_four_hundred_texts():
    found = simulated.simulated("small", 3, 4, 0)
    assert found.power[10] >= 0.9 * found.power_oracle[10]
    assert found.power_over_curve[10] >= 0.7
    assert found.best_in_bold >= 0.9


def boards(strategies: int, spread: float) -> list[list]:
    """Seven strategies of one board, then the same with others that ran later."""
    rng = np.random.default_rng(9)
    made = simulated.board(rng, np.full((4, strategies), spread), 3, 300,
                           np.tile(np.linspace(0, 9, strategies), (4, 1)))
    return [[p for p in made if p.baseline in simulated.names_of(7)], made]


@pytest.mark.parametrize("spread", [0.0, 0.1])
def test_verdicts_are_the_same_when_seven_strategies_are_added(spread: float):
    few, many = ([rankings.gains(d, "scratch") for d in pairwise.differences_by_budget(b)] for b in boards(14, spread))
    for before, after in zip(few, many, strict=True):
        assert {i: after[i] for i in before} == before
    sizes = {16: 16, 32: 32, 64: 64, 128: 128}
    one, two = (curve_summary(pairwise.differences_by_budget(b, sizes), sizes) for b in boards(14, spread))
    before, after = ({r.baseline: (r.gain, r.verdict, r.p) for r in s.rows} for s in (one, two))
    assert {name: after[name] for name in before} == before


def test_main_strategies_are_the_panel_in_whatever_order_they_ran():
    from bench.analysis.seed_spread import PANEL, panel_of

    names = dict(zip(simulated.names_of(7), ("scratch", "tfidf", "mine", "frozen", "finetune", "glove-forest", "other"),
                     strict=True))
    made = [replace(p, baseline=names[p.baseline]) for p in boards(7, 0.1)[0]]
    cells = pairwise.seed_scores(pairwise.differences_by_budget(made))
    assert panel_of(cells) == PANEL == panel_of(pairwise.seed_scores(pairwise.differences_by_budget(made[::-1])))


def test_main_strategies_of_the_panel_are_those_of_the_suite():
    from baselines import MAIN
    from bench.analysis.seed_spread import PANEL

    # The second and third learn from no label and never vary; the first is a mean of others.
    assert set(PANEL) == set(MAIN) - {"auto", "majority", "source-only"}


def test_the_family_is_dunnetts():
    """Of 13 differences from one reference, correlated by a half, by drawing them."""
    rng = np.random.default_rng(0)
    z = np.sqrt(0.5) * (rng.normal(size=(200_000, 13)) + rng.normal(size=(200_000, 1)))
    p = np.array([0.0005, 0.002, 0.005, 0.02])
    from scipy.stats import norm

    largest, highest = np.abs(z).max(axis=1), z.max(axis=1)
    assert multiplicity.dunnett_p(p) == pytest.approx([(largest > norm.isf(x / 2)).mean() for x in p], rel=0.05)
    assert multiplicity.dunnett_p(p, sides=1) == pytest.approx([(highest > norm.isf(x)).mean() for x in p], rel=0.05)
    assert multiplicity.dunnett_p(p, 0.0) == pytest.approx(1 - (1 - p) ** 13, rel=1e-6)
    assert multiplicity.dunnett_p(np.array([1.0, 0.0])) == pytest.approx([1.0, 0.0], abs=1e-9)


def test_no_bold_row_stands_below_one_that_is_not():
    def behind(high: float) -> Interval:
        return Interval(-1.0, -5.0, high)

    worse = np.ones((4, 4))
    worse[2, 0] = worse[3, 0] = worse[3, 1] = 0.01
    bounds = [behind(0.0), behind(0.5), behind(-0.1), behind(2.0)]
    assert rankings.bold_first([0, 1, 2, 3], bounds, worse) == [1, 1, 2, 3]
    assert rankings.bold_first([0, 1, 2, 3], [behind(0.0)] * 4, worse) == [1, 1, 1, 1]
    for ranking in study.studies(CURVES)[0].rankings:
        ranks = [r.rank for r in ranking.rows]
        assert ranks == sorted(ranks)
        assert ranks[0] == 1
        assert all((r.behind.high >= 0) >= (r.rank == 1) for r in ranking.rows)


def test_the_bound_behind_the_first_is_where_its_test_turns():
    few = pairwise.differences_by_budget(boards(7, 0.1)[0])[0]
    variance = few.variance.at(slice(None), 0)
    bound = multiplicity.best_critical_value(variance)[1:]
    p = multiplicity.worse_p_value(-(bound * variance.standard_error[1:]), few.variance.at(slice(1, None), 0))
    assert p == pytest.approx(np.full(6, 0.05), abs=1e-6)


def test_level_needs_an_equivalence_test_and_a_wide_interval_is_unresolved():
    def found(points: float, error: float, p: float) -> str:
        variance = SamplingVariance(0.0, (error / 100) ** 2, 0.0, 1, 10_000, 0.0)
        return rankings.verdict(points / 100, variance, p)

    assert found(0.3, 0.3, 0.6) == "level"
    assert found(0.3, 0.5, 0.6) == "unresolved"
    assert found(0.6, 0.2, 0.001) == "level"  # certain, and too small to matter
    assert found(-3.0, 1.0, 0.01) == "harms"
    assert found(3.0, 1.0, 0.06) == "unresolved"


def test_significant_gains_have_intervals_without_zero():
    called = [r for s in study.studies(CURVES)[0].rankings for r in s.rows if r.verdict in ("helps", "harms")]
    assert called
    assert all(0.0 not in r.gain for r in called)


def test_strategies_that_answer_alike_with_every_seed_add_nothing_to_the_spread():
    made = boards(7, 0.1)[0]
    still = [replace(p, probabilities=np.repeat(p.probabilities[:1], 3, axis=0)) if p.baseline in ("s5", "s6") else p
             for p in made]
    d = pairwise.differences_by_budget(still)[0]
    i, j = d.names.index("s5"), d.names.index("s6")
    assert d.variance.from_seeds[i, j] == 0.0
    assert 0.0 < d.variance.from_seeds[i, 0] < d.variance.from_seeds[1, 0] * 1.5


def test_two_strategies_that_rise_and_fall_alike_at_one_budget_keep_the_spread_that_their_texts_show():
    """As finetune and frozen did with all labels of a small hotel board, where tfidf never varies."""
    rng = np.random.default_rng(6)
    chance, names = 1e-5, ("finetune", "frozen", "tfidf")
    cells = []
    for labels in (32, 128, 512, 2048):
        values = 0.9 + np.sqrt(chance) * rng.normal(size=(3, 3))
        if labels == 2048:
            values = np.array([[0.9599, 0.9624, 0.9599], [0.9574, 0.9599, 0.9574], [0.945, 0.945, 0.945]])
        cells.append(SeedScores(names, labels, values, np.full((3, 3), 2 * chance) * (1 - np.eye(3)),
                                np.array([False, False, labels == 2048])))
    pool = Pool(tuple(cells), names)
    assert pool.residuals[0][-1] < 1e-9
    assert pool.profile[0].min() >= 0.5 * chance
    assert pool.levels[0].max() < 100


def test_a_strategy_that_varies_far_more_than_the_others_keeps_its_own_spread():
    rng = np.random.default_rng(4)
    spread = np.full((6, 7), 0.03)
    spread[:, 1] = 0.5
    d = pairwise.differences_by_budget(simulated.board(rng, spread, 3, 300))
    own = np.mean([x.variance.from_seeds[1, 0] for x in d])
    others = np.mean([x.variance.from_seeds[2, 0] for x in d])
    assert own > 4 * others


def test_a_strategy_that_varies_far_more_lends_its_spread_to_no_other():
    def found(spread: np.ndarray, loud: float) -> tuple[tuple[str, ...], float]:
        spread[:, 1] = loud
        made = pairwise.differences_by_budget(simulated.board(np.random.default_rng(4), spread, 3, 300))
        return pool_of(tuple(pairwise.seed_scores(made))).panel, np.mean([d.variance.from_seeds[2, 0] for d in made])

    names = tuple(simulated.names_of(7))
    (panel, with_loud), (everybody, without) = (found(np.full((6, 7), 0.03), loud) for loud in (0.5, 0.03))
    assert panel == tuple(n for n in names if n != "s1")
    assert everybody == names
    assert with_loud < 1.5 * without
    scattered = np.where(np.indices((6, 7)).sum(axis=0) % 2, 0.4, 0.01)
    assert found(scattered, 2.0)[0] == names  # where cells scatter, no F test says who is loud


def test_the_weights_of_a_curve_are_trapezoids_in_the_logarithm_of_the_labels():
    assert curve_weights([16, 32, 64]) == pytest.approx([0.25, 0.5, 0.25])
    assert curve_weights([16, 64, 128]) == pytest.approx([2 / 6, 3 / 6, 1 / 6])
    assert curve_weights([16, 16]) == pytest.approx([0.5, 0.5])


def test_one_question_costs_less_than_a_family():
    found = study.studies(CURVES)[0]
    few = comparisons.compare_baselines(found.predictions, ["tfidf", "scratch"], [256])[0]
    on_board = next(r for r in found.at(256).rows if r.baseline == "tfidf")
    assert few.p <= few.p_holm <= on_board.p


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
