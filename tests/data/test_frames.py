"""A DataFrame is read by the rules for files: the same cells, whatever the types of its columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.core.errors import BenchError, DataError
from bench.data.frames import table_of
from bench.data.table_files import open_table
from bench.data.user_file import task_from_file, task_from_table

TEXTS = [f"a text of number {word} and more" for word in ("one", "two", "three", "four", "five", "six")]


def cells(frame: pd.DataFrame, name: str) -> list[str | None]:
    return table_of(frame).read([name]).cells[name]


def test_missing_values_of_every_kind_are_none():
    frame = pd.DataFrame({"a": ["x", None, np.nan, pd.NA, pd.NaT]}, dtype=object)
    assert cells(frame, "a") == ["x", None, None, None, None]
    whole = pd.DataFrame({"a": pd.array([1, None, 3], dtype="Int64"), "b": [1.0, np.nan, 2.5]})
    assert cells(whole, "a") == ["1", None, "3"]
    assert cells(whole, "b") == ["1", None, "2.5"]


def test_numbers_dates_and_classes_are_what_a_file_would_hold():
    frame = pd.DataFrame({"flag": [True, False], "small": np.array([0.1, 2.0], np.float32),
                          "kind": pd.Categorical(["b", "a"]), "day": pd.to_datetime(["2024-05-31", "2024-06-01"])})
    assert cells(frame, "flag") == ["True", "False"]
    assert cells(frame, "small") == ["0.1", "2"]
    assert cells(frame, "kind") == ["b", "a"]
    assert cells(frame, "day") == ["2024-05-31", "2024-06-01"]


@pytest.mark.parametrize("labels", [
    ["good", "bad", "Good", " bad", "good", "bad"], [1, 0, 1, 0, 1, 0], [True, False] * 3,
    [1.0, 5.0, 2.0, 4.0, 1.0, 5.0],
    pd.Categorical(["x", "y"] * 3), [None, "a", "b", "a", "b", np.nan], ["['a']", "b", "a", "b", "a", "b"]], ids=str)
def test_a_frame_means_what_the_same_rows_mean_in_a_csv_file(tmp_path: Path, labels: list[object]):
    frame = pd.DataFrame({"id": range(6), "text": TEXTS, "label": labels})
    frame.to_csv(tmp_path / "mine.csv", index=False)
    of_file, of_frame = task_from_file(tmp_path / "mine.csv"), task_from_table(table_of(frame, "mine"))
    assert of_frame.task.name == of_file.task.name == "mine"
    assert of_frame.task.labels == of_file.task.labels
    assert of_frame.notes == of_file.notes
    assert of_frame.task.imbalanced == of_file.task.imbalanced
    assert cells(frame, "text") == open_table(tmp_path / "mine.csv", "csv").read(["text"]).cells["text"]


def test_columns_without_a_name_twice_or_of_several_levels_are_told():
    frame = pd.DataFrame([["a text", "x", "y"]], columns=["text", "label", "label"])
    assert "2 columns are called 'label'" in table_of(frame).notes
    with pytest.raises(DataError, match="two columns called 'label'"):
        table_of(frame).read(["label"])
    with pytest.raises(DataError, match="names of 2 levels"):
        table_of(pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")])))
    numbered = pd.DataFrame([["a", "b", "c"]], columns=pd.Index([0, 1, None], dtype=object))
    assert table_of(numbered).columns == ("0", "1")


def test_an_empty_frame_and_a_name_without_letters_are_refused():
    with pytest.raises(DataError, match="reviews holds no rows"):
        table_of(pd.DataFrame({"text": [], "label": []}), "reviews")
    with pytest.raises(BenchError, match="cannot be called '---'"):
        table_of(pd.DataFrame({"text": ["a"]}), "---")


def test_a_table_of_another_library_becomes_one():
    import pyarrow as pa

    table = table_of(pa.table({"text": TEXTS, "label": ["a", "b"] * 3}), "Arrow table")
    assert str(table.path) == "arrow-table"
    assert table.read(["label"]).cells["label"] == ["a", "b"] * 3


def test_a_structure_in_the_column_of_the_texts_is_an_error_that_names_the_row():
    frame = pd.DataFrame({"text": [*TEXTS[:5], {"a": 1}], "label": ["a", "b"] * 3})
    with pytest.raises(DataError, match="row 6 has a structure in the column 'text'"):
        table_of(frame).read(["text"])
