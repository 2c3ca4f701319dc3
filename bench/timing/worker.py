"""One setting of `bench time` in a process of its own: does the work when told to, and answers with its seconds.

    python -m bench.timing_worker FOLDER '{"engine": "torch", "device": "cpu", "threads": 2}'

reads the work from FOLDER, prepares everything, does one round that does not count, and says what it is; then each
line on its standard input is a round. Standard output carries one JSON object a line and nothing else.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

PROBABILITIES = 500  # texts whose probabilities are kept


def main(folder: Path, setting: dict[str, Any]) -> int:
    """Prepare, then one round a line; returns the exit status."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not break the answers
    from bench.core.errors import BenchError

    try:
        keep_to(setting["threads"])
        work = Work(folder, setting)
        work.round()
        _say(answers, work.facts())
        for line in sys.stdin:
            _say(answers, work.energy() if line.strip() == "energy" else work.round())
    except BenchError as error:
        _say(answers, {"error": error.message, "hint": error.hint})
        return 2
    return 0


def _say(answers: IO[str], what: dict[str, Any]) -> None:
    answers.write(json.dumps(what) + "\n")
    answers.flush()


def keep_to(count: int) -> None:
    """Keep this process on so many cores, before a framework counts them."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])


class Work:
    """Everything that the phases need, made once."""

    def __init__(self, folder: Path, setting: dict[str, Any]) -> None:
        from dataclasses import replace

        import numpy as np

        from bench.data.text import Ragged
        from bench.learning.networks.architectures import Architecture
        from bench.learning.networks.batches import Batches, Recipe
        from bench.learning.networks.engines import engine

        given = json.loads((folder / "work.json").read_text())
        arrays = np.load(folder / "work.npz", allow_pickle=False)
        self.texts: list[str] = given["texts"]
        self.name, self.device = setting["engine"], setting["device"]
        self.engine = engine(self.name)
        if hasattr(self.engine, "THREADS"):
            self.engine.THREADS[0] = setting["threads"]
        self.net = Architecture(**{**given["net"], "widths": tuple(given["net"]["widths"])})
        spec = {**given["spec"], "frozen": tuple(given["spec"]["frozen"]),
                **{of: tuple((name, value) for name, value in given["spec"][of]) for of in ("rates", "epsilons")}}
        self.spec = replace(Recipe(**spec), shards=setting["threads"] if self.device == "cpu" else 1)
        self.params = {name[7:]: arrays[name] for name in arrays.files if name.startswith("params/")}
        self.batches = Batches(Ragged(arrays["ids"], arrays["offsets"]), arrays["y"], self.spec.batch, ("time",),
                               epoch_rows=(arrays["members"],))
        self.x, self.y = Ragged(arrays["exam_ids"], arrays["exam_offsets"]), arrays["exam_y"]
        self.trained = self.params
        self.logits = np.zeros((0, 2), np.float32)

    def round(self) -> dict[str, Any]:
        """Seconds of each phase."""
        from dataclasses import replace

        from bench.data.text import encode

        none = replace(self.spec, epochs=0)
        seconds: dict[str, float] = {}

        def clock(phase: str, work: Callable[[], Any]) -> Any:
            began = time.perf_counter()
            result = work()  # NumPy arrays: when they are there the device is done
            seconds[phase] = time.perf_counter() - began
            return result

        clock("encode", lambda: encode(self.texts))
        clock("transfer", lambda: self.engine.fit(self.net, self.params, self.batches, none, self.device))
        self.trained = clock("train", self._train)
        self.logits = clock("score", lambda: self.engine.scores(self.net, self.trained, self.x, self.device))
        clock("features", lambda: self.engine.features(self.net, self.trained, self.x, self.device))
        return {"seconds": seconds}

    def _train(self) -> Any:
        return self.engine.fit(self.net, self.params, self.batches, self.spec, self.device)

    def facts(self) -> dict[str, Any]:
        """What did the work, and what came out of it."""
        from bench.protocol.metrics import softmax
        from bench.runs.machine import host, peak_bytes, versions
        from bench.timing.rounds import cores

        machine = {**host(), "gpu": gpu() if self.device == "cuda" else "", "threads": cores()}
        return {"versions": dict(versions(self.name)), "host": machine,
                "accuracy": float((self.logits.argmax(1) == self.y).mean()), "peak_bytes": peak_bytes(),
                "probabilities": softmax(self.logits)[:PROBABILITIES, -1].round(5).tolist()}

    def energy(self) -> dict[str, Any]:
        """Joules of one training, where the machine's own counters tell them."""
        from bench.timing.energy import measured

        return measured(self._train)


def gpu() -> str:
    """The GPU's name, from its driver; empty where that does not tell."""
    import subprocess

    try:
        asked = subprocess.run(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"], capture_output=True,
                               text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout.strip().split("\n")[0] if asked.returncode == 0 else ""


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), json.loads(sys.argv[2])))
