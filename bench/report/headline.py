"""The sentences that stand above a leaderboard: what to use, how good it is, and what came from where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

from bench.analysis.rankings import HARMS, HELPS, LEVEL, LEVEL_WITHIN, SOURCE_ONLY, RankedBaseline, Ranking
from bench.analysis.scores import Interval
from bench.analysis.study import Study
from bench.core.budget import NO_LABELS, Budget, budget_in_words
from bench.core.names import TaskRef
from bench.report.numbers import seconds_text
from bench.results.members import in_words

USUAL = 128  # labels; the headline is about the budget nearest to this
FINE_TUNED = "finetune"  # the strategy that adds the source to training from scratch, and nothing else
RANDOM_VECTORS = "scratch-random"  # the strategy that takes the word vectors from scratch, and nothing else
DEFAULT = "auto"  # the strategy to use where no other is shown to be better
ADDED_VECTORS = "glove-trainable"  # the strategy that added them to the first recipe of scratch, which had none


def headline(study: Study) -> list[str]:
    """What to use with about 128 labels, what came from where, and what holds over all budgets."""
    usual = usual_ranking(study)
    if usual is None:
        return []
    lines = at_budget(study, usual.budget)
    if study.summary is not None and len(study.summary.rows) > 1:
        best = [r.baseline for r in study.summary.rows if r.rank == 1]
        lines.append(f"Over all {len(study.summary.budgets)} budgets together: {_listed(best, 'or')}"
                     + (" (their mean scores cannot be ordered)." if len(best) > 1 else " is better than all others."))
    return lines


def usual_ranking(study: Study) -> Ranking | None:
    """The ranking at about 128 labels; None where no strategy has finished at any budget."""
    return min(study.rankings, key=lambda r: (abs(max(r.n_train, 1) / USUAL - 1), r.n_train), default=None)


def at_budget(study: Study, budget: Budget) -> list[str]:
    """What to use at one budget, and what came from where."""
    ranking = study.at(budget)
    return [] if ranking is None else [recommendation(study, ranking), *sources_of_the_gain(study, ranking)]


def recommendation(study: Study, ranking: Ranking) -> str:
    """`With 128 labels use auto (the mean of …). About 84% right, 15 points better than …`."""
    choice = recommended(study, ranking)
    n = f"{ranking.n_train:,}"
    labels = budget_in_words(ranking.budget, ranking.n_train)
    first, *others = choice
    made_of = in_words(study.board.cells[first.baseline, ranking.budget].members)
    seconds = cost(study, ranking, first)
    if is_default(study, first):
        use = f"With {labels} use {first.baseline}{f' ({made_of})' if made_of else ''}"
        if others:
            theirs = cost(study, ranking, others[0])
            takes = f" ({others[0].baseline} takes {seconds_text(theirs)}, {first.baseline} {seconds_text(seconds)})"
            use += (f"; {_listed([r.baseline for r in others], 'or')} may be as good"
                    f"{takes if isfinite(theirs) and isfinite(seconds) else ''}")
    else:
        use = f"With {labels} use {' or '.join(r.baseline for r in choice)}"
        if others:
            use += " (we cannot tell them apart" + (f"; {first.baseline} is the cheapest: {seconds_text(seconds)})"
                                                    if isfinite(seconds) else ")")
    score = first.score.estimate - (ranking.optimism or 0.0) / 100 * (first is ranking.rows[0])
    about = f"About {score:.0%} {'right' if study.board.leading == 'accuracy' else 'of each class right'}"
    parts = [about, *_against_scratch(first, n)]
    return f"{use}. {', '.join(parts)}{_without_labels(study, ranking, first)}."


def recommended(study: Study, ranking: Ranking) -> list[RankedBaseline]:
    """The bold rows within a point of the best one: `auto` first where it is among them, then the cheapest.

    What cannot be told apart is a matter of cost; but `auto` was the best or level on most targets, and one target
    alone shows that of no strategy. At most three.
    """
    best = ranking.rows[0]
    close = [r for r in ranking.rows
             if r.rank == 1 and 100 * (best.score.estimate - r.score.estimate) <= LEVEL_WITHIN + 1e-9]
    first = [r for r in close if is_default(study, r)][:1]
    others = [r for r in close if r not in first]
    if others:
        cheapest = min(others, key=lambda r: cost(study, ranking, r))
        others = [cheapest, *[r for r in others if r is not cheapest]]
    return [*first, *others][:3]


def is_default(study: Study, row: RankedBaseline) -> bool:
    """Whether a row is one of `auto`."""
    return study.board.row_keys[row.baseline].strategy == DEFAULT


def cost(study: Study, ranking: Ranking, row: RankedBaseline) -> float:
    """Seconds to train it, its base included; infinite for predictions from elsewhere, whose cost nobody knows here."""
    if study.board.row_keys[row.baseline].imported:
        return float("inf")
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


def _without_labels(study: Study, ranking: Ranking, chosen: RankedBaseline) -> str:
    """What no label at all gives: the best row with a budget of 0, else the best one here that uses none."""
    if ranking.budget == NO_LABELS:
        return ""
    if chosen.baseline in study.label_free:
        return "; it uses no label at all"
    without = study.without_labels
    free = list(without.rows) if without else [r for r in ranking.rows if r.baseline in study.label_free]
    return f"; no label at all gives {free[0].score.estimate:.0%}" if free else ""


def sources_of_the_gain(study: Study, ranking: Ranking) -> list[str]:
    """What word vectors, the source and the target's labels bring, each with its 95% interval, where they were run.

    Each step is one strategy minus another that lacks this alone: random word vectors → scratch → the source → labels.
    """
    rows = {r.baseline: r for r in ranking.rows}
    chosen, zero = recommended(study, ranking)[0], study.board.zero
    if zero is None:
        return []
    labels, source = f"your {ranking.n_train:,} labels", TaskRef.parse(study.board.source).task
    without_vectors = study.board.row_keys[zero].recipe == 1
    any_vectors = without_vectors or study.board.key.vectors_sha256
    parts = _word_vectors(rows, zero, without_vectors) if any_vectors else []
    brought = f"{source} and word vectors bring" if without_vectors else f"{source} brings"
    if (only := rows.get(SOURCE_ONLY)) is not None and only.gain is not None:
        parts.append(f"{brought} {_measured(only.gain)} (source-only, which saw no label of yours, over {zero}, which "
                     f"saw {labels})")
        learned = next((r for r in (chosen, *ranking.rows)
                        if r.baseline not in study.label_free and r.gain_over_source), None)
        if learned is not None and learned.gain_over_source is not None:
            parts.append(f"on top of that, {labels} bring {learned.baseline} {_measured(learned.gain_over_source)}")
    elif (tuned := rows.get(FINE_TUNED)) is not None and tuned.gain is not None:
        parts.append(f"{brought} {_measured(tuned.gain)} ({FINE_TUNED} over {zero}, both with {labels})")
    return [f"What came from where: {'; '.join(parts)}."] if parts else []


def _word_vectors(rows: Mapping[str, RankedBaseline], zero: str, without_vectors: bool) -> list[str]:
    """What word vectors bring, where the strategy that lacks them, or had them before `zero` had, was run."""
    if without_vectors:
        added = rows.get(ADDED_VECTORS)
        return [] if added is None or added.gain is None else [
            f"word vectors bring {_measured(added.gain)} ({ADDED_VECTORS} over {zero})"]
    random = rows.get(RANDOM_VECTORS)
    if random is None or random.gain is None:
        return []
    gain = Interval(-random.gain.estimate, -random.gain.high, -random.gain.low)
    return [f"word vectors bring {_measured(gain)} ({zero} over {RANDOM_VECTORS})"]


def _measured(gain: Interval) -> str:
    """Such as `+15.2 ± 1.9 points`, or that it is nothing that can be measured."""
    certain = "" if gain.low > 0 or gain.high < 0 else ", nothing that can be measured"
    return f"{_plus_minus(gain)} points{certain}"


def _plus_minus(gain: Interval) -> str:
    return f"{gain.estimate:+.1f} ± {(gain.high - gain.low) / 2:.1f}"


def _listed(names: Sequence[str], word: str) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"
