"""Tables and sentences over several targets: mean ranks, the transfer matrix, domain distances."""

from __future__ import annotations

from bench.analysis.across_targets import RankingAcrossTargets
from bench.analysis.domain_distance import FEWEST, NAMES, DistancesAndGains
from bench.analysis.random_effects import MeanEffect
from bench.analysis.transfer_matrix import TransferMatrix
from bench.core.names import TaskRef
from bench.report.numbers import p_text, points_with_interval
from bench.report.roles import role_notes
from bench.report.tables import Table


def short_name(name: str) -> str:
    """The name of a target or source without its edition."""
    return TaskRef.parse(name).task


def short_source(name: str) -> str:
    """The same for a row of a matrix, which may go on after the edition: `imdb · epochs 2`."""
    source, dot, variant = name.partition(" · ")
    return short_name(source) + dot + variant


def across_title(ranking: RankingAcrossTargets) -> str:
    """One line that says what is compared."""
    variant = f" · {ranking.variant}" if ranking.variant else ""
    role = f"{ranking.role} " if ranking.role else ""
    return f"{len(ranking.targets)} {role}targets from {ranking.source} · {ranking.budget} labels{variant}"


def across_table(ranking: RankingAcrossTargets) -> Table:
    """Mean ranks, wins and normalised scores of the baselines, the best mean rank first."""
    def text(value: float | None, form: str) -> str:
        return "–" if value is None else format(value, form)

    head = ("baseline", "coverage", "mean rank", "wins", "mean gain [95%]", "± between", "improves", "shown on",
            "within 1/2/5", "normalised", *map(short_name, ranking.targets))
    body = tuple((p.baseline, f"{p.covered}/{len(ranking.targets)}", text(p.mean_rank, ".2f"), text(p.wins, ".0%"),
                  *_gain_texts(p.gain), "/".join(f"{share:.0%}" for share in p.within),
                  text(p.normalised, ".3f"), *(text(v, ".3f") for v in ranking.scores[p.baseline]))
                 for p in ranking.places)
    return Table(head, body)


def _gain_texts(gain: MeanEffect | None) -> tuple[str, str, str, str]:
    if gain is None:
        return ("–",) * 4
    return points_with_interval(gain.mean), f"{gain.between:.1f}", f"{gain.improves:.0%}", str(gain.replicated)


def across_notes(ranking: RankingAcrossTargets) -> list[str]:
    """What the columns mean and what the tests say."""
    targets, corpora = len(ranking.targets), len(ranking.corpora)
    lines = ["coverage: targets with a complete cell. mean rank and wins: only among baselines that have every target. "
             "normalised and the columns of the targets: (score - largest class) / (1 - largest class).",
             "mean gain: points over scratch, random effects over corpora; ± between: how much the true gain differs "
             "from corpus to corpus; improves: mean probability that it helps there; shown on: corpora on which a gain "
             "is shown, at 5% for the count (Dror et al. 2017); within: corpora on which it is at most 1, 2 and 5 "
             "points behind the best."]
    if ranking.other_zero:
        lines.append(f"mean gain leaves out {', '.join(map(short_name, ranking.other_zero))}: the records there count "
                     "gains from an earlier recipe of scratch.")
    if corpora < targets:
        shared = [", ".join(map(short_name, corpus)) for corpus in ranking.corpora if len(corpus) > 1]
        several = f"{corpora} corpora" if corpora > 1 else "one corpus"
        lines.append(f"The {targets} targets come from {several} ({'; '.join(shared)} share one): a corpus "
                     "counts once, as the mean of its targets.")
    if ranking.friedman is not None and ranking.critical is not None:
        result = "the baselines differ" if ranking.friedman <= 0.05 else "no significant difference"
        lines.append(f"Friedman p = {ranking.friedman:.3g} over {corpora} corpora: {result}. Mean ranks that are more "
                     f"than {ranking.critical:.2f} apart differ significantly (Nemenyi, 5%).")
    if corpora < 5:
        lines.append(f"{corpora} {'corpora are' if corpora > 1 else 'corpus is'} few for a test of ranks; look at the "
                     "columns of the targets.")
    return [*role_notes(ranking.role, ranking.targets), *lines]


def matrix_title(matrix: TransferMatrix) -> str:
    """One line that says what is shown: the score, and where it is another, the targets that have it."""
    labels = "all labels" if matrix.budget == "full" else f"{matrix.budget} target labels"
    return f"{matrix.baseline}, {labels}: {score_name(matrix)} on the target's test set"


def score_name(matrix: TransferMatrix) -> str:
    """The leading score: `accuracy`, or `accuracy (balanced accuracy for hotels)` where targets differ."""
    balanced = [short_name(t) for t in matrix.targets if matrix.leading[t] == "balanced_accuracy"]
    if len(balanced) == len(matrix.targets):
        return "balanced accuracy"
    return f"accuracy (balanced accuracy for {', '.join(balanced)})" if balanced else "accuracy"


def matrix_table(matrix: TransferMatrix) -> Table:
    """One row per source, one column per target."""
    return Table(("source / target", *matrix.targets), tuple(
        (source, *("–" if score is None else f"{score:.3f}" for score in row))
        for source, row in zip(matrix.sources, matrix.scores, strict=True)))


def distance_title(distances: DistancesAndGains) -> str:
    """One line that says what is compared."""
    return f"distance from {distances.source}, and gain of {distances.baseline} at {distances.budget} labels"


def distance_table(distances: DistancesAndGains) -> Table:
    """Distances and gains, the nearest target first."""
    body = []
    for r in sorted(distances.rows, key=lambda r: r.distance.proxy_a):
        d = r.distance
        body.append((d.target, f"{d.proxy_a:.2f}", f"{d.known:.1%}", f"{d.shared:.1%}", f"{d.mmd:.4f}",
                     "–" if r.gain is None else points_with_interval(r.gain)))
    return Table(("target", "proxy A", "known words", "shared words", "MMD²", "gain [95%]"), tuple(body))


def distance_notes(distances: DistancesAndGains) -> list[str]:
    """What the columns mean, and whether the distances predict the gain."""
    lines = ["proxy A: 0 if the two domains look alike, 2 if a linear classifier always tells them apart. known words: "
             "share of the target's running words that the source has. MMD²: of the base's features."]
    lines += [f"{target} has no gain here, for it has several leaderboards: {'; '.join(titles)}."
              for target, titles in distances.ambiguous.items()]
    lines += [f"{target} has no gain here: its records count gains from an earlier recipe of scratch."
              for target in distances.other_zero]
    for name, r in distances.correlations.items():
        if r is not None:
            certain = "" if distances.p_values[name] <= 0.05 else ", not significant"
            lines.append(f"Spearman correlation of the gain with {NAMES[name]}: {r.estimate:+.2f} [{r.low:+.2f} "
                         f"{r.high:+.2f}], exact p {p_text(distances.p_values[name])} (Holm over the distances) over "
                         f"{distances.corpora} corpora{certain}.")
    if distances.corpora < FEWEST:
        lines.append(f"{distances.corpora} {'corpus' if distances.corpora == 1 else 'corpora'} with a gain at these "
                     f"labels (targets of one corpus count together); a rank correlation needs {FEWEST} or more.")
    return lines
