"""Leaderboards with a column of no labels: it changes nothing in the others, and takes no part over budgets."""

from __future__ import annotations

from board_records import CURVES, seeds

from bench.analysis.study import narrowed, studies
from bench.report.advice import notes
from bench.report.headline import headline

SOURCE = [r for b in (16, 64, 256) for r in seeds("source-only", strength=1.0, budget=b, n_train=b)]
# One model whatever the labels and the seed.
SOURCE = [type(r)(**{**vars(r), "predictions": SOURCE[0].predictions, "accuracy": SOURCE[0].accuracy,
                     "balanced_accuracy": SOURCE[0].balanced_accuracy, "auc": SOURCE[0].auc}) for r in SOURCE]
AT_ZERO = [type(r)(**{**vars(r), "budget": 0, "n_train": 0}) for r in SOURCE[:3]] + seeds(
    "adapted", strength=1.3, budget=0, n_train=0)


def test_a_column_of_no_labels_changes_no_verdict_elsewhere():
    without, = studies([*CURVES, *SOURCE])
    with_zero, = studies([*CURVES, *SOURCE, *AT_ZERO])
    assert with_zero.board.budgets == (0, 16, 64, 256)
    for budget in (16, 64, 256):
        assert without.at(budget) == with_zero.at(budget)
    assert without.summary == with_zero.summary
    assert without.leaders == with_zero.leaders
    at_zero = with_zero.at(0)
    assert at_zero is not None
    assert [row.baseline for row in at_zero.rows] == ["adapted", "source-only"]
    assert all(row.gain is None and row.verdict == "" for row in at_zero.rows)
    assert at_zero.rows[0].gain_over_source is not None
    assert with_zero.board.cells["tfidf", 0].of == 0


def test_rows_that_use_no_label_are_told_by_their_answers_and_said_once():
    study, = studies([*CURVES, *SOURCE, *AT_ZERO])
    assert study.label_free == ("source-only",)
    said = [line for line in notes(study) if "no label of the target" in line]
    assert said == ["source-only uses no label of the target: the same score at every number of labels."]
    free = [type(r)(**{**vars(r), "baseline": "mine"}) for r in SOURCE]
    study, = studies([*CURVES, *free])
    assert study.label_free == ("mine",)


def test_the_headline_compares_with_the_best_that_needs_no_label():
    study, = studies([*CURVES, *AT_ZERO])
    best = study.at(0).rows[0].score.estimate
    assert f"no label at all gives {best:.0%}" in headline(study)[0]
    some = narrowed(study, study.board.budgets[1:2])
    assert some.at(0) is None
    assert f"no label at all gives {best:.0%}" in headline(some)[0]
    study, = studies(AT_ZERO)
    assert headline(study)[0].startswith("With no labels use adapted")
    assert study.summary is None
    assert study.leaders == ()
