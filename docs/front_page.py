"""Draw the README's picture, and write its results and an example, from records: python docs/front_page.py RESULTS.

`docs/findings_page.py` does the same for the findings; both replace what stands between a block's marks.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.core.budget import FULL, NO_LABELS
from bench.core.files import save_text
from bench.report.numbers import score_text
from results import ROOT, SHOWN, grid, labels, main_studies, main_study, name, read_studies, row_of, short, written

if TYPE_CHECKING:
    from bench.analysis.rankings import RankedBaseline, Ranking
    from bench.analysis.study import Study
    from bench.core.budget import Budget
    from results import Blocks

PAGE = ROOT / "README.md"
GUIDE = ROOT / "docs" / "choosing-a-strategy.md"
PICTURE = ROOT / "docs" / "accuracy-by-labels.png"
MAIN, RECOMMENDED, ZERO, LINEAR, USUAL = "amazon", "auto", "scratch", "tfidf", 128
WIDTH, FONT, STEP = 670, 13, 5  # pixels of the picture and of its letters; percent between its lines


@dataclass(frozen=True)
class Panel:
    """A target of the picture: its title there, and its place and kind in the sentence below."""

    target: str
    title: str
    caption: str


PANELS = (
    Panel(MAIN, "Amazon reviews: the two classes of the movies", "product reviews, with the two labels of the movies"),
    Panel("tweets", "Tweets: three classes, which the movies lack", "tweets in three classes, which the movies lack"))

WORDS: Mapping[str, str] = {  # what each strategy is, for a reader who knows none
    "auto": "mean of several strategies (recommended)",
    "self-training": "the movies' models and your unlabelled texts",
    "tfidf-joint": "linear model, movies and your labels",
    "finetune": "the movies' network, tuned on your labels",
    "gradual": "the movies' network, tuned layer by layer",
    "frozen": "the movies' network with a new last layer",
    "source-only": "the movies' network, no label of yours",
    "sentence-embedding": "general encoder without movies",
    "tfidf": "linear model without the movies",
    "scratch": "the same network without the movies",
    "majority": "always the most frequent class",
}
# Each line of the picture with its colour (Okabe and Ito's) and dashes. Orange: uses the movies; dashes: no network.
LINES: Mapping[str, tuple[str, list[int]]] = {
    "auto": ("#0072b2", [1, 0]), "source-only": ("#e09030", [2, 3]), "finetune": ("#b85400", [1, 0]),
    "scratch": ("#1b1f24", [1, 0]), "tfidf-joint": ("#b85400", [6, 3]), "tfidf": ("#5b5b5b", [6, 3]),
    "sentence-embedding": ("#8f4fc9", [8, 2, 2, 2])}


def chosen(study: Study, ranking: Ranking) -> RankedBaseline:
    """The row of `auto`; in records without it, what their leaderboard recommends."""
    from bench.report.headline import recommended

    return row_of(study, RECOMMENDED, ranking.budget) or recommended(study, ranking)[0]


def needed(study: Study, baseline: str, ranking: Ranking) -> RankedBaseline:
    """A strategy's row; exits where it has no records."""
    row = row_of(study, baseline, ranking.budget)
    if row is None:
        raise SystemExit(f"{name(study)}: no records of {baseline} with {labels(ranking.budget)} labels, "
                         "which the README's answer needs")
    return row


def percent(row: RankedBaseline) -> str:
    """`84%`."""
    return f"{row.score.estimate:.0%}"


def three(study: Study, ranking: Ranking) -> str:
    """`` `auto` gets 84% of the other texts right. Without the movies, a network gets 67% and a linear model 69% ``."""
    best = chosen(study, ranking)
    without = row_of(study, best.baseline, NO_LABELS)
    aside = f", and {percent(without)} with no label at all" if without else ""
    return (f"`{best.baseline}` gets {percent(best)} of the other texts right{aside}. Without the movies, a network "
            f"gets {percent(needed(study, study.board.zero or ZERO, ranking))} and a linear model "
            f"{percent(needed(study, LINEAR, ranking))}")


def lead(row: RankedBaseline) -> str:
    """`2.7 points (95% interval 1.2 to 4.2)`, and whether that may be chance."""
    from bench.analysis.rankings import HARMS, HELPS

    if row.gain is None:
        return "none"
    chance = "" if row.verdict in (HELPS, HARMS) else ", which may be chance"
    return f"{row.gain.estimate:.1f} points (95% interval {row.gain.low:.1f} to {row.gain.high:.1f}){chance}"


def at(study: Study, budget: Budget) -> Ranking:
    """The ranking at a budget; exits where there is none."""
    ranking = study.at(budget)
    if ranking is None:
        raise SystemExit(f"{name(study)}: no records with {budget} labels, which the README's answer needs")
    return ranking


def answer(studies: Sequence[Study]) -> str:
    """The answer in two sentences, the picture, what it shows, and how `auto` did where nothing was chosen."""
    study = main_study(studies, MAIN)
    few, many = at(study, USUAL), at(study, FULL)
    first, last = chosen(study, few), chosen(study, many)
    zero, linear = needed(study, study.board.zero or ZERO, many), needed(study, LINEAR, many)
    way = "falls" if first.gain and last.gain and last.gain.estimate < first.gain.estimate else "goes"
    return "\n".join([
        f"**With {USUAL} labelled Amazon reviews, {three(study, few)}.**",
        f"**With all {many.n_train:,} labels it is {percent(last)} against {percent(zero)} and {percent(linear)}: the "
        f"lead of `{first.baseline}` over that network {way} from {lead(first)} to {lead(last)}.**"
        f"{with_gpu(studies)}", "",
        f"![accuracy by number of labels; the figures are in the text]({PICTURE.relative_to(ROOT).as_posix()})", "",
        caption(studies), *confirmed(studies)])


def with_gpu(studies: Sequence[Study]) -> str:
    """How `auto` does on a GPU, where it has records there."""
    rows = [row for s in main_studies(studies, "cuda") if name(s) == MAIN and (row := row_of(s, RECOMMENDED, USUAL))]
    if not rows:
        return ""
    which = f"`{RECOMMENDED}`" if rows[0].baseline == RECOMMENDED else f"an older `{RECOMMENDED}`"
    return f" (These are figures of two CPU cores. On a GPU, {which} has {percent(rows[0])} with {USUAL} labels.)"


def caption(studies: Sequence[Study]) -> str:
    """What the panels are and what the band is."""
    panels = [panel.caption for panel, _ in shown_panels(studies)]
    where = f"Left: {'; right: '.join(panels)}" if len(panels) > 1 else f"The picture: {panels[0]}"
    return (f"{where}. The band around `auto` is its 95% interval: how far other labels and other test texts could "
            "move the figure. A point is one text in a hundred.")


def confirmed(studies: Sequence[Study]) -> list[str]:
    """How `auto` did on the confirmation targets, where it has records."""
    from bench.analysis.rankings import HARMS, HELPS, LEVEL, OPEN
    from bench.report import roles

    new = roles.by_role(main_studies(studies))[roles.CONFIRMATION]
    rows = {name(s): row for s in new if (row := row_of(s, RECOMMENDED, USUAL)) and row.gain}
    if not rows:
        return []
    verdicts = Counter(row.verdict for row in rows.values())
    gains = sorted(row.gain.estimate for row in rows.values() if row.gain)
    counts = [f"{said} on {verdicts[verdict]}" for verdict, said in
              ((HELPS, "is better than the network without movies"), (LEVEL, "level with it"),
               (OPEN, "within chance of it"), (HARMS, "worse")) if verdicts[verdict]]
    movies = [tuned.gain.estimate for s in new if (tuned := row_of(s, "finetune", USUAL)) and tuned.gain]
    of_movies = (f" That of `finetune`, which learns from the movies and your labels only, is {median(movies):+.1f}: "
                 "so most of the lead comes from other members of `auto`, such as a general encoder.") if movies else ""
    return ["", "Some settings were chosen on Amazon's training texts. **On texts on which none was chosen** "
            f"({', '.join(rows)}), with {USUAL} labels `auto` {' and '.join(counts)}. The median lead is "
            f"{median(gains):+.1f} points.{of_movies} (Their test scores showed faults of `auto`, which were mended on "
            "other data.)"]


def amazon(studies: Sequence[Study]) -> str:
    """One row per strategy that is explained in `WORDS`, one column per budget that is shown."""
    study = main_study(studies, MAIN)
    rankings = [r for r in study.rankings if r.budget in SHOWN]
    order = [r.baseline for r in study.summary.rows] if study.summary else list(study.board.rows)
    widths = [50 * (r.score.high - r.score.low) for x in rankings for r in x.rows]
    head = ["strategy", "what it is", *(f"{labels(r.budget)} labels" if r.budget != FULL else f"all {r.n_train:,}"
                                        for r in rankings)]
    first = next(row for row in rankings[0].rows if row.baseline == order[0]).score.estimate
    body = [[f"`{b}`", WORDS[b], *(short(row_of(study, b, r.budget)) for r in rankings)] for b in order if b in WORDS]
    return "\n".join([
        f"Share of {study.board.n_test:,} test texts labelled right: {score_text(first)} is {first:.1%}. Each figure "
        f"is the mean of {study.rankings[0].seeds} label draws, in each of which other texts have the labels. Bold: "
        "may be the best "
        f"with that many labels. The 95% interval of one figure is typically ±{median(widths):.1f} points; two rows "
        "are compared text by text, so smaller differences can be seen.", "",
        grid(head, body)])


def example(studies: Sequence[Study]) -> str:
    """What the main leaderboard says about the usual number of labels and about all, as quotations."""
    from bench.report.advice import advice
    from bench.report.headline import at_budget

    study = main_study(studies, MAIN)
    rankings = [at(study, budget) for budget in (USUAL, FULL)]
    by_budget = dict(zip((r.budget for r in study.rankings), advice(study), strict=False))  # then some about all
    return "\n>\n".join(f"> {line}" for line in (*at_budget(study, USUAL), *(by_budget[r.budget] for r in rankings)))


BLOCKS: Blocks = {"answer": answer, "amazon": amazon, "example": example}


def shown_panels(studies: Sequence[Study]) -> list[tuple[Panel, Study]]:
    """The panels whose target has records."""
    have = {name(s) for s in main_studies(studies)}
    return [(panel, main_study(studies, panel.target)) for panel in PANELS if panel.target in have]


def picture(studies: Sequence[Study]) -> dict[str, Any]:
    """Accuracy by labels as a Vega-Lite specification, one panel per target, with one legend in plain words."""
    from bench.report.charts import SCHEMA

    panels = [(panel.title, curve_points(study)) for panel, study in shown_panels(studies)]
    scores = [100 * score for _, rows in panels for r in rows
              for score in (r["score"], *((r["low"], r["high"]) if r["main"] else ()))]
    span = [STEP * floor(min(scores) / STEP) / 100, STEP * ceil(max(scores) / STEP) / 100]
    return {"$schema": SCHEMA, "spacing": 20, "hconcat": [
        curves(rows, title, span, first=not i, width=WIDTH // len(panels) - 50)
        for i, (title, rows) in enumerate(panels)]}


def curve_points(study: Study) -> list[dict[str, Any]]:
    """One row per strategy that is drawn and number of labels."""
    return [{"n": r.n_train, "who": legend_text(b), "score": row.score.estimate, "low": row.score.low,
             "high": row.score.high, "main": b == RECOMMENDED}
            for r in study.rankings for b in LINES if (row := row_of(study, b, r.budget)) is not None]


def legend_text(baseline: str) -> str:
    """`tfidf: linear model without the movies`."""
    return f"{baseline}: {WORDS[baseline]}"


def curves(rows: list[dict[str, Any]], title: str, span: list[float], *, first: bool, width: int) -> dict[str, Any]:
    """One panel: `auto` in a thick line with its interval, the others thin."""
    from bench.report.charts import FEW

    domain = [legend_text(b) for b in LINES]
    colours, dashes = ([line[i] for line in LINES.values()] for i in (0, 1))
    legend = {"orient": "bottom", "columns": 2, "labelLimit": 0, "symbolType": "stroke", "symbolSize": 400,
              "symbolStrokeWidth": 3, "labelFontSize": FONT, "rowPadding": 4, "columnPadding": 16, "offset": 8}
    who = {"field": "who", "type": "nominal", "scale": {"domain": domain, "range": colours}, "legend": legend}
    axis = {"labelFontSize": FONT, "titleFontSize": FONT}
    most = max(r["n"] for r in rows)
    x = {"field": "n", "type": "quantitative", "title": "your labelled texts",
         "scale": {"type": "symlog", "constant": FEW, "nice": False, "padding": 12},
         "axis": {**axis, "grid": False, "values": sorted({r["n"] for r in rows}), "labelOverlap": "greedy",
                  "labelExpr": f"(datum.value == {most} ? 'all ' : '') + format(datum.value, ',')"}}
    y = {"field": "score", "type": "quantitative", "scale": {"domain": span, "nice": False},
         "title": "test texts labelled right" if first else None, "axis": {**axis, "format": ".0%", "tickCount": 6}}
    lines = {"x": x, "y": y, "color": who, "strokeDash": {**who, "scale": {"domain": domain, "range": dashes}}}
    main, others = [{"filter": "datum.main"}], [{"filter": "!datum.main"}]
    size = {"width": width, "height": 230}
    return {"title": {"text": title, "fontSize": 14}, **size, "data": {"values": rows}, "layer": [
        {"transform": main, "mark": {"type": "area", "opacity": 0.2},
         "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}, "color": who}},
        {"transform": others, "mark": {"type": "line", "strokeWidth": 2}, "encoding": lines},
        {"transform": main, "mark": {"type": "line", "strokeWidth": 4.5}, "encoding": lines}]}


if __name__ == "__main__":
    from bench.report import vega

    every = read_studies(Path(sys.argv[1]))
    for page in (PAGE, GUIDE):
        save_text(page, written(page.read_text(encoding="utf-8"), every, BLOCKS), shared=False)
    vega.save(picture(every), PICTURE.with_suffix(""), ("png",))
