"""What all trials of one source and target share, small enough to send, and how a worker opens the data again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from bench.core.errors import BenchError
from bench.data import corpus
from bench.data.corpus import Dataset
from bench.learning.features.glove import WordVectors
from bench.learning.networks.architectures import Architecture
from bench.learning.pretrain import base_key
from bench.protocol.domain import Domain
from bench.protocol.split import Split, saved_split
from bench.runs.inputs import Inputs


@dataclass(frozen=True)
class DataRef:
    """A source or target as a worker finds it again: by the hash of its content, in the cache."""

    name: str  # task@edition
    sha256: str
    labels: tuple[str, ...]
    test: str
    split_by: str
    leading: str = "accuracy"  # the score that its leaderboard sorts by

    @staticmethod
    def of(domain: Domain) -> DataRef:
        """The reference to loaded data."""
        return DataRef(domain.name, domain.data.corpus.sha256, domain.data.labels, domain.edition.test,
                       domain.edition.split_by, "balanced_accuracy" if domain.task.imbalanced else "accuracy")


@dataclass(frozen=True)
class TrialContext:
    """What all trials of one source, target and base share; sent to the workers."""

    root: Path  # of the cache
    source: DataRef
    target: DataRef
    net: Architecture
    engine: str
    device: str
    base: str = ""  # its key
    vectors: WordVectors | None = None
    source_leaks: int = 0  # source texts left out because they are, or nearly are, in the target's test set
    base_seed: int = 0

    @staticmethod
    def of(inputs: Inputs, root: Path, base_seed: int) -> TrialContext:
        """The context of the trials on one of the bases."""
        base = replace(inputs.base, seed=base_seed)
        return TrialContext(root, DataRef.of(inputs.source), DataRef.of(inputs.target), inputs.architecture,
                            base.engine, base.device, base_key(base), inputs.vectors, inputs.leaked, base_seed)


@lru_cache(8)  # a run over many targets must not hold them all
def open_data(root: Path, ref: DataRef) -> tuple[Dataset, Split]:
    """The data and the split of a source or target, from the cache; each process reads them once."""
    data = corpus.load(root, ref.sha256, ref.labels)
    if data is None:
        raise BenchError(f"{ref.name} is no longer in the cache {root}", "run again; it is fetched anew")
    return data, saved_split(data, ref.test, ref.split_by, ref.name)


def data_entries(root: Path, ref: DataRef) -> list[Path]:
    """The cache entries of a source or target: its corpus, and what this process has opened of what is derived."""
    return [corpus.folder_of(root, ref.sha256), *corpus.derived_so_far(open_data(root, ref)[0].corpus)]
