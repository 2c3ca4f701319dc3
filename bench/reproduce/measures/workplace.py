"""Where measures work: the data, the engine and the nets that several claims share, each computed once."""

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
class Measured:
    """Figures by name, one value a seed; notes are what a reader must know beside them."""

    figures: Mapping[str, tuple[float, ...]]
    notes: tuple[str, ...] = ()
    engine: str = ""  # that trained the nets, where there are any


@dataclass(frozen=True)
class Workplace:
    """The options of the run, and how many seeds a claim is measured over."""

    options: Options
    access: Access
    table: Mapping[str, str]  # of the baselines
    seeds: int = 1
    say: Say = lambda text: None
    watch: Watch = lambda event: None
    _loaded: dict[str, Domain] = field(default_factory=dict, compare=False)

    def data(self, name: str) -> Domain:
        """A task's data, read once."""
        if name not in self._loaded:
            self._loaded[name] = inputs.load(name, self.options, self.access, self.say)
        return self._loaded[name]

    def vectors(self) -> WordVectors:
        """GloVe; `BenchError` where it cannot be had."""
        return find_glove(self.access)

    def mxnet_or_torch(self) -> str:
        """The engine that the MXNet tutorials' claims are run in, or PyTorch where MXNet does not load."""
        try:
            engine("mxnet")
        except BenchError:
            return "torch"
        return "mxnet"

    def trained(self, net: str, data: Domain, split: Split, spec: Recipe, engine_name: str, *, seed: int = 0,
                validation: float = 0.0, device: str = "cpu") -> Base:
        """A net of the tutorials' sizes, trained on a split of the data or taken from the cache."""
        chosen = architecture_named(net, "tutorial")
        vectors = self.vectors() if chosen.glove != "no" else None
        self.say(f"  {net} on {len(split.pool):,} texts of {data.name}, {spec.epochs} epochs, seed {seed}, "
                 f"{engine_name} on {device}")
        order = BaseSpec(data.name, data.data, split, replace(chosen, classes=len(data.data.labels)), engine_name,
                      device, vectors, spec, seed, validation)
        return pretrain(order, self.options.cache_dir, self.watch)
