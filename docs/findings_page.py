"""Write the tables and the figures of docs/findings.md from records: python docs/findings_page.py RESULTS.

A table stands between a block's marks, as on the README. A figure of a sentence is followed by a comment that says what
it is, such as `.857<!-- auto amazon 128 -->` or `+2.1<!-- auto - tfidf amazon 128 -->`, and is written anew with it. A
difference without a sign is one of which the sentence says that it is above 0; where it is not, the script says so.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING

from bench.core.budget import FULL, NO_LABELS, budget_order, in_order
from bench.core.files import save_text
from bench.report.numbers import score_text
from results import BLOCKS as TABLES
from results import (
    ROOT,
    SHOWN,
    by_role,
    count,
    grid,
    labels,
    main_studies,
    main_study,
    name,
    read_studies,
    row_name_of,
    row_of,
    short,
    shown,
    source_name,
    written,
)

if TYPE_CHECKING:
    from bench.analysis.rankings import RankedBaseline
    from bench.analysis.study import Study
    from bench.core.budget import Budget
    from results import Blocks

PAGE = ROOT / "docs" / "findings.md"
FIGURE = re.compile(r"(?<![\w.])([+\u2212-]?\d*\.?\d+)(<!-- ([^<>]+?) -->)")
FROM_THE_SOURCE = "source-only"  # a row that every target with the source's labels has, and no other
FEW = 64  # labels up to which a summary counts cells apart: little can be learned from so many
NOT_ENGLISH = ("chinese-reviews",)  # not among the means over reviews
KINDS = {"reviews": "the movies'", "new-labels": "others"}  # whose labels, in words
# What each method adds to, without labels and with them: its plain counterpart.
METHODS: Mapping[str, tuple[str, str]] = {
    "self-training": ("tfidf-source", "tfidf-joint"), "gradual-self": ("source-only", "gradual"),
    "easyadapt": ("", "tfidf-joint"), "importance-weighting": ("tfidf-source", "tfidf-joint"),
    "msda": ("tfidf-source", "tfidf-joint"), "dann": ("tfidf-source", "tfidf-joint"),
    "coral": ("source-only", "frozen"), "sentence-joint": ("", "sentence-embedding")}
ENCODERS = ("encoder-source-only", "encoder-finetune", "encoder-scratch", "setfit", "sentence-embedding")
PATHS = ("scratch-random", "scratch", "glove-frozen", "source-only", "frozen", "finetune", "self-training",
         "gradual-self")


def gpu_studies(studies: Sequence[Study]) -> list[Study]:
    """The main leaderboards on a GPU."""
    return main_studies(studies, "cuda")


def headings(budgets: Sequence[Budget]) -> list[str]:
    """`no label`, `128`, `all`: one column for each."""
    return ["no label" if budget == NO_LABELS else labels(budget) for budget in budgets]


def mean_score(study: Study, baseline: str, budget: Budget) -> float | None:
    """The mean of the leading score over the seeds."""
    cell = study.board.cells.get((row_name_of(study, baseline), budget))
    return None if cell is None else cell.leading


def best_row(study: Study, budget: Budget, without: Sequence[str]) -> tuple[str, float] | None:
    """The row with the highest mean, in hindsight, but for those left out, and its mean; None where none is left."""
    left_out = {row_name_of(study, row) for row in without}
    scores = {row: score for row in study.board.rows
              if row not in left_out and (score := mean_score(study, row, budget)) is not None}
    return max(scores.items(), key=lambda found: found[1]) if scores else None


@dataclass(frozen=True)
class Lead:
    """How far `auto` is ahead of the best other row of a target with a number of labels."""

    study: Study
    budget: Budget
    auto: float
    best: str  # in hindsight, by the mean over the seeds
    score: float  # of the best

    @property
    def points(self) -> float:
        """Below 0 where `auto` is behind."""
        return 100 * (self.auto - self.score)


def leads(studies: Sequence[Study]) -> list[Lead]:
    """One per target and number of labels with `auto` and another row."""
    found = []
    for study in studies:
        for budget in study.board.budgets:
            auto, best = mean_score(study, "auto", budget), best_row(study, budget, ("auto",))
            if auto is not None and best is not None:
                found.append(Lead(study, budget, auto, *best))
    return found


def auto_summary(studies: Sequence[Study]) -> str:
    """How `auto` stands to the best other row, by machine, role, whose labels they are, and how many."""
    from bench.report import roles

    body = []
    for device, of_device in (("CPU", main_studies(studies)), ("GPU", gpu_studies(studies))):
        for role, of_role in roles.by_role(of_device).items():
            for kind, same in (("the movies'", True), ("others", False)):
                found = leads([s for s in of_role if (FROM_THE_SOURCE in s.board.rows) == same])
                for how_many, few in ((f"up to {FEW}", True), ("more", False)):
                    cells = [lead for lead in found if (budget_order(lead.budget) <= FEW) == few]
                    if not cells:
                        continue
                    points = [lead.points for lead in cells]
                    worst = min(cells, key=lambda lead: lead.points)
                    body.append([device, role, kind, how_many, str(len(cells)), f"{mean(points):+.1f}",
                                 f"{mean(p >= -0.5 for p in points):.0%}", f"{mean(p >= -1 for p in points):.0%}",
                                 f"{worst.points:+.1f} ({name(worst.study)}, {count(worst.study, worst.budget)})"])
    return grid(["machine", "targets", "labels", "how many", "cells", "mean points", "within 0.5 or ahead",
                 "within 1 or ahead", "worst cell"], body)


def auto_cells(of_device: Callable[[Sequence[Study]], list[Study]], studies: Sequence[Study]) -> str:
    """`auto` in each cell, with the points by which it is ahead of the best other row."""
    chosen = [(study, found) for study in of_device(studies) if (found := leads([study]))]
    budgets = shown([study for study, _ in chosen])
    body = []
    for study, found in chosen:
        by_budget = {lead.budget: lead for lead in found}
        body.append([name(study), *(f"{short(row_of(study, 'auto', b))} {lead.points:+.1f} `{lead.best}`"
                                    if (lead := by_budget.get(b)) else "–" for b in budgets)])
    return grid(["target", *headings(budgets)], body) if body else ""


def paths(studies: Sequence[Study], budget: Budget = 128) -> str:
    """What each thing that a network can learn from brings, at one budget."""
    body = [[name(s), *(short(row_of(s, row, budget)) for row in PATHS)]
            for s in main_studies(studies) if s.at(budget)]
    return grid(["target", *(f"`{row}`" for row in PATHS)], body)


def every_number(studies: Sequence[Study], kind: str) -> str:
    """The mean score over the targets of a kind, of each strategy that all of them have, by the number of labels.

    A number of labels that some of them lack is left out, so that all columns are means over the same targets.
    """
    chosen = [s for s in main_studies(studies) if kind_of(s) == kind]
    if not chosen:
        return ""
    budgets = in_order(set.intersection(*(set(s.board.budgets) for s in chosen)))
    body: list[tuple[float, list[str]]] = []  # with the mean over the numbers of labels but none, to sort by
    for row in dict.fromkeys(row for s in chosen for row in s.board.rows):
        means = [mean_over(chosen, row, budget, len(chosen)) for budget in budgets]
        if (known := [m for m, budget in zip(means, budgets, strict=True) if m is not None and budget != NO_LABELS]):
            body.append((mean(known), [f"`{row}`", *("–" if m is None else score_text(m) for m in means)]))
    body.sort(key=lambda found: -found[0])
    return grid(["strategy", *headings(budgets)], [line for _, line in body])


def targets(studies: Sequence[Study]) -> str:
    """What each target's texts are, how many there are, and how uneven the classes."""
    from bench.data import cards
    from bench.report import roles

    tasks, body = cards.all_tasks(), []
    for study in main_studies(studies):
        task, always = tasks.get(name(study)), study.board.cells.get(("majority", FULL))
        body.append([name(study), task.title if task else "–", roles.role_of(study.board.target),
                     str(len(task.labels)) if task else "–",
                     f"{always.accuracy:.0%}" if always and always.accuracy is not None else "–",
                     f"{max(study.board.sizes.values()):,}", f"{study.board.n_test:,}"])
    return grid(["target", "texts", "role", "classes", "largest class", "training texts", "test texts"], body)


def choice(studies: Sequence[Study]) -> str:
    """Which strategy has the highest mean over the targets, by their labels, how many there are, and the machine."""
    body = []
    for kind, whose in KINDS.items():
        of_cpu, of_gpu = ([s for s in of_device if kind_of(s) == kind]
                          for of_device in (main_studies(studies), gpu_studies(studies)))
        for budget in shown(of_cpu):
            best = [highest_mean(chosen, budget, len(of_cpu)) for chosen in (of_cpu, of_gpu)]
            if best[0] is None:
                continue
            rivals = [mean_over(of_cpu, row, budget, len(of_cpu)) for row in ("scratch", "tfidf")]
            body.append([whose, "none" if budget == NO_LABELS else labels(budget),
                         *(f"`{found[0]}` {score_text(found[1])}" if found else "–" for found in best),
                         *("–" if score is None else score_text(score) for score in rivals)])
    return grid(["your labels", "how many", "two CPU cores", "with a GPU", "network from scratch", "linear model"],
                body)


def mean_over(studies: Sequence[Study], row: str, budget: Budget, count: int) -> float | None:
    """The mean score of a row over the targets; None where it has not been run on `count` of them."""
    scores = [score for s in studies if (score := mean_score(s, row, budget)) is not None]
    return mean(scores) if len(scores) == count else None


def highest_mean(studies: Sequence[Study], budget: Budget, count: int) -> tuple[str, float] | None:
    """The strategy with the highest mean over the targets, of those run on `count` of them; None where none was."""
    strategies = dict.fromkeys(s.board.row_keys[row].strategy for s in studies for row in s.board.rows)
    means = {row: score for row in strategies if (score := mean_over(studies, row, budget, count)) is not None}
    return max(means.items(), key=lambda found: found[1]) if means else None


def corpora(studies: Sequence[Study]) -> str:
    """How far `finetune` and `auto` are ahead of `scratch`: one line per corpus, then the mean over the corpora."""
    from bench.analysis.across_targets import corpora_of

    cells = [(row, budget) for row in ("finetune", "auto") for budget in SHOWN]
    body = []
    for kind, whose in {**KINDS, "": "the movies', in Chinese"}.items():
        of_kind = {study.board.target: study for study in main_studies(studies) if kind_of(study) == kind}
        lines = []
        for corpus in corpora_of(list(of_kind)):
            by_cell = [list(differences([of_kind[target] for target in corpus], row, "scratch", budget))
                       for row, budget in cells]
            lines.append([mean(points) if points else None for points in by_cell])
            first = name(of_kind[corpus[0]])
            called = f"{first.split('-')[0]}, mean of {len(corpus)} targets" if len(corpus) > 1 else first
            body.append([called, whose, *map(in_points, lines[-1])])
        if len(lines) > 1:
            over_corpora = [None if None in column else mean(points for points in column if points is not None)
                            for column in zip(*lines, strict=True)]
            body.append([f"**mean of {len(lines)} corpora**", whose,
                         *(f"**{in_points(points)}**" for points in over_corpora)])
    return grid(["corpus", "its labels", *(f"`{row}`, {labels(budget)}" for row, budget in cells)], body)


def in_points(points: float | None) -> str:
    """`+2.1`; a dash where there is none."""
    return "–" if points is None else f"{points:+.1f}"


def to_the_movies(studies: Sequence[Study]) -> str:
    """The strategies where the source of the main leaderboards is the target, the best first."""
    study = next((s for s in studies if name(s) == "imdb"), None)
    if study is None:
        return ""
    budgets = study.board.budgets
    return grid(["source", "strategy", *headings(budgets)],
                [[source_name(study), f"`{row}`", *(short(row_of(study, row, b)) for b in budgets)]
                 for row in study.board.rows])


def methods(studies: Sequence[Study]) -> str:
    """Points that each method of adaptation adds to its plain counterpart: mean over targets, the least, the most."""
    chosen = [s for s in main_studies(studies) if kind_of(s) == "reviews"]
    budgets = shown(chosen)
    body = []
    for method, (without, with_labels) in METHODS.items():
        line = [f"`{method}`", f"`{with_labels}`" + (f" (no label: `{without}`)" if without else "")]
        for budget in budgets:
            points = list(differences(chosen, method, without if budget == NO_LABELS else with_labels, budget))
            line.append(f"{mean(points):+.1f} [{min(points):+.1f} {max(points):+.1f}]" if points else "–")
        body.append(line)
    return grid(["method", "against", *headings(budgets)], body)


def differences(studies: Sequence[Study], one: str, other: str, budget: Budget) -> Iterator[float]:
    """Points by which a row is ahead of another, for each target that has both."""
    for study in studies:
        a, b = mean_score(study, one, budget), mean_score(study, other, budget)
        if a is not None and b is not None:
            yield 100 * (a - b)


def encoders(studies: Sequence[Study]) -> str:
    """On a GPU: the encoder's rows beside the best row without an encoder, and `auto`."""
    body = []
    for study in gpu_studies(studies):
        for budget in shown([study]):
            best = best_row(study, budget, (*ENCODERS, "auto"))
            body.append([name(study), count(study, budget),
                         f"{short(row_of(study, best[0], budget))} `{best[0]}`" if best else "–",
                         *(short(row_of(study, row, budget)) for row in (*ENCODERS, "auto"))])
    return grid(["target", "labels", "best without an encoder", *(f"`{row}`" for row in (*ENCODERS, "auto"))], body)


def harms(studies: Sequence[Study]) -> str:
    """How often a strategy is significantly worse than training from scratch, and where it is worst."""
    from bench.report.numbers import points_with_interval

    judged: dict[str, list[tuple[RankedBaseline, str]]] = {}
    for study in main_studies(studies):
        for ranking in study.rankings:
            for row in (r for r in ranking.rows if r.gain and r.baseline != "majority"):
                judged.setdefault(row.baseline, []).append((row, f"{name(study)}, {count(study, ranking.budget)}"))
    body = []
    for baseline, cells in judged.items():
        verdicts = Counter(row.verdict for row, _ in cells)
        if verdicts["harms"]:
            gain, where = min(((row.gain, where) for row, where in cells if row.gain and row.verdict == "harms"),
                              key=lambda found: found[0].estimate)
            body.append([f"`{baseline}`", str(len(cells)), str(verdicts["helps"]), str(verdicts["harms"]),
                         f"{points_with_interval(gain)} ({where})"])
    body.sort(key=lambda line: (-int(line[3]), line[0]))
    return grid(["strategy", "cells", "helps", "harms", "worst: points against scratch [95%]"], body) if body \
        else "Nowhere."


def bases(studies: Sequence[Study]) -> str:
    """How much a score varies with another base and with other labels, in points (standard deviations)."""
    body = [[name(s), f"`{c.baseline}`", count(s, c.budget), str(c.bases), str(c.draws), f"{c.base:.1f}",
             f"{c.labels:.1f}", f"{c.whole:.1f}"]
            for s in main_studies(studies) for c in s.variance_components
            if c.bases > 1 and c.base is not None and c.labels is not None]
    return grid(["target", "strategy", "labels", "bases", "draws", "another base", "other labels", "everything anew"],
                body)


def draws(studies: Sequence[Study]) -> str:
    """The mean score with labels drawn at random, and by how many points it is above that of a stratified draw."""
    chosen = main_studies(studies, draw="random")
    budgets = shown(chosen)
    body = []
    for at_random in chosen:
        stratified = main_study(studies, name(at_random))
        for row in at_random.board.rows:
            line = [name(at_random), f"`{row}`"]
            for budget in budgets:
                one, other = mean_score(at_random, row, budget), mean_score(stratified, row, budget)
                line.append(f"{score_text(one)} {100 * (one - other):+.1f}" if one is not None and other is not None
                            else "–")
            body.append(line)
    return grid(["target", "strategy", *headings(budgets)], body)


def figure(what: str, studies: Sequence[Study], *, signed: bool = True) -> str:
    """A figure of a sentence: `ROW [- ROW] TARGET BUDGET [gpu]`; exits where there is no such record.

    TARGET may be `reviews`, all targets with the source's language and labels, or `new-labels`, all with other labels:
    then it is a mean over them.
    """
    match = re.fullmatch(r"(\S+)(?: - (\S+))? (\S+) (\d+|all)( gpu)?", what)
    if match is None:
        raise SystemExit(f"{what!r} names no figure: ROW [- ROW] TARGET BUDGET [gpu]")
    one, other, target, wanted, gpu = match.groups()
    budget: Budget = "full" if wanted == "all" else int(wanted)
    of_device = gpu_studies(studies) if gpu else main_studies(studies)
    chosen = [s for s in of_device if target in (name(s), kind_of(s))]
    if other:
        points = list(differences(chosen, one, other, budget))
        if points and not signed and mean(points) <= 0:
            raise SystemExit(f"the sentence with the figure {what!r} is wrong: it is {mean(points):+.1f}")
        if points:
            return f"{mean(points):{'+' if signed else ''}.1f}".replace("-", "\u2212")
    scores = [score for s in chosen if (score := mean_score(s, one, budget)) is not None]
    if other or not scores:
        raise SystemExit(f"no record for the figure {what!r}")
    return f"{mean(scores):.3f}".removeprefix("0")


def kind_of(study: Study) -> str:
    """`reviews` where language and labels are the source's, `new-labels` where the labels are others; else nothing."""
    if FROM_THE_SOURCE not in study.board.rows:
        return "new-labels"
    return "" if name(study) in NOT_ENGLISH else "reviews"


def with_figures(text: str, studies: Sequence[Study]) -> str:
    """The page with every figure written anew."""
    def anew(match: re.Match[str]) -> str:
        return figure(match[3], studies, signed=match[1][0] in "+\u2212-") + match[2]

    return FIGURE.sub(anew, text)


BLOCKS: Blocks = {
    **TABLES,
    "paths": partial(by_role, paths), "auto": auto_summary, "methods": methods, "encoders": partial(by_role, encoders),
    "auto-cpu": partial(by_role, partial(auto_cells, main_studies)),
    "auto-gpu": partial(by_role, partial(auto_cells, gpu_studies)), "harms": harms,
    "bases": bases, "draws": draws,
    "every-number-reviews": partial(every_number, kind="reviews"),
    "every-number-new-labels": partial(every_number, kind="new-labels"),
    "targets": targets, "choice": choice, "corpora": corpora, "to-the-movies": to_the_movies}


def written_anew(text: str, studies: Sequence[Study]) -> str:
    """The page with every block and every figure written anew."""
    return with_figures(written(text, studies, BLOCKS), studies)


if __name__ == "__main__":
    every = read_studies(Path(sys.argv[1]))
    save_text(PAGE, written_anew(PAGE.read_text(encoding="utf-8"), every), shared=False)
