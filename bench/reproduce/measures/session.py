"""What measures share: the options of the run, and the data and networks that several claims use, each made once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bench.core.errors import BenchError
from bench.data.routes import Access
from bench.learning.features.glove import WordVectors, find_glove
from bench.learning.networks.architectures import architecture_named
from bench.learning.networks.batches import Recipe
from bench.learning.networks.engines import engine
from bench.learning.pretrain import Base, BaseSpec, pretrain
from bench.protocol.domain import Domain
from bench.protocol.split import Split
from bench.runs import inputs
from bench.runs.options import Options, Say, Watch


class NotTested(Exception):
    """A claim that this machine cannot test; the message says why."""


@dataclass(frozen=True)
class Measurement:
    """Figures by name, one value per seed; notes are what a reader must know besides."""

    figures: Mapping[str, tuple[float, ...]]
    notes: tuple[str, ...] = ()
    engine: str = ""  # that trained the networks, where there are any


@dataclass(frozen=True)
class Session:
    """The options of a run of `bench reproduce`, and how many seeds a claim is measured over."""

    options: Options
    access: Access
    table: Mapping[str, str]  # of the baselines
    seeds: int = 1
    say: Say = lambda text: None
    watch: Watch = lambda event: None
    _domains: dict[str, Domain] = field(default_factory=dict, compare=False)

    def data(self, name: str) -> Domain:
        """A task's data, read once."""
        if name not in self._domains:
            self._domains[name] = inputs.load(name, self.options, self.access, self.say)
        return self._domains[name]

    def vectors(self) -> WordVectors:
        """GloVe; `BenchError` where it is not available."""
        return find_glove(self.access)

    def mxnet_or_torch(self) -> str:
        """The engine for the claims of the MXNet tutorials: PyTorch where MXNet does not load."""
        try:
            engine("mxnet")
        except BenchError:
            return "torch"
        return "mxnet"

    def trained(self, net: str, data: Domain, split: Split, recipe: Recipe, engine_name: str, *, seed: int = 0,
                validation: float = 0.0, device: str = "cpu") -> Base:
        """A network of the tutorials' sizes, trained on a split of the data or taken from the cache."""
        architecture = architecture_named(net, "tutorial")
        vectors = self.vectors() if architecture.glove != "no" else None
        self.say(f"  {net} on {len(split.pool):,} texts of {data.name}, {recipe.epochs} epochs, seed {seed}, "
                 f"{engine_name} on {device}")
        spec = BaseSpec(data.name, data.data, split, replace(architecture, classes=len(data.data.labels)), engine_name,
                        device, vectors, recipe, seed, validation)
        return pretrain(spec, self.options.cache_dir, self.watch)
