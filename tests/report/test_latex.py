"""Tables for a paper: what is bold, what fits a page, and which columns there are."""

from __future__ import annotations

import csv
import io
import re
from functools import partial

import pyarrow.parquet as pq
import pytest
from board_records import CURVES

from bench.analysis import study
from bench.core.errors import BenchError
from bench.report import columns, latex, leaderboard_files
from bench.report.leaderboard_rows import COLUMNS
from bench.report.tables import Table


@pytest.fixture(scope="module")
def studies() -> list[study.Study]:
    return study.studies(CURVES)


def rows_of(text: str) -> dict[str, list[str]]:
    body = text[text.index(r"\midrule") + 8 : text.index(r"\bottomrule")].strip().split("\n")
    return {cells[0]: cells[1:] for line in body for cells in [line.removesuffix(r" \\").split(" & ")]}


def test_the_highest_mean_is_bold_and_its_ties_are_underlined(studies: list[study.Study]):
    text = leaderboard_files.latex_tables(studies)
    rows, board = rows_of(text), studies[0].board
    for number, budget in enumerate(board.budgets):
        ranking = studies[0].at(budget)
        for row in ranking.rows:
            cell = rows[row.baseline][2 * number]
            command = latex.BEST if row is ranking.rows[0] else latex.TIED if row.rank == 1 else ""
            assert cell.startswith(command), (row.baseline, budget, cell)
            assert cell.startswith("\\") == bool(command)


def test_all_that_is_no_table_is_a_comment(studies: list[study.Study]):
    text = leaderboard_files.latex_tables([*studies, *studies])
    outside = re.sub(r"\\begin\{table\}.*?\\end\{table\}", "", text, flags=re.DOTALL)
    assert "the highest score is that of" in outside
    assert all(line.startswith("% ") for line in outside.splitlines() if line)
    assert len(set(re.findall(r"\\label\{(.*)\}", text))) == 2
    assert text.count(r"\caption{") == 2


def test_a_table_is_as_large_as_a_page_lets_it_be():
    """The widths were compared with TeX's own: those of 345 pt at most came out within 344 pt."""
    def table(budgets: int, name: str = "sentence-embedding") -> str:
        return latex.rendered(Table(("baseline", *("acc", "gain") * budgets), ((name, *(".771", "+17.1 ▲") * budgets),),
                                    tuple((f"{n} labels", 2) for n in range(budgets))), "title", ())

    assert "resizebox" not in table(4)
    assert r"\small" not in table(2)
    assert r"\resizebox{\ifdim\width>\linewidth" in table(9)
    assert "% needs \\usepackage{booktabs} and \\usepackage{graphicx}" in table(9)
    assert "lualatex" in table(1, "отзывы")
    assert "$-$9.4" in latex.in_latex("-9.4 a-1")
    assert "a-1" in latex.in_latex("-9.4 a-1")


def test_columns_have_the_same_names_in_every_format_and_a_wrong_one_lists_them(studies: list[study.Study]):
    names = ["score", "score_interval", "worth_scratch", "adapt_seconds"]
    table = columns.table(studies[0], columns.of_text(names, "latex", studies[0]))
    assert table.head[1:5] == ("acc", "95%", "worth", "train s")
    assert re.fullmatch(r"\.\d{3} \[\.\d{3} \.\d{3}\] [<>]? ?[\d,]* [\d.]+", " ".join(table.body[0][1:5]))
    head, *rows = csv.reader(io.StringIO(leaderboard_files.csv(studies, names)))
    assert head == ["score", "score_low", "score_high", "worth_scratch", "adapt_seconds"]
    assert not {"inf", "-inf", "nan"} & {cell for row in rows for cell in row}
    assert "" in {row[3] for row in rows}  # more than the largest budget
    parquet = pq.read_table(io.BytesIO(leaderboard_files.parquet(studies)))
    assert tuple(parquet.column_names) == COLUMNS
    assert parquet.num_rows == len(rows)
    of_text = partial(columns.of_text, study=studies[0])
    for form, of in (("latex", of_text), ("csv", columns.of_data)):
        with pytest.raises(BenchError, match=rf"unknown column 'scor' of --format {form}; did you mean 'score'\?") as e:
            of(["scor"], form)
        assert "gain_points" in e.value.hint
