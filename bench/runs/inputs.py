"""What the trials of a run work on: source and target, word vectors, the base to train; and how workers find them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from bench.core import store
from bench.core.errors import BenchError, CardError
from bench.core.names import TaskRef
from bench.data import corpus, hub
from bench.data.cards import TWICE, Task, all_tasks, unknown_name
from bench.data.corpus import Dataset, Examples
from bench.data.http import Fetching
from bench.data.hub_names import is_hub_name
from bench.data.load import LoadedTask, load_task
from bench.data.routes import Access, ignore
from bench.data.user_file import looks_like_file
from bench.learning.features.encoders import Encoder
from bench.learning.features.glove import WordVectors, find_glove
from bench.learning.networks.architectures import Architecture, architecture_named
from bench.learning.networks.engines import devices, possible
from bench.learning.pretrain import Base, BaseSpec, base_key, pretrain, recipe_for
from bench.protocol.domain import Domain, domain_of, with_unlabelled, without_test_set
from bench.protocol.split import Split, not_in_test, saved_split, without_test_texts
from bench.results.record import Leading
from bench.runs import user_target
from bench.runs.options import Options, Say, Watch

FindVectors = Callable[[Access, Say], WordVectors | None]
AddUnlabelled = Callable[[Domain, Access, Path, Say], Domain]
FRAMEWORKS = {"torch": "PyTorch", "mxnet": "MXNet"}


@dataclass(frozen=True)
class Inputs:
    """A source made ready for a target: what a run, a map, a distance and a claim start from."""

    source: Domain  # its pool without the texts that are, or nearly are, in the target's test set
    target: Domain
    architecture: Architecture
    vectors: WordVectors | None  # GloVe
    base_spec: BaseSpec  # the base to train on that source

    @property
    def leaked(self) -> int:
        """How many texts left the source's pool because of the target's test set."""
        return self.source.split.leaked_to_target


@dataclass(frozen=True)
class DataRef:
    """A source or target as a worker finds it again: by the hash of its content, in the cache."""

    name: str  # task@edition
    sha256: str
    labels: tuple[str, ...]
    test: str
    split_by: str
    leading: Leading = "accuracy"  # the score that its leaderboard sorts by

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
    architecture: Architecture
    engine: str
    device: str
    base: str = ""  # its key
    vectors: WordVectors | None = None
    source_leaks: int = 0  # source texts left out because they are, or nearly are, in the target's test set
    base_seed: int = 0
    base_spec: Mapping[str, Any] = field(default_factory=dict, compare=False)  # how it is trained, as its key has it
    split_sha256: str = ""
    encoders: tuple[Encoder, ...] = ()  # that settings of strategies name
    options: Mapping[str, Any] = field(default_factory=dict, compare=False)  # of the run, as records keep them

    @staticmethod
    def of(inputs: Inputs, root: Path, base_seed: int, encoders: tuple[Encoder, ...] = (),
           options: Mapping[str, Any] | None = None) -> TrialContext:
        """The context of the trials on one of the bases."""
        base = replace(inputs.base_spec, seed=base_seed)
        return TrialContext(root, DataRef.of(inputs.source), DataRef.of(inputs.target), inputs.architecture,
                            base.engine, base.device, base_key(base), inputs.vectors, inputs.leaked, base_seed,
                            base.recipe_and_texts(), split_sha256(inputs), encoders, options or {})


def split_sha256(inputs: Inputs) -> str:
    """A digest of what the trials may learn from and are tested on: classes in order, rows of target and source."""
    source, target = inputs.source, inputs.target
    rows = (target.split.pool, target.split.test, source.split.pool)
    return store.key_of([target.data.labels, source.data.labels,
                         *(hashlib.sha256(np.ascontiguousarray(part, "<i8").tobytes()).hexdigest() for part in rows)])


def find_vectors(access: Access, say: Say) -> WordVectors | None:
    """GloVe; None where it is not available, and `say` hears why."""
    try:
        return find_glove(access)
    except BenchError as error:
        say(f"without GloVe: {error}")
        return None


def no_vectors(access: Access, say: Say) -> None:
    """For runs that use no word vectors: looks for none."""


def labelled_alone(domain: Domain, access: Access, root: Path, say: Say) -> Domain:
    """For runs that use no base: looks for no texts without labels."""
    return domain


def find_for_net(options: Options) -> FindVectors:
    """How to look for the word vectors that the options' network begins with, if it uses any."""
    return no_vectors if architecture_named(options.net, options.preset).glove == "no" else find_vectors


def for_targets(options: Options, say: Say, find: FindVectors = find_vectors, *, progress: bool,
                add_unlabelled: AddUnlabelled = with_unlabelled, allow_same: bool = False,
                fetching: Fetching | None = None) -> Iterator[Inputs]:
    """The inputs of each target, in the order of the options. Reads data; trains nothing.

    `find` looks for the word vectors, `add_unlabelled` for more texts of the source, each once. Raises `BenchError`
    where a target is the source, unless `allow_same`.
    """
    access = access_for(options, say, progress=progress, fetching=fetching)
    targets = [load(name, options, access, say) for name in options.targets]
    targets = [without_test_set(target) for target in targets] if options.all_labels else targets
    source = load(options.source, options, access, say)
    for target in targets:
        if not allow_same:
            refuse_same(source.task, target.task)
    source = add_unlabelled(source, access, options.cache_dir, say)
    vectors = find(access, say)
    for target in targets:
        yield for_pair(options, source, target, vectors)


def for_pair(options: Options, source: Domain, target: Domain, vectors: WordVectors | None) -> Inputs:
    """The inputs for a source and a target that are loaded already."""
    split = without_test_texts(source.data, source.split, target.data, target.split.test)
    more = source.unlabelled
    if more is not None:
        more = Examples(more.corpus, not_in_test(more.corpus, more.rows, target.data, target.split.test))
    source = replace(source, split=split, unlabelled=more)
    spec = base_spec(options, source, vectors)
    return Inputs(source, target, spec.net, vectors, spec)


def refuse_same(source: Task, target: Task) -> None:
    """Raise `BenchError` where the target is the source itself."""
    if target.name == source.name:
        raise BenchError(f"{source.name} is both source and target", "choose another --source")


def base_spec(options: Options, source: Domain, vectors: WordVectors | None) -> BaseSpec:
    """The base that the options ask for, to be trained on a source."""
    net = architecture_named(options.net, options.preset)
    recipe = recipe_for(net.kind, len(source.split.pool))
    recipe = replace(recipe, epochs=options.epochs) if options.epochs else recipe
    recipe = replace(possible(recipe, options.engine), **dict(options.base_recipe))  # type: ignore[arg-type]
    return BaseSpec(source.name, source.data, source.split, net, options.engine, device_for(options), vectors, recipe,
                    validation=options.validation, every_epoch=options.keep_checkpoints, unlabelled=source.unlabelled)


def device_for(options: Options) -> str:
    """The device asked for; for `auto` the best that the engine has here."""
    available = devices(options.engine)
    if options.device == "auto":
        return available[0]
    if options.device not in ("cpu", "cuda"):
        raise BenchError(f"unknown device {options.device!r}", "auto, cpu or cuda")
    if options.device not in available:
        framework = FRAMEWORKS.get(options.engine, options.engine)
        raise BenchError(f"{framework} finds no {options.device.upper()} device",
                         f"available: {', '.join(available)}")
    return options.device


def train_base(options: Options, say: Say, watch: Watch, *, progress: bool) -> Base:
    """`bench pretrain`: the base alone."""
    access = access_for(options, say, progress=progress)
    find = find_for_net(options)
    source = load_source(options.source, options, access, say)
    return pretrain(base_spec(options, source, find(access, say)), options.cache_dir, watch)


def access_for(options: Options, say: Say, *, progress: bool, fetching: Fetching | None = None) -> Access:
    """How data may be fetched under these options."""
    if options.data_dir is not None and not options.data_dir.is_dir():
        raise BenchError(f"no such folder: {options.data_dir}", "--data-dir takes a folder of data files")
    return Access(data_dir=options.data_dir, cache=options.cache_dir / "raw", offline=options.offline,
                  progress=progress, fetching=fetching, note=say)


def load(name: str, options: Options, access: Access, say: Say) -> Domain:
    """The data and the split of a task: by `name` or `name@edition`, a file, `hf:…`, or a name of `in_memory`."""
    if (data := options.in_memory.get(name)) is not None:
        return domain_of(data) if isinstance(data, LoadedTask) else \
            user_target.load_frame(data, options, say, known_tasks(options, ignore))
    card = card_of(name, options)
    if card is None:
        own = hub.known_as(name, options.cache_dir) or name
        return user_target.load(own, options, access, say, known_tasks(options, ignore))
    task, edition = card
    domain = domain_of(load_task(task, access, options.cache_dir, edition, say))
    user_target.tell_rows(domain, say)
    return domain


def load_source(name: str, options: Options, access: Access, say: Say) -> Domain:
    """The data of a source, with its texts without labels."""
    return with_unlabelled(load(name, options, access, say), access, options.cache_dir, say)


def card_of(name: str, options: Options) -> tuple[Task, str] | None:
    """The task and edition ("": any) that `name` or `name@edition` means; None for a file and a data set of the hub."""
    if is_hub_name(name):
        return None
    broken: list[CardError] = []
    known = all_tasks(options.tasks, broken.append)
    asked = TaskRef.parse(name)
    for error in broken:
        if error.hint == TWICE and repr(asked.task) in error.message:
            raise error
    if asked.task in known:
        return known[asked.task], asked.edition
    if looks_like_file(name) or hub.known_as(name, options.cache_dir):
        return None
    if broken:  # it may be the card that is meant
        raise broken[0]
    raise unknown_name("target", name, known, "bench list tasks; a data file needs its ending, such as .csv; "
                       "a data set of the Hugging Face hub: hf:OWNER/NAME")


def known_tasks(options: Options, say: Callable[[str], object] | None = None) -> dict[str, Task]:
    """Every task that has a card, by name; a card that cannot be used is told to `say`, or raises `CardError`."""
    return all_tasks(options.tasks, say and (lambda error: say(f"left out: {error}")))


@lru_cache(8)  # a run over many targets must not hold them all
def open_data(root: Path, ref: DataRef) -> tuple[Dataset, Split]:
    """The data and the split of a source or target, from the cache; each process reads them once."""
    data = corpus.load(root, ref.sha256, ref.labels)
    if data is None:
        raise BenchError(f"{ref.name} is no longer in the cache {root}", "run again; it is fetched anew")
    return data, saved_split(data, ref.test, ref.split_by, ref.name)


@lru_cache(2)
def source_pool(root: Path, source: DataRef, target: DataRef) -> Examples:
    """The source's labelled texts that trials on a target may learn from: none that its test set has, or nearly has."""
    data, split = open_data(root, source)
    target_data, target_split = open_data(root, target)
    return data.examples(without_test_texts(data, split, target_data, target_split.test).pool)


def source_entries(context: TrialContext) -> list[Path]:
    """The cache entries of the source."""
    return data_entries(context.root, context.source)


def data_entries(root: Path, ref: DataRef) -> list[Path]:
    """The cache entries of a source or target: its corpus, and what this process has opened of what is derived."""
    return [corpus.folder_of(root, ref.sha256), *corpus.derived_so_far(open_data(root, ref)[0].corpus)]
