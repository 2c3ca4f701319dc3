"""Label equivalents, break-even, leaders, many targets, variance components, calibration and distances."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from board_records import CURVES, FULL
from sklearn.isotonic import isotonic_regression

from bench.analysis import (
    across_targets,
    calibration,
    comparisons,
    domain_distance,
    learning_curves,
    random_effects,
    study,
    variance,
)
from bench.analysis.scores import Interval
from bench.core.errors import BenchError
from bench.explore import distance
from bench.report import advice, target_tables


def test_curves_are_made_monotone_as_scikit_learn_does():
    given = np.random.default_rng(0).normal(size=(50, 7))
    assert learning_curves.monotone(given) == pytest.approx(np.stack([isotonic_regression(row) for row in given]))


def test_a_curve_is_read_backwards_in_the_logarithm_of_the_labels():
    x, curve = np.array([16.0, 64.0, 256.0]), np.array([[0.5, 0.6, 0.8]])
    found = learning_curves.labels_at_scores(x, curve, np.array([[0.5, 0.55, 0.6, 0.7, 0.8, 0.81, 0.49]]))[0]
    assert found == pytest.approx([16, 32, 64, 128, 256, np.inf, -np.inf])


def test_one_score_is_read_from_one_curve():
    curve = {256: 0.8, 16: 0.5, 64: 0.6}
    assert learning_curves.labels_at_score(0.7, curve) == pytest.approx(128)
    assert learning_curves.labels_at_score(0.55, {**curve, 1024: 0.7}) == pytest.approx(32)
    assert [learning_curves.labels_at_score(s, curve) for s in (0.81, 0.49)] == [np.inf, -np.inf]
    assert learning_curves.labels_at_score(0.8, curve) == pytest.approx(256)


def test_what_lies_beyond_the_curve_is_shown_as_censored():
    worth = learning_curves.LabelEquivalent("finetune", 16, 16, "scratch", Interval(np.inf, 3712.0, np.inf), 16, 5890)
    assert worth.in_words() == "> 5,890 [3,700, > 5,890]"
    assert replace(worth, labels=Interval(-np.inf, -np.inf, -np.inf)).in_words() == "< 16"


def test_the_best_is_worth_more_labels_than_it_had_and_its_base_is_repaid():
    found = study.studies([r if r.baseline == "finetune" else replace(r, seconds={"adapt": 2.0}) for r in CURVES])[0]
    worth = found.label_equivalent("finetune", 64)
    assert worth is not None
    assert worth.labels.estimate > 64
    rows = learning_curves.break_even(found.label_equivalents, found.predictions, found.board.sizes, 0.10, 36.0)
    one = next(r for r in rows if r.budget == 64)
    assert one.price == pytest.approx(50 / 3600 * 36)  # fifty seconds at 36 an hour
    assert one.labels == pytest.approx(5.0)
    assert one.targets == 1
    assert {r.baseline for r in rows} == {"finetune"}


def test_who_leads_changes_where_the_curves_cross():
    found = [r for r in CURVES if r.baseline in ("finetune", "scratch")]
    swapped = [replace(r, baseline={"finetune": "scratch", "scratch": "finetune"}[r.baseline])
               if r.budget == 256 else r for r in found]
    leaders = study.studies(swapped)[0].leaders
    assert [r.baseline for r in leaders] == ["finetune", "scratch"]
    assert 64 < leaders[0].end < 256


def test_a_lead_that_changes_often_is_summed_up():
    found = study.studies(CURVES)[0]

    def last(*who: str) -> str:
        leaders = tuple(learning_curves.Leader(name, 16.0 * 2**i, 32.0 * 2**i) for i, name in enumerate(who))
        return advice.advice(replace(found, leaders=leaders))[-1]

    assert last("a", "b", "a") == "By mean scores, a leads up to about 32, then b leads up to about 64 labels, then a."
    assert last("a", "b", "a", "c") == "By mean scores, the lead changes 3 times between a, b and c."


def test_pairs_are_compared_on_the_same_test_set_and_unknown_names_are_refused():
    found = study.studies(CURVES)[0]
    pairs = comparisons.compare_baselines(found.predictions, ["finetune", "tfidf"], [64])
    assert len(pairs) == 1
    assert pairs[0].difference.estimate == pytest.approx(
        100 * (found.board.cells["finetune", 64].accuracy - found.board.cells["tfidf", 64].accuracy))
    assert comparisons.significantly_worse(pairs, 0.0) == []
    with pytest.raises(BenchError, match="needs two baselines"):
        comparisons.compare_baselines(found.predictions, ["tfidf"])


def test_a_baseline_that_lacks_a_target_has_no_rank_and_changes_no_other():
    other = [replace(r, task="other") for r in CURVES if r.baseline != "tfidf"]
    third = [replace(r, task="third") for r in CURVES]
    found = across_targets.rank_across_targets(study.studies([*CURVES, *other, *third]), 64)
    places = {p.baseline: p for p in found.places}
    assert (places["tfidf"].covered, places["tfidf"].mean_rank) == (2, None)
    assert sorted(p.mean_rank for p in found.places if p.mean_rank is not None) == [1.0, 2.0, 3.0, 4.0]
    assert sum(p.wins for p in found.places if p.wins is not None) == pytest.approx(2.0)  # six meetings of four
    assert found.places[-1].baseline == "tfidf"
    assert "2/3" in str(target_tables.across_table(found).body)


def test_editions_sources_and_single_targets_are_refused_across():
    with pytest.raises(BenchError, match="two editions of toy"):
        across_targets.rank_across_targets(study.studies([*CURVES, *(replace(r, edition="two") for r in CURVES)]), 64)
    with pytest.raises(BenchError, match="cannot be ranked together"):
        across_targets.rank_across_targets(study.studies([*CURVES, *(replace(r, net="bilstm") for r in CURVES)]), 64)
    with pytest.raises(BenchError, match="two or more"):
        across_targets.rank_across_targets(study.studies(CURVES), 64)


def test_targets_of_one_corpus_count_once():
    def on(task: str) -> list:
        return [replace(r, task=task) for r in CURVES]

    found = across_targets.rank_across_targets(
        study.studies([*on("amazon"), *on("amazon-books"), *on("amazon-dvd"), *on("hotels")]), 64)
    assert found.corpora == (("amazon-books@one", "amazon-dvd@one", "amazon@one"), ("hotels@one",))
    assert found.critical == pytest.approx(across_targets.nemenyi_critical_difference(5, 2))
    assert "The 4 targets come from 2 corpora" in " ".join(target_tables.across_notes(found))
    one = across_targets.rank_across_targets(study.studies([*on("amazon"), *on("amazon-books")]), 64)
    assert (one.friedman, one.critical) == (None, None)
    assert {len(row) for row in target_tables.across_table(one).body} == {len(target_tables.across_table(one).head)}


def test_means_that_differ_by_the_order_of_summing_share_a_rank():
    ranks, wins = across_targets._ranks_and_wins(np.array([[0.1 + 0.2, 0.5], [0.3, 0.5], [0.2, 0.4]]))
    assert ranks.tolist() == [[1.5, 1.5], [1.5, 1.5], [3.0, 3.0]]
    assert wins.tolist() == [0.75, 0.75, 0.0]


def test_a_mean_effect_allows_for_what_differs_between_data_sets():
    alike = random_effects.mean_effect([2.0, 2.1, 1.9], [1.0, 1.0, 1.0], [0.02, 0.02, 0.03])
    differ = random_effects.mean_effect([-6.0, 2.0, 10.0], [1.0, 1.0, 1.0], [1.0, 0.02, 0.001])
    assert alike is not None
    assert differ is not None
    assert alike.between == 0.0
    assert differ.between == pytest.approx(np.sqrt(64 - 1), rel=1e-6)  # the variance between means, less the errors
    assert alike.mean.estimate == pytest.approx(2.0) == differ.mean.estimate
    assert differ.mean.low < 0 < differ.mean.high
    assert random_effects.mean_effect([1.0], [1.0], [0.01]) is None


def test_the_replicability_count_is_that_of_partial_conjunctions():
    """With p sorted, u data sets hold the effect where (n - u + 1) p(u) is at most 5%, as are all before it."""
    assert random_effects.replicated([0.001, 0.02, 0.04]) == 3
    assert random_effects.replicated([0.001, 0.03, 0.04]) == 1
    assert random_effects.replicated([0.02, 0.02, 0.02]) == 0
    assert random_effects.profile([0.0, 0.5, 1.5, 4.0]) == (0.5, 0.75, 1.0)


def test_nemenyis_critical_difference_is_that_of_the_published_table():
    """Demsar (2006), table 5: q = 2.569 for four classifiers; 14 data sets give 1.25."""
    critical = across_targets.nemenyi_critical_difference(4, 14)
    assert critical == pytest.approx(2.569 * np.sqrt(4 * 5 / (6 * 14)), abs=1e-3)


def test_variance_components_are_those_that_were_built_in():
    rng = np.random.default_rng(1)
    size = (40, 40, 4)
    y = 3.0 * rng.normal(size=(40, 1, 1)) + 2.0 * rng.normal(size=(1, 40, 1)) + rng.normal(size=size)
    found = variance.variance_components_of(y, "finetune", 64)
    assert (found.base, found.labels, found.head) == pytest.approx((3.0, 2.0, 1.0), rel=0.3)
    assert found.both == pytest.approx(0.0, abs=0.3)
    assert "largest: base seed" in advice.variance_note(found)


def test_what_was_not_varied_is_named_and_not_guessed():
    found = study.studies(FULL)[0].variance_components[0]
    assert (found.base, found.head, found.heads) == (None, None, 1)
    assert "label draw and head seed together" in advice.variance_note(found)
    assert "--base-seeds 2" in advice.variance_note(found)


def test_the_calibration_error_is_zero_for_honest_odds_and_large_for_boasts():
    rng = np.random.default_rng(2)
    sheet = study.studies(FULL)[0].predictions[0]
    p = rng.uniform(0.5, 1.0, 50_000)
    truth = (rng.random(50_000) < p).astype(int)
    honest = replace(sheet, truth=truth, probabilities=np.stack([1 - p, p], axis=1)[None].astype(np.float32), _cache={})
    found = calibration.calibration(honest)
    assert found.error < 0.01
    assert found.log_loss == pytest.approx(-np.mean(np.log(np.where(truth == 1, p, 1 - p))), abs=1e-4)
    boast = np.clip(p + 0.3, 0, 1)
    loud = replace(honest, probabilities=np.stack([1 - boast, boast], axis=1)[None].astype(np.float32))
    assert calibration.calibration(loud).error > 0.15


def test_similar_domains_are_near_and_different_ones_far():
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(300, 8)), rng.normal(size=(300, 8))
    assert abs(distance.mmd(a, b)) < 0.01 < 0.1 < distance.mmd(a, b + 1.0)
    counts = rng.poisson(1.0, (600, 50))
    side = np.repeat([0, 1], 300)
    from scipy.sparse import csr_matrix

    assert distance.proxy_a_distance(csr_matrix(counts), side, ("a", "b")) < 0.4
    counts[side == 1, 0] += 9
    assert distance.proxy_a_distance(csr_matrix(counts), side, ("a", "b")) > 1.5


def test_a_rank_correlation_needs_five_targets():
    x = np.arange(6.0)
    assert domain_distance.spearman(x[:4], x[:4]) is None
    assert domain_distance.spearman(x, x).estimate == pytest.approx(1.0)
    assert domain_distance.spearman(x, -x).estimate == pytest.approx(-1.0)
    assert domain_distance.spearman(x, np.zeros(6)) is None
    assert domain_distance.permutation_p(x, x) == pytest.approx(2 / 720)  # exact: two of all orders
    assert domain_distance.permutation_p(np.arange(12.0), np.arange(12.0)) < 0.001


def test_a_reference_with_one_budget_gives_no_curve_and_no_warning() -> None:
    curves, scores = np.array([[0.7], [0.7]]), np.array([[0.7, 0.8], [0.6, 0.7]])
    found = learning_curves.labels_at_scores(np.array([128.0]), curves, scores)
    assert found.tolist() == [[128.0, np.inf], [-np.inf, 128.0]]
