"""Worker processes on a machine where they cannot start, or where the process that starts them dies."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.core import places

CODE = """
import os
from bench.core.errors import BenchError
from bench.runs import processes

{before}
def main():
    processes.warm_up("torch")
    try:
        process = processes.start(os._exit, 7)
        process.join()
        print("ended with", process.exitcode)
    except BenchError as error:
        print("bench:", error)

if __name__ == "__main__":
    main()
"""


def said(folder: Path, before: str, wrap: tuple[str, ...] = ()) -> str:
    (folder / "script.py").write_text(CODE.replace("{before}", before))
    command = [*wrap, sys.executable, str(folder / "script.py")]
    done = subprocess.run(command, capture_output=True, text=True,
                          check=False, timeout=120,
                          env={**os.environ, "PYTHONPATH": f"{places.ROOT}{os.pathsep}{folder / 'modules'}"})
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="workers are copies of one process on Linux only")
def test_the_death_of_the_process_that_starts_workers_is_said(tmp_path: Path):
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "dies.py").write_text("import os\nos._exit(9)\n")
    text = said(tmp_path, "processes.PRELOADED = ('dies',)")
    assert text.startswith("bench: the process that starts the workers died")
    assert "--jobs 1" in text


@pytest.mark.skipif(subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode != 0
                    if sys.platform == "linux" else True, reason="takes /dev/shm away")
def test_workers_need_no_shared_memory(tmp_path: Path):
    away = 'mount -t tmpfs -o ro none /dev/shm && exec "$@"'
    assert said(tmp_path, "", wrap=("unshare", "-m", "bash", "-c", away, "bash")) == "ended with 7\n"
