"""Targets that recipes were chosen on, and those that nothing was chosen on, stand in tables of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Bench
from made import grid

from bench.data import cards
from bench.report import page_facts, roles
from bench.results import record_files

IMDB = ("imdb@official",)
NAMES = ("scratch", "finetune", "tfidf")


def ranked(*tasks: str) -> list[dict]:
    return [a for a in page_facts.facts(grid(tasks, IMDB, NAMES)).across if a["budget"] == "128"]


def test_the_role_is_one_of_two_words_and_confirmation_where_the_card_says_none():
    card = (cards.BUILT_IN / "amazon.toml").read_text(encoding="utf-8")
    assert cards.parse_card(card, "x").role == "development"
    assert cards.parse_card(card.replace('role = "development"\n', ""), "x").role == "confirmation"
    with pytest.raises(cards.CardError, match="role"):
        cards.parse_card(card.replace('"development"', '"training"'), "x")


def test_every_card_that_the_protocol_names_as_chosen_on_is_for_development():
    for task in ("amazon", "hotels", "rotten-tomatoes", "newsgroups-four", "newsgroups", "newsgroups-atheism-space",
                 "imdb", "hotels-datafiniti", "amazon-books", "amazon-dvd", "amazon-electronics", "amazon-kitchen"):
        assert roles.role_of(f"{task}@x") == "development", task
    assert roles.role_of("mine.csv@x") == "confirmation"


def test_two_targets_of_each_role_are_ranked_apart_on_the_page():
    development, confirmation = ranked("amazon", "hotels", "alpha", "beta")
    assert (development["role"], development["targets"]) == ("development", ["amazon@v1", "hotels@v1"])
    assert (confirmation["role"], confirmation["targets"]) == ("confirmation", ["alpha@v1", "beta@v1"])
    assert "were chosen on their training texts" in development["about"]


def test_ones_own_targets_alone_are_ranked_together_without_a_word_on_roles():
    (alone,) = ranked("alpha", "beta", "gamma")
    assert (alone["role"], alone["about"]) == ("", "")


def test_one_target_of_a_role_is_named_where_all_are_ranked_together():
    (both,) = ranked("amazon", "alpha", "beta")
    assert both["role"] == ""
    assert both["about"].startswith("amazon: development targets")


def test_the_leaderboard_over_targets_has_a_table_for_each_role(tmp_path: Path, bench_: Bench):
    record_files.write_packed(tmp_path / "records" / "all.jsonl.gz",
                              grid(("amazon", "hotels", "alpha", "beta"), IMDB, NAMES))
    done = bench_("leaderboard", "--results-dir", str(tmp_path), "--across", "--budget", "128")
    assert done.exit_code == 0, done.output
    assert done.stdout.index("2 development targets") < done.stdout.index("2 confirmation targets")
    assert "nothing was chosen on their texts" in " ".join(done.output.split())
