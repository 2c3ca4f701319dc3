"""Malformed cards and data files never end in a traceback, a hang or a wrong success."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.core.errors import BenchError
from bench.data.cards import BUILT_IN, parse_card
from bench.data.table_files import open_table
from bench.data.usable_rows import frame_of
from bench.data.user_file import task_from_file

CARDS = [path.read_text(encoding="utf-8") for path in sorted(BUILT_IN.glob("*.toml"))]
QUIET = settings(max_examples=200, deadline=5_000, suppress_health_check=[HealthCheck.function_scoped_fixture])
GOOD_CSV = "text,label\n" + "".join(f'"a text, number {i} ü",{"good" if i % 2 else "bad"}\n' for i in range(20))


def outcome(call: Callable[[], Any]) -> tuple[str, Any]:
    """The refusal in words, or what came out."""
    try:
        return "", call()
    except BenchError as error:
        return str(error), None


@st.composite
def damaged(draw: Any, original: bytes) -> bytes:
    """The original with some bytes flipped, cut, doubled or replaced."""
    data = bytearray(original)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        kind = draw(st.sampled_from(["flip", "cut", "insert", "drop", "null"]))
        if kind == "flip" and data:
            data[at] ^= draw(st.integers(1, 255))
        elif kind == "cut":
            del data[at:]
        elif kind == "insert":
            data[at:at] = draw(st.binary(min_size=1, max_size=12))
        elif kind == "drop":
            del data[at : at + draw(st.integers(1, 30))]
        else:
            data[at:at] = b"\0"
    return bytes(data)


@QUIET
@given(st.data())
def test_a_damaged_card_is_refused_in_one_line_or_still_a_card(data: st.DataObject) -> None:
    original = data.draw(st.sampled_from(CARDS))
    text = data.draw(damaged(original.encode())).decode("utf-8", "replace")
    refusal, task = outcome(lambda: parse_card(text, "card.toml"))
    if task is None:
        assert "card.toml" in refusal
    else:
        assert task.editions
        assert len(set(task.labels)) >= 2


VALUES = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8),
                      lambda inner: st.lists(inner, max_size=3) |
                      st.dictionaries(st.text(max_size=6), inner, max_size=3),
                      max_leaves=6)


@QUIET
@given(st.sampled_from(["name", "title", "labels", "imbalanced", "editions", "titel"]), VALUES)
def test_a_card_with_a_wrong_value_is_refused(key: str, value: object) -> None:
    card = {"name": "x", "title": "X", "labels": ["a", "b"],
            "editions": [{"name": "v1", "routes": [{"from": "directory", "file": "x.csv", "reader": "csv"}]}]}
    card[key] = value  # type: ignore[assignment]
    try:
        task = parse_card(_toml(card), "card.toml")
    except BenchError:
        return
    assert isinstance(task.title, str)
    assert all(isinstance(label, str) for label in task.labels)


@QUIET
@given(st.data(), st.sampled_from(["csv", "tsv", "jsonl", "csv.gz", "parquet"]))
def test_a_damaged_data_file_is_refused_in_one_line_or_gives_texts_with_labels(
        tmp_path: Path, data: st.DataObject, ending: str) -> None:
    path = tmp_path / f"mine.{ending}"
    path.write_bytes(data.draw(damaged(_file(ending))))

    def reading() -> Any:
        task = task_from_file(path).task
        return task, frame_of(open_table(path), task.editions[0].routes[0].reading)

    refusal, found = outcome(reading)
    if found is None:
        assert refusal
        assert "\n" not in refusal.strip()
    else:
        task, (rows, count) = found
        assert len(rows) == count.rows - count.left_out
        assert len(rows)
        assert rows["text"].str.len().gt(0).all()
        assert set(rows["label"]) <= set(task.labels)


EMPTY = [b"", b"\n", b"text,label\n", b"\xff\xfe", b"text,label\n\"open", b"{", b"\0" * 100]


@pytest.mark.parametrize("content", EMPTY)
def test_a_file_without_rows_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes(content)
    with pytest.raises(BenchError):
        task_from_file(path)


def _file(ending: str) -> bytes:
    if ending == "csv":
        return GOOD_CSV.encode()
    if ending == "csv.gz":
        return gzip.compress(GOOD_CSV.encode(), mtime=0)
    rows = [{"text": f"a text {i}", "label": "good" if i % 2 else "bad"} for i in range(20)]
    if ending == "jsonl":
        return "\n".join(map(json.dumps, rows)).encode()
    if ending == "tsv":
        return ("text\tlabel\n" + "\n".join(f"{r['text']}\t{r['label']}" for r in rows)).encode()
    import io

    import pandas as pd

    out = io.BytesIO()
    pd.DataFrame(rows).to_parquet(out)
    return out.getvalue()


def _toml(value: object) -> str:
    """A nested value as TOML in one line a key; what TOML has no word for is left as text."""
    assert isinstance(value, dict)
    return "\n".join(f"{json.dumps(k)} = {_inline(v)}" for k, v in value.items())


def _inline(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {_inline(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return "\"none\"" if value is None else json.dumps(value)
