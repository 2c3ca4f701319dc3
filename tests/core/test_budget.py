"""Budgets: read, ordered, counted and put in words."""

from __future__ import annotations

import pytest

from bench.core import budget
from bench.core.budget import FULL, in_order, labels_in, parse_budget, parse_budgets
from bench.core.errors import BenchError


def test_a_list_of_budgets_is_read_in_ascending_order_and_each_once():
    assert parse_budgets("full, 128,32,,128,all") == (32, 128, FULL)
    assert in_order([FULL, 512, 32, 512]) == (32, 512, FULL)


@pytest.mark.parametrize("text", ["-3", "٣٢", "many", "1e3", "10000000000", ""])
def test_what_is_no_number_of_labels_is_refused(text: str):
    with pytest.raises(BenchError, match="is not a number of labels"):
        parse_budget(text)


def test_none_are_labels_too_and_one_is_too_few_for_two_classes():
    assert parse_budgets("32,0") == (0, 32)
    with pytest.raises(BenchError, match="budget '1' is too few labels"):
        parse_budget("1")


def test_no_budgets_are_refused():
    with pytest.raises(BenchError, match="no budgets"):
        parse_budgets(" , ")


def test_full_is_as_many_labels_as_the_pool_has_texts():
    assert (labels_in(FULL, 6_000), labels_in(128, 6_000)) == (6_000, 128)
    assert budget.budget_in_words(FULL, 6_000) == "all 6,000 labels"
    assert budget.budget_in_words(2_048, 6_000) == "2,048 labels"
