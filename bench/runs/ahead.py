"""What another process computes while a first run still reads its data: the slowest parts that need one core each.

A first run would read the source, then its texts without labels, then learn word vectors, and fit the source's linear
model at last. The other process begins with the texts without labels and goes on to the linear model. All that it
leaves are entries of the cache, which are locked while they are made: the run waits for them, or makes them itself.
"""

from __future__ import annotations

import atexit
import pickle
import subprocess
import sys
from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace

from bench.core import environment
from bench.core.errors import BenchError
from bench.core.hardware import cores
from bench.data import corpus
from bench.data.cards import Edition, Task
from bench.data.load import load_unlabelled
from bench.data.routes import ignore
from bench.runs import inputs, needs
from bench.runs.options import Options


def start(options: Options, needed: Collection[str]) -> None:
    """Start the other process where trials with these needs gain by it: the source's texts were never read here."""
    if cores() < 2 or options.in_memory or not needs.use_base(needed):
        return
    card = inputs.card_of(options.source, options)
    if card is None:
        return
    task, edition = card
    more = _first(task, edition).unlabelled
    if more is None or not more.sha256 or corpus.folder_of(options.cache_dir, more.sha256).is_dir():
        return
    # Its files are in the data folder or were downloaded before: else the run downloads them itself and shows it.
    work = pickle.dumps((replace(options, targets=options.targets[:1], offline=True), frozenset(needed)))
    with suppress(OSError):  # no room for another process: the run does it all
        process = subprocess.Popen([sys.executable, "-c", f"from {__name__} import work; work()"],
                                   env=environment.of_own_code(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        atexit.register(_end, process)
        assert process.stdin is not None
        process.stdin.write(work)
        process.stdin.close()


def _first(task: Task, edition: str) -> Edition:
    """The edition named, or the one that a run tries first."""
    return task.edition(edition) if edition else task.editions[0]


def _end(process: subprocess.Popen[bytes]) -> None:
    """A run that ends early leaves nothing behind that computes on."""
    process.kill()
    process.wait()


def work() -> None:
    """Do what `start` pickled. What cannot be done here, the run does, and says why not."""
    options, needed = pickle.loads(sys.stdin.buffer.read())
    with suppress(BenchError):
        compute(options, needed)


def compute(options: Options, needed: Collection[str]) -> None:
    """Read the texts without labels of the source, then the rest, and compute what needs it."""
    card = inputs.card_of(options.source, options)
    assert card is not None
    task, edition = card
    access = inputs.access_for(options, ignore, progress=False)
    load_unlabelled(task, _first(task, edition), access, options.cache_dir)
    for pair in inputs.for_targets(options, ignore, inputs.no_vectors, progress=False):
        needs.compute_ahead(needed, pair)
