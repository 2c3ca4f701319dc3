"""What started processes take over from the user's environment."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from bench.core import environment, places


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with modules of the user's that must not be imported."""
    monkeypatch.chdir(tmp_path)
    for name in ("random", "json", "typing", "multiprocessing"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('of the user')")
    return tmp_path


@pytest.mark.parametrize("path", ["", ".", "{here}", "/elsewhere:.:", "{here}:/elsewhere"])
def test_a_child_does_not_import_from_the_working_directory(here: Path, monkeypatch: pytest.MonkeyPatch, path: str):
    monkeypatch.setenv("PYTHONPATH", path.replace("{here}", str(here)))
    monkeypatch.setenv("PYTHONSTARTUP", "start.py")
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    code = "import random, json, typing, sys, os, warnings; print(sys.warnoptions, os.environ.get('PYTHONSTARTUP'))"
    done = subprocess.run([sys.executable, "-c", code], env=environment.of_child(), capture_output=True, text=True,
                          check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "[] None\n"), done.stderr
    assert environment.of_child(MORE="1")["MORE"] == "1"
    assert ("/elsewhere" in environment.of_child().get("PYTHONPATH", "")) == ("/elsewhere" in path)


def test_inside_the_block_processes_of_libraries_get_the_same(here: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTHONPATH", ".")
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    before = dict(os.environ)
    with environment.passed_on():
        assert dict(os.environ) == environment.of_child()
        assert "PYTHONPATH" not in os.environ
    assert dict(os.environ) == before


def test_the_working_directory_is_searched_last(here: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "path", ["/one", "/two"])
    environment.find_in_working_directory()
    environment.find_in_working_directory()
    assert sys.path == ["/one", "/two", str(here)]


def test_a_checkout_of_ours_is_not_the_users_folder(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(places.ROOT)
    assert not environment.is_working_directory(str(places.ROOT))


def test_a_removed_working_directory_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    monkeypatch.setenv("PYTHONPATH", "/one")
    assert environment.of_child()["PYTHONPATH"] == "/one"
    environment.find_in_working_directory()


@pytest.mark.skipif(not hasattr(__import__("socket"), "AF_UNIX"), reason="no sockets of that kind")
def test_a_socket_fits_into_a_short_folder_whatever_the_temporary_one(tmp_path: Path,
                                                                       monkeypatch: pytest.MonkeyPatch):
    import socket

    long = tmp_path / ("t" * 107)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    with environment.short_temporary_folder():
        folder = Path(tempfile.mkdtemp(prefix="pymp-"))
    assert tempfile.tempdir == str(long)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "listener-12345678"))
    (folder / "listener-12345678").unlink()
    folder.rmdir()
