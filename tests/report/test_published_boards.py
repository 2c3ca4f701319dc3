"""Leaderboards of published records: which rows are bold, and what their sentences say."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from published import NEEDS_RECORDS, PUBLISHED

from bench.analysis import study
from bench.report import advice, headline
from bench.results import record_files
from bench.results.record import Record

TARGETS = {"hotels", "amazon-kitchen"}  # few test texts, so they have most that cannot be decided

pytestmark = NEEDS_RECORDS


@pytest.fixture(scope="module")
def studies() -> list[study.Study]:
    published = [r for r in record_files.read_all(PUBLISHED) if r.task in TARGETS]
    some = [r for r in published if (r.task, r.device, r.budget) == ("hotels", "cpu", 128)]
    return study.studies([*published, *map(as_at_first, some)])


def as_at_first(record: Record) -> Record:
    """The record as the first version would have written it: without what the source held, and without groups."""
    predictions = {name: value for name, value in record.predictions.items() if name != "groups"}
    return replace(record, edition="before", source_sha256="", predictions=predictions)


def test_no_bold_row_stands_below_one_that_is_not(studies: list[study.Study]):
    bold_rows = []
    for ranking in (r for s in studies for r in s.rankings):
        bold = [r.rank == 1 for r in ranking.rows]
        scores = [round(r.score.estimate, 9) for r in ranking.rows]
        assert scores == sorted(scores, reverse=True)
        assert bold == sorted(bold, reverse=True)
        assert bold[0]
        bold_rows.append(bold)
    assert any(sum(bold) > 1 and not all(bold) for bold in bold_rows), "no ranking has rows of both kinds"


def test_no_sentence_holds_a_number_that_nobody_can_use(studies: list[study.Study]):
    said = "\n".join(line for s in studies for line in [*headline.headline(s), *advice.advice(s), *advice.notes(s)])
    texts = [int(n.replace(",", "")) for n in re.findall(r"about ([\d,]+) test texts", said)]
    seeds = [int(n) for n in re.findall(r"about (\d+) seeds", said)]
    assert [*texts, *seeds]
    assert max(texts, default=0) <= advice.MOST_TEXTS
    assert max(seeds, default=0) <= advice.MOST_SEEDS
    assert max(float(n) for n in re.findall(r"([\d.]+) points", said)) <= advice.MOST_DETECTABLE
    assert not re.search(r"\binf\b|\bnan\b|∞", said)


def test_each_board_says_once_what_its_records_lack(studies: list[study.Study]):
    said = set()
    for s in studies:
        lines = advice.notes(s)
        unknown = all(p.groups is None and p.before_groups for p in s.predictions)
        assert sum("which test texts belong together" in line for line in lines) == unknown, s.board.title
        assert sum("an earlier recipe" in line for line in lines) <= 1, s.board.title
        said.add(unknown)
    assert said == {True, False}
