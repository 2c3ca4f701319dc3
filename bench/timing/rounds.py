"""Take timings: one process per configuration, and rounds in which each of them does the work once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.core import environment, places, store
from bench.core.errors import BenchError
from bench.core.hardware import cores
from bench.learning.networks.engines import devices as devices_of
from bench.runs.options import Options, Say
from bench.timing.timings import PHASES, PLAIN_TORCH, Configuration, Timing
from bench.timing.work import Amount, write_work

NO_GPU = {  # engine → what is wrong, and what to do
    "torch": ("PyTorch finds no CUDA device", "install a PyTorch built for your GPU: pytorch.org/get-started"),
    "mxnet": ("MXNet finds no GPU", "the mxnet extra is built for the CPU"),
}


def configurations(devices: Sequence[str], engines: Sequence[str], threads: Sequence[int]) -> list[Configuration]:
    """Every combination, those on the CPU first; raises `BenchError` for one that this machine does not have."""
    available = cores()
    for count in threads:
        if not 1 <= count <= available:
            raise BenchError(f"--threads {count} on a machine that lends {available} cores", f"1 to {available}")
    chosen = []
    for engine in engines:
        have = ["cpu"] if engine == PLAIN_TORCH else devices_of(engine)
        wanted = [d for d in devices if d != "cuda"] if engine == PLAIN_TORCH else devices
        for device in reversed(have) if list(devices) == ["auto"] else wanted:
            if device not in ("cpu", "cuda"):
                raise BenchError(f"unknown device {device!r}", "auto, or cpu,cuda")
            if device not in have:
                message, hint = NO_GPU[engine]
                raise BenchError(message, f"{hint}; --devices auto times what there is; nvidia-smi shows whether the "
                                          "driver sees a GPU")
            counts = threads or [available] if device == "cpu" else [available]
            chosen += [Configuration(engine, device, count) for count in counts]
    return sorted(dict.fromkeys(chosen), key=lambda configuration: configuration.device != "cpu")


class Worker:
    """The process of a configuration."""

    def __init__(self, configuration: Configuration, folder: Path) -> None:
        self.configuration = configuration
        self.errors = (folder / f"{configuration}.log").open("w+", encoding="utf-8", errors="replace")
        command = [sys.executable, "-m", "bench.timing.worker", str(folder), json.dumps(asdict(configuration))]
        # It imports the modules of this process, wherever that was started.
        its = environment.of_child(PYTHONIOENCODING="utf-8")
        its["PYTHONPATH"] = os.pathsep.join(filter(None, [str(places.ROOT), its.get("PYTHONPATH")]))
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
                                        encoding="utf-8", env=its)

    def answer(self) -> dict[str, Any]:
        """Its next answer; raises `BenchError` where it failed or died."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.errors.seek(0)
            last = [text.strip() for text in self.errors.read().split("\n") if text.strip()][-1:]
            raise BenchError(f"the process that timed {self.configuration} ended with {self.process.wait()}",
                             last[0] if last else "out of memory?")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise BenchError(f"{self.configuration}: {answer['error']}", answer["hint"])
        return answer

    def ask(self, what: str = "round") -> dict[str, Any]:
        """Have it do something, and wait for the answer."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(what + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it is dead, and `answer` says so
        return self.answer()

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.communicate()
        self.errors.close()


def take_timings(options: Options, chosen: Sequence[Configuration], amount: Amount, say: Say) -> list[Timing]:
    """Time the configurations in alternating rounds."""
    with tempfile.TemporaryDirectory(prefix="bench-time-") as name:
        folder = Path(name)
        work = write_work(options, amount, folder, say)
        say(f"{work['source']}: {work['steps']} steps of {work['batch']} texts, {work['tokens']:,} tokens; "
            f"{work['scored']:,} texts scored; {amount.repeats} rounds after one that does not count")
        load_before = _load()
        with ExitStack() as stack:
            workers, facts = [], []
            for configuration in chosen:  # one after the other, so that none warms up beside another
                workers.append(worker := Worker(configuration, folder))
                stack.callback(worker.close)
                facts.append(worker.answer())
                say(f"{configuration}: ready")
            samples: list[dict[str, list[float]]] = [{phase: [] for phase in PHASES} for _ in workers]
            for number in range(amount.repeats):
                order = list(range(len(workers)))
                for i in order if number % 2 == 0 else reversed(order):  # the neighbours alternate too
                    for phase, seconds in workers[i].ask()["seconds"].items():
                        samples[i][phase].append(seconds)
                say(f"round {number + 1} of {amount.repeats}")
            energy = [worker.ask("energy") for worker in workers]
    load = {"load": [load_before, _load()]}
    run = store.key_of([work, os.urandom(8).hex()])
    return [Timing(worker.configuration, run, work, of_worker["versions"], {**of_worker["host"], **load},
                   {phase: tuple(values) for phase, values in seconds.items()}, of_worker["accuracy"],
                   tuple(of_worker["probabilities"]), of_worker["peak_bytes"], joules)
            for worker, of_worker, seconds, joules in zip(workers, facts, samples, energy, strict=True)]


def _load() -> float:
    """Mean number of processes that wanted a core in the last minute; -1 where the system does not say."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else -1.0
