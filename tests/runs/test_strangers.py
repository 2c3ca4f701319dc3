"""Strategies from outside: what they do reaches no other trial, and what they get wrong is said (all: tests/stress)."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import misbehaving
import pytest
from commands import kept, outcomes, refused, run
from conftest import Bench
from strangers import mixed, scores, wrong

from bench.core.errors import BenchError
from bench.runs import isolation, pool, processes, strategy_code
from bench.runs.inputs import TrialContext
from bench.runs.registry import Strategy, describe_all, strategies_named
from bench.runs.trials import trial_specs

SOME = ("exits_with_0", "os_exits_with_0", "kills_its_group", "interrupts", "raises_what_has_no_text",
        "raises_half_characters", "trains_the_base_in_place", "writes_into_the_corpus_as_tensor", "returns_nothing",
        "predicts_log_probabilities", "prints_from_c", "changes_the_folder", "changes_the_default_type",
        "changes_generators", "replaces_numpys_functions", "leaves_a_thread", "leaves_a_child_in_another_session",
        "predicts_a_list")
FEW = ("kills_its_group", "trains_the_base_in_place", "kills_the_server_that_started_it", "changes_generators",
       "leaves_a_child_in_another_session")  # what a worker beside them might feel


def test_what_a_strategy_does_changes_no_score_of_another(strangers: TrialContext):
    alone = scores(pool.run(mixed(strangers, []), 1))
    for names, jobs in ((SOME, 1), (FEW, 2)):
        records = list(pool.run(mixed(strangers, names), jobs))
        assert wrong(records) == [], jobs
        assert scores(records) == alone, jobs


def test_trials_that_take_too_long_are_ended_and_have_failed(strangers: TrialContext):
    names = ("sleeps", "ignores_signals", "stops_itself", "waits_for_a_child")
    specs = trial_specs(strangers, [Strategy(name, misbehaving.MODULE, name) for name in names], (8,), 1)
    before = set(processes.descendants(os.getpid()))
    assert [r.error for r in pool.run(specs, len(specs), 6.0)] == ["it took longer than 6 s"] * len(specs)
    assert not _left(before), "what the trials had started has ended with them"


def test_one_of_our_own_has_the_same_limit(strangers: TrialContext, monkeypatch: pytest.MonkeyPatch):
    specs = trial_specs(strangers, [Strategy("majority", "bench.baselines.majority")], (8,), 2)
    with monkeypatch.context() as patch:
        patch.setattr(pool.isolation, "wait_for_any", lambda running: None)  # looks before a trial can have ended
        late = list(pool.run(specs, 1, 1e-6))
    assert [r.error for r in late] == ["it took longer than 1e-06 s"] * 2
    assert outcomes(list(pool.run(specs, 1, 300.0))) == outcomes(list(pool.run(specs, 1)))


def test_what_a_trial_has_started_ends_with_it(strangers: TrialContext):
    names = ("leaves_a_child", "leaves_a_child_in_another_session", "leaves_a_copy")
    before = set(processes.descendants(os.getpid()))
    specs = trial_specs(strangers, [Strategy(n, misbehaving.MODULE, n) for n in names], (8,), 1)
    assert [r.status for r in pool.run(specs, 1)] == ["ok"] * 3
    assert not _left(before)


def _left(before: set[int], seconds: float = 10.0) -> list[str]:
    """The programs called sleep that were not there before and do not end soon.

    A process that was just killed may be seen for a moment, and tests that run beside this one have such, too.
    """
    until = time.monotonic() + seconds
    while (left := [path for path in Path("/proc").glob("[0-9]*") if int(path.name) not in before and _sleeps(path)]) \
            and time.monotonic() < until:
        time.sleep(0.05)
    return [str(path) for path in left]


def _sleeps(process: Path) -> bool:
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return words[0] == b"sleep" and words[1:2] in ([b"600"], [b"601"], [b"10000"])


def test_every_strategy_that_cannot_be_used_says_why(tmp_path: Path):
    strategies = []
    for name, (text, _) in misbehaving.REFUSE.items():
        (tmp_path / f"{name}.py").write_text(text)
        strategies += strategies_named((str(tmp_path / f"{name}.py"),), {})
    for (name, (_, said)), error in zip(misbehaving.REFUSE.items(), describe_all(strategies), strict=True):
        assert isinstance(error, BenchError), name
        assert re.search(said, str(error)), str(error)
        assert f"'{name}:fit'" in str(error)


def test_settings_are_recorded_as_json(tmp_path: Path):
    (tmp_path / "many.py").write_text(
        "import numpy as np\n"
        "def fit(trial, resources, rate=np.float32(0.5), *, size=np.int64(3), sizes=(1, 2), names={'a': None}): pass\n")
    strategy = strategies_named((str(tmp_path / "many.py"),), {})[0]
    assert strategy.settings() == {"rate": 0.5, "size": 3, "sizes": [1, 2], "names": {"a": None}}


HALF = "import numpy as np\ndef fit(trial, resources):\n    return lambda e: np.full((len(e), 2), 0.5)\n"


def test_a_file_is_a_strategy_with_its_neighbours(bench_: Bench, workshop: Path):
    package = workshop / "lab" / "ideas"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "values.py").write_text("SHARE = 0.5\n")
    (package / "relative.py").write_text(HALF.replace("0.5", "SHARE") + "from .values import SHARE\n")
    loose = "from neighbour import SHARE\nother = fit\n"
    (workshop / "loose.py").write_text(HALF.replace("0.5", "SHARE") + loose)
    (workshop / "neighbour.py").write_text("SHARE = 0.5\n")
    (workshop / "a").mkdir()
    (workshop / "a" / "random.py").write_text("raise RuntimeError('not of Python')\n")
    (workshop / "a" / "loose.py").write_text(HALF + "from .there import X\nimport random\nrandom.random()\n")
    (workshop / "a" / "there.py").write_text("X = 1\n")
    names = ["lab/ideas/relative.py:fit", "./loose.py", "loose.py:other", "a/loose.py", str(workshop / "loose.py")]
    result = bench_(*run(baseline=names, seeds=1))
    assert result.exit_code == 0, result.output
    found = {r.baseline for r in kept(workshop / "results")}
    assert found == {"relative:fit", f"{workshop.name}.loose:fit", "loose:other", "a.loose:fit"}
    strategy = strategies_named(("lab/ideas/relative.py",), {})[0]
    files = strategy_code.files_of(strategy.module, strategy.file).values()
    assert [f.name for f in files] == ["__init__.py", "relative.py", "values.py"]
    refused(bench_(*run(baseline="no.py")), "there is no file", "no.py")
    refused(bench_(*run(baseline="loose.py:nothing")), "has no function 'nothing'")


def test_the_line_of_the_plug_in_is_named_and_debug_shows_all(bench_: Bench, workshop: Path):
    (workshop / "deep.py").write_text(
        "def fit(trial, resources):\n    from sklearn.linear_model import LogisticRegression\n"
        "    LogisticRegression().fit([[1.0]], [1, 2, 3])\n")
    (workshop / "leaves.py").write_text("import sys\ndef fit(trial, resources): sys.exit(0)\n")
    result = bench_(*run(baseline=["deep.py", "leaves.py", "majority"], seeds=1), "--debug")
    assert result.exit_code == 1
    records = {r.baseline: r for r in kept(workshop / "results")}
    assert "(deep.py:3)" in records["deep:fit"].error
    assert "_logistic.py" in records["deep:fit"].traceback
    assert "_logistic.py" in result.stderr
    assert records["leaves:fit"].error == "SystemExit: 0 (leaves.py:2)"
    assert records["majority"].status == "ok"
    assert "_logistic.py" not in bench_(*run(baseline=["deep.py"], seeds=1)).stderr


def test_what_a_strategy_prints_is_not_in_the_json(workshop: Path):
    (workshop / "loud.py").write_text(
        "import os, subprocess, sys\nprint('imported')\n" + HALF.replace("    return", """
    print('{'); os.write(1, b'C'); subprocess.run(['echo', 'x']); sys.__stdout__.write('y')
    return"""))
    done = subprocess.run(
        [sys.executable, "-m", "bench.cli", *run(baseline=["loud.py", "majority"], jobs=2, seeds=1), "--json"],
        cwd=workshop, capture_output=True, text=True, timeout=240, check=True)
    assert json.loads(done.stdout)
    assert "imported" in done.stderr


def test_a_stale_entry_point_is_a_line_and_kills_nothing(bench_: Bench, workshop: Path,
                                                         monkeypatch: pytest.MonkeyPatch):
    broken = {"gone": "no_such_package_at_all:fit", "raises": "raising_strategy:fit", "three": "three_strategy:fit",
              "ends": "ending_strategy", "odd": "not a module!", "lonely": "half_strategy"}
    lines = "".join(f"{name} = {value}\n" for name, value in broken.items())
    for package, text in {"stale": lines, "rubbish": "no equals sign\n"}.items():
        info = workshop / "site" / f"{package}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[bench.baselines]\n{text}")
    for name, text in {"raising": "1 / 0\n", "three": "fit = 3\n", "ending": "import os\nos._exit(0)\n",
                       "half": HALF}.items():
        (workshop / "site" / f"{name}_strategy.py").write_text(text)
    monkeypatch.syspath_prepend(str(workshop / "site"))
    listed = bench_("list", "baselines", "--json")
    assert listed.exit_code == 0, listed.output
    names = [row["baseline"] for row in json.loads(listed.stdout)]
    assert "lonely" in names
    assert "tfidf" in names
    assert not {"gone", "raises", "three", "ends", "odd"} & set(names)
    said = listed.stderr.splitlines()
    assert len(said) == 6, said
    for name in ("gone", "raises", "three", "ends", "odd"):
        assert sum(line.startswith(f"{name} left out: ") for line in said) == 1, said
    assert bench_(*run(baseline="majority", seeds=1)).exit_code == 0
    refused(bench_(*run(baseline="raises", seeds=1)), "'raises'", "ZeroDivisionError", "(raising_strategy.py:1)")


def test_a_process_that_cannot_be_started_is_tried_again(strangers: TrialContext, monkeypatch: pytest.MonkeyPatch):
    assert isolation.call(abs, -3) == 3
    os.kill(next(p for p in processes.descendants(os.getpid()) if _is_server(p)), 9)
    assert isolation.call(abs, -4) == 4


def _is_server(pid: int) -> bool:
    return b"forkserver" in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_a_strategy_that_cannot_be_imported_shows_its_traceback_on_request(bench_: Bench, workshop: Path):
    (workshop / "bad.py").write_text("def half():\n    return 1 / 0\nhalf()\n")
    quiet = bench_(*run(baseline="bad.py"))
    refused(quiet, "'bad:fit'", "ZeroDivisionError: division by zero (bad.py:2)")
    loud = bench_(*run(baseline="bad.py"), "--debug")
    assert loud.exit_code == 2
    assert "return 1 / 0" in loud.stderr


def test_a_model_of_a_strategy_from_outside_is_fitted_in_its_own_process(bench_: Bench, workshop: Path):
    (workshop / "constant.py").write_text(
        "import os, numpy as np\nfrom bench.api import ConstantModel, Fitted\nprint('own process', os.getpid())\n"
        "def fit(trial, resources):\n"
        "    share = np.array([0.5, 0.5], np.float32)\n"
        "    return Fitted(lambda e: np.tile(share, (len(e), 1)), lambda: ConstantModel(share))\n"
        "def leaves(trial, resources): raise SystemExit(0)\n")
    arguments = ["fit", "--target", "toy-target", "--source", "toy-source", "--tasks", "cards", "--data-dir", "data",
                 "--offline", "--device", "cpu", "--epochs", "1"]
    result = bench_(*arguments, "--baseline", "constant.py", "--out", "model")
    assert result.exit_code == 0, result.output
    assert (workshop / "model" / "card.json").exists()
    assert "constant" not in sys.modules
    assert "own process" not in result.output
    refused(bench_(*arguments, "--baseline", "constant.py:leaves", "--out", "other"), "constant:leaves", "SystemExit")
