"""Ranks over all targets, as the report shows them: of the strategies that are recommended."""

from __future__ import annotations

from dataclasses import replace

from made import grid, record

from bench.report import page_facts
from bench.results.record import Record

BUDGETS = (32, 128, "full")


def auto(*tasks: str) -> list[Record]:
    return [replace(r, members={"frozen": 1.0})
            for r in (record(task, "imdb@official", "auto", budget, seed, 1.3) for task in tasks for budget in BUDGETS
                      for seed in range(2))]


def ranks(records: list[Record]) -> dict:
    return next(a for a in page_facts.facts(records).across if a["budget"] == "128")


def test_what_is_recommended_is_ranked_beside_what_it_is_compared_with():
    ranking = ranks([*grid(("alpha", "beta", "gamma"), ("imdb@official",)), *auto("alpha", "beta", "gamma")])
    names = {place["baseline"] for place in ranking["places"]}
    assert {"auto", "scratch", "tfidf"} <= names
    assert "majority" not in names  # nobody recommends it
    assert ranking["without"] == []
    assert ranking["boards"] == [0, 1, 2]


def test_a_target_that_lacks_a_recommended_strategy_is_left_out_and_named():
    ranking = ranks([*grid(("alpha", "beta", "gamma"), ("imdb@official",), ("scratch", "finetune", "frozen")),
                     *grid(("delta",), ("imdb@official",), ("scratch",)), *auto("alpha", "beta", "gamma")])
    assert ranking["without"] == ["delta@v1"]
    assert len(ranking["targets"]) == 3
    assert "auto" in {place["baseline"] for place in ranking["places"]}
