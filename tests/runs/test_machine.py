"""The commit of a checkout, whatever git is like here."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from bench.core import places
from bench.runs import machine

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="makes a repository")


@pytest.fixture
def commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The commit of a new repository, in which the package seems to be."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    name = ("-c", "user.name=a", "-c", "user.email=a@b")
    for words in (("init", "-q"), (*name, "commit", "-q", "--allow-empty", "-m", "one")):
        subprocess.run(["git", *words], cwd=checkout, check=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=checkout, check=True, capture_output=True, text=True)
    monkeypatch.setattr(places, "ROOT", checkout)
    return head.stdout[:12]


def a_git(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir()
    (folder / "git").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_a_record_names_the_commit(commit: str):
    assert machine._commit() == commit


def test_variables_of_a_hook_name_no_other_repository(commit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    subprocess.run(["git", "init", "-q", "other"], cwd=tmp_path, check=True)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "other"))
    assert machine._commit() == commit


@pytest.mark.skipif(not hasattr(os, "chown") or os.geteuid() != 0, reason="gives the folder to another user")
def test_a_checkout_of_another_user_has_its_commit_or_none(commit: str, tmp_path: Path):
    for path in [tmp_path / "checkout", *(tmp_path / "checkout").rglob("*")]:
        os.chown(path, 12345, 12345)
    assert machine._commit() in (commit, "")


@pytest.mark.parametrize("script", ["exit 128", "echo nonsense", "echo; printf '\\377'", "exec sleep 60",
                                    "read answer; echo $answer"])
def test_a_git_that_fails_or_hangs_fails_no_trial(commit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                  script: str):
    monkeypatch.setattr(machine, "GIT_SECONDS", 0.5)
    a_git(tmp_path / "bin", script, monkeypatch)
    assert machine._commit() == ""
    machine.versions.cache_clear()
    assert machine.versions("torch")["commit"] == ""
    machine.versions.cache_clear()


def test_the_host_names_its_gpu_only_where_one_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    driver = tmp_path / "bin" / "nvidia-smi"
    driver.parent.mkdir()
    driver.write_text("#!/bin/sh\necho NVIDIA H200\n", encoding="utf-8")
    driver.chmod(0o755)
    monkeypatch.setenv("PATH", f"{driver.parent}:/usr/bin:/bin")
    machine.host.cache_clear()
    assert machine.host("cuda")["gpu"] == "NVIDIA H200"
    assert "gpu" not in machine.host("cpu")
    machine.host.cache_clear()
    driver.write_text("#!/bin/sh\nexit 9\n", encoding="utf-8")
    assert machine.gpu_name() == ""
    monkeypatch.setenv("PATH", "/nowhere")
    assert machine.gpu_name() == ""


def test_no_git_fails_no_trial(commit: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert machine._commit() == ""


def test_a_processor_is_told_from_another_generation_of_the_same_name():
    x86 = ("processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 26\nmodel\t\t: 2\nmodel name\t: AMD EPYC\n"
           "stepping\t: 1\n\nprocessor\t: 1\ncpu family\t: 99\nmodel name\t: another\n")
    assert machine.processor(x86) == "AMD EPYC (family 26, model 2)"
    assert machine.processor("processor\t: 0\nBogoMIPS\t: 48.00\nCPU part\t: 0xd0c\n") == ""
    assert machine.processor("model name : A processor\n") == "A processor"
    assert machine.processor("") == ""
