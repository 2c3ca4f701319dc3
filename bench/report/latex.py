r"""Tables for a paper: LaTeX with booktabs, no wider than a page of the article class (345 pt).

All that is no table is a comment: a file of these can be read with \input anywhere in a document.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from bench.analysis.study import Study
from bench.core.printable import one_line
from bench.report import columns
from bench.report.tables import Table

TEXT = {"\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
        "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
        "|": r"\textbar{}", "▲": r"$\uparrow$", "▼": r"$\downarrow$", "–": "--", "—": "---", "…": r"\ldots{}",
        "±": r"$\pm$", "·": r"$\cdot$", "×": r"$\times$", "²": r"$^2$", "−": "$-$", "→": r"$\to$", "≤": r"$\leq$",
        "≥": r"$\geq$", "Δ": r"$\Delta$", "α": r"$\alpha$", "[": "{[}", "]": "{]}"}
QUOTES = "‘’“”"
LAST_OF_LATIN = "\u017f"  # pdflatex has the letters up to here
POINTS = 345.0  # \textwidth of the article class at 10 pt
SIZES = (("", 1.0), (r"\small", 0.925), (r"\footnotesize", 0.85))  # and their width relative to 10 pt
SEPARATIONS = (6.0, 4.0, 2.5)  # \tabcolsep in points
# Widths of Computer Modern's characters in tenths of a point at 10 pt; those that are not here are as wide as a digit.
DIGIT, WIDEST = 50, 100
LETTERS = {28: "il.,:;!'|[]", 31: "fj", 33: " -(", 39: "rst)", 45: "cez", 53: "kvxyq", 56: "bdhnpuS", 65: "FLZ",
           73: "wCRTPEBJI", 78: "ADHKNOQUVXYG+=−±×≤≥<>~%&", 84: "m@", 92: "M→", 103: "W…"}
WIDTHS = {c: tenths / 10 for tenths, letters in LETTERS.items() for c in letters}
BOLD = 1.15  # how much wider bold digits are
MINUS = re.compile(r"(?<![\w-])-(?=\.?\d)")  # before a number
BEST, TIED = r"\textbf", r"\underline"


def leaderboard(study: Study, names: Sequence[str], sort: str, comments: Sequence[str], label: str) -> str:
    """A leaderboard: at each budget the highest mean is bold, and those that may be the best too are underlined."""
    table = columns.table(study, names, sort)
    marks: dict[tuple[int, int], str] = {}
    place = {row[0]: number for number, row in enumerate(table.body)}
    marked = names.index("score") if "score" in names else 0
    for number, budget in enumerate(study.board.budgets):
        if ranking := study.at(budget):
            highest = round(ranking.rows[0].score.estimate, 9)
            for row in ranking.rows:
                if row.rank == 1:
                    best = round(row.score.estimate, 9) == highest
                    marks[place[row.baseline], 1 + number * len(names) + marked] = BEST if best else TIED
    return rendered(table, study.board.title, comments, _caption(study, names), label, marks)


def _caption(study: Study, names: Sequence[str]) -> str:
    board = study.board
    seeds = max((ranking.seeds for ranking in study.rankings), default=0)
    over = f", {seeds} seed{'s' if seeds > 1 else ''}" if seeds else ""
    variant = f", {board.variant}" if board.variant else ""
    first = f"Strategies on {board.target} ({board.n_test:,} test texts{over}) by the number of labelled texts; " \
            f"source {board.source}{variant}."
    told = "; ".join(columns.meanings(study, names))
    return f"{first} {told[:1].upper()}{told[1:]}{'.' if told else ''} Bold: the highest mean; underlined: not " \
           "significantly worse than it (Hsu's comparison with the best, 5% for each number of labels)."


def labels(titles: Sequence[str]) -> list[str]:
    r"""A \label for each table, made of its title; no two are the same."""
    stems = ["-".join(re.findall(r"[A-Za-z0-9.]+", title.partition(" · ")[0].lower())) or "table" for title in titles]
    return [f"tab:{stem}" + (f"-{stems[:number].count(stem) + 1}" if stems.count(stem) > 1 else "")
            for number, stem in enumerate(stems)]


def rendered(table: Table, title: str, comments: Sequence[str], caption: str = "", label: str = "",
             marks: Mapping[tuple[int, int], str] | None = None) -> str:
    """A table as a float; `marks` gives the command around a cell, by its row and column in the body."""
    marks = marks or {}
    size, separation, fits = _fit(table, {column for _, column in marks})
    body = [_row([f"{marks[i, j]}{{{in_latex(cell)}}}" if (i, j) in marks and cell else in_latex(cell)
                  for j, cell in enumerate(row)]) for i, row in enumerate(table.body)]
    tabular = [rf"\begin{{tabular}}{{@{{}}l{'r' * (len(table.head) - 1)}@{{}}}}", r"\toprule", *_head(table),
               r"\midrule", *body, r"\bottomrule", r"\end{tabular}"]
    packages = r"\usepackage{booktabs}" + ("" if fits else r" and \usepackage{graphicx}")
    lines = [f"{one_line(title)}", f"needs {packages} in the preamble", *comments]
    if not fits:
        lines.append("the table is shrunk to the width of the page: fewer --columns or budgets read better")
        tabular = [r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%", *tabular, "}"]
    caption = caption or f"{title}."
    if foreign := _foreign([*table.flat(), caption, *(cell for row in table.body for cell in row)]):
        lines.append(f"pdflatex lacks {foreign}: compile with lualatex or xelatex and a font that has these characters")
    return "\n".join([*(f"% {one_line(line)}" for line in lines), r"\begin{table}[t]", r"\centering",
                      rf"\caption{{{in_latex(caption)}}}", rf"\label{{{label or labels([title])[0]}}}", r"\medskip",
                      *([size] if size else []), rf"\setlength{{\tabcolsep}}{{{separation:g}pt}}", *tabular,
                      r"\end{table}", ""])


def in_latex(text: str) -> str:
    """One line of text as LaTeX shows it, whatever stands in it."""
    return "".join(TEXT.get(c, c) for c in MINUS.sub("−", one_line(text)))


def _head(table: Table) -> list[str]:
    """The line of columns, below one of groups where there are any; groups of one column need one line."""
    if not table.groups:
        return [_row(map(in_latex, table.head))]
    shown, at = [""], 2
    rules = []
    for name, count in table.groups:
        shown.append(rf"\multicolumn{{{count}}}{{c}}{{{in_latex(name)}}}")
        rules.append(rf"\cmidrule(lr){{{at}-{at + count - 1}}}")
        at += count
    return [_row(shown), "".join(rules), _row(map(in_latex, table.head))]


def _row(cells: Sequence[str] | map[str]) -> str:
    return " & ".join(cells) + r" \\"


def _fit(table: Table, marked: Collection[int]) -> tuple[str, float, bool]:
    """The largest size and space between columns with which the table is no wider than a page; whether any is."""
    wide = [max(_width(row[i]) for row in (table.head, *table.body)) * (BOLD if i in marked else 1.0)
            for i in range(len(table.head))]
    at = 1
    for name, count in table.groups:  # a heading may be wider than its columns
        lacking = _width(name) - sum(wide[at : at + count])
        wide[at + count - 1] += max(0.0, lacking)
        at += count
    for size, scale in SIZES:
        for separation in SEPARATIONS:
            if scale * sum(wide) + 2 * separation * (len(wide) - 1) <= POINTS:
                return size, separation, True
    return SIZES[-1][0], SEPARATIONS[-1], False


def _width(text: str) -> float:
    return sum(WIDTHS.get(c, (DIGIT if c <= LAST_OF_LATIN or c in TEXT else WIDEST) / 10) for c in one_line(text))


def _foreign(texts: Sequence[str]) -> str:
    return "".join(sorted({c for text in texts for c in one_line(text)
                           if c > LAST_OF_LATIN and c not in TEXT and c not in QUOTES}))[:40]
