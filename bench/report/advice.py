"""What a leaderboard says, in sentences: which strategy to use at how many labels, how sure that is."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.compare import ALPHA, HELPS, NEUTRAL, OPEN, Pair, Row, Standing
from bench.analysis.inference import Need
from bench.analysis.scores import Interval
from bench.analysis.study import Study
from bench.core.budget import budget_in_words

LISTED = 3  # names before "and n more"
MOST_REIGNS = 3  # that are told one by one


def short(value: float) -> str:
    """`.771`, as scores are printed."""
    text = f"{value:.3f}"
    return text[1:] if text.startswith("0") else text


def score(found: Interval) -> str:
    """`.771 [.753 .789]`."""
    return f"{short(found.estimate)} [{short(found.low)} {short(found.high)}]"


def p_text(p: float) -> str:
    """A p value as printed."""
    return "< .001" if p < 0.001 else f"= {short(p)}"


def advice(study: Study) -> list[str]:
    """A sentence for each budget, and who leads from where on."""
    lines = [_at(study, s) for s in study.standings]
    leaders = list(dict.fromkeys(r.baseline for r in study.reigns))
    if len(study.reigns) > MOST_REIGNS:
        lines.append(f"By mean scores the lead passes {len(study.reigns) - 1} times between {', '.join(leaders[:-1])} "
                     f"and {leaders[-1]}.")
    elif len(study.reigns) > 1:
        parts = [f"{r.baseline} up to about {_round(r.end):,}" for r in study.reigns[:-1]]
        lines.append(f"By mean scores {', then '.join(parts)} labels, then {study.reigns[-1].baseline}.")
    return lines


def _at(study: Study, standing: Standing) -> str:
    first = standing.rows[0]
    said = [f"At {budget_in_words(standing.budget, standing.n_train)} use {first.baseline}: {score(first.score)}"]
    if first.gain is not None:
        said.append(_gain(first))
    worth = study.worth(first.baseline, standing.budget)
    if worth is not None:
        said.append(f"worth {worth.words()} labels from scratch")
    tied, n = standing.tied, len(standing.tied)
    if tied:
        names = ", ".join(tied[:LISTED]) + (f" and {n - LISTED} more" if n > LISTED else "")
        sure = f"tied with {names} (best in {first.best:.0%} of resamples{_need(standing.need, standing.seeds)})"
    else:
        sure = "nothing ties with it" if len(standing.rows) > 1 else "nothing to compare it with"
    one = "; one seed: the spread over seeds is unknown" if standing.seeds == 1 else ""
    return f"{', '.join(said)}; {sure}{one}."


def _gain(row: Row) -> str:
    gain = row.gain
    assert gain is not None
    size = f"{abs(gain.estimate):.1f} points {'above' if gain.estimate >= 0 else 'below'} scratch"
    if row.verdict == HELPS:
        return size
    return f"{size} [{gain.low:.1f} {gain.high:.1f}]{', not certain' if row.verdict == OPEN else f' ({row.verdict})'}"


def _need(need: Need, seeds: int, whom: str = "the first two") -> str:
    if need.seeds is not None and need.seeds <= seeds:
        return f"; tested alone {whom} may differ, among all pairs that can be chance"
    if need.seeds is not None:
        return f"; about {need.seeds} seeds would separate {whom}"
    if need.texts is not None:
        return f"; more seeds would not separate {whom}, about {_round(need.texts):,} test texts would"
    return ""


def _round(labels: float) -> int:
    step = 10 ** max(0, len(str(int(labels))) - 2)
    return int(round(labels / step) * step)


def notes(study: Study) -> list[str]:
    """What the columns mean, what the base cost, what is missing and why."""
    board = study.board
    what = board.leading.replace("_", " ")
    seeds = sorted({s.seeds for s in study.standings})
    models = "/".join(map(str, seeds)) or "no"
    known = [s.detectable for s in study.standings if s.detectable is not None]
    lines = [
        f"{what} [95% interval] over {models} seed(s) and {board.n_test:,} test texts; # rank: 1 unless another is "
        f"better for certain ({ALPHA:.0%}, Holm over all pairs of this leaderboard).",
        f"gain: points over scratch at the same labels and seeds: ▲ helps, ▼ harms, = neutral (90% interval within "
        f"±{NEUTRAL:g}), ? underpowered. n/m: so many of the seeds finished."]
    if known:
        low, high = f"{min(known):.1f}", f"{max(known):.1f}"
        span = f"{low} points" if low == high else f"{low} to {high} points, depending on the labels,"
        lines.append(f"Between the first two a difference of {span} would be seen with 80% power.")
    if board.pretrain:
        lines.append(f"The base took {board.pretrain:.0f} s to train, once.")
    lines += [f"left out: {text}" for text in study.left_out]
    lines += [f"failed: {text}" for text in board.failed]
    return lines


def pair_notes(found: Sequence[Pair]) -> list[str]:
    """What the columns of paired comparisons mean, and what each says."""
    lines = []
    for c in found:
        gap = c.difference
        if c.p_holm <= ALPHA:
            ahead, behind = (c.first, c.second) if gap.estimate > 0 else (c.second, c.first)
            said = f"{ahead} is better than {behind} by {abs(gap.estimate):.1f} points"
        elif c.difference.low == c.difference.high == 0.0:
            said = f"{c.first} and {c.second} are right on the same texts"
        else:
            said = (f"{c.first} and {c.second} cannot be told apart ({gap.estimate:+.1f} points; {c.detectable:.1f} "
                    f"would be seen with 80% power{_need(c.need, c.seeds, 'them')})")
        lines.append(f"At {c.budget} labels {said}.")
    lines.append(f"points: first minus second over {found[0].seeds} seed(s) and {found[0].n_test:,} texts; bootstrap: "
                 "the same by resampling texts and seeds; Holm p: over all lines; McNemar and DeLong hold these very "
                 "models fixed (over seeds: twice the median p), so they are smaller.")
    return lines
