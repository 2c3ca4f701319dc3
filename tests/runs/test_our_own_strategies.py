"""The strategies of `baselines/` and the cards of `tasks/` are ours, whatever is around, in a checkout and a wheel."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from bench.baselines import BASELINES
from bench.core import places

CODE = """
import json, sys
from bench.cli.app import app
from bench.baselines import BASELINES
from bench.data.cards import BUILT_IN, all_tasks
from bench.runs.registry import strategies_named
files = {s.load().__file__ for s in strategies_named(("all",), BASELINES)}
print(json.dumps({"files": sorted(files), "tasks": len(all_tasks()), "cards": str(BUILT_IN)}))
"""
HOSTILE = "raise RuntimeError('of the user')\n"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder laid out as pyproject.toml tells hatch to lay out the wheel."""
    site = tmp_path_factory.mktemp("site")
    rules = tomllib.loads((places.ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    for package in rules["packages"]:
        shutil.copytree(places.ROOT / package, site / package, ignore=shutil.ignore_patterns("__pycache__"))
    for path in rules["exclude"]:
        (site / path).unlink()
    for source, target in rules["force-include"].items():
        copy = shutil.copytree if (places.ROOT / source).is_dir() else shutil.copy
        copy(places.ROOT / source, site / target)
    return site


@pytest.mark.parametrize("installed", ["checkout", "wheel"])
@pytest.mark.parametrize("path", ["{ours}:.", ".:{ours}"])
def test_folders_of_the_same_names_hide_nothing(wheel: Path, tmp_path: Path, installed: str, path: str):
    root = wheel if installed == "wheel" else places.ROOT
    for name in ("baselines", "tasks", "results"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(HOSTILE)
        (tmp_path / name / "finetune.py").write_text(HOSTILE)
        (tmp_path / name / "own.toml").write_text("nonsense")
    done = subprocess.run([sys.executable, "-c", CODE], cwd=tmp_path, capture_output=True, text=True, timeout=120,
                          env={**os.environ, "PYTHONPATH": path.replace("{ours}", str(root))}, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    inside = root / "bench" if installed == "wheel" else root
    assert {Path(file).parent for file in found["files"]} == {inside / "baselines"}
    assert found["cards"] == str(inside / "tasks")
    assert found["tasks"] >= 11


def test_a_wheel_installs_nothing_beside_bench(wheel: Path):
    assert [path.name for path in wheel.iterdir()] == ["bench"]
    assert (wheel / "bench" / "claims.toml").is_file()


def test_a_users_own_folder_of_that_name_can_hold_strategies(wheel: Path, tmp_path: Path):
    (tmp_path / "baselines").mkdir()
    (tmp_path / "baselines" / "mine.py").write_text("NEEDS = frozenset()\ndef fit(trial, resources): ...\n")
    (tmp_path / "baselines" / "__init__.py").touch()
    code = ("from bench.runs.registry import Strategy\n"
            "print(Strategy('x', 'baselines.mine').load().__file__, Strategy('y', 'bench.baselines.tfidf').load())")
    script = tmp_path / "elsewhere" / "script.py"
    script.parent.mkdir()
    script.write_text(code)
    done = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, timeout=60,
                          env={**os.environ, "PYTHONPATH": f"{wheel}{os.pathsep}."}, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(tmp_path / "baselines" / "mine.py"))


def test_every_strategy_of_the_table_is_ours():
    assert all(place.startswith("bench.baselines.") for place in BASELINES.values())
