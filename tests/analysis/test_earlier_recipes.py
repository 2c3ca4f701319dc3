"""Records of an earlier recipe, and of a start without word vectors: never in one mean, row or gain with today's."""

from __future__ import annotations

from dataclasses import replace

import pytest
from board_records import NEW, ON_BASE, RECIPE, mean, means, seeds

from bench.analysis import boards, comparisons, study
from bench.analysis.across_targets import rank_across_targets
from bench.analysis.domain_distance import DomainDistance, distances_and_gains
from bench.analysis.leaderboard import leaderboards
from bench.core import recipes
from bench.report import target_tables
from bench.report.advice import notes
from bench.results.record import NO_VECTORS, Record

BLIND = {"base": "b3" * 12, "base_spec": {**RECIPE, "glove": False}, **NEW}  # a base that began without word vectors


NOW = recipes.current("scratch")
OLD, TODAY = seeds("scratch", strength=0.05, **NEW), seeds("scratch", vectors_sha256="e1" * 32, recipe=NOW, **NEW)
TUNED = seeds("finetune", vectors_sha256="e1" * 32, **ON_BASE)


def test_records_of_an_earlier_recipe_are_a_row_of_their_own_and_never_the_zero_point_beside_todays():
    assert means([*OLD, *TODAY, *TUNED]) == pytest.approx({
        ("", "scratch (recipe 1)"): mean(OLD), ("", "scratch"): mean(TODAY), ("", "finetune"): mean(TUNED)})
    (board,) = leaderboards([*OLD, *TODAY, *TUNED])
    assert board.zero == "scratch"
    assert board.cells["finetune", 32].gain == pytest.approx(100 * (mean(TUNED) - mean(TODAY)))
    (alone,) = leaderboards([*OLD, *TUNED])
    assert (alone.zero, alone.cells["finetune", 32].gain) == ("scratch", pytest.approx(100 * (mean(TUNED) - mean(OLD))))


def test_settings_are_named_among_the_rows_of_one_recipe():
    rows = [boards.RowKey("scratch", '{"rate": 3}'), boards.RowKey("scratch", '{"rate": 6}', recipe=2),
            boards.RowKey("scratch", '{"rate": 9}', recipe=2)]
    assert list(boards.row_names(rows).values()) == ["scratch (recipe 1)", "scratch[rate=6]", "scratch[rate=9]"]
    assert boards.only_row_of("scratch", boards.row_names(rows).values()) is None
    assert boards.only_row_of("scratch", ["scratch (recipe 1)", "scratch[rate=6]"]) == "scratch[rate=6]"


def test_what_is_counted_from_an_earlier_recipe_is_said():
    both, old = (study.studies(records)[0] for records in ([*OLD, *TODAY, *TUNED], [*OLD, *TUNED]))
    assert any(line.startswith("scratch (recipe 1) has an earlier recipe (1: ") for line in notes(both))
    assert not any("gains here" in line for line in notes(both))
    assert any("gains here are over the earlier recipe of scratch" in line for line in notes(old))
    several = notes(study.studies([*OLD, *TUNED, *seeds("tfidf-joint", strength=0.5, **NEW)])[0])
    (line,) = [line for line in several if "earlier recipe" in line]  # one sentence, however many rows
    assert line.startswith("2 rows have an earlier recipe: scratch and tfidf-joint; ")
    assert "gains here are over the earlier recipe of scratch (random word vectors, " in line
    before, after = study.studies(OLD), study.studies([replace(r, vectors_sha256="") for r in TODAY])
    assert f"scratch: recipe 1 before, {NOW} after" in comparisons.matching_boards(before, after)[0][2]


def test_no_mean_gain_is_taken_over_two_zero_points():
    def on(task: str, zero: list[Record]) -> list[Record]:
        return [replace(r, task=task) for r in (*zero, *TUNED)]

    several = study.studies([*on("one", OLD), *on("two", TODAY), *on("three", TODAY)])
    ranking = rank_across_targets(several, 32)
    assert ranking.other_zero == ("one@one",)
    gain = next(p.gain for p in ranking.places if p.baseline == "finetune")
    assert gain is not None
    assert gain.mean.estimate == pytest.approx(100 * (mean(TUNED) - mean(TODAY)))
    assert any("mean gain leaves out one" in line for line in target_tables.across_notes(ranking))
    distances = [DomainDistance(f"{name}@one", 1.0, 0.9, 0.5, 0.1) for name in ("one", "two", "three")]
    found = distances_and_gains(distances, several, "imdb@x", "finetune", 32)
    assert [row.gain is None for row in found.rows] == [True, False, False]
    assert "one@one has no gain here: its records count gains from an earlier recipe of scratch." in \
        target_tables.distance_notes(found)


def test_a_strategy_that_had_to_begin_without_word_vectors_stands_on_no_leaderboard_of_them():
    without = seeds("scratch", strength=0.0, vectors_sha256=NO_VECTORS, recipe=NOW, **NEW)
    blind = seeds("finetune", strength=0.9, **BLIND)
    found = means([*TODAY, *TUNED, *without, *blind])
    assert found == pytest.approx({
        ("base's glove true", "finetune"): mean(TUNED), ("base's glove true", "scratch"): mean(TODAY),
        ("base's glove false", "finetune"): mean(blind), ("base's glove false", "scratch"): mean(without)})
    assert without[0].identity() != TODAY[0].identity()
    assert {name for _, name in means(without)} == {"scratch"}
