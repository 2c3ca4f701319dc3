"""Take timings: the work drawn once, a process a setting, rounds in which each of them takes its turn."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.core import places, store
from bench.core.errors import BenchError
from bench.core.files import save_text
from bench.core.schema import checked
from bench.core.seeds import generator_for
from bench.data.text import frequent
from bench.learning.networks.architectures import EMBEDDING, architecture_named, initial_params, with_classes
from bench.learning.networks.batches import Recipe
from bench.learning.networks.engines import devices as devices_of
from bench.learning.pretrain import recipe_for
from bench.runs.inputs import access_for, load
from bench.runs.options import Options
from bench.timing.ratios import FORMAT_VERSION, PHASES, Configuration, Timing, TimingFile

Say = Callable[[str], None]


@dataclass(frozen=True)
class Amount:
    """How much work is timed, and how often."""

    texts: int = 5_120  # to encode and to train on
    steps: int = 0  # training steps; 0: as many as the texts fill
    repeats: int = 6  # rounds that count; one more comes before them
    precision: str = "float32"  # of training on a GPU, see Spec


def settings(devices: Sequence[str], engines: Sequence[str], threads: Sequence[int]) -> list[Configuration]:
    """Every setting asked for, the CPU's first; `BenchError` for one that this machine does not have."""
    have = cores()
    for count in threads:
        if not 1 <= count <= have:
            raise BenchError(f"--threads {count} on a machine that lends {have} cores", f"1 to {have}")
    out = []
    for name in engines:
        there = devices_of(name)
        for device in reversed(there) if list(devices) == ["auto"] else devices:
            if device not in ("cpu", "cuda"):
                raise BenchError(f"unknown device {device!r}", "auto, or cpu,cuda")
            if device not in there:
                raise BenchError(f"no GPU answers to {name}", _without_gpu(name))
            out += [Configuration(name, device, count) for count in (threads or [have] if device == "cpu" else [have])]
    return sorted(dict.fromkeys(out), key=lambda s: s.device != "cpu")


def _without_gpu(name: str) -> str:
    how = {"torch": "install a PyTorch built for your GPU: pytorch.org/get-started",
           "mxnet": "the mxnet extra is the build for a CPU"}[name]
    return f"{how}; --devices auto times what there is; nvidia-smi says whether the driver sees a GPU"


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def prepare(options: Options, amount: Amount, folder: Path, say: Say) -> dict[str, Any]:
    """Write the work into `folder` and return what it is: the facts that must agree for a ratio.

    The net is the options' own without dropout, which each engine draws in its own way: so all settings do the same
    sum, and their scores can be compared. Its first weights are drawn; word vectors would change no time.
    """
    if amount.texts < 1 or amount.steps < 0 or amount.repeats < 1:
        raise BenchError("nothing to time", "--texts and --repeats are 1 or more, --steps 0 or more")
    source = load(options.source, options, access_for(options, say, progress=False), say)
    data, pool, test_rows = source.data, source.split.pool, source.split.test
    net = replace(with_classes(architecture_named(options.net, options.preset), len(data.labels)), dropout=0.0)
    spec = replace(recipe_for(net.kind, len(pool)), epochs=1, precision=amount.precision,
                   frozen=("embedding.",) if net.glove == "frozen" else ())
    rng = generator_for("time", source.name)
    rows, held = np.sort(rng.permutation(pool)[: amount.texts]), np.sort(rng.permutation(test_rows)[: amount.texts])
    steps = amount.steps or -(-len(rows) // spec.batch)
    members = np.resize(np.arange(len(rows)), steps * spec.batch) if amount.steps else np.arange(len(rows))
    vocabulary = frequent(data.corpus.tokens.take(pool), data.corpus.words, most=net.words)
    everything = data.corpus.tokens.renumber(vocabulary.table(data.corpus.words))
    x, shown = everything.take(rows).clip(net.most_tokens), everything.take(held)
    params = initial_params(net, len(vocabulary), "time")
    arrays: dict[str, Any] = {
        "ids": x.ids, "offsets": x.offsets, "y": data.y[rows], "members": members, "exam_ids": shown.ids,
        "exam_offsets": shown.offsets, "exam_y": data.y[held], **{f"params/{k}": v for k, v in params.items()}}
    np.savez(folder / "work.npz", **arrays)
    work = {"texts": data.examples(rows).texts(), "net": net.as_json(), "spec": asdict(spec)}
    (folder / "work.json").write_text(json.dumps(work))
    return {"source": source.name, "content_sha256": data.corpus.sha256,
            "rows": store.key_of([rows.tolist(), held.tolist()]), "net": net.as_json(), "recipe": _recipe(spec),
            "steps": steps, "batch": spec.batch, "precision": spec.precision, "texts": len(rows), "scored": len(held),
            "tokens": int(x.lengths[members].sum()), "words": len(params[EMBEDDING])}


def _recipe(spec: Recipe) -> dict[str, Any]:
    """A recipe without its shards, which follow from the threads; as JSON reads it back."""
    facts: dict[str, Any] = json.loads(json.dumps(asdict(spec)))
    del facts["shards"]
    return facts


class Worker:
    """A setting's process."""

    def __init__(self, setting: Configuration, folder: Path) -> None:
        self.setting = setting
        self.errors = (folder / f"{setting}.log").open("w+")
        command = [sys.executable, "-m", "bench.timing.worker", str(folder), json.dumps(asdict(setting))]
        # The modules are this process's own, also where it was not started in their folder.
        paths = os.pathsep.join([str(places.ROOT), os.environ.get("PYTHONPATH", "")])
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
                                        text=True, env={**os.environ, "PYTHONPATH": paths})

    def answer(self) -> dict[str, Any]:
        """The next thing that it says; `BenchError` where it failed or died."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.errors.seek(0)
            last = [text for text in self.errors.read().split("\n") if text.strip()][-1:]
            raise BenchError(f"the process that timed {self.setting} ended with {self.process.wait()}",
                             last[0].strip() if last else "out of memory?")
        found: dict[str, Any] = json.loads(line)
        if "error" in found:
            raise BenchError(f"{self.setting}: {found['error']}", found["hint"])
        return found

    def ask(self, what: str = "round") -> dict[str, Any]:
        """Have it do something, and wait."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(what + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it is dead: its answer says so
        return self.answer()

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.communicate()
        self.errors.close()


def take(options: Options, chosen: Sequence[Configuration], amount: Amount, say: Say) -> list[Timing]:
    """The timings of the settings, taken turn about."""
    with tempfile.TemporaryDirectory(prefix="bench-time-") as name:
        folder = Path(name)
        work = prepare(options, amount, folder, say)
        say(f"{work['source']}: {work['steps']} steps of {work['batch']} texts, {work['tokens']:,} tokens; "
            f"{work['scored']:,} texts scored; {amount.repeats} rounds after one that does not count")
        load_before = _load()
        with ExitStack() as stack:
            workers, facts = [], []
            for setting in chosen:  # one after the other: nobody warms up beside another
                workers.append(worker := Worker(setting, folder))
                stack.callback(worker.close)
                facts.append(worker.answer())
                say(f"{setting}: ready")
            samples: list[dict[str, list[float]]] = [{phase: [] for phase in PHASES} for _ in workers]
            for number in range(amount.repeats):
                order = list(range(len(workers)))
                for i in order if number % 2 == 0 else reversed(order):  # who follows whom changes too
                    for phase, seconds in workers[i].ask()["seconds"].items():
                        samples[i][phase].append(seconds)
                say(f"round {number + 1} of {amount.repeats}")
            energy = [worker.ask("energy") for worker in workers]
    busy = {"load": [load_before, _load()]}
    run = store.key_of([work, os.urandom(8).hex()])
    return [Timing(w.setting, run, work, f["versions"], {**f["host"], **busy},
                   {phase: tuple(s) for phase, s in taken.items()}, f["accuracy"], tuple(f["probabilities"]),
                   f["peak_bytes"], spent)
            for w, f, taken, spent in zip(workers, facts, samples, energy, strict=True)]


def _load() -> float:
    """Processes that wanted a core in the last minute, on average; -1 where the system does not tell."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else -1.0


def write(folder: Path, timings: Sequence[Timing]) -> Path:
    """Save the timings of one run as `timings/RUN.json` in a results folder."""
    text = json.dumps({"form": FORMAT_VERSION, "timings": [asdict(t) for t in timings]}, indent=1) + "\n"
    return save_text(folder / "timings" / f"{timings[0].run}.json", text)


def read(path: Path) -> list[Timing]:
    """The timings in a file; `BenchError` where it holds none."""
    try:
        content = json.loads(path.read_text())
    except OSError as error:
        raise BenchError(f"cannot read {path}: {error.strerror}", "bench time writes such files") from None
    except ValueError:
        raise BenchError(f"{path} is not JSON", "bench time writes such files") from None
    if not isinstance(content, Mapping) or content.get("form") != FORMAT_VERSION:
        raise BenchError(f"{path} holds no timings of format version {FORMAT_VERSION}", "bench time writes such files")
    try:
        timings = checked(content, TimingFile, str(path)).timings
    except BenchError as error:
        raise BenchError(error.message, "bench time writes such files") from None
    for timing in timings:
        if missing := PHASES.keys() - timing.samples.keys():
            raise BenchError(f"{path}: {timing.setting} has no samples of {', '.join(sorted(missing))}",
                             "bench time writes such files")
    return timings
