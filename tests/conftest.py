"""Fixtures: a cache of its own for every test, toy data, and the command line on it."""

from __future__ import annotations

import getpass
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache as cache_of
from pathlib import Path

import pytest
import toy
import typer
from click.testing import Result
from dask_cluster import dask  # noqa: F401 a fixture
from hypothesis import settings
from typer.testing import CliRunner

from bench.cli.app import app
from bench.core import places
from bench.core.errors import MissingExtra
from bench.learning.features.glove import WordVectors
from bench.learning.networks import architectures
from bench.learning.pretrain import Base
from bench.learning.resources import Resources
from bench.protocol.domain import Domain
from bench.protocol.trial import Trial, make_trial
from bench.runs import needs
from bench.runs.applicable import applicable
from bench.runs.inputs import DataRef, TrialContext
from bench.runs.options import Options
from bench.runs.registry import Strategy

settings.register_profile("steady", deadline=None)  # a busy machine is no reason to fail
settings.load_profile("steady")

# The kernels are compiled once, not by each process that a test starts.
os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(tempfile.gettempdir()) / f"transferbench-tests-{getpass.getuser()}"))
Bench = Callable[..., Result]
Prepare = Callable[..., Resources]
PLUGIN = """
import time
from pathlib import Path
import numpy as np
NEEDS = frozenset()
def slow(trial, resources):
    time.sleep(0.3 if Path(__file__).with_name("slowly").exists() else 0.0)
    return lambda e: np.full((len(e), 2), [0.4 + trial.seed / 100, 0.6 - trial.seed / 100], np.float32)
def broken(trial, resources):
    if trial.seed == 1:
        raise ValueError("by design")
    return slow(trial, resources)
"""


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """This process computes on one thread, as a trial does: two test processes on two cores would wait for each other.

    What tests start keeps the settings of a user.
    """
    import scipy.linalg  # noqa: F401
    import sklearn.utils._openmp_helpers  # noqa: F401
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield


@pytest.fixture(autouse=True, scope="session")
def unwaited_disk() -> Iterator[None]:
    """Files are written in the same steps, but nobody waits until a disk has them: no test cuts the power."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda number: None)
        yield


@pytest.fixture(autouse=True, scope="session")
def one_tree_of_commands() -> Iterator[None]:
    """The commands are built once, as in a user's process, not by each call of a test: most calls take less."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("typer.testing._get_command", cache_of(typer.main.get_command), raising=False)
        yield


@pytest.fixture(scope="session")
def page_script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that holds the report page's script, which takes seconds to make; empty without the extra for it."""
    from bench.report import vega

    folder = tmp_path_factory.mktemp("page-script")
    with suppress(MissingExtra):
        vega.script(folder)
    return folder


@pytest.fixture
def cached_script(page_script: Path, cache: Path) -> None:
    """The script lies in this test's cache."""
    shutil.copytree(page_script, cache, dirs_exist_ok=True)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache of one test; nothing of the user's own is read or written."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("TRANSFERBENCH_CACHE", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("BENCH_DATA", raising=False)
    return folder


@dataclass(frozen=True)
class World:
    """A toy source with its base, a target of the same labels, one of three, and GloVe."""

    root: Path
    source: Domain
    target: Domain
    three: Domain
    vectors: WordVectors
    base: Base

    def trial(self, budget: int | str = 64, seed: int = 0, target: Domain | None = None) -> Trial:
        """A trial of a target."""
        domain = target or self.target
        return make_trial(domain.data, domain.split, self.source.name, domain.name, budget, seed,
                          balanced=domain.task.imbalanced)

    def on_target(self, strategy: Strategy, target: Domain | None = None) -> Strategy | None:
        """A strategy as it runs on a target, with GloVe; None where it does not apply there."""
        task = (target or self.target).task
        return next(iter(applicable([strategy], self.source.task, task, True, lambda text: None)), None)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Made once; read-only for the tests."""
    root = tmp_path_factory.mktemp("world")
    source = toy.loaded(root, "source", toy.rows(seed=1))
    target = toy.loaded(root, "target", toy.rows(320, seed=2, words=slice(1, 4)))
    three = toy.loaded(root, "three", toy.rows(300, tuple(sorted(toy.SIGNALS)), seed=3), tuple(sorted(toy.SIGNALS)))
    vectors = toy.vectors(root / "glove")
    return World(root, source, target, three, vectors, toy.base(source, root, vectors))


@pytest.fixture
def context(world: World) -> TrialContext:
    """What a run of the toys has: the toy base, the toy target."""
    return TrialContext(
        world.root,
        DataRef.of(world.source),
        DataRef.of(world.target),
        toy.NET,
        "torch",
        "cpu",
        world.base.key,
        world.vectors,
    )


@pytest.fixture
def prepare(world: World) -> Prepare:
    """Prepares what trials of a context share: `prepare(context, "base", "counts")`."""
    def call(context: TrialContext, *names: str) -> Resources:
        return needs.prepare(names, context, toy.base_spec(world.source, world.vectors), lambda event: None)

    return call


@pytest.fixture(scope="session")
def toy_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `workshop` is a copy of."""
    folder = tmp_path_factory.mktemp("toy-files")
    (folder / "data").mkdir()
    (folder / "cards").mkdir()
    three = tuple(sorted(toy.SIGNALS))
    tasks = {"toy-source": (toy.rows(seed=1), toy.LABELS),
             "toy-target": (toy.rows(320, seed=2, words=slice(1, 4)), toy.LABELS),
             "toy-three": (toy.rows(300, three, seed=3), three)}
    for name, (frame, labels) in tasks.items():
        frame.to_csv(folder / "data" / f"{name}.csv", index=False)
        (folder / "cards" / f"{name}.toml").write_text(toy.card(name, f"{name}.csv", labels))
    toy.vectors(folder / "data")
    return folder


@pytest.fixture
def workshop(tmp_path: Path, toy_files: Path) -> Path:
    """A folder with `data/` (source, target, three as CSV) and `cards/` that name them."""
    shutil.copytree(toy_files, tmp_path, dirs_exist_ok=True, copy_function=shutil.copyfile)
    return tmp_path


@pytest.fixture
def bench_(workshop: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """`bench` in this process on the toy tasks, with a toy GloVe and a small net."""
    data = workshop / "data"
    glove = WordVectors(data / "glove_6B_50d_emb.npy", data / "glove_6B_index.parquet", "toy")
    for where in ("bench.runs.inputs.find_glove", "bench.runs.forecast.find_glove"):
        monkeypatch.setattr(where, lambda access: glove)
    monkeypatch.setitem(architectures.ARCHITECTURES, Options.net, toy.NET)  # type: ignore[arg-type]
    monkeypatch.chdir(workshop)

    def call(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(a) for a in arguments])

    return call


@pytest.fixture
def plugin(workshop: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    (workshop / "plugin").mkdir()
    (workshop / "plugin" / "cli_plugin.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(str(workshop / "plugin"))
    monkeypatch.setenv("PYTHONPATH", f"{workshop / 'plugin'}{os.pathsep}{places.ROOT}")
    yield "cli_plugin"
    sys.modules.pop("cli_plugin", None)


@pytest.fixture
def strangers(context: TrialContext, prepare: Prepare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
              ) -> TrialContext:
    """The context of their trials; their module can be imported here and by what is started from here."""
    import misbehaving

    prepare(context, "features", "base", "counts")
    misbehaving.write_module(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return context
