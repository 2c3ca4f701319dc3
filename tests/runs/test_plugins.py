"""A package that pip installed brings tasks and baselines through its entry points."""

from __future__ import annotations

import subprocess
import sys
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import pytest
import toy
from commands import refused
from conftest import Bench

CARD = """
name = "toys"
title = "Toy reviews"
labels = ["negative", "positive"]

[[editions]]
name = "mine"
licence = "CC0-1.0"
citation = "none"

[[editions.routes]]
from = "directory"
file = "toys.csv"
reader = "csv"
"""
COIN = '''"""Says the first class."""
import numpy as np

NEEDS = frozenset()


def guess(trial, resources, *, certainty: float = 0.75):
    def predict(examples):
        p = np.full((len(examples), len(trial.labels)), 1 - certainty, np.float32)
        p[:, 0] = certainty
        return p
    return predict
'''
FILES = {
    "toybench/__init__.py": "",
    "toybench/coin.py": COIN,
    "toybench/cards/__init__.py": "",
    "toybench/cards/toys.toml": CARD,
    "toybench-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: toybench\nVersion: 1.0\n",
    "toybench-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "toybench-1.0.dist-info/entry_points.txt":
        "[bench.baselines]\ncoin = toybench.coin:guess\n\n[bench.tasks]\ntoys = toybench.cards\n",
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip installed the package from a wheel."""
    root = tmp_path_factory.mktemp("plugin")
    wheel = root / "toybench-1.0-py3-none-any.whl"
    record = "toybench-1.0.dist-info/RECORD"
    with ZipFile(wheel, "w") as archive:
        lines = []
        for name, text in FILES.items():
            archive.writestr(name, text)
            digest = urlsafe_b64encode(sha256(text.encode()).digest()).rstrip(b"=").decode()
            lines.append(f"{name},sha256={digest},{len(text.encode())}")
        archive.writestr(record, "\n".join([*lines, f"{record},,"]) + "\n")
    target = root / "site"
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps",
                    "--disable-pip-version-check", "--target", str(target), str(wheel)], check=True, timeout=120)
    return target


@pytest.fixture
def on_path(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package can be imported here, and by what is started from here."""
    monkeypatch.syspath_prepend(str(installed))


@pytest.mark.usefixtures("on_path")
def test_both_are_listed(bench_: Bench):
    assert "coin" in bench_("list", "baselines").stdout
    assert "toys" in bench_("list", "tasks").stdout


@pytest.mark.usefixtures("on_path")
def test_the_baseline_runs_on_the_task(bench_: Bench, workshop: Path):
    toy.rows(200).to_csv(workshop / "data" / "toys.csv", index=False)
    done = bench_("run", "--target", "toys", "--baseline", "coin", "--budgets", "16", "--seeds", "1", "--data-dir",
                  "data", "--results-dir", "results", "--offline")
    assert done.exit_code == 0, done.output
    assert "coin" in done.stdout
    assert '"certainty": 0.75' in (workshop / "results" / "records" / "toys.jsonl").read_text()


def test_without_the_package_neither_is_known(bench_: Bench):
    refused(bench_("run", "--target", "toys", "--baseline", "coin"), "unknown")
