"""Names of tasks and editions."""

from __future__ import annotations

import pytest

from bench.core.names import TaskRef


@pytest.mark.parametrize(("text", "task", "edition"), [
    ("amazon", "amazon", ""), ("amazon@blitzer-2007", "amazon", "blitzer-2007"), ("my-file@own", "my-file", "own")])
def test_a_task_name_is_parsed_and_written_back(text: str, task: str, edition: str):
    assert TaskRef.parse(text) == TaskRef(task, edition)
    assert str(TaskRef.parse(text)) == text


def test_an_edition_left_open_after_the_sign_stands_for_any():
    assert TaskRef.parse("amazon@") == TaskRef("amazon")
