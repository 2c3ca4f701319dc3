"""What a timing is, and the file that holds the timings of one run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from bench.core.errors import BenchError
from bench.core.files import read_plain, save_text
from bench.core.schema import checked

FORMAT_VERSION = 1  # of the files
LARGEST = 16 << 20  # bytes of a file
OLD_NAMES = {"not told": "unavailable"}  # name in older files → today's
PLAIN_TORCH = "torch-own"  # among the engines to time: PyTorch's own layers and optimiser, without our kernels
# Phase → what is timed. Train, score and features include moving weights and texts to the device.
PHASES: Mapping[str, str] = {
    "encode": "texts to word numbers",
    "transfer": "weights to the device and back, and a new optimiser: a training of no steps",
    "train": "forward, backward and optimiser of all steps",
    "score": "logits of texts not trained on",
    "features": "pooled features of the same texts",
}


@dataclass(frozen=True)
class Configuration:
    """One way of doing the work."""

    engine: str
    device: str
    threads: int  # of the CPU; with a GPU those that feed it

    def __str__(self) -> str:
        """`torch cpu 2 threads`."""
        threads = f" {self.threads} thread{'s' * (self.threads != 1)}" if self.device == "cpu" else ""
        return f"{self.engine} {self.device}{threads}"


@dataclass(frozen=True)
class Timing:
    """What the work took in one configuration, and everything that must agree before it is compared.

    The names of the fields stand in the files.
    """

    setting: Configuration
    run: str  # the timings of one run were taken in alternating rounds
    work: Mapping[str, Any]  # content hash, rows, net, steps, batch, precision, …
    versions: Mapping[str, str]
    host: Mapping[str, Any]
    samples: Mapping[str, Annotated[tuple[float, ...], Meta(min_length=1)]]  # seconds by phase, per round
    accuracy: float  # after training, on texts not trained on
    probabilities: tuple[float, ...]  # of the last class, for the first texts scored
    peak_bytes: int = 0
    energy: Mapping[str, Any] = field(default_factory=dict)  # joules of one training and what measured them, or why not

    @property
    def tokens_per_second(self) -> float:
        """Tokens trained on per second, without padding, at the median."""
        return float(self.work["tokens"]) / median(self.samples["train"])


class TimingFile(msgspec.Struct):
    """The content of a file of timings."""

    form: int  # FORMAT_VERSION
    timings: list[Timing]


def write(folder: Path, timings: Sequence[Timing]) -> Path:
    """Save the timings of one run as `timings/RUN.json` in a results folder."""
    body = {"form": FORMAT_VERSION, "timings": [asdict(timing) for timing in timings]}
    return save_text(folder / "timings" / f"{timings[0].run}.json", json.dumps(body, indent=1) + "\n")


def read(path: Path) -> list[Timing]:
    """The timings of a file; raises `BenchError` for any other file."""
    hint = "bench time writes such files"
    try:
        content = json.loads(read_plain(path, LARGEST))
    except OSError as error:
        raise BenchError(f"cannot read {path}: {error.strerror}", hint) from None
    except (ValueError, RecursionError):
        raise BenchError(f"{path} is not JSON", hint) from None
    if not isinstance(content, Mapping) or content.get("form") != FORMAT_VERSION:
        raise BenchError(f"{path} holds no timings of format version {FORMAT_VERSION}", hint)
    try:
        timings = checked(content, TimingFile, str(path)).timings
    except BenchError as error:
        raise BenchError(error.message, hint) from None
    for timing in timings:
        if missing := PHASES.keys() - timing.samples.keys():
            raise BenchError(f"{path}: {timing.setting} has no samples of {', '.join(sorted(missing))}", hint)
    return [replace(timing, energy={OLD_NAMES.get(name, name): value for name, value in timing.energy.items()})
            for timing in timings]
