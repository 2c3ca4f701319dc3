"""What a leaderboard says, in sentences: which strategy to use at how many labels, and how certain that is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.analysis.boards import only_row_of, rows_of
from bench.analysis.comparisons import Comparison
from bench.analysis.leaderboard import SCRATCH
from bench.analysis.power import RequiredSample
from bench.analysis.rankings import ALPHA, HELPS, LEVEL_WITHIN, OPEN, RankedBaseline, Ranking
from bench.analysis.scores import RARE
from bench.analysis.study import Study
from bench.analysis.variance import VarianceComponents
from bench.core import recipes
from bench.core.budget import FULL, NO_LABELS, budget_in_words
from bench.report.numbers import score_with_interval, two_figures
from bench.results.members import in_words, listed

MOST_NAMES = 3  # tied strategies listed before "and n more"
SMALLEST_OPTIMISM = 0.1  # points worth a word
MOST_SEEDS, MOST_TEXTS = 100, 20_000  # more is no advice: the estimate of so large a number is worth nothing
MOST_DETECTABLE = 50.0  # points
MOST_LEADERS = 3  # changes of the leader listed one by one


def advice(study: Study) -> list[str]:
    """One sentence per budget, then who leads from how many labels on."""
    lines = [_advice_at(study, ranking) for ranking in study.rankings]
    names = list(dict.fromkeys(leader.baseline for leader in study.leaders))
    if len(study.leaders) > MOST_LEADERS:
        lines.append(f"By mean scores, the lead changes {len(study.leaders) - 1} times between "
                     f"{', '.join(names[:-1])} and {names[-1]}.")
    elif len(study.leaders) > 1:
        spans = [f"{leader.baseline} leads up to about {two_figures(leader.end):,}" for leader in study.leaders[:-1]]
        lines.append(f"By mean scores, {', then '.join(spans)} labels, then {study.leaders[-1].baseline}.")
    return lines


def _advice_at(study: Study, ranking: Ranking) -> str:
    first = ranking.rows[0]
    labels = budget_in_words(ranking.budget, ranking.n_train)
    at = "With" if ranking.budget == NO_LABELS else "At"
    parts = [f"{at} {labels} the highest score is that of {first.baseline}: {score_with_interval(first.score)}"]
    if ranking.optimism is not None and ranking.optimism >= SMALLEST_OPTIMISM:
        parts.append(f"of which about {ranking.optimism:.1f} points are the luck of the best of {len(ranking.rows)}")
    if first.gain is not None:
        parts.append(_gain(first))
    equivalent = study.label_equivalent(first.baseline, ranking.budget)
    if equivalent is not None:
        parts.append(f"worth {equivalent.in_words()} labels from scratch")
    one_seed = "; only one seed, so the spread over seeds is unknown" if ranking.seeds == 1 else ""
    return f"{', '.join(parts)}; {_certainty(ranking)}{one_seed}."


def _certainty(ranking: Ranking) -> str:
    """Which others may be the best, and which of them are shown to be level with the first."""
    bold = [r for r in ranking.rows[1:] if r.rank == 1]
    if not bold:
        return "all others are behind it" if len(ranking.rows) > 1 else "nothing to compare it with"
    level, other = [r.baseline for r in bold if r.level_with_best], [r.baseline for r in bold if not r.level_with_best]
    parts = []
    if level:
        parts.append(f"level with {_some(level)} (within ±{LEVEL_WITHIN:g} point)")
    if other:
        need = _required(ranking.need, ranking.seeds, "the first two", "the lead is ") if other[0] == \
            ranking.rows[1].baseline else ""
        parts.append(f"cannot be ordered against {_some(other)} by these {ranking.n_test:,} texts (best in "
                     f"{ranking.rows[0].best:.0%} of resamples{need})")
    return "; ".join(parts)


def _some(names: Sequence[str]) -> str:
    n = len(names)
    return ", ".join(names[:MOST_NAMES]) + (f" and {n - MOST_NAMES} more" if n > MOST_NAMES else "")


def _gain(row: RankedBaseline) -> str:
    gain = row.gain
    assert gain is not None
    size = f"{abs(gain.estimate):.1f} points {'above' if gain.estimate >= 0 else 'below'} scratch"
    if row.verdict == HELPS:
        return size
    return f"{size} [{gain.low:.1f} {gain.high:.1f}] ({'not certain' if row.verdict == OPEN else row.verdict})"


def _required(need: RequiredSample, seeds: int, pair: str, difference: str = "") -> str:
    """What it would take to separate two strategies, as the rest of a sentence; nothing beyond what anyone has."""
    if need.seeds is not None and need.seeds <= seeds:
        return f"; {difference}significant alone, not among all that were compared"
    if need.seeds is not None and need.seeds <= MOST_SEEDS:
        return f"; separating {pair} would take about {need.seeds} seeds"
    if need.texts is not None and need.texts <= MOST_TEXTS:
        return f"; separating {pair} would take about {two_figures(need.texts):,} test texts"
    return ""


def notes(study: Study) -> list[str]:
    """What the columns mean, what the base cost, and what is missing and why."""
    board = study.board
    seeds = "/".join(map(str, sorted({r.seeds for r in study.rankings}))) or "no"
    detectable = [r.detectable for r in study.rankings if r.detectable is not None]
    draws = "" if all(r.budget == FULL for r in study.rankings) else ", label draws"
    lines = [
        f"{board.leading.replace('_', ' ')} [95% interval] over {seeds} seed(s){draws} and {board.n_test:,} test "
        f"texts; #: 1 may be the best, others are behind the first (Hsu's comparison with the best, {ALPHA:.0%} for "
        "each budget).",
        f"gain: points over scratch with the same labels and seeds: ▲ helps, ▼ harms ({ALPHA:.0%} for all gains of a "
        f"budget together), = level (an equivalence test within ±{LEVEL_WITHIN:g} point), ? cannot be decided by these "
        "seeds and texts. vs source: points over source-only. n/m: only n of the m seeds finished."]
    lines += members_notes(study)
    lines += zero_point_notes(study)
    if detectable and min(detectable) <= MOST_DETECTABLE:
        low, high = f"{min(detectable):.1f}", f"{min(max(detectable), MOST_DETECTABLE):.1f}"
        span = f"{low} points" if low == high else f"{low} to {high} points, depending on the budget,"
        lines.append(f"A difference of {span} between the first two would be detected with 80% power.")
    lines += [*label_free_notes(study), *one_class_notes(study), *test_set_notes(study)]
    if board.pretrain:
        lines.append(f"The base took {board.pretrain:.0f} s to train, once.")
    lines += [f"left out: {text}" for text in study.left_out]
    lines += [f"failed: {text}" for text in board.failed]
    return lines


def zero_point_notes(study: Study) -> list[str]:
    """Why there are no gains, or why they are not those that trials of today would have."""
    rows, zero = rows_of(SCRATCH, study.board.rows), only_row_of(SCRATCH, study.board.rows)
    missing = [f"no gain is shown: there are {len(rows)} rows of scratch ({', '.join(rows)})."] \
        if rows and zero is None else []
    return missing + _earlier_recipes(study, zero)


def _earlier_recipes(study: Study, zero: str | None) -> list[str]:
    """Which rows were made with a recipe that their strategy no longer has, and what is counted from one of them."""
    earlier = {name: row for name, row in study.board.row_keys.items()
               if not row.version and row.recipe < recipes.current(row.strategy)}
    if not earlier:
        return []
    was = {name: recipes.what_it_was(row.strategy, row.recipe) for name, row in earlier.items()}
    *others, last = earlier
    if others:
        line = (f"{len(earlier)} rows have an earlier recipe: {', '.join(others)} and {last}; the records that bench "
                "run makes now stand in rows of their own")
    else:
        line = (f"{last} has an earlier recipe ({earlier[last].recipe}: {was[last]}); bench run now has recipe "
                f"{recipes.current(earlier[last].strategy)}, whose records stand in a row of their own")
    if zero in earlier and len(study.board.rows) > 1:
        line += (f"; gains here are over the earlier recipe of {zero}{f' ({was[zero]})' if others else ''}, and not "
                 "comparable with gains over today's")
    return [f"{line}."]


def members_notes(study: Study) -> list[str]:
    """What each row that combines strategies is made of, by budget; and what it lacks, since that is not installed."""
    lines = []
    for name, row in study.board.row_keys.items():
        budgets: dict[str, list[str]] = {}
        for budget in study.board.budgets:
            if made_of := in_words(study.board.cells[name, budget].members):
                budgets.setdefault(made_of, []).append(f"{'all' if budget == FULL else budget}")
        parts = [f"{made_of} ({listed(labels)} labels)" if len(budgets) > 1 else made_of
                 for made_of, labels in budgets.items()]
        if parts:
            lacks = f"; it runs without {listed(list(row.without))}, which needs what is not installed or found here" \
                if row.without else ""
            lines.append(f"{name} is {', '.join(parts)}{lacks}.")
    return lines


def label_free_notes(study: Study) -> list[str]:
    """Which rows stand in several columns with one number, since they use no label; and who is missing at 0."""
    board, lines = study.board, []
    several = [name for name in board.rows if name in study.label_free
               and sum(board.cells[name, b].leading is not None for b in board.budgets) > 1]
    if several:
        *others, last = several
        who = f"{', '.join(others)} and {last} use" if others else f"{last} uses"
        lines.append(f"{who} no label of the target: the same score at every number of labels.")
    if any(board.cells[name, NO_LABELS].of == 0 for name in board.rows if NO_LABELS in board.budgets):
        lines.append("With no labels only strategies that need none have a score; no gain is shown there, since "
                     "scratch learns from labels.")
    return lines


def one_class_notes(study: Study) -> list[str]:
    """At which budgets the suite answered for strategies, because all labelled texts had one class."""
    board, lines = study.board, []
    for budget in board.budgets:
        names = [name for name in board.rows if board.cells[name, budget].fallbacks]
        if names:
            cells = [board.cells[name, budget] for name in names]
            lines.append(f"With {budget} labels, {max(c.fallbacks for c in cells)} of {max(c.of for c in cells)} draws "
                         f"had one class alone: there the shares of the labelled classes, smoothed, were predicted "
                         f"in place of {', '.join(names)}.")
    return lines


def test_set_notes(study: Study) -> list[str]:
    """Warnings about the test set: a class with few texts, texts that come in groups."""
    if not study.predictions:
        return []
    first, lines = study.predictions[0], []
    counts = np.bincount(first.truth)
    rare = [int(c) for c in counts if 0 < c < RARE]
    if rare:
        few = " and ".join(map(str, sorted(rare)[:MOST_NAMES]))
        lines.append(f"Warning: {len(rare)} of the {int((counts > 0).sum())} classes "
                     f"{'has' if len(rare) == 1 else 'have'} only {few} test text(s): what is said about "
                     f"{'it' if len(rare) == 1 else 'them'} rests on these; the intervals allow for that.")
    if first.groups is not None:
        lines.append(f"The test texts come in {len(np.unique(first.groups)):,} groups (such as the texts of one film "
                     "or hotel), whose texts are right or wrong together: intervals and tests count groups.")
        earlier = sum(not p.groups_stored for p in study.predictions)
        if earlier:
            lines.append(f"{earlier} of {len(study.predictions)} cells are of records made before groups were stored; "
                         "their test texts are the same, so they take the groups from the other records. Without these "
                         "records their intervals would be narrower.")
    elif all(p.before_groups for p in study.predictions):
        lines.append("These records were made before records said which test texts belong together (the reviews of one "
                     "film or hotel). So intervals and tests take every text as independent; where texts do belong "
                     "together, the intervals are too narrow. A trial that is run again says it.")
    return lines


def comparison_notes(comparisons: Sequence[Comparison]) -> list[str]:
    """What each paired comparison says, then what the columns mean."""
    lines = []
    for c in comparisons:
        points = c.difference.estimate
        if c.p_holm <= ALPHA:
            better, worse = (c.first, c.second) if points > 0 else (c.second, c.first)
            result = f"{better} is better than {worse} by {abs(points):.1f} points"
        elif c.difference.low == c.difference.high == 0.0:
            result = f"{c.first} and {c.second} are right on the same texts"
        else:
            result = (f"{c.first} and {c.second} do not differ significantly ({points:+.1f} points; {c.detectable:.1f} "
                      f"would be detected with 80% power{_required(c.need, c.seeds, 'them')})"
                      if c.detectable <= MOST_DETECTABLE else
                      f"{c.first} and {c.second} cannot be compared with so few seeds or texts")
        labels = "no" if c.budget == NO_LABELS else "all" if c.budget == FULL else f"{int(c.budget):,}"
        lines.append(f"{'With' if c.budget == NO_LABELS else 'At'} {labels} labels {result}.")
    first = comparisons[0]
    lines.append(f"points: first minus second over {first.seeds} seed(s) and {first.n_test:,} texts; bootstrap: the "
                 "same by resampling texts and seeds; Holm p: corrected over all rows. McNemar and DeLong take the "
                 "trained models as fixed (over seeds: twice the median p), so their p values are smaller.")
    return lines


def variance_note(components: VarianceComponents) -> str:
    """Which source adds most to the spread of a score, in one line."""
    labels = "label draw and head seed together" if components.heads < 2 else "label draw"
    known = [(value, name) for value, name in ((components.base, "base seed"), (components.labels, labels),
                                               (components.head, "head seed")) if value is not None]
    deviations = ", ".join(f"{name} {value:.1f}" for value, name in known) or "none"
    missing = [option for option, count in (("--base-seeds 2", components.bases), ("--seeds 2", components.draws),
                                            ("--head-seeds 2", components.heads)) if count < 2]
    rest = f"; a further split needs {', '.join(missing)}" if missing else f"; largest: {max(known)[1]}"
    return f"{components.baseline}, {components.budget} labels: standard deviations in points: {deviations}{rest}"
