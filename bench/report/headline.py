"""The sentences that stand above a leaderboard: what to use, how good it is, and what came from where."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.rankings import HARMS, HELPS, LEVEL, LEVEL_WITHIN, SOURCE_ONLY, RankedBaseline, Ranking
from bench.analysis.scores import Interval
from bench.analysis.study import Study
from bench.core.budget import FULL, Budget
from bench.core.names import TaskRef
from bench.report.numbers import seconds_text

USUAL = 128  # labels; the headline is about the budget nearest to this
NO_LABEL = (SOURCE_ONLY, "tfidf-source")  # strategies that learn from no label of the target
WORD_VECTORS = "glove-trainable"  # the strategy that adds word vectors to training from scratch, and nothing else


def headline(study: Study) -> list[str]:
    """What to use with about 128 labels, what came from where, and what holds over all budgets."""
    usual = min(study.rankings, key=lambda r: (abs(max(r.n_train, 1) / USUAL - 1), r.n_train), default=None)
    if usual is None:
        return []
    lines = at_budget(study, usual.budget)
    if study.summary is not None and len(study.summary.rows) > 1:
        best = [r.baseline for r in study.summary.rows if r.rank == 1]
        lines.append(f"Over all {len(study.summary.budgets)} budgets together: {_listed(best, 'or')}"
                     + (" (their mean scores cannot be ordered)." if len(best) > 1 else " is better than all others."))
    return lines


def at_budget(study: Study, budget: Budget) -> list[str]:
    """What to use at one budget, and what came from where."""
    ranking = study.at(budget)
    return [] if ranking is None else [recommendation(study, ranking), *sources_of_the_gain(study, ranking)]


def recommendation(study: Study, ranking: Ranking) -> str:
    """`With 128 labels use tfidf-joint or gradual (…). About 82% right, 15 points better than …`."""
    choice = recommended(study, ranking)
    n = f"{ranking.n_train:,}"
    labels = f"all {n} labels" if ranking.budget == FULL else f"{n} labels"
    use = f"With {labels} use {' or '.join(r.baseline for r in choice)}"
    first = choice[0]
    if len(choice) > 1:
        use += (f" (we cannot tell them apart; {first.baseline} is the cheapest: "
                f"{seconds_text(cost(study, ranking, first))})")
    score = first.score.estimate - (ranking.optimism or 0.0) / 100 * (first is ranking.rows[0])
    about = f"About {score:.0%} {'right' if study.board.leading == 'accuracy' else 'of each class right'}"
    parts = [about, *_against_scratch(first, n)]
    return f"{use}. {', '.join(parts)}{_without_labels(ranking, first)}."


def recommended(study: Study, ranking: Ranking) -> list[RankedBaseline]:
    """The bold rows within a point of the best one, the cheapest first: what cannot be told apart is a matter of cost.

    At most three: the cheapest, and the best of the others.
    """
    best = ranking.rows[0]
    close = [r for r in ranking.rows
             if r.rank == 1 and 100 * (best.score.estimate - r.score.estimate) <= LEVEL_WITHIN + 1e-9]
    cheapest = min(close, key=lambda r: cost(study, ranking, r))
    return [cheapest, *[r for r in close if r is not cheapest][:2]]


def cost(study: Study, ranking: Ranking, row: RankedBaseline) -> float:
    """Seconds to train it, its base included."""
    return next((p.adapt + p.pretrain for p in study.predictions
                 if (p.baseline, p.budget) == (row.baseline, ranking.budget)), row.adapt)


def _against_scratch(row: RankedBaseline, labels: str) -> list[str]:
    gain = row.gain
    if gain is None:
        return []
    alone = f"training on your {labels} labels alone"
    if row.verdict == LEVEL:
        return [f"no better and no worse than {alone} (within {LEVEL_WITHIN:g} point)"]
    size = f"{abs(gain.estimate):.0f} points" if abs(gain.estimate) >= 1.5 else f"{abs(gain.estimate):.1f} points"
    words = f"{size} {'better' if gain.estimate >= 0 else 'worse'} than {alone}"
    if row.verdict in (HELPS, HARMS):
        return [words]
    return [f"{words}, which is not certain [{gain.low:+.1f} {gain.high:+.1f}]"]


def _without_labels(ranking: Ranking, chosen: RankedBaseline) -> str:
    free = [r for r in ranking.rows if r.baseline in NO_LABEL]
    if not free:
        return ""
    if chosen.baseline in NO_LABEL:
        return "; it uses no label at all"
    return f"; no label at all gives {free[0].score.estimate:.0%}"


def sources_of_the_gain(study: Study, ranking: Ranking) -> list[str]:
    """What word vectors, the source and the target's labels bring, each with its 95% interval, where they were run."""
    rows = {r.baseline: r for r in ranking.rows}
    source, chosen = rows.get(SOURCE_ONLY), recommended(study, ranking)[0]
    labels = f"your {ranking.n_train:,} labels"
    if source is None or source.gain is None:
        return []
    parts = []
    vectors = rows.get(WORD_VECTORS)
    if vectors is not None and vectors.gain is not None:
        parts.append(f"word vectors {_plus_minus(vectors.gain)} points")
    name = TaskRef.parse(study.board.source).task
    parts.append(f"a model of {name} that saw no label of yours {_plus_minus(source.gain)} points")
    if chosen.gain_over_source is not None and chosen.baseline not in NO_LABEL:
        gain = chosen.gain_over_source
        certain = "" if gain.low > 0 or gain.high < 0 else ", nothing that can be measured"
        parts.append(f"on top of that model, {labels} bring {chosen.baseline} {_plus_minus(gain)} points{certain}")
    return [f"What came from where, against training on {labels} alone: {'; '.join(parts)}."]


def _plus_minus(gain: Interval) -> str:
    return f"{gain.estimate:+.1f} ± {(gain.high - gain.low) / 2:.1f}"


def _listed(names: Sequence[str], word: str) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"
