"""What pip is set up with is found whatever pip's variables, its settings file and the working directory are like."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.data import package_index

INDEX = "https://index.example/simple"


@pytest.mark.parametrize("variables", [
    {}, {"PIP_REQUIRE_VIRTUALENV": "1"}, {"PIP_QUIET": "3"}, {"PIP_VERBOSE": "3"}, {"PIP_LOG": "/nowhere/pip.log"},
    {"PIP_TARGET": "/nowhere", "PIP_USER": "1", "PIP_PREFIX": "/nowhere"}, {"PIP_PYTHON": "/nowhere/python"},
    {"PYTHONIOENCODING": "utf-16"}, {"PYTHONWARNINGS": "error"}, {"PYTHONPATH": "."}, {"PYTHONSTARTUP": "random.py"},
])
def test_the_index_of_the_settings_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                 variables: dict[str, str]):
    for name in ("random", "json", "typing", "pip", "logging", "configparser"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('of the user')")
    (tmp_path / "pip.conf").write_text(f"[global]\nindex-url = {INDEX}\nquiet = 2\nlog = /nowhere/log\nuser = true\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert package_index.pip_settings().indexes[0] == INDEX
