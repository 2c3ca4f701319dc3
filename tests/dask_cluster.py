"""A real Dask cluster of processes on this machine, for tests."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bench.core import places


@dataclass
class Dask:
    """A scheduler and its workers, each a process that ends with the test."""

    folder: Path
    address: str = ""
    deaths: int = 3  # of workers before Dask gives a task up
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *arguments: object, cache: str = "cache") -> subprocess.Popen[bytes]:
        log = self.folder / f"dask-{len(self.processes)}.log"
        (self.folder / cache).mkdir(exist_ok=True)
        environment = {**os.environ, "PYTHONPATH": f"{self.folder}{os.pathsep}{places.ROOT}",
                       "TRANSFERBENCH_CACHE": str(self.folder / cache), "WORKER": cache,
                       "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "60s",
                       "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": str(self.deaths)}
        with log.open("wb") as file:
            process = subprocess.Popen([sys.executable, "-m", *map(str, arguments)], stdout=file, stderr=file,
                                       cwd=self.folder / cache, env=environment)
        self.processes.append(process)
        return process

    def worker(self, *arguments: object, cache: str = "cache") -> subprocess.Popen[bytes]:
        return self.start("distributed.cli.dask_worker", self.address, "--no-dashboard", "--nthreads", 1, "--host",
                          "127.0.0.1", *arguments, cache=cache)


@pytest.fixture
def dask(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Dask]:
    pytest.importorskip("distributed", reason="the extra dask is not installed")
    found = Dask(tmp_path, deaths=getattr(request, "param", 3))
    port = free_port()
    found.address = f"tcp://127.0.0.1:{port}"
    found.start("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard")
    until(lambda: answers(port), "the scheduler")
    yield found
    for process in found.processes:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(done: Callable[[], bool], what: str, seconds: float = 120.0) -> None:
    limit = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < limit, f"{what} did not come in {seconds} s"
        time.sleep(0.05)
