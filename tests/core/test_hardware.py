"""A container's share of the machine: files as the kernel shows them, in both versions of control groups."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from bench.core import hardware, places

VERSION_2, VERSION_1 = "0::/", "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n0::/\n"
V1 = "sys/fs/cgroup/cpu,cpuacct"


def machine(root: Path, groups: str, files: Mapping[str, str]) -> Path:
    for name, text in {"proc/self/cgroup": groups, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.fixture(autouse=True)
def host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(64)), raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "process_cpu_count", lambda: 64, raising=False)


@pytest.mark.parametrize(("groups", "files", "cores"), [
    (VERSION_2, {}, 64),
    ("", {}, 64),
    (VERSION_2, {"sys/fs/cgroup/cpu.max": "max 100000\n"}, 64),
    (VERSION_2, {"sys/fs/cgroup/cpu.max": "250000 100000\n"}, 2),
    (VERSION_2, {"sys/fs/cgroup/cpu.max": "50000 100000\n"}, 1),
    (VERSION_2, {"sys/fs/cgroup/cpu.max": "nonsense"}, 64),
    ("0::/a/b\n", {"sys/fs/cgroup/a/cpu.max": "300000 100000", "sys/fs/cgroup/a/b/cpu.max": "max 100000"}, 3),
    ("0::/../other\n", {"sys/fs/cgroup/cpu.max": "400000 100000"}, 4),
    (VERSION_1, {f"{V1}/cpu.cfs_quota_us": "200000", f"{V1}/cpu.cfs_period_us": "100000"}, 2),
    (VERSION_1, {f"{V1}/docker/abc/cpu.cfs_quota_us": "700000", f"{V1}/docker/abc/cpu.cfs_period_us": "100000"}, 7),
    (VERSION_1, {f"{V1}/cpu.cfs_quota_us": "-1", f"{V1}/cpu.cfs_period_us": "100000"}, 64),
])
def test_cores_are_those_that_the_control_groups_grant(tmp_path: Path, groups: str, files: dict[str, str], cores: int):
    assert hardware.cores(machine(tmp_path, groups, files)) == cores


@pytest.mark.parametrize(("groups", "files", "limit"), [
    (VERSION_2, {"sys/fs/cgroup/memory.max": "1073741824\n"}, 1 << 30),
    (VERSION_1, {"sys/fs/cgroup/memory/memory.limit_in_bytes": "536870912"}, 1 << 29),
    ("0::/a/b\n", {"sys/fs/cgroup/a/memory.max": "1048576", "sys/fs/cgroup/a/b/memory.max": "max"}, 1 << 20),
])
def test_memory_is_what_the_control_groups_grant(tmp_path: Path, groups: str, files: dict[str, str], limit: int):
    assert hardware.memory(machine(tmp_path, groups, files)) == limit


@pytest.mark.parametrize("text", ["max", str((1 << 63) - 4096), ""])
def test_no_limit_of_memory_leaves_the_machines(tmp_path: Path, text: str):
    unlimited = hardware.memory(machine(tmp_path / "a", "", {}))
    assert hardware.memory(machine(tmp_path / "b", VERSION_1, {"sys/fs/cgroup/memory/memory.limit_in_bytes": text})) \
        == unlimited > 0


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system binds no process to cores")
def test_a_process_bound_to_one_core_has_one():
    code = ("import os; os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])\n"
            "from bench.core.hardware import cores; print(cores())")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60,
                          env={**os.environ, "PYTHONPATH": str(places.ROOT)})
    assert done.stdout.strip() == "1"
