"""The process of one configuration of `bench time`: does the work when asked, and answers with the seconds.

    python -m bench.timing.worker FOLDER '{"engine": "torch", "device": "cpu", "threads": 2}'

It reads the work from FOLDER, prepares everything, does one round that does not count, and answers with what it is.
Then each line on standard input asks for a round. Standard output carries one JSON object per line and nothing else.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

PROBABILITIES = 500  # texts whose probabilities are compared


def main(folder: Path, configuration: dict[str, Any]) -> int:
    """Prepare, then do one round per line; returns the exit status."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not mix with the answers
    from bench.core.errors import BenchError

    try:
        use_cores(configuration["threads"])
        work = TimedWork(folder, configuration)
        work.round()
        _answer(answers, work.facts())
        for line in sys.stdin:
            _answer(answers, work.energy() if line.strip() == "energy" else work.round())
    except BenchError as error:
        _answer(answers, {"error": error.message, "hint": error.hint})
        return 2
    return 0


def _answer(answers: IO[str], values: dict[str, Any]) -> None:
    answers.write(json.dumps(values) + "\n")
    answers.flush()


def use_cores(count: int) -> None:
    """Limit this process to so many cores, before a framework counts them."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])


class TimedWork:
    """The work of all phases in one configuration."""

    def __init__(self, folder: Path, configuration: dict[str, Any]) -> None:
        import numpy as np

        from bench.learning.networks.engines import compiled, engine
        from bench.timing.timings import PLAIN_TORCH
        from bench.timing.work import read_work

        self.name, self.device, threads = (configuration[name] for name in ("engine", "device", "threads"))
        if self.name == PLAIN_TORCH:
            compiled.leave_out("they are timed beside it")
            self.name = "torch"
        self.engine = engine(self.name)
        if hasattr(self.engine, "THREADS"):
            self.engine.THREADS[0] = threads
        self.work = read_work(folder, shards=threads if self.device == "cpu" else 1)
        self.trained = self.work.params
        self.logits = np.zeros((0, 2), np.float32)

    def round(self) -> dict[str, Any]:
        """Do all phases once; returns the seconds of each."""
        from dataclasses import replace

        from bench.data.text import encode

        work, no_steps = self.work, replace(self.work.recipe, epochs=0)
        seconds: dict[str, float] = {}

        def clock(phase: str, action: Callable[[], Any]) -> Any:
            began = time.perf_counter()
            result = action()  # NumPy arrays: when they are there, the device is done
            seconds[phase] = time.perf_counter() - began
            return result

        clock("encode", lambda: encode(work.texts))
        clock("transfer", lambda: self.engine.fit(work.net, work.params, work.batches, no_steps, self.device))
        self.trained = clock("train", self._train)
        self.logits = clock("score", lambda: self.engine.scores(work.net, self.trained, work.x, self.device))
        clock("features", lambda: self.engine.features(work.net, self.trained, work.x, self.device))
        return {"seconds": seconds}

    def _train(self) -> Any:
        work = self.work
        return self.engine.fit(work.net, work.params, work.batches, work.recipe, self.device)

    def facts(self) -> dict[str, Any]:
        """What did the work, and the scores that came out of it."""
        from bench.core.hardware import cores
        from bench.protocol.metrics import softmax
        from bench.runs.machine import host, peak_bytes, versions

        machine = {**host(self.device), "threads": cores()}
        return {"versions": dict(versions(self.name)), "host": machine,
                "accuracy": float((self.logits.argmax(1) == self.work.y).mean()), "peak_bytes": peak_bytes(),
                "probabilities": softmax(self.logits)[:PROBABILITIES, -1].round(5).tolist()}

    def energy(self) -> dict[str, Any]:
        """Joules of one training, where the machine has counters."""
        from bench.timing.energy import measure

        return measure(self._train)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), json.loads(sys.argv[2])))
