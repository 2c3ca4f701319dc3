"""Records on disk: whole lines, checked, and what is done about those that are not."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import toy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bench.core.errors import BenchError, DataError
from bench.protocol.metrics import score
from bench.results import record_files, stored_predictions
from bench.results.record import Record

RECORD = Record("toy", "one", "ab" * 32, "imdb@x", "tfidf", {"penalty": 10.0}, "gru-64-64-glove", "torch", "cpu", 32, 0,
                accuracy=0.5, balanced_accuracy=0.5, seconds={"adapt": 1.5}, host={"cpu": "ünï"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "records" / "toy.jsonl"


def test_what_was_appended_is_read_back(path: Path):
    records = [RECORD, replace(RECORD, seed=1, budget="full", status="failed", error='a "quoted"\nerror')]
    for record in records:
        record_files.append(path, record)
    warnings: list[str] = []
    assert record_files.read(path, warnings.append) == records
    assert record_files.read_all(path.parents[1]) == records
    assert warnings == []
    assert path.read_bytes().count(b"\n") == 2
    assert record_files.read(path.with_name("none.jsonl")) == []


def test_a_line_has_the_names_of_the_contract():
    names = ("schema task edition content_sha256 source baseline settings net engine device budget seed n_train n_test "
             "accuracy balanced_accuracy macro_f1 auc log_loss seconds peak_bytes versions host status error")
    assert set(names.split()) <= json.loads(record_files.json_line(RECORD)).keys()


@given(arrays(np.float32, st.tuples(st.integers(1, 20), st.integers(2, 4)), elements=st.floats(0.0, 1.0, width=32)))
def test_unpacked_predictions_are_exactly_those_that_were_scored(p: np.ndarray):
    p = p + np.float32(1e-6)
    truth = np.arange(len(p)) % p.shape[1]
    stored = stored_predictions.quantise(p)
    scored = stored_predictions.probabilities(stored)
    again, back = stored_predictions.unpack(json.loads(json.dumps(stored_predictions.pack(truth, stored))))
    assert again.tolist() == truth.tolist()
    assert back.tobytes() == scored.tobytes()
    np.testing.assert_allclose(scored, p / p.sum(axis=1, keepdims=True), atol=0.01)
    assert score(again, back) == score(truth, scored)


@pytest.mark.parametrize("classes", [255, 256, 257, 400])
def test_classes_beyond_what_a_byte_holds_are_stored_as_they_are(classes: int):
    truth = np.arange(classes)
    stored = stored_predictions.quantise(np.eye(classes, dtype=np.float32) + np.float32(0.01))
    again, p = stored_predictions.unpack(stored_predictions.pack(truth, stored))
    assert again.tolist() == truth.tolist()
    assert p.argmax(axis=1).tolist() == truth.tolist()


def test_predictions_of_many_classes_written_a_byte_each_are_still_read():
    stored = np.log(np.eye(300) + 0.01).astype(np.float16)
    packed = stored_predictions.pack(np.arange(300), stored)
    packed["truth"] = base64.b64encode(zlib.compress(np.arange(300).astype(np.uint8).tobytes())).decode()
    assert stored_predictions.unpack(packed)[0].tolist() == [i % 256 for i in range(300)]


def test_a_torn_last_line_is_left_out_and_cut_off_by_the_next(path: Path):
    record_files.append(path, RECORD)
    whole = path.read_bytes()
    line = (record_files.json_line(replace(RECORD, seed=1)) + "\n").encode()
    for cut in (1, len(line) // 2, len(line) - 1):
        path.write_bytes(whole + line[:cut])
        warnings: list[str] = []
        assert record_files.read(path, warnings.append) == [RECORD]
        assert len(warnings) == 1
        assert "torn last line" in warnings[0]
        record_files.append(path, replace(RECORD, seed=2))
        assert record_files.read(path, warnings.append) == [RECORD, replace(RECORD, seed=2)]
        assert len(warnings) == 1
        assert path.read_bytes().startswith(whole)


def test_a_torn_line_longer_than_a_block_is_cut_off(path: Path):
    record_files.append(path, RECORD)
    path.write_bytes(path.read_bytes() + b"x" * 200_000)
    record_files.append(path, replace(RECORD, seed=1))
    assert record_files.read(path) == [RECORD, replace(RECORD, seed=1)]


@pytest.mark.parametrize("line", [0, 1])
def test_a_flipped_byte_is_a_reported_damaged_line(path: Path, line: int):
    for seed in (0, 1, 2):
        record_files.append(path, replace(RECORD, seed=seed))
    lines = path.read_bytes().split(b"\n")
    at = sum(len(row) + 1 for row in lines[:line]) + lines[line].index(b"0.5")
    toy.flip(path, at + 2)
    warnings: list[str] = []
    records = record_files.read(path, warnings.append)
    assert [r.seed for r in records] == [s for s in (0, 1, 2) if s != line]
    assert len(warnings) == 1
    assert warnings[0].startswith(f"{path}:{line + 1}: damaged line")


@pytest.mark.parametrize("text", ["[]", "3", "null", "{}", "{", '{"schema": 1}', '{"schema": 1, "check": 3}', "\xff"])
def test_other_lines_are_reported_and_left_out(path: Path, text: str):
    record_files.append(path, RECORD)
    with path.open("ab") as file:
        file.write(text.encode("latin-1") + b"\n")
    warnings: list[str] = []
    assert record_files.read(path, warnings.append) == [RECORD]
    assert len(warnings) == 1


def test_another_schema_is_left_out_with_a_word(path: Path):
    record_files.append(path, replace(RECORD, schema=99))
    record_files.append(path, RECORD)
    warnings: list[str] = []
    assert record_files.read(path, warnings.append) == [RECORD]
    assert "schema 99 is not 1" in warnings[0]


def test_the_latest_record_of_a_trial_prefers_success():
    good, bad = replace(RECORD, accuracy=0.7), replace(RECORD, accuracy=None, status="failed", error="x")
    assert record_files.latest([good, bad]) == [good]
    assert record_files.latest([bad, good]) == [good]
    assert record_files.latest([RECORD, good]) == [good]
    later = replace(bad, error="y")
    assert record_files.latest([bad, later]) == [later]
    other = replace(RECORD, seed=1)
    assert record_files.latest([RECORD, other]) == [RECORD, other]


@pytest.mark.parametrize(("name", "value"), [
    ("task", "x"), ("edition", "x"), ("content_sha256", "x"), ("source", "x"), ("baseline", "x"), ("settings", {}),
    ("net", "x"), ("engine", "x"), ("device", "x"), ("budget", "full"), ("seed", 7), ("base", "x")])
def test_a_trials_identity_depends_on_what_defines_it(name: str, value: object):
    assert replace(RECORD, **{name: value}).identity() != RECORD.identity()


def test_a_trials_identity_does_not_depend_on_its_outcome():
    assert replace(RECORD, accuracy=0.9, status="failed", seconds={}, host={}).identity() == RECORD.identity()


def test_a_folder_that_cannot_be_written_is_the_users_error(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BenchError, match="cannot write"):
        record_files.append(tmp_path / "file" / "toy.jsonl", RECORD)


def test_a_write_that_fails_half_way_leaves_the_file_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch):
    record_files.append(path, RECORD)
    before = path.read_bytes()

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(record_files.os, "fsync", full)
    with pytest.raises(BenchError, match="No space left on device"):
        record_files.append(path, replace(RECORD, seed=1))
    assert path.read_bytes() == before


def test_two_classes_are_stored_as_one_score_a_text_and_more_as_one_each():
    p = np.array([[1.0, 3.0], [2.0, 2.0]], np.float32)
    assert stored_predictions.quantise(p).tolist() == [[pytest.approx(np.log(3.0), abs=1e-3)], [0.0]]
    more = np.array([[2.0, 1.0, 1.0]], np.float32)  # what does not sum to 1 is scaled
    assert stored_predictions.quantise(more)[0].tolist() == pytest.approx(np.log([0.5, 0.25, 0.25]).tolist(), abs=1e-3)


def test_good_lines_after_empty_damaged_and_foreign_ones_are_read(path: Path):
    path.parent.mkdir()
    lines = [record_files.json_line(replace(RECORD, seed=seed)) for seed in range(4)]
    damaged = lines[1].replace("tfidf", "tfidg")
    path.write_text("\n".join([lines[0], "", damaged, '{"schema": 0}', *lines[2:]]) + "\n")
    warnings: list[str] = []
    assert [r.seed for r in record_files.read(path, warnings.append)] == [0, 2, 3]
    assert [text.split(":")[1] for text in warnings] == ["3", "4"]
    assert [r.seed for r in record_files.read(path)] == [0, 2, 3], "and without anybody to tell"


def test_packed_records_are_read_beside_those_that_came_later_and_damage_is_one_line(path: Path):
    packed = path.with_name(path.name + record_files.COMPRESSED)
    record_files.write_packed(packed, [RECORD, replace(RECORD, seed=1)])
    record_files.append(path, replace(RECORD, seed=2))
    assert [r.seed for r in record_files.read_with_packed(path)] == [0, 1, 2]
    assert [r.seed for r in record_files.read_all(path.parents[1])] == [0, 1, 2]
    assert [p.name for p in path.parent.iterdir() if p not in (packed, path)] == []
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(BenchError, match=r"cannot read .*toy.jsonl.gz: .+get it again from where it came"):
        record_files.read_with_packed(path)


def test_a_head_seed_makes_another_trial():
    same = {RECORD.identity(), replace(RECORD, head_seed=None).identity()}
    assert len(same) == 1
    assert len(same | {replace(RECORD, head_seed=0).identity(), replace(RECORD, head_seed=1).identity()}) == 3


@pytest.mark.parametrize("wrong", [
    {"seed": True}, {"seed": "0"}, {"accuracy": float("nan")}, {"accuracy": None}, {"balanced_accuracy": None},
    {"task": "../toy"}, {"edition": "a/b"}, {"baseline": "a/b"}, {"baseline": "a\\b"}, {"status": "well"},
    {"leading": "luck"}, {"budget": "most"}, {"seconds": {"adapt": float("inf")}}, {"seconds": {"adapt": "1"}},
    {"members": {"a/b": 1.0}}, {"members": {"a": 1.5}}, {"members": ["a"]}, {"without": "a"}, {"without": ["\x1b[2J"]},
], ids=" ".join)
def test_a_line_that_no_run_writes_is_left_out_though_its_checksum_is_right(path: Path, wrong: dict[str, object]):
    path.parent.mkdir()
    path.write_text(record_files.json_line(replace(RECORD, **wrong)) + "\n")  # type: ignore[arg-type]
    warnings: list[str] = []
    assert record_files.read(path, warnings.append) == []
    assert len(warnings) == 1


@pytest.mark.parametrize("right", [
    {"leading": "balanced_accuracy"}, {"budget": "full"}, {"baseline": "package.module:function"},
    {"status": "failed", "accuracy": None, "balanced_accuracy": None}, {"auc": None},
    {"members": {"gradual": 0.4, "tfidf-joint": 0.6}, "without": ["sentence-embedding"]}], ids=" ".join)
def test_a_line_that_a_run_may_write_is_read(path: Path, right: dict[str, object]):
    record = replace(RECORD, **right)  # type: ignore[arg-type]
    record_files.append(path, record)
    assert record_files.read(path, pytest.fail) == [record]


def test_groups_of_texts_are_kept_where_they_put_texts_together_and_old_records_have_none():
    truth, stored = np.array([0, 1, 1, 0]), np.zeros((4, 1), np.float16)
    packed = json.loads(json.dumps(stored_predictions.pack(truth, stored, np.array([7, 7, 9, 9]))))
    assert stored_predictions.groups_of(packed).tolist() == [0, 0, 1, 1]
    assert stored_predictions.unpack(packed)[0].tolist() == truth.tolist()
    for groups in (None, np.zeros(4, int), np.arange(4)):
        assert stored_predictions.groups_of(stored_predictions.pack(truth, stored, groups)) is None
    with pytest.raises(DataError, match="groups of texts cannot be unpacked"):
        stored_predictions.groups_of({**packed, "groups": "!"})
