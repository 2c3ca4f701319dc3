"""What the options of a run name: source, target, word vectors, and the base to train."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.core.errors import BenchError
from bench.data.cards import Task, all_tasks, unknown_name
from bench.data.load import load_task
from bench.data.routes import Access
from bench.data.user_file import looks_like_file
from bench.learning.features.glove import WordVectors, find_glove
from bench.learning.networks.architectures import Architecture, architecture_named
from bench.learning.networks.engines import devices
from bench.learning.pretrain import Base, BaseSpec, pretrain, recipe_for
from bench.protocol.domain import Domain, domain_of
from bench.runs import user_target
from bench.runs.options import Options, Say, Watch

ALL = "all"


def options_per_source(sources: Sequence[str], options: Options) -> list[Options]:
    """One set of options a source: `all` sources are all targets, and `all` targets all tasks with IMDB's labels.

    A target that is the source itself is left out.
    """
    known = all_tasks(options.tasks)
    targets = list(options.targets)
    if ALL in targets:
        first = known[sources[0].partition("@")[0]] if sources[0].partition("@")[0] in known else known["imdb"]
        targets = [name for name, task in known.items() if task.labels == first.labels]
    chosen = list(targets) if ALL in sources else list(sources)
    many = len(chosen) > 1 or len(targets) > 1
    found = []
    for source in dict.fromkeys(chosen):
        own = [t for t in targets if not many or t.partition("@")[0] != source.partition("@")[0]]
        if own:
            found.append(replace(options, source=source, targets=tuple(own)))
    return found


def access_for(options: Options, say: Say, *, progress: bool) -> Access:
    """How data may be fetched under these options."""
    if options.data_dir is not None and not options.data_dir.is_dir():
        raise BenchError(f"no such folder: {options.data_dir}", "--data-dir takes a folder of data files")
    return Access(data_dir=options.data_dir, cache=options.cache_dir / "raw", offline=options.offline,
                  progress=progress, note=say)


def load(name: str, options: Options, access: Access, say: Say) -> Domain:
    """A task by name, `name@edition` or file."""
    found = card_of(name, options)
    if found is None:
        return user_target.load(Path(name), options, access, say, all_tasks(options.tasks))
    domain = domain_of(load_task(found[0], access, options.cache_dir, found[1], say))
    user_target.tell_rows(domain, say)
    return domain


def card_of(name: str, options: Options) -> tuple[Task, str] | None:
    """The task and the edition (empty: any) that `name` or `name@edition` means; None for a file of one's own."""
    known = all_tasks(options.tasks)
    task_name, _, edition = name.partition("@")
    if task_name in known:
        return known[task_name], edition
    if looks_like_file(name):
        return None
    raise unknown_name("target", name, known, "bench list tasks; a data file needs its ending, such as .csv")


def device_for(options: Options) -> str:
    """The device asked for, or the best that the engine has."""
    have = devices(options.engine)
    if options.device == "auto":
        return have[0]
    if options.device not in ("cpu", "cuda"):
        raise BenchError(f"unknown device {options.device!r}", "auto, cpu or cuda")
    if options.device not in have:
        raise BenchError(f"device {options.device!r} does not answer to {options.engine}",
                         f"there is: {', '.join(have)}")
    return options.device


def find_vectors(access: Access, say: Say) -> WordVectors | None:
    """GloVe if it can be had; says so where it cannot."""
    try:
        return find_glove(access)
    except BenchError as error:
        say(f"without GloVe: {error}")
        return None


def base_spec(options: Options, source: Domain, net: Architecture, vectors: WordVectors | None) -> BaseSpec:
    """What base the options ask for."""
    spec = recipe_for(net.kind, len(source.split.pool))
    spec = replace(spec, epochs=options.epochs) if options.epochs else spec
    return BaseSpec(source.name, source.data, source.split, net, options.engine,
                 device_for(options), vectors, spec, validation=options.validation,
                 every_epoch=options.keep_checkpoints)


def train_base(options: Options, say: Say, watch: Watch, *, progress: bool) -> Base:
    """`bench pretrain`: the base alone."""
    if not 0.0 <= options.validation <= 0.5:
        raise BenchError(f"--validation {options.validation:g} is not a share", "from 0 to 0.5, such as 0.2")
    access = access_for(options, say, progress=progress)
    net = architecture_named(options.net, options.preset)
    source = load(options.source, options, access, say)
    vectors = find_vectors(access, say) if net.glove != "no" else None
    return pretrain(base_spec(options, source, net, vectors), options.cache_dir, watch)


def known_tasks(options: Options) -> dict[str, Task]:
    """Every card at hand."""
    return all_tasks(options.tasks)
