"""The sentences above a leaderboard, and the numbers that no sentence may hold."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
from board_records import CURVES, TEXTS, TRUTH, answered, record

from bench.analysis import study
from bench.analysis.power import RequiredSample
from bench.core import recipes
from bench.report import advice, headline, leaderboard_files
from bench.results.record import Record


def answering(name: str, right: float, seconds: float, seed: int, rng: int = 1) -> Record:
    """A record of a model that is right on a share of the texts, the same for all of one `rng`."""
    from bench.protocol.metrics import score
    from bench.results import stored_predictions

    good = np.random.default_rng(rng).random(TEXTS) < right
    second = np.where(good == (TRUTH == 1), 0.9, 0.1)
    stored = stored_predictions.quantise(np.stack([1 - second, second], axis=1).astype(np.float32))
    return record(name, seed, 0.1, seconds={"adapt": seconds}, budget=128, n_train=128,
                  **{**score(TRUTH, stored_predictions.probabilities(stored)),
                     "predictions": stored_predictions.pack(TRUTH, stored)})


def board(**seconds: float) -> study.Study:
    made = [answering(name, 0.82, s, seed) for name, s in seconds.items() for seed in range(3)]
    made += [answering("source-only", 0.81, 0.1, seed, 2) for seed in range(3)]
    made += [record("scratch", seed, 0.1, budget=128, n_train=128) for seed in range(3)]
    return study.studies(made)[0]


def test_the_first_sentence_names_the_cheapest_of_those_that_cannot_be_told_apart():
    line = headline.headline(board(gradual=9.0, **{"tfidf-joint": 1.0}))[0]
    assert line.startswith("With 128 labels use tfidf-joint or gradual (we cannot tell them apart; tfidf-joint is the "
                           "cheapest: 1.0 s). About 8")
    assert "better than training on your 128 labels alone" in line
    assert re.search(r"no label at all gives \d\d%", line)
    assert headline.headline(board(gradual=0.5, **{"tfidf-joint": 1.0}))[0].startswith("With 128 labels use gradual or")


POINTS = r"[+-]\d+\.\d ± \d+\.\d points"
TODAY = {"recipe": recipes.current("scratch"), "vectors_sha256": "e1" * 32, "budget": 128, "n_train": 128}


def steps(*made: Record) -> str:
    """What is said of each step, for a board whose zero point is today's `scratch`."""
    zero = [record("scratch", seed, 0.3, **TODAY) for seed in range(3)]
    return headline.headline(study.studies([*zero, *made])[0])[1]


def test_it_is_said_what_came_from_where():
    source = [replace(answering("source-only", 0.85, 0.1, s, 2), vectors_sha256="e1" * 32) for s in range(3)]
    gradual = [replace(answering("gradual", 0.855, 9.0, s, 2), vectors_sha256="e1" * 32) for s in range(3)]
    random = [record("scratch-random", s, -0.8, budget=128, n_train=128) for s in range(3)]
    line = steps(*source, *gradual, *random)
    assert re.search(rf"word vectors bring {POINTS} \(scratch over scratch-random\); ", line)
    assert re.search(rf"; imdb brings {POINTS} \(source-only, which saw no label of yours, over scratch, "
                     r"which saw your 128 labels\); ", line)
    assert re.search(rf"; on top of that, your 128 labels bring gradual {POINTS}, nothing that can be measured\.",
                     line)
    assert float(re.findall(r"[+-]\d+\.\d", line)[0]) > 5, "word vectors help, so that going without them harms"
    assert "word vectors" not in steps(*source, *gradual)


def test_where_labels_are_new_the_source_is_what_fine_tuning_adds_to_scratch():
    tuned = [record("finetune", s, 1.5, **{**TODAY, "recipe": 1}) for s in range(3)]
    assert re.search(rf"^What came from where: imdb brings {POINTS} \(finetune over scratch, both with your 128 labels"
                     r"\)\.$", steps(*tuned))


def test_gains_over_an_earlier_recipe_of_scratch_are_not_taken_for_gains_of_the_source_alone():
    found = board(gradual=9.0, **{"glove-trainable": 1.0})
    line = headline.headline(found)[1]
    assert re.search(rf"word vectors bring {POINTS} \(glove-trainable over scratch\); ", line)
    assert re.search(rf"; imdb and word vectors bring {POINTS} \(source-only", line)
    (said,) = [n for n in advice.notes(found) if "earlier recipe" in n]
    assert said.startswith("2 rows have an earlier recipe: ")
    assert "gains here are over the earlier recipe of scratch (random word vectors, " in said
    assert said.endswith("and not comparable with gains over today's.")


def test_the_sentences_stand_above_the_table_in_markdown_and_html():
    found = board(gradual=9.0)
    for form in ("md", "html", "latex"):
        text = leaderboard_files.whole([found], form)
        assert 0 < text.index("With 128 labels use") < text.index("At 128 labels the highest score")


def test_no_sentence_holds_a_number_that_nobody_can_use():
    found = study.studies(CURVES)[0]
    ranking = found.rankings[0]
    absurd = replace(ranking, need=RequiredSample(None, 1_700_000), detectable=100.6)
    shown = replace(found, rankings=(absurd,))
    said = " ".join([*advice.advice(shown), *advice.notes(shown)])
    assert "1,700,000" not in said
    assert "100.6" not in said


def test_equal_strategies_share_the_resamples_in_which_they_are_best():
    same = [replace(record("scratch", s), baseline=name, **answered(1.0, s)) for name in "abc" for s in range(3)]
    rows = study.studies(same)[0].rankings[0].rows
    assert [round(r.best, 6) for r in rows] == [round(1 / 3, 6)] * 3


def test_the_best_of_many_is_said_to_be_lucky():
    same = [record(f"s{i}", s, 1.0 + 0.001 * i) for i in range(8) for s in range(3)]
    ranking = study.studies(same)[0].rankings[0]
    assert ranking.optimism is not None
    assert ranking.optimism > 0.5
    assert "are the luck of the best of 8" in advice.advice(study.studies(same)[0])[0]
