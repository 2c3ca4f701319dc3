"""Parquet: only the columns asked for, whatever stands beside them, and never more than the file can explain."""

from __future__ import annotations

import datetime
import decimal
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.core.errors import DataError
from bench.data.table_files import TableFile, open_table


def opened(folder: Path, columns: dict[str, Any], metadata: dict[str, str] | None = None, **options: Any) -> TableFile:
    table = pa.table(columns)
    if metadata:
        table = table.replace_schema_metadata(metadata)
    pq.write_table(table, folder / "a.parquet", **options)
    return open_table(folder / "a.parquet")


def test_columns_that_nest_do_not_matter_where_they_are_not_asked_for(tmp_path: Path):
    table = opened(tmp_path, {
        "text": ["a", None], "label": [1, 0], "embedding": [[0.1, 0.2], None], "struct": [{"a": 1, "b": [1]}] * 2,
        "map": pa.array([[("k", 1)], []], pa.map_(pa.string(), pa.int64())),
        "fixed": pa.array([[1, 2]] * 2, pa.list_(pa.int8(), 2)), "deep": [[[{"x": "y"}]]] * 2})
    rows = table.read(["label", "text"])
    assert (rows.places, rows.cells) == ([1, 2], {"label": ["1", "0"], "text": ["a", None]})
    assert table.unit == "row"
    for name in ("embedding", "struct", "map", "fixed", "deep"):
        with pytest.raises(DataError, match=f"the column '{name}' holds .*no text or label"):
            table.read([name])


def test_values_of_every_type_are_one_text(tmp_path: Path):
    table = opened(tmp_path, {
        "int": pa.array([1, None], pa.int8()), "float": pa.array([0.1, 2.0], pa.float32()),
        "double": [1e15, float("nan")], "bool": [True, False], "date": [datetime.date(2024, 5, 31), None],
        "time": [datetime.datetime(2024, 5, 31), datetime.datetime(2024, 5, 31, 12)],
        "decimal": [decimal.Decimal("1.50"), decimal.Decimal("2.00")], "bytes": [b"caf\xc3\xa9", b""],
        "category": pa.array(["x", "y"]).dictionary_encode(), "number": pa.array([3, 4]).dictionary_encode(),
        "large": pa.array(["p", "q"], pa.large_string()), "members": [["one"], ["one", "two"]]})
    rows = table.read(table.columns)
    assert rows.cells == {
        "int": ["1", None], "float": ["0.1", "2"], "double": ["1000000000000000", None], "bool": ["true", "false"],
        "date": ["2024-05-31", None], "time": ["2024-05-31", "2024-05-31 12:00:00"], "decimal": ["1.5", "2"],
        "bytes": ["café", ""], "category": ["x", "y"], "number": ["3", "4"], "large": ["p", "q"],
        "members": ["one", None]}
    assert rows.faults == {1: "2 values in 'members'"}
    assert {"int", "float", "double", "bool", "date", "time", "decimal"} <= table.numeric
    assert not {"bytes", "category", "large", "members"} & table.numeric


def test_bytes_that_are_no_text_are_named(tmp_path: Path):
    with pytest.raises(DataError, match="row 2 has bytes that are no UTF-8 text in the column 'b'"):
        opened(tmp_path, {"b": [b"a", b"\xff"]}).read(["b"])


def test_the_names_of_class_labels_are_offered(tmp_path: Path):
    features = {"text": {"dtype": "string", "_type": "Value"},
                "label": {"names": ["pos", "neg"], "_type": "ClassLabel"}}
    table = opened(tmp_path, {"text": ["a", "b"], "label": [0, 1]},
                   {"huggingface": json.dumps({"info": {"features": features}})})
    assert table.label_names == {"label": ("pos", "neg")}
    assert table.read(["label"]).cells == {"label": ["0", "1"]}
    for wrong in ("", "[]", "{", json.dumps({"info": {"features": {"label": {"names": 3, "_type": "ClassLabel"}}}})):
        assert opened(tmp_path, {"text": ["a"]}, {"huggingface": wrong}).label_names == {}


@pytest.mark.parametrize("feature", [
    {"feature": {"names": ["joy", "fear"], "_type": "ClassLabel"}, "_type": "List"},
    {"feature": {"names": ["joy", "fear"], "_type": "ClassLabel"}, "length": -1, "_type": "Sequence"},
    [{"names": ["joy", "fear"], "_type": "ClassLabel"}]])
def test_a_list_of_one_class_number_is_its_member_and_keeps_its_names(tmp_path: Path, feature: Any):
    table = opened(tmp_path, {"text": list("abcd"), "labels": [[1], [0], [0, 1], []]},
                   {"huggingface": json.dumps({"info": {"features": {"labels": feature}}})})
    rows = table.read(["labels"])
    assert (rows.cells, rows.faults) == ({"labels": ["1", "0", None, None]}, {2: "2 values in 'labels'"})
    assert table.label_names == {"labels": ("joy", "fear")}


def test_a_file_written_by_datasets_has_its_names(tmp_path: Path):
    import datasets

    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["no", "yes"])})
    datasets.Dataset.from_dict({"text": ["a"], "label": [1]}, features=features).to_parquet(tmp_path / "a.parquet")
    assert open_table(tmp_path / "a.parquet").label_names == {"label": ("no", "yes")}


def test_names_with_dots_and_names_that_are_there_twice(tmp_path: Path):
    table = opened(tmp_path, {"reviews.text": ["a"], "reviews": [[1]], "reviews.text.short": ["b"]})
    assert table.read(["reviews.text"]).cells == {"reviews.text": ["a"]}
    twice = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"]), pa.array(["c"])], names=["text", "text", "label"])
    pq.write_table(twice, tmp_path / "b.parquet")
    table = open_table(tmp_path / "b.parquet")
    assert table.notes == ("2 columns are called 'text'",)
    with pytest.raises(DataError, match="has two columns called 'text'"):
        table.read(["text"])
    assert table.read(["label"]).cells == {"label": ["c"]}


@pytest.mark.parametrize("options", [{"use_dictionary": False}, {"row_group_size": 3}, {"compression": "zstd"}])
def test_all_rows_come_in_order_from_every_layout(tmp_path: Path, options: dict[str, Any]):
    texts = [f"text {i % 4}" for i in range(50)]
    table = opened(tmp_path, {"text": texts, "n": list(range(50))}, **options)
    assert [rows.cells["n"] for rows in table.batches(["text", "n"], 20)] == [
        list(map(str, range(20))), list(map(str, range(20, 40))), list(map(str, range(40, 50)))]
    assert table.read(["text"]).cells["text"] == texts


@pytest.mark.parametrize("kind", ["repeated", "in lists", "in one list", "long", "nothing"])
def test_a_small_file_that_unpacks_to_gigabytes_is_refused_in_little_memory(tmp_path: Path, kind: str):
    many = 200_000
    long = pa.DictionaryArray.from_arrays(pa.array([0] * many, pa.int32()), pa.array(["x" * 1_000_000]))
    columns: dict[str, Any] = {"repeated": {"text": long}, "nothing": {"text": pa.nulls(50_000_000, pa.string())},
                               "in lists": {"text": pa.ListArray.from_arrays(pa.array(range(many + 1)), long)},
                               "in one list": {"text": pa.ListArray.from_arrays(pa.array([0, many]), long)},
                               "long": {"text": pa.array(["x" * 1_000_000] * 300)}}[kind]
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table(columns), path, compression="zstd", use_dictionary=kind != "long", store_schema=False)
    assert path.stat().st_size < 200_000
    del columns, long
    before = pa.total_allocated_bytes()
    with pytest.raises(DataError, match="decompression bomb"):
        open_table(path).read(["text"])
    assert pa.total_allocated_bytes() - before < 100 << 20


def test_repeated_texts_of_fair_size_are_read(tmp_path: Path):
    texts = ["x" * 300_000, "y" * 300_000] * 20
    assert opened(tmp_path, {"text": texts}).read(["text"]).cells["text"] == texts


@pytest.mark.parametrize("damage", [lambda d: b"", lambda d: d[:40], lambda d: d[:-9], lambda d: b"PAR1" + d[40:],
                                    lambda d: d.replace(b"some", b"\xff\xff\xff\xff")])
def test_a_damaged_file_is_one_line(tmp_path: Path, damage: Any):
    out = io.BytesIO()
    pq.write_table(pa.table({"text": ["some text"] * 100}), out, compression="none", use_dictionary=False)
    path = tmp_path / "a.parquet"
    path.write_bytes(damage(out.getvalue()))
    with pytest.raises(DataError) as caught:
        open_table(path).read(["text"])
    assert "\n" not in str(caught.value)


FLIPS = """
import sys
from pathlib import Path
from bench.core.errors import BenchError
from bench.data.table_files import open_table
path = Path(sys.argv[1])
whole = path.read_bytes()
footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
for at in range(footer, len(whole)):
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
    try:
        open_table(path).read(["text", "label"])
    except BenchError:
        pass
"""


def test_a_damaged_footer_never_ends_the_process(tmp_path: Path):
    columns = {"text": ["a", "b"] * 3, "label": [["x"], ["y"]] * 3}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet", row_group_size=3)
    subprocess.run([sys.executable, "-c", FLIPS, str(tmp_path / "a.parquet")], check=True)


def test_a_file_without_rows_says_so(tmp_path: Path):
    with pytest.raises(DataError, match="holds no rows"):
        opened(tmp_path, {"text": pa.array([], pa.string())})
