"""JSON tables: lines, lists and columns of objects, and what annotation tools export."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from bench.core.errors import DataError
from bench.data.table_files import Rows, TableFile, open_table

RECORDS = [{"text": "good film", "label": 1}, {"text": "bad\nfilm", "label": 0}]
CELLS = {"text": ["good film", "bad\nfilm"], "label": ["1", "0"]}


def opened(folder: Path, content: object, name: str = "a.json") -> TableFile:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return open_table(path)


def read(folder: Path, content: object, name: str = "a.json") -> Rows:
    table = opened(folder, content, name)
    return table.read(table.columns)


def refusal(folder: Path, content: object, name: str = "a.json") -> str:
    with pytest.raises(DataError) as caught:
        read(folder, content, name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("content", [
    RECORDS, json.dumps(RECORDS, indent=2), "\n\n" + json.dumps(RECORDS) + "\n",
    {"text": ["good film", "bad\nfilm"], "label": [1, 0]},
    {"text": {"0": "good film", "1": "bad\nfilm"}, "label": {"0": 1, "1": 0}},
    {"0": RECORDS[0], "1": RECORDS[1]}, {"columns": ["text", "label"], "index": [0, 1],
                                         "data": [["good film", 1], ["bad\nfilm", 0]]},
    {"version": 1, "data": RECORDS}, "\n".join(map(json.dumps, RECORDS))])
def test_every_shape_of_a_json_table_is_read(tmp_path: Path, content: object):
    assert read(tmp_path, content).cells == CELLS


def test_a_list_in_a_jsonl_file_and_lines_in_a_json_file_are_read_and_said(tmp_path: Path):
    assert opened(tmp_path, RECORDS, "a.jsonl").notes == ("the file is one JSON list, not an object a line",)
    assert read(tmp_path, RECORDS, "a.jsonl").cells == CELLS
    lines = "\n".join(map(json.dumps, RECORDS))
    assert opened(tmp_path, lines).notes == ("the file holds one JSON object a line",)
    assert read(tmp_path, json.dumps(RECORDS[0])).cells == {"text": ["good film"], "label": ["1"]}


def test_rows_are_named_by_the_lines_where_they_begin(tmp_path: Path):
    assert read(tmp_path, json.dumps(RECORDS, indent=1)).places == [2, 6]
    assert read(tmp_path, "\n" + "\n\n".join(map(json.dumps, RECORDS)), "a.jsonl").places == [2, 4]


def test_numbers_and_booleans_have_one_text(tmp_path: Path):
    values = [1, 1.0, 1.5, -0.0, 1e3, 1e300, True, False, None, 2**63, "1.0", " a ", "", float("nan")]
    rows = read(tmp_path, [{"v": value, "x": 0} for value in values])
    assert rows.cells["v"] == ["1", "1", "1.5", "0", "1000", "1e+300", "true", "false", None, str(2**63), "1.0", " a ",
                               "", None]


def test_a_key_that_an_object_lacks_is_a_missing_cell(tmp_path: Path):
    table = opened(tmp_path, '{"text": "a"}\n{"label": "b", "text": "c"}\n', "a.jsonl")
    assert table.columns == ("text", "label")
    assert table.read(["label"]).cells == {"label": [None, "b"]}


def test_a_list_of_one_is_its_member_and_other_structures_matter_only_where_they_are_asked_for(tmp_path: Path):
    table = opened(tmp_path, [
        {"text": "a", "label": ["pos"], "choice": {"choices": ["x"]}, "vector": [0.5, 1.5], "meta": {"a": 1}},
        {"text": "b", "label": [], "choice": None, "vector": [], "meta": None},
        {"text": "c", "label": ["pos", "neg"], "choice": {"choices": ["x", "y"]}, "vector": None, "meta": {}}])
    rows = table.read(["text", "label", "choice"])
    assert rows.cells == {"text": ["a", "b", "c"], "label": ["pos", None, None], "choice": ["x", None, None]}
    assert list(rows.faults) == [2]
    assert "2 values in" in rows.faults[2]
    with pytest.raises(DataError, match="line 1 has a list of 2 in the column 'vector', no text"):
        table.read(["vector"])
    with pytest.raises(DataError, match="line 1 has a structure in the column 'meta', no text"):
        table.read(["meta"])


def test_an_export_of_label_studio_has_the_texts_and_choices_as_columns(tmp_path: Path):
    def task(text: str, *choices: str, cancelled: bool = False) -> dict[str, Any]:
        result = [{"from_name": "sentiment", "to_name": "text", "type": "choices", "value": {"choices": list(choices)}}]
        return {"id": 1, "data": {"text": text}, "annotations": [
            {"was_cancelled": cancelled, "result": result}], "predictions": []}

    rows = read(tmp_path, [task("a", "Positive"), task("b", "Negative"), task("c", "x", cancelled=True)])
    assert rows.cells == {"text": ["a", "b", "c"], "sentiment": ["Positive", "Negative", None]}


def test_half_an_emoji_becomes_the_sign_for_it_and_a_nul_is_named(tmp_path: Path):
    rows = read(tmp_path, '{"text": "so good \\ud83d", "label": "a"}\n{"text": "a\\u0000b", "label": "b"}\n', "a.jsonl")
    assert rows.cells["text"] == ["so good \ufffd", None]
    assert rows.faults == {1: "a NUL character in 'text'"}


@pytest.mark.parametrize(("content", "name", "words"), [
    ('{"text": "a"}\n[1]\n', "a.jsonl", "line 2 is not a JSON object: '[1]'"),
    ('{"text": "a"}\n{"text": "b', "a.jsonl", "line 2 is not JSON: Unterminated string"),
    ('{"text": "a", "text": "b"}\n', "a.jsonl", "the object in line 1 has the key 'text' twice"),
    ('[{"text": "a"},\n{"text": "b"}', "a.json", "line 2 has something else after an object, or the file is cut"),
    ('[{"text": "a"},\n{"text": "b', "a.json", "line 2 is not JSON"),
    ('[{"text": "a"}\n{"text": "b"}]', "a.json", "line 2 has something else after an object"),
    ('[{"text": "a"}]\n]', "a.json", "line 2 has something else after the list"),
    ('[{"text": "a"},\n 3]', "a.json", "line 2 is not a JSON object: '3'"),
    ("[" * 100_000, "a.json", "nested too deep"), ('{"a":' * 100_000, "a.jsonl", "nested too deep"),
    ('[{"a": ' + "[" * 100_000, "a.json", "nested too deep"), ("[]", "a.json", "holds no rows"),
    ("", "a.jsonl", "holds no rows"), ("3", "a.json", "is no list of JSON objects"),
    ('{"text": ["a", "b"], "label": ["c"]}', "a.json", "is no table"),
    ('{"a": 1}\nx\n', "a.jsonl", "line 2 is not JSON"),
    ('{"train": [{"text": "a"}], "test": [{"text": "b"}]}', "a.json", "is no table but 2 lists of objects: train, "),
    ('{"text": ' + "9" * 5_000 + "}", "a.jsonl", "line 1 is not JSON"),
    ('{"": 1}', "a.jsonl", "its objects have no keys")])
def test_what_is_no_table_names_its_line(tmp_path: Path, content: str, name: str, words: str):
    assert words in refusal(tmp_path, content, name)


def test_a_list_of_objects_is_never_whole_in_memory(tmp_path: Path):
    with (tmp_path / "a.json").open("w") as out:
        out.write("[" + ",".join(json.dumps({"text": f"some words {i} " * 20, "label": i % 2}) for i in range(20_000)))
        out.write("]")
    assert (tmp_path / "a.json").stat().st_size > 5 << 20
    tracemalloc.start()
    table = open_table(tmp_path / "a.json")
    assert sum(len(rows.places) for rows in table.batches(["label"])) == 20_000
    assert tracemalloc.get_traced_memory()[1] < 5 << 20
    tracemalloc.stop()
