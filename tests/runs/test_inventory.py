"""What `bench list engines` says of an engine that is broken."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def listed(first_on_path: Path) -> subprocess.CompletedProcess[str]:
    """`bench list engines` with a folder before all others on the path."""
    path = os.pathsep.join([str(first_on_path), *filter(None, sys.path)])
    return subprocess.run([sys.executable, "-m", "bench.cli", "list", "engines"], capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": path}, timeout=120)


def test_an_engine_that_does_not_load_is_a_row_not_a_traceback(tmp_path: Path):
    package = tmp_path / "mxnet"
    package.mkdir()
    (package / "__init__.py").write_text("raise AttributeError('this build wants another NumPy')\n")
    done = listed(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "broken" in done.stdout
    assert "torch" in done.stdout
    assert "Traceback" not in done.stderr
