"""The tables of the pages, written from records, so that nobody copies figures by hand.

Each block of a page is between `<!-- results: NAME ... -->` and `<!-- end of results -->`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from bench.core.budget import NO_LABELS, in_order
from bench.core.names import TaskRef

if TYPE_CHECKING:
    from bench.analysis.rankings import RankedBaseline
    from bench.analysis.study import Study
    from bench.core.budget import Budget

    Blocks = Mapping[str, Callable[[Sequence[Study]], str]]

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"(<!-- results: (\S+)[^\n]*-->\n)(.*?)(\n<!-- end of results -->)", re.S)
NEURAL = ("source-only", "frozen", "finetune", "gradual", "multitask")  # transfer with the base network
SHOWN: tuple[Budget, ...] = (32, 128, 512, "full")  # in tables that have no room for all budgets
NETWORKS = (*NEURAL, "scratch", "scratch-random", "glove-frozen", "glove-trainable")  # trained or run by an engine

HEADS = {"development": "**Development targets**, on whose training texts some settings were chosen:",
         "confirmation": "**Confirmation targets**, on whose texts none was:"}  # above the table of each role


def written(text: str, studies: Sequence[Study], blocks: Blocks) -> str:
    """The page with every block written anew; exits where a block has no records."""
    def block(match: re.Match[str]) -> str:
        return f"{match[1]}\n{blocks[match[2]](studies)}\n{match[4]}"

    return BLOCK.sub(block, text)


def read_studies(results: Path) -> list[Study]:
    """One study per leaderboard of the folder."""
    from bench.analysis import study
    from bench.results import record_files

    return study.studies(record_files.read_all(results))


def main_studies(studies: Sequence[Study], device: str = "cpu", draw: str = "stratified") -> list[Study]:
    """The leaderboards from IMDB with PyTorch on a device, the usual network and draws of one kind, one per target."""
    usual = ("imdb@official", "torch", device, "gru-64-64-glove", draw)
    return [s for s in studies
            if (s.board.source, s.board.engine, s.board.device, s.board.net, s.board.key.draw) == usual]


def main_study(studies: Sequence[Study], target: str) -> Study:
    """The main leaderboard of a target."""
    of_target = [s for s in main_studies(studies) if name(s) == target]
    if len(of_target) != 1:
        raise SystemExit(f"{len(of_target)} leaderboards of {target} from imdb@official; expected one")
    return of_target[0]


def name(study: Study) -> str:
    """The target's task."""
    return TaskRef.parse(study.board.target).task


def source_name(study: Study) -> str:
    """The source's task."""
    return TaskRef.parse(study.board.source).task


def row_name_of(study: Study, baseline: str) -> str:
    """The name of a strategy's row; of an earlier recipe where there are no records of today's."""
    from bench.analysis.boards import only_row_of

    return only_row_of(baseline, study.board.rows) or baseline


def row_of(study: Study, baseline: str, budget: Budget) -> RankedBaseline | None:
    """A strategy's row at a budget."""
    ranking, row = study.at(budget), row_name_of(study, baseline)
    return next((r for r in ranking.rows if r.baseline == row), None) if ranking else None


def grid(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join(["| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), *body)])


def labels(budget: Budget) -> str:
    """`1,024`, or `all`."""
    return "all" if budget == "full" else f"{budget:,}"


def shown(studies: Sequence[Study]) -> tuple[Budget, ...]:
    """No label, and the budgets of `SHOWN`: those that any of the leaderboards has."""
    return in_order(b for s in studies for b in s.board.budgets if b in (NO_LABELS, *SHOWN))


def count(study: Study, budget: Budget) -> str:
    """`128`, `all 5,890`, or `none`."""
    if budget == NO_LABELS:
        return "none"
    return f"all {study.board.sizes[budget]:,}" if budget == "full" else labels(budget)


def short(row: RankedBaseline | None) -> str:
    """`.797`, bold where it may be the best."""
    from bench.report.numbers import score_text

    if row is None:
        return "–"
    text = score_text(row.score.estimate)
    return f"**{text}**" if row.rank == 1 else text


def by_role(table: Callable[[Sequence[Study]], str], studies: Sequence[Study]) -> str:
    """A table of the development targets and one of the confirmation targets; findings says what these are.

    A table without lines is left out.
    """
    from bench.report import roles

    made = {role: table(of_role) if of_role else "" for role, of_role in roles.by_role(studies).items()}
    return "\n\n".join(f"{HEADS[role]}\n\n{text}" for role, text in made.items() if text)


def domains(studies: Sequence[Study], budget: Budget = 128) -> str:
    """What transfer gains in each domain at one budget."""
    from bench.report.numbers import points_with_interval

    body = []
    for s in main_studies(studies):
        ranking = s.at(budget)
        if ranking is None:
            continue
        tuned, scratch = row_of(s, "finetune", budget), row_of(s, "scratch", budget)
        equivalent = s.label_equivalent("finetune", budget)
        body.append([name(s), s.board.leading.replace("_", " "), short(scratch), short(tuned),
                     points_with_interval(tuned.gain) if tuned and tuned.gain else "–",
                     equivalent.in_words() if equivalent else "–", short(row_of(s, "tfidf", budget)),
                     short(row_of(s, "tfidf-joint", budget)), short(row_of(s, "auto", budget)),
                     f"`{ranking.rows[0].baseline}`"])
    return grid(["target", "score", "scratch", "finetune", "points gained [95%]", "worth in labels from scratch",
                 "tfidf", "tfidf-joint", "auto", "highest mean"], body)


def by_budget(studies: Sequence[Study]) -> str:
    """The best mean of the networks that transfer, and the linear models, at the budgets that are shown."""
    body = []
    for s in main_studies(studies):
        for ranking in (r for r in s.rankings if r.budget in SHOWN):
            best = next((r for r in ranking.rows if r.baseline in NEURAL), None)
            body.append([name(s), count(s, ranking.budget), f"{short(best)} `{best.baseline}`" if best else "–",
                         *(short(row_of(s, b, ranking.budget)) for b in ("scratch", "tfidf", "tfidf-source",
                                                                         "tfidf-joint", "sentence-embedding"))])
    return grid(["target", "labels", "best network that transfers", "scratch", "tfidf", "tfidf-source", "tfidf-joint",
                 "sentence-embedding"], body)


def cost(studies: Sequence[Study]) -> str:
    """Median seconds to adapt over the targets, on one core."""
    main = main_studies(studies)
    baselines = dict.fromkeys(b for s in main for b in s.board.rows)
    budgets = shown(main)
    body = []
    for baseline in baselines:
        line = [f"`{baseline}`"]
        for budget in budgets:
            seconds = [c.adapt for s in main if (c := s.board.cells.get((baseline, budget))) and c.adapt is not None]
            line.append(f"{median(seconds):.1f}" if seconds else "–")
        body.append(line)
    base = min(s.board.pretrain for s in main if s.board.pretrain)  # others were trained beside other work
    return grid(["strategy", *(labels(b) for b in budgets)], body) + \
        f"\n\nThe base, once: {base:.0f} s on two idle cores."


def engines(studies: Sequence[Study]) -> str:
    """The two engines on the same target, strategy and labels, with the spread over seeds."""
    from bench.report.numbers import score_text

    torch = {name(s): s for s in main_studies(studies)}
    body = []
    for s in (s for s in studies if s.board.engine == "mxnet" and name(s) in torch):
        for baseline, budget in ((n, b) for n in NETWORKS for b in s.board.budgets):
            cell = s.board.cells.get((baseline, budget))
            other = torch[name(s)].board.cells.get((baseline, budget))
            if cell is None or cell.leading is None or other is None or other.leading is None:
                continue
            body.append([name(s), f"`{baseline}`", labels(budget), f"{score_text(cell.leading)} ({cell.done} seeds)",
                         f"{score_text(other.leading)} ± {other.spread or 0:.3f} ({other.done} seeds)",
                         f"{100 * (cell.leading - other.leading):+.1f}"])
    return grid(["target", "strategy", "labels", "MXNet", "PyTorch ± standard deviation", "points"], body)


def matrix(studies: Sequence[Study], baseline: str = "source-only", budget: Budget = 128) -> str:
    """Source by target for one strategy."""
    cells: dict[tuple[str, str], str] = {}
    for s in studies:
        if (s.board.engine, s.board.device) == ("torch", "cpu"):
            cells[source_name(s), name(s)] = short(row_of(s, baseline, budget)).strip("*")
    sources = sorted({s for s, _ in cells})
    targets = sorted({t for s, t in cells if sum(c[1] == t for c in cells) > 1})
    return grid([f"`{baseline}` from ↓ to →", *targets],
                [[s, *(cells.get((s, t), "–") for t in targets)] for s in sources
                 if sum((s, t) in cells for t in targets) > 1])


BLOCKS: Blocks = {
    "domains": partial(by_role, domains), "by-budget": partial(by_role, by_budget),
    "cost": cost, "engines": engines,
    "matrix": matrix, "matrix-finetune": lambda studies: matrix(studies, "finetune"),
    "matrix-linear": lambda studies: matrix(studies, "tfidf-source")}

