"""Names from outside that become paths: none leaves its folder, and none is more than a file system takes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.core.errors import BenchError
from bench.core.names import BYTES, file_name, inside

LEAVING = ["../a", "a/../../b", "/etc/passwd", "..", ".", "", "a/", "a/.", "a/..", "\\a", "a\\..\\b", "C:a", "C:/a",
           "a\0b", "a\nb", "a\x1b[31mb", "a\udc80b", "x" * 256, f"a/{'ü' * 128}", "//a", "./../a", "\u0085a"]


@pytest.mark.parametrize("path", LEAVING)
def test_a_path_that_leaves_its_folder_or_is_none_is_refused(tmp_path: Path, path: str):
    with pytest.raises(BenchError, match="refused"):
        inside(tmp_path, path)


@pytest.mark.parametrize("path", ["a.csv", "data/rows.csv", "отзывы/ряды 1.csv", "..a", "a..b/c", "./a", ".hidden"])
def test_a_path_inside_its_folder_is_taken(tmp_path: Path, path: str):
    place = inside(tmp_path, path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.touch()
    assert place.resolve().is_relative_to(tmp_path.resolve())


def test_a_link_to_elsewhere_is_outside(tmp_path: Path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to(tmp_path)
    with pytest.raises(BenchError, match="lies outside"):
        inside(tmp_path / "in", "link/a.csv")


@pytest.mark.parametrize("text", [*LEAVING, "CON", "nul.txt", "com1", "a:b", "a*?<>|\"b", "x" * 5_000, "ü" * 300,
                                  "..a", " a. ", "a\u202eb", "отзывы", "e\u0301"])
def test_the_nearest_file_name_to_any_text_is_one(tmp_path: Path, text: str):
    name = file_name(text)
    assert name == file_name(name)
    assert len(name.encode()) <= BYTES
    (tmp_path / name).touch()
    assert os.listdir(tmp_path) == [name]
    assert not name.startswith(".")
    assert not set(name) & set('/\\:*?"<>|\0\n\x1b\u202e ')


def test_two_long_texts_stay_two_and_keep_their_ending():
    one, two = (file_name(f"{'x' * 400}{letter}{'y' * 400}.tar.gz") for letter in "ab")
    assert one != two
    assert one.endswith(".tar.gz")
    assert file_name("made_up.data-1.0+cpu-py3-none-any.whl") == "made_up.data-1.0+cpu-py3-none-any.whl"
    assert file_name("data%20set.zip") == "data_20set.zip"
