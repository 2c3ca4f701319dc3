"""Environments that users have, in which `bench` must give the same scores: variables, folders, limits, streams.

Each command runs as the console script does, in a process of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import toy

from bench.core import places

SHADOWS = ("random", "json", "typing", "numpy", "pandas", "torch", "sklearn", "queue", "socket", "selectors", "bisect",
           "tempfile", "pip", "multiprocessing", "scipy", "tqdm", "rich", "yaml", "distributed", "matplotlib")
SHADOW = "raise RuntimeError('the file of the user was imported')\n"
STRATEGY = """
import numpy as np
NEEDS = frozenset()
def fit(trial, resources):
    import own_part
    return lambda e: np.full((len(e), len(trial.labels)), 1 / len(trial.labels), np.float32)
"""
SCRIPT = """import re
import sys
from bench.cli.app import entry
if __name__ == "__main__":
    sys.exit(entry())
"""  # as pip writes it
HANGING = "#!/bin/sh\nexec sleep 60\n"
ROOT = "{root}"  # in a value: the folder of the case


@dataclass(frozen=True)
class Surroundings:
    """What differs from a usual environment."""

    variables: Mapping[str, str | None] = field(default_factory=dict)  # None: not set
    shell: str = ""  # what a shell does before it becomes the command
    files: Mapping[str, str] = field(default_factory=dict)  # in the working directory
    folder: str = "work"  # name of the working directory
    code: int = 0  # exit status of commands that print
    scores: bool = True  # whether a run can score anything
    refused: str = ""  # the command that ends with 2 there
    needs: str = ""  # a shell command that must succeed, or the case is left out


def _files(*names: str, text: str = SHADOW) -> dict[str, str]:
    return dict.fromkeys(names, text)


SHADOWED = {**_files(*(f"{name}.py" for name in SHADOWS)), "nb.py": STRATEGY, "own_part.py": ""}
OWN_FOLDERS = {**_files("baselines/__init__.py", "tasks/__init__.py", "results/__init__.py", text=""),
               "baselines/finetune.py": SHADOW, "tasks/mine.toml": "name = 'broken"}
ALL: Mapping[str, Surroundings] = {
    "modules in the working directory": Surroundings(files=SHADOWED),
    "modules on PYTHONPATH=.": Surroundings({"PYTHONPATH": f"{places.ROOT}{os.pathsep}."}, files=SHADOWED),
    "folders named as ours": Surroundings({"PYTHONPATH": f"{places.ROOT}{os.pathsep}."}, files=OWN_FOLDERS),
    "folders named as ours, first": Surroundings(
        {"PYTHONPATH": f"{ROOT}/first{os.pathsep}{places.ROOT}"},
        files={f"../first/{name}": text for name, text in OWN_FOLDERS.items()}),
    "PYTHONSTARTUP": Surroundings({"PYTHONSTARTUP": f"{ROOT}/work/start.py"}, files={"start.py": SHADOW}),
    "PYTHONWARNINGS=error": Surroundings({"PYTHONWARNINGS": "error"}),
    "PYTHONOPTIMIZE=1": Surroundings({"PYTHONOPTIMIZE": "1"}),
    "PYTHONOPTIMIZE=2": Surroundings({"PYTHONOPTIMIZE": "2"}),
    "PYTHONHASHSEED": Surroundings({"PYTHONHASHSEED": "4711"}),
    "PYTHONSAFEPATH": Surroundings({"PYTHONSAFEPATH": "1"}),
    "PYTHONDEVMODE": Surroundings({"PYTHONDEVMODE": "1"}),
    "cp1252": Surroundings({"PYTHONIOENCODING": "cp1252"}),
    "ascii": Surroundings({"PYTHONIOENCODING": "ascii"}),
    "latin-1": Surroundings({"PYTHONIOENCODING": "latin-1:strict"}),
    "utf-16": Surroundings({"PYTHONIOENCODING": "utf-16"}),
    "LC_ALL=C, no UTF-8": Surroundings({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    "Turkish": Surroundings({"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "LANGUAGE": "tr"}),
    "no locale of that name": Surroundings({"LC_ALL": "xx_XX.nowhere"}),
    "one thread by variable": Surroundings(dict.fromkeys(
        ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1")),
    "seven threads by variable": Surroundings({**dict.fromkeys(
        ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "7"), "OMP_DYNAMIC": "TRUE"}),
    "no GPU by variable": Surroundings({"CUDA_VISIBLE_DEVICES": ""}),
    "far time zone": Surroundings({"TZ": "Pacific/Kiritimati"}),
    "no time zone": Surroundings({"TZ": ":/nowhere"}),
    "COLUMNS=0": Surroundings({"COLUMNS": "0", "LINES": "0"}),
    "COLUMNS=1": Surroundings({"COLUMNS": "1", "FORCE_COLOR": "1"}),
    "COLUMNS=wide": Surroundings({"COLUMNS": "wide", "NO_COLOR": "1"}),
    "TERM empty": Surroundings({"TERM": "", "CLICOLOR_FORCE": "1"}),
    "pip's variables": Surroundings({"PIP_REQUIRE_VIRTUALENV": "1", "PIP_TARGET": "/nowhere", "PIP_USER": "1",
                                     "PIP_QUIET": "3", "PIP_LOG": "/nowhere/pip.log"}),
    "proxies": Surroundings({"HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "nonsense://[", "ALL_PROXY": "x"}),
    "umask 077": Surroundings(shell="umask 077"),
    "umask 000": Surroundings(shell="umask 000"),
    "64 open files": Surroundings(shell="ulimit -n 64"),
    "6 GB of address space": Surroundings(shell="ulimit -v 6000000", refused="report"),  # V8 reserves 64 GB
    "one core": Surroundings(shell="taskset -p -c 0 $$ >/dev/null", needs="taskset -p $$"),
    "no git": Surroundings({"PATH": "/nowhere"}),
    "a git that fails": Surroundings({"PATH": f"{ROOT}/work/bin"}, "chmod +x bin/git",
                                     {"bin/git": "#!/bin/sh\nexit 128\n"}),
    "a git that hangs": Surroundings({"PATH": f"{ROOT}/work/bin:/usr/bin:/bin"}, "chmod +x bin/git",
                                     {"bin/git": HANGING}),
    "inside a hook of git": Surroundings({"GIT_DIR": "/nowhere", "GIT_WORK_TREE": "/nowhere", "GIT_INDEX_FILE": "x"}),
    "a notebook's backend": Surroundings({"MPLBACKEND": "module://matplotlib_inline.backend_inline"}),
    "matplotlibrc": Surroundings(files={"matplotlibrc": "text.usetex: True\nfont.size: 50\nbackend: TkAgg\nbad: 1\n"}),
    "no matplotlib settings": Surroundings({"MPLCONFIGDIR": "/proc/nowhere", "MATPLOTLIBRC": "/nowhere"}),
    "standard input closed": Surroundings(shell="exec <&-"),
    "standard output closed": Surroundings(shell="exec >&-", code=2),
    "standard output full": Surroundings(shell="exec >/dev/full", code=2, needs="test -c /dev/full"),
    "standard error closed": Surroundings(shell="exec 2>&-"),
    "standard error full": Surroundings(shell="exec 2>/dev/full", needs="test -c /dev/full"),
    "all streams closed": Surroundings(shell="exec <&- >&- 2>&-", code=2),
    "TMPDIR of 107 characters": Surroundings({"TMPDIR": ROOT + "/" + "t" * 107}, 'mkdir "$TMPDIR"'),
    "TMPDIR missing": Surroundings({"TMPDIR": "/nowhere/at/all"}),
    "TMPDIR a file": Surroundings({"TMPDIR": f"{ROOT}/work/file"}, files={"file": ""}),
    "no /dev/shm": Surroundings(shell="mount -t tmpfs -o ro none /dev/shm", needs="unshare -m true"),
    "no home": Surroundings({"HOME": None, "XDG_CACHE_HOME": None}),
    "a home that is not there": Surroundings({"HOME": "/nowhere", "XDG_CONFIG_HOME": "/nowhere"}),
    "empty variables": Surroundings(dict.fromkeys(("BENCH_DATA", "TMPDIR", "HOME", "LANG", "COLUMNS", "HF_HOME"), "")),
    "~ in a variable": Surroundings({"TRANSFERBENCH_CACHE": "~/cache", "HOME": f"{ROOT}/home"}),
    "spaces in the path": Surroundings(folder="a b  'c\" $d"),
    "a line break in the path": Surroundings(folder="a\nb"),
    "no UTF-8 in the path": Surroundings(folder="a\udcff\udce9b"),
    "a long path": Surroundings(folder="/".join(["d" * 200] * 8)),
    "a removed working directory": Surroundings(shell='mkdir gone && cd gone && rmdir "$PWD"', code=2, scores=False),
    "no hang-up, no pipe signals": Surroundings(shell="trap '' HUP PIPE"),
}
EVERYTHING = Surroundings(
    {"PYTHONPATH": f"{places.ROOT}{os.pathsep}.", "PYTHONWARNINGS": "error", "PYTHONIOENCODING": "ascii",
     "PYTHONHASHSEED": "7", "TMPDIR": ROOT + "/" + "t" * 107, "PATH": "/nowhere", "OMP_NUM_THREADS": "7",
     "HTTPS_PROXY": "nonsense://[", "COLUMNS": "wide", "TZ": ":/nowhere"},
    '/bin/mkdir "$TMPDIR"; umask 077; ulimit -n 128', {**SHADOWED, **OWN_FOLDERS}, folder="a\nb \udcff")


class Case:
    """One environment, with the data and the command in it."""

    def __init__(self, root: Path, around: Surroundings) -> None:
        self.root, self.around = root, around
        self.folder = root / around.folder
        self.folder.mkdir(parents=True)
        (root / "home").mkdir()
        toy.rows(300, seed=1).to_csv(root / "source.csv", index=False)
        toy.rows(200, seed=2, words=slice(1, 4)).to_csv(root / "mine.csv", index=False)
        for name, text in around.files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.script = root / "bench"
        self.script.write_text(SCRIPT)
        self.results = root / "results of this case"
        measured = ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")  # it cannot write a path that is no UTF-8
        self.environment = {**{k: v for k, v in os.environ.items() if k not in measured},
                            "PYTHONPATH": str(places.ROOT), "HOME": str(root / "home"),
                            "TRANSFERBENCH_CACHE": str(root / "cache"), "XDG_CACHE_HOME": str(root / "xdg")}
        for name, value in around.variables.items():
            self.environment.pop(name, None)
            if value is not None:
                self.environment[name] = value.replace(ROOT, str(root))

    def possible(self) -> bool:
        """Whether this machine can make the environment."""
        return not self.around.needs or not subprocess.run(["bash", "-c", self.around.needs], capture_output=True,
                                                           check=False).returncode

    def bench(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """`bench` in this environment; the text that it wrote, which must hold no traceback."""
        before = f"{self.around.shell}\n" if self.around.shell else ""
        command = ["bash", "-c", f'{before}exec "$@"', "bash", sys.executable, str(self.script), *map(str, arguments)]
        if "unshare" in self.around.needs:
            command = ["unshare", "-m", *command]
        command[0] = shutil.which(command[0]) or command[0]
        done = subprocess.run(command, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                              capture_output=True, encoding="utf-8", errors="replace", timeout=400, check=False)
        said = done.stdout + done.stderr
        assert "Traceback" not in said, said
        assert "the file of the user" not in said, said
        return done

    def run(self, *more: object) -> subprocess.CompletedProcess[str]:
        """A run of two strategies that need no base, in two worker processes."""
        return self.bench(*self.words(jobs=2), *more)

    def words(self, jobs: int) -> list[object]:
        """The arguments of `run`."""
        return ["run", "--source", self.root / "source.csv", "--target", self.root / "mine.csv", "--offline",
                "--budgets", "16", "--seeds", "2", "--jobs", jobs, "--device", "cpu", "-b", "majority", "-b", "tfidf",
                "--results-dir", self.results]

    def predictions(self) -> dict[tuple[object, ...], object]:
        """What the trials of `run` predicted: the records, read as they lie on the disk."""
        found = {}
        for file in (self.results / "records").glob("*.jsonl"):
            for line in file.read_text(encoding="utf-8").splitlines():
                record = json.loads(line)
                record = record.get("record", record)
                found[record["baseline"], record["budget"], record["seed"]] = record["predictions"]
        return found
