"""Statistics against SciPy, against slow direct computations, and against truths that are known by construction."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as scipy_stats
from scipy.special import expit
from scipy.stats import norm

from bench.analysis import bootstrap, inference, pairwise, power
from bench.analysis import scores as stats

RNG = np.random.default_rng
SPREADS = (0.0, 0.05, 0.15)  # of the seeds, in units of a text's noise


def answers(rng: np.random.Generator, seeds: int, n: int, strengths: tuple[float, ...], spread: float):
    """Truth [n] and, for each strength, log-odds [seeds, n]: seeds differ by `spread`, texts are hard for all alike."""
    truth = rng.integers(0, 2, n)
    sign, common = 2 * truth - 1, rng.normal(size=n)
    made = []
    for strength in strengths:
        own = strength + spread * rng.normal(size=(seeds, 1))
        made.append(sign * (own + np.sqrt(0.5) * (common + rng.normal(size=(seeds, n)))))
    return truth, made


def two(odds: np.ndarray) -> np.ndarray:
    return np.stack([1 - expit(odds), expit(odds)], axis=-1)


def right_share(strength: float, spread: float) -> float:
    return float(norm.cdf(strength / np.sqrt(1 + spread**2)))


def coverage(seeds: int, spread: float, cases: int, n: int, seed: int) -> dict[str, float]:
    """How often the 95% intervals hold the truth."""
    rng = RNG(seed)
    hits = {"accuracy": 0, "auc": 0, "difference": 0, "bootstrap": 0}
    first, second = right_share(0.8, spread), right_share(0.6, spread)
    area = float(norm.cdf(1.6 / np.sqrt(2 + 4 * spread**2)))  # texts of the two classes, one seed's shift in both
    for _ in range(cases):
        truth, (a, b) = answers(rng, seeds, n, (0.8, 0.6), spread)
        one, two_ = (stats.accuracy(truth, (x > 0).astype(int)) for x in (a, b))
        found = stats.auc(truth, two(a))
        assert found is not None
        hits["accuracy"] += first in inference.score_interval(one)
        hits["auc"] += area in inference.score_interval(found)
        hits["difference"] += first - second in inference.difference_interval(one - two_)
        hits["bootstrap"] += first - second in bootstrap.interval(one - two_, bootstrap.draw(rng, seeds, n, 400))
    return {name: count / cases for name, count in hits.items()}


def test_intervals_hold_the_truth_with_few_seeds():
    found = [coverage(seeds, spread, 170, 400, 10 * seeds + i) for seeds in (3, 5) for i, spread in enumerate(SPREADS)]
    for name in found[0]:  # 1,020 cases, together
        assert 0.93 <= np.mean([f[name] for f in found]) <= 0.97, name


def test_the_plain_two_level_bootstrap_would_not_hold_it():
    rng = RNG(0)
    inside = 0
    for _ in range(300):  # three seeds that differ by much: a percentile of resampled seeds is far too narrow
        truth, (a,) = answers(rng, 3, 400, (0.8,), 0.4)
        value = stats.accuracy(truth, (a > 0).astype(int)).value
        made = value[rng.integers(0, 3, (400, 3))].mean(axis=1)
        low, high = np.quantile(made, [0.025, 0.975])
        inside += low <= right_share(0.8, 0.4) <= high
    assert inside / 300 < 0.85


@pytest.mark.parametrize("seeds", [1, 3, 5])
def test_equal_systems_differ_significantly_in_at_most_one_leaderboard_in_twenty(seeds: int):
    rng, called = RNG(seeds), 0
    for _ in range(300):
        truth, made = answers(rng, seeds, 150, (0.8,) * 4, 0.1 if seeds > 1 else 0.0)
        samples = [stats.accuracy(truth, (x > 0).astype(int)) for x in made]
        difference, variance = pairwise.mean_differences(samples)
        p = inference.p_value(difference, variance)[np.triu_indices(4, 1)]
        called += inference.holm(p).min() <= 0.05
    assert called / 300 <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 300)


def test_power_is_what_was_computed():
    rng, calls, promised = RNG(4), 0, []
    gap = right_share(0.8, 0) - right_share(0.55, 0)
    for _ in range(300):
        truth, (a, b) = answers(rng, 1, 500, (0.8, 0.55), 0.0)
        sample = stats.accuracy(truth, (a > 0).astype(int)) - stats.accuracy(truth, (b > 0).astype(int))
        variance = stats.sampling_variance(sample)
        promised.append(norm.cdf(gap / float(variance.standard_error) - 1.96))
        calls += inference.p_value(sample.value.mean(), variance) <= 0.05
    assert calls / 300 == pytest.approx(np.mean(promised), abs=0.06)


def test_the_detectable_difference_is_detected_with_80_percent_power():
    rng = RNG(5)
    truth, (a, b) = answers(rng, 1, 2000, (0.8, 0.8), 0.0)
    sample = stats.accuracy(truth, (a > 0).astype(int)) - stats.accuracy(truth, (b > 0).astype(int))
    variance = stats.sampling_variance(sample)
    made = power.detectable_difference(variance) + variance.standard_error * rng.normal(size=20_000)
    assert np.mean(inference.p_value(made, variance) <= 0.05) == pytest.approx(0.8, abs=0.01)


def test_one_seed_agrees_with_scipy():
    truth, (a, b) = answers(RNG(6), 1, 300, (0.8, 0.5), 0.0)
    one, other = (stats.accuracy(truth, (x > 0).astype(int)) for x in (a, b))
    right, wrong = ((x[0] > 0) == truth for x in (a, b))
    wilson = scipy_stats.binomtest(int(right.sum()), 300).proportion_ci(method="wilson")
    mine = inference.score_interval(one)
    assert (mine.low, mine.high) == pytest.approx((wilson.low, wilson.high), abs=1e-9)
    paired = scipy_stats.ttest_1samp(right.astype(float) - wrong, 0.0)
    gap = inference.difference_interval(one - other)
    assert (gap.low, gap.high) == pytest.approx(tuple(paired.confidence_interval()), abs=1e-9)
    p = inference.p_value(gap.estimate, stats.sampling_variance(one - other))
    assert p == pytest.approx(paired.pvalue, rel=1e-6)
    first, second = int((right & ~wrong).sum()), int((~right & wrong).sum())
    assert inference.mcnemar(right, wrong) == scipy_stats.binomtest(first, first + second).pvalue


def test_seeds_alone_agree_with_scipys_t():
    value = np.array([0.7, 0.74, 0.69])
    sample = stats.Sample(value, np.zeros((3, 50)), 50)  # no text says anything but the mean
    mine = inference.difference_interval(sample)
    scipys = scipy_stats.ttest_1samp(value, 0.0).confidence_interval()
    assert (mine.low, mine.high) == pytest.approx((scipys.low, scipys.high), abs=1e-9)


def slow_delong(truth: np.ndarray, scores: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """AUCs and their covariance by DeLong's formula, a double loop."""
    yes, no = np.flatnonzero(truth == 1), np.flatnonzero(truth == 0)
    kernel = [np.array([[(s[i] > s[j]) + 0.5 * (s[i] == s[j]) for j in no] for i in yes]) for s in scores]
    v10, v01 = np.stack([k.mean(axis=1) for k in kernel]), np.stack([k.mean(axis=0) for k in kernel])
    return np.array([k.mean() for k in kernel]), np.cov(v10) / len(yes) + np.cov(v01) / len(no)


def test_delong_agrees_with_its_formula_and_the_area_with_scikit_learn():
    from sklearn.metrics import roc_auc_score

    rng = RNG(7)
    truth = rng.integers(0, 2, 120)
    scores = [np.round(expit(truth + rng.normal(size=120)), 1) for _ in range(2)]  # with ties
    area, cov = slow_delong(truth, scores)
    both = [np.stack([1 - s, s], axis=1) for s in scores]
    gap = stats.auc(truth, both[0][None]) - stats.auc(truth, both[1][None])
    variance = cov[0, 0] + cov[1, 1] - 2 * cov[0, 1]
    assert float(stats.sampling_variance(gap).standard_error) == pytest.approx(np.sqrt(variance), abs=1e-9)
    expected = 2 * norm.sf(abs(area[0] - area[1]) / np.sqrt(variance))
    assert inference.delong(truth, *both) == pytest.approx(expected, abs=1e-9)
    assert float(stats.auc(truth, both[0][None]).value[0]) == pytest.approx(roc_auc_score(truth, scores[0]), abs=1e-12)


def test_the_area_of_hanley_and_mcneils_table_is_the_published_one():
    """Hanley and McNeil (1982), 58 normal and 51 abnormal images in five ratings: W = 0.893."""
    normal, abnormal = (33, 6, 6, 11, 2), (3, 2, 2, 11, 33)
    score = np.repeat(np.tile(np.arange(5) / 4, 2), [*normal, *abnormal])
    truth = np.repeat([0, 1], [58, 51])
    found = stats.auc(truth, np.stack([1 - score, score], axis=1)[None])
    assert float(found.value[0]) == pytest.approx(0.893, abs=5e-4)
    error = float(stats.sampling_variance(found).standard_error)
    assert error == pytest.approx(0.032, abs=2e-3)  # theirs by another formula: 0.032


def test_more_classes_have_the_area_of_scikit_learn_and_a_variance_that_resampling_confirms():
    from sklearn.metrics import roc_auc_score

    rng = RNG(8)
    truth = rng.integers(0, 3, 400)
    p = rng.dirichlet(np.ones(3), 400) + 0.5 * np.eye(3)[truth]
    p /= p.sum(axis=1, keepdims=True)
    found = stats.auc(truth, p[None])
    assert float(found.value[0]) == pytest.approx(roc_auc_score(truth, p, multi_class="ovr"), abs=1e-9)
    rows = rng.integers(0, 400, (400, 400))
    made = [float(stats.auc(truth[r], p[r][None]).value[0]) for r in rows]
    assert float(stats.sampling_variance(found).standard_error) == pytest.approx(np.std(made), rel=0.15)


def test_balanced_accuracy_is_scikit_learns_and_its_variance_is_the_classes():
    from sklearn.metrics import balanced_accuracy_score

    rng = RNG(9)
    truth = (rng.random(300) < 0.2).astype(int)
    guess = np.where(rng.random(300) < 0.7, truth, 1 - truth)
    found = stats.balanced_accuracy(truth, guess[None])
    assert float(found.value[0]) == pytest.approx(balanced_accuracy_score(truth, guess))
    shares = [np.var((guess == truth)[truth == c], ddof=1) / (truth == c).sum() / 4 for c in (0, 1)]
    assert float(stats.sampling_variance(found).standard_error) == pytest.approx(np.sqrt(sum(shares)))


def test_a_class_that_the_test_set_lacks_leaves_no_auc_but_a_balanced_accuracy():
    truth = np.zeros(20, int)
    p = np.full((1, 20, 2), 0.5)
    assert stats.auc(truth, p) is None
    assert inference.delong(truth, p[0], p[0]) is None
    assert stats.balanced_accuracy(truth, np.zeros((1, 20), int)).value[0] == 1.0


def test_a_perfect_score_does_not_prove_a_perfect_model():
    truth = np.array([0, 1] * 50)
    found = inference.score_interval(stats.accuracy(truth, np.stack([truth] * 3)))
    wilson = scipy_stats.binomtest(100, 100).proportion_ci(method="wilson")
    assert (found.estimate, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(wilson.low)
    area = stats.auc(truth, two(np.stack([np.where(truth == 1, 3.0, -3.0)] * 3)))
    assert inference.score_interval(area).low == pytest.approx(
        scipy_stats.binomtest(50, 50).proportion_ci(method="wilson").low)


def test_a_constant_predictor_has_half_the_area_for_certain():
    truth = np.array([0, 1] * 50)
    found = inference.score_interval(stats.auc(truth, np.full((2, 100, 2), 0.5)))
    assert (found.estimate, found.low, found.high) == (0.5, 0.5, 0.5)


def test_systems_with_the_same_answers_do_not_differ():
    truth, (a,) = answers(RNG(10), 3, 100, (0.8,), 0.1)
    one = stats.accuracy(truth, (a > 0).astype(int))
    assert inference.p_value((one - one).value.mean(), stats.sampling_variance(one - one)) == 1.0
    assert inference.difference_interval(one - one) == stats.Interval(0.0, 0.0, 0.0)
    assert power.required_sample(0.0, stats.sampling_variance(one - one)) == power.RequiredSample(None, None)
    assert inference.mcnemar(a[0] > 0, a[0] > 0) == 1.0


def test_holm_is_as_in_its_definition_and_keeps_order():
    p = np.array([0.01, 0.04, 0.03, 0.005])
    assert inference.holm(p) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert inference.holm(np.array([])).size == 0
    assert inference.combined_p([0.03]) == 0.03
    assert inference.combined_p([0.01, 0.02, 0.9]) == pytest.approx(0.04)


def test_mcnemars_test_of_agrestis_approval_ratings_is_the_published_one():
    """Agresti (1990), p. 350, as in R's `?mcnemar.test`: 794, 150, 86 and 570 of 1,600; 64² / 236 = 17.36."""
    counts = {(True, True): 794, (True, False): 150, (False, True): 86, (False, False): 570}
    first, second = (np.repeat([key[i] for key in counts], list(counts.values())) for i in (0, 1))
    statistic = (86 - 150) ** 2 / (86 + 150)
    assert statistic == pytest.approx(17.36, abs=0.005)
    exact = inference.mcnemar(first, second)
    assert exact == 2 * scipy_stats.binom.cdf(86, 236, 0.5)
    assert exact == pytest.approx(float(scipy_stats.chi2.sf(statistic, 1)), rel=0.25)  # 3.1e-5 by chi-square
    gap = stats.accuracy(np.ones(1600, int), first[None].astype(int)) - stats.accuracy(
        np.ones(1600, int), second[None].astype(int))
    error = np.sqrt((150 + 86 - (150 - 86) ** 2 / 1600) / 1600 / 1599)  # of the drop of 4 points in paired shares
    assert float(stats.sampling_variance(gap).standard_error) == pytest.approx(error, rel=1e-9)
    assert inference.difference_interval(gap).estimate == pytest.approx(0.04)


def test_holms_steps_are_those_of_his_rule_taken_one_by_one():
    """Holm (1979): compare the i-th smallest of m with alpha / (m - i + 1) and stop at the first that fails."""
    rng = RNG(13)
    for _ in range(50):
        p = rng.uniform(0, 0.06, rng.integers(1, 9)) ** rng.uniform(0.5, 2)
        for alpha in (0.01, 0.05, 0.1):
            called = np.zeros(len(p), bool)
            for i, at in enumerate(np.argsort(p)):
                if p[at] > alpha / (len(p) - i):
                    break
                called[at] = True
            assert (inference.holm(p) <= alpha).tolist() == called.tolist()


def test_the_required_seeds_or_texts_are_enough():
    variance = stats.SamplingVariance(4e-4, 1e-5, 0.0, 3, 2000, 1e-5)
    need = power.required_sample(0.03, variance)
    assert need.texts is None
    assert need.seeds is not None
    share = 4e-4 * 3 / need.seeds
    assert power.detectable_difference(stats.SamplingVariance(share, 1e-5, 0.0, need.seeds, 2000, 1e-5)) <= 0.03
    small = power.required_sample(0.005, stats.SamplingVariance(1e-5, 1e-4, 0.0, 3, 2000, 1e-4))
    assert small.seeds is None
    assert small.texts == pytest.approx(1e-4 * 2000 * (2.8016 / 0.005) ** 2, rel=1e-3)
    one_seed = stats.SamplingVariance(0.0, 1e-4, 0.0, 1, 2000, 1e-4)
    assert power.required_sample(0.03, one_seed) == power.RequiredSample(None, None)


def test_all_pairs_at_once_are_the_pairs_one_by_one():
    truth, made = answers(RNG(11), 3, 200, (0.8, 0.6, 0.4), 0.2)
    samples = [stats.accuracy(truth, (x > 0).astype(int)) for x in made]
    difference, variance = pairwise.mean_differences(samples)
    p = inference.p_value(difference, variance)
    one = samples[0] - samples[2]
    assert difference[0, 2] == pytest.approx(one.value.mean())
    assert p[0, 2] == p[2, 0] == pytest.approx(inference.p_value(one.value.mean(), stats.sampling_variance(one)))
    assert (np.diag(p) == 1.0).all()


def test_the_bootstrap_agrees_with_the_formula_where_seeds_are_many():
    truth, (a, b) = answers(RNG(12), 20, 1000, (0.8, 0.6), 0.1)
    sample = stats.accuracy(truth, (a > 0).astype(int)) - stats.accuracy(truth, (b > 0).astype(int))
    mine = inference.difference_interval(sample)
    made = bootstrap.interval(sample, bootstrap.draw(RNG(0), 20, 1000, 4000))
    assert made.high - made.low == pytest.approx(mine.high - mine.low, rel=0.08)
    again = bootstrap.interval(sample, bootstrap.draw(RNG(0), 20, 1000, 4000))
    assert made == again


def test_delong_of_areas_without_spread_is_certain_of_both():
    truth = np.array([0, 1] * 20)
    right = two(np.where(truth == 1, 3.0, -3.0)[None])[0]
    surer = right**2 / (right**2).sum(1, keepdims=True)
    assert inference.delong(truth, right, surer) == 1.0, "another model, the same area"
    assert inference.delong(truth, right, right[:, ::-1]) == 0.0, "all right and all wrong"


def test_an_interval_holds_its_ends():
    assert all(value in stats.Interval(1.0, 0.0, 2.0) for value in (0.0, 1.0, 2.0))
    assert not any(value in stats.Interval(1.0, 0.0, 2.0) for value in (-1e-9, 2.0 + 1e-9))


def test_an_interval_in_points_is_a_hundred_times_the_shares():
    assert stats.Interval(0.1, -0.2, 0.4).times(100.0) == stats.Interval(10.0, -20.0, 40.0)


def test_a_combined_p_is_at_most_one():
    assert inference.combined_p([0.9, 0.8, 0.95]) == 1.0
    assert inference.combined_p([0.01, 0.02, 0.9]) == 0.04
    assert inference.combined_p([0.3]) == 0.3


@pytest.mark.parametrize("from_seeds", [1e-5, 1e-4, 4e-4])
def test_the_required_seeds_are_the_fewest_that_detect_the_difference(from_seeds: float):
    """The least difference that 80% of repetitions call, written out with SciPy for one number of seeds at a time."""
    seen = stats.SamplingVariance(from_seeds, 1e-5, 0.0, 3, 2000, 1e-5)

    def least(seeds: int) -> float:
        share, texts = from_seeds * 3 / seeds, 1e-5
        weights = np.array([share, texts]) / (share + texts)
        quantiles = [[-scipy_stats.t.ppf(half, seeds - 1), -scipy_stats.t.ppf(half, 1999)] for half in (0.025, 0.2)]
        return float(np.sqrt(share + texts) * sum(weights @ q for q in quantiles))

    for difference in (0.015, 0.02, 0.05):
        need = next(n for n in range(2, 1001) if least(n) <= difference)
        assert power.required_sample(difference, seen) == power.RequiredSample(need, None)


def test_clusters_make_the_intervals_wider_and_hold_the_truth():
    from hard_cases import coverage

    scores, differences = coverage("clusters", 1, 120, 3)
    assert scores >= 0.9
    assert differences >= 0.9
    truth, guess = np.ones(100, int), np.repeat([1, 1, 1, 0], 25)[None]
    alone = stats.sampling_variance(stats.accuracy(truth, guess))
    together = stats.sampling_variance(stats.clustered(stats.accuracy(truth, guess), np.arange(100) // 25))
    assert together.texts == 4
    values = np.array([1, 1, 1, 0])  # four groups that are right or wrong as a whole are four observations
    assert together.from_texts == pytest.approx(values.var(ddof=1) / 4)
    assert alone.from_texts < together.from_texts / 10
    each = stats.clustered(stats.accuracy(truth, guess), np.arange(100))
    assert stats.sampling_variance(each).from_texts == alone.from_texts


@pytest.mark.parametrize("texts", [1, 2, 5])
def test_an_interval_knows_one_text_of_a_class_from_fifty(texts: int):
    from hard_cases import coverage

    def interval(rare: int) -> stats.Interval:
        truth = (np.arange(100) >= rare).astype(int)
        return inference.score_interval(stats.balanced_accuracy(truth, truth[None]))

    assert interval(texts).low < interval(50).low
    assert interval(1).low < 0.65
    assert interval(texts).high == 1.0
    scores, differences = coverage(str(texts), 1, 60, 5, 200)
    assert scores >= 0.9
    assert differences >= 0.9


def test_identical_seeds_have_the_interval_of_one():
    truth = np.array([0, 1] * 50)
    guess = np.where(np.arange(100) % 7 == 0, 1 - truth, truth)
    one = inference.score_interval(stats.accuracy(truth, guess[None]))
    three = inference.score_interval(stats.accuracy(truth, np.stack([guess] * 3)))
    assert three.low == pytest.approx(one.low, abs=0.01)
    assert three.high == pytest.approx(one.high, abs=0.01)
