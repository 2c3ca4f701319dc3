"""Write the results of the pages from records, so that nobody pastes a figure: python docs/results.py RESULTS.

Each block of a page stands between `<!-- results: NAME ... -->` and `<!-- end of results -->`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.analysis.compare import Row
    from bench.analysis.study import Study
    from bench.core.budget import Budget

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "docs/findings.md")
BLOCK = re.compile(r"(<!-- results: (\S+)[^\n]*-->\n)(.*?)(\n<!-- end of results -->)", re.S)
NEURAL = ("source-only", "frozen", "finetune", "gradual", "multitask")  # what transfers with the base network
SHOWN: tuple[Budget, ...] = (32, 128, 512, "full")  # of the budgets, in tables that would not fit all of them
NETWORKS = (*NEURAL, "scratch", "glove-frozen", "glove-trainable")  # what an engine trains or runs


def written(text: str, found: Sequence[Study]) -> str:
    """The page with every block made anew; exits where a block has no records."""
    def made(match: re.Match[str]) -> str:
        return f"{match[1]}\n{BLOCKS[match[2]](found)}\n{match[4]}"

    return BLOCK.sub(made, text)


def studies(results: Path) -> list[Study]:
    """A study a leaderboard of the folder."""
    from bench.analysis import study
    from bench.results import record_files

    return study.studies(record_files.read_all(results))


def main_ones(found: Sequence[Study]) -> list[Study]:
    """The leaderboards from IMDB with PyTorch on a CPU, one a target."""
    return [s for s in found if (s.board.source, s.board.engine, s.board.device) == ("imdb@official", "torch", "cpu")]


def one(found: Sequence[Study], target: str) -> Study:
    """The main leaderboard of a target."""
    mine = [s for s in main_ones(found) if name(s) == target]
    if len(mine) != 1:
        raise SystemExit(f"{len(mine)} leaderboards of {target} from imdb@official, where one is to be shown")
    return mine[0]


def name(study: Study) -> str:
    """The target's task."""
    return study.board.target.partition("@")[0]


def row_of(study: Study, baseline: str, budget: Budget) -> Row | None:
    """A strategy's row at a budget."""
    standing = study.at(budget)
    return next((r for r in standing.rows if r.baseline == baseline), None) if standing else None


def grid(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join(["| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), *body)])


def labels(budget: Budget) -> str:
    """`1,024`, or `all`."""
    return "all" if budget == "full" else f"{int(budget):,}"


def short(row: Row | None) -> str:
    """`.797`, bold where nothing is better for certain."""
    from bench.report import advice as prose

    if row is None:
        return "–"
    text = prose.short(row.score.estimate)
    return f"**{text}**" if row.rank == 1 else text


def amazon(found: Sequence[Study]) -> str:
    """The main example: a row a strategy, a column a budget that is shown, and the advice."""
    from bench.report import tables
    from bench.report.advice import advice

    study = one(found, "amazon")
    made = tables.compact(study)
    shown = [i for i, budget in enumerate(study.board.budgets) if budget in SHOWN]
    body = []
    for row in made.body:
        cells = [row[1 + 3 * i : 4 + 3 * i] for i in shown]
        body.append([f"`{row[0]}`", *(f"**{c[1]}**" if c[0] == "1" else c[1] for c in cells)])
    title = (f"{study.board.title}; {study.standings[0].seeds} seeds, {study.board.n_test:,} test texts; accuracy "
             "[95% interval over label draws and test texts]:")
    said = advice(study)  # a sentence a budget, then some of all
    lines = [line for s, line in zip(study.standings, said, strict=False) if s.budget in SHOWN]
    lines += said[len(study.standings):]
    return "\n".join([title, "", grid(["strategy", *(made.groups[i][0] for i in shown)], body), "",
                      *(f"- {line}" for line in lines)])


def domains(found: Sequence[Study], budget: Budget = 128) -> str:
    """What transfer gives in each domain at one budget."""
    body = []
    for s in main_ones(found):
        standing = s.at(budget)
        if standing is None:
            continue
        tuned, scratch = row_of(s, "finetune", budget), row_of(s, "scratch", budget)
        worth = s.worth("finetune", budget)
        first = standing.rows[0].baseline
        gain = f"{tuned.gain.estimate:+.1f} [{tuned.gain.low:+.1f} {tuned.gain.high:+.1f}]" if tuned and tuned.gain \
            else "–"
        body.append([name(s), s.board.leading.replace("_", " "), short(scratch), short(tuned), gain,
                     worth.words() if worth else "–", short(row_of(s, "tfidf", budget)),
                     short(row_of(s, "tfidf-joint", budget)), f"`{first}`"])
    return grid(["target", "score", "scratch", "finetune", "points gained [95%]", "worth in labels from scratch",
                 "tfidf", "tfidf-joint", "highest mean"], body)


def by_budget(found: Sequence[Study]) -> str:
    """The best mean of the networks that transfer, and the linear models, at the budgets that are shown."""
    body = []
    for s in main_ones(found):
        for standing in (t for t in s.standings if t.budget in SHOWN):
            n = f"all {standing.n_train:,}" if standing.budget == "full" else str(standing.budget)
            best = next((r for r in standing.rows if r.baseline in NEURAL), None)
            body.append([name(s), n, f"{short(best)} `{best.baseline}`" if best else "–",
                         *(short(row_of(s, b, standing.budget)) for b in ("scratch", "tfidf", "tfidf-source",
                                                                          "tfidf-joint", "sentence-embedding"))])
    return grid(["target", "labels", "best network that transfers", "scratch", "tfidf", "tfidf-source", "tfidf-joint",
                 "sentence-embedding"], body)


def harm(found: Sequence[Study]) -> str:
    """Every cell in which a strategy is worse than training from scratch, for certain."""
    body = []
    for s in found:
        for standing in s.standings:
            bad = [r for r in standing.rows if r.verdict == "harms" and r.baseline != "majority" and r.gain]
            body += [[name(s), s.board.source.partition("@")[0], s.board.engine,
                      labels(standing.budget), f"`{r.baseline}`",
                      f"{r.gain.estimate:+.1f} [{r.gain.low:+.1f} {r.gain.high:+.1f}]"] for r in bad if r.gain]
    return grid(["target", "source", "engine", "labels", "strategy", "points against scratch [95%]"], body) if body \
        else "Nowhere."


def cost(found: Sequence[Study]) -> str:
    """Median seconds to adapt over the targets, on one core."""
    main = main_ones(found)
    baselines = dict.fromkeys(b for s in main for b in s.board.rows)
    budgets = sorted({b for s in main for b in s.board.budgets}, key=lambda b: 10**9 if b == "full" else int(b))
    body = []
    for baseline in baselines:
        line = [f"`{baseline}`"]
        for budget in budgets:
            seconds = [c.adapt for s in main if (c := s.board.cells.get((baseline, budget))) and c.adapt is not None]
            line.append(f"{median(seconds):.1f}" if seconds else "–")
        body.append(line)
    base = median([s.board.pretrain for s in main if s.board.pretrain])
    return grid(["strategy", *(labels(b) for b in budgets)], body) + \
        f"\n\nThe base, once: {base:.0f} s on two cores."


def engines(found: Sequence[Study]) -> str:
    """The two engines on the same target, strategy and labels, with the spread over seeds."""
    from bench.report import advice as prose

    ours = {name(s): s for s in main_ones(found)}
    body = []
    for s in (s for s in found if s.board.engine == "mxnet" and name(s) in ours):
        for baseline, budget in ((n, b) for n in NETWORKS for b in s.board.budgets):
            cell = s.board.cells.get((baseline, budget))
            other = ours[name(s)].board.cells.get((baseline, budget))
            if cell is None or cell.leading is None or other is None or other.leading is None:
                continue
            body.append([name(s), f"`{baseline}`", labels(budget), f"{prose.short(cell.leading)} ({cell.done} seeds)",
                         f"{prose.short(other.leading)} ± {other.spread or 0:.3f} ({other.done} seeds)",
                         f"{100 * (cell.leading - other.leading):+.1f}"])
    return grid(["target", "strategy", "labels", "MXNet", "PyTorch ± standard deviation", "points"], body)


def matrix(found: Sequence[Study], baseline: str = "source-only", budget: Budget = 128) -> str:
    """Source by target for one strategy."""
    cells: dict[tuple[str, str], str] = {}
    for s in found:
        if s.board.engine == "torch":
            cells[s.board.source.partition("@")[0], name(s)] = short(row_of(s, baseline, budget)).strip("*")
    sources = sorted({s for s, _ in cells})
    targets = sorted({t for s, t in cells if sum(c[1] == t for c in cells) > 1})
    return grid([f"`{baseline}` from ↓ to →", *targets],
                [[s, *(cells.get((s, t), "–") for t in targets)] for s in sources
                 if sum((s, t) in cells for t in targets) > 1])


BLOCKS: Mapping[str, Callable[[Sequence[Study]], str]] = {
    "amazon": amazon, "domains": domains, "by-budget": by_budget, "harm": harm, "cost": cost, "engines": engines,
    "matrix": matrix, "matrix-finetune": lambda found: matrix(found, "finetune"),
    "matrix-linear": lambda found: matrix(found, "tfidf-source")}


if __name__ == "__main__":
    every = studies(Path(sys.argv[1]))
    for page in map(ROOT.joinpath, PAGES):
        page.write_text(written(page.read_text(encoding="utf-8"), every), encoding="utf-8")
