"""Strategies that combine others: what they are made of is said, and one that lacks a member has a row of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from board_records import NEW, mean, means, record

from bench.analysis import study
from bench.report import advice, headline
from bench.results.members import in_words, mean_weights
from bench.results.record import Record

TWO = {"gradual": 0.4, "tfidf-joint": 0.6}


def auto(strength: float = 1.5, *, members: dict[str, float] = TWO, **other: object) -> list[Record]:
    return [record("auto", seed, strength, members=members, budget=128, n_train=128, **{**NEW, **other})
            for seed in range(3)]


def board(*rows: list[Record]) -> study.Study:
    others = [record(name, seed, s, budget=128, n_train=128, **NEW)
              for name, s in (("scratch", 0.1), ("tfidf-joint", 1.5)) for seed in range(3)]
    (found,) = study.studies([*others, *(r for row in rows for r in row)])
    return found


def test_members_are_said_in_words():
    assert in_words({}) == ""
    assert in_words({"a": 0.5, "b": 0.5}) == "the mean of a and b"
    assert in_words({"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}) == "the mean of a, b and c"
    assert in_words(TWO) == "the mean of 60% tfidf-joint and 40% gradual"
    assert in_words({"a": 0.999, "b": 0.001}) == "a alone"
    assert in_words({"a": 1.0}) == "a alone"


def test_weights_that_differ_between_trials_are_averaged():
    both, one = {"a": 0.5, "b": 0.5}, {"a": 1.0}
    records = [record("auto", 0, members=both), record("auto", 1, members=one), record("auto", 2)]
    assert mean_weights(records) == pytest.approx({"a": 0.75, "b": 0.25})


def test_one_that_lacks_a_member_is_another_trial_and_another_row():
    whole, lacking = auto(), auto(0.5, without=["sentence-embedding"])
    assert whole[0].identity() != lacking[0].identity()
    assert means([*whole, *lacking]) == {("", "auto"): mean(whole),
                                         ("", "auto (without sentence-embedding)"): mean(lacking)}
    assert set(means(lacking)) == {("", "auto")}, "named where rows differ"


def test_members_that_a_trial_had_do_not_change_what_trial_it_is():
    assert auto()[0].identity() == auto(members={})[0].identity()
    assert auto()[0].identity() == replace(auto()[0], without=[]).identity()


def test_auto_is_recommended_where_it_is_level_and_it_is_said_what_it_is_made_of():
    line = headline.headline(board(auto(1.49)))[0]
    assert line.startswith("With 128 labels use auto (the mean of 60% tfidf-joint and 40% gradual); tfidf-joint may "
                           "be as good (tfidf-joint takes ")
    behind = headline.headline(board(auto(0.2)))[0]
    assert behind.startswith("With 128 labels use tfidf-joint. ")


def test_the_notes_say_what_it_is_made_of_at_which_labels_and_what_it_lacks():
    more = [replace(r, budget=512, n_train=512, members={"frozen": 0.4, "tfidf-joint": 0.6}) for r in auto()]
    zero = [record("scratch", seed, budget=512, n_train=512, **NEW) for seed in range(3)]
    lines = advice.notes(board([replace(r, without=["sentence-embedding"]) for r in [*auto(), *more]], zero))
    assert ("auto is the mean of 60% tfidf-joint and 40% gradual (128 labels), the mean of 60% tfidf-joint and 40% "
            "frozen (512 labels); it runs without sentence-embedding, which needs what is not installed or found here."
            ) in lines
    assert not any(line.startswith("auto is") for line in advice.notes(board()))
