"""Our kernels, compiled by Numba: for a processor that is what its user has, once, and kept in the user's cache.

Call `ready` before a module of this folder is imported. Numba keeps compiled code in files of its own, whose folder it
reads from a setting. Here these files are an entry of our cache, so that they are there whole or not at all, and are
checked: damaged code must not run. The folder is the user's own, not `TRANSFERBENCH_CACHE`, which others may write to.
"""

from __future__ import annotations

import atexit
import importlib
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from bench.core import environment, store
from bench.core.errors import BenchError
from bench.core.locks import locked

KERNELS = ("texts", "gru", "lstm", "adam", "skip_gram")  # modules of this folder that hold kernels
_loading = threading.Lock()
_state: dict[str, str] = {}  # "why": why there are no kernels, empty where they are loaded


def ready() -> bool:
    """Load the kernels, or compile them now; whether they can be used. The user is told once where they cannot."""
    with _loading:
        if "why" not in _state:
            _state["why"] = _load()
            if _state["why"]:
                _tell(f"without Numba's kernels training takes about twice as long: {_state['why']}")
    return not _state["why"]


def compile_meanwhile() -> None:
    """Where this user has no compiled kernels at all, have another process compile them; returns at once.

    So the first run reads its data meanwhile. `ready` then waits for that process, which ends by itself.
    """
    root = _root()
    if root is None or any(root.glob(f"*/{store.FACTS}")) or version() == "none":
        return
    with suppress(OSError):  # no room for another process: `ready` compiles
        subprocess.Popen([sys.executable, "-c", f"from {__name__} import ready; ready()"],
                         env=environment.of_own_code(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                         start_new_session=True)


def leave_out(why: str) -> None:
    """Let PyTorch's own layers and optimiser do it all in this process, to compare them with the kernels."""
    _state["why"] = why


def why_not() -> str:
    """Why the kernels cannot be used; empty where they can."""
    ready()
    return _state["why"]


def version() -> str:
    """What of the numbers depends on the kernels, short: Numba's version; "none" where it cannot be used."""
    from importlib import metadata

    if os.environ.get("NUMBA_DISABLE_JIT", "").strip("0") or _state.get("why"):
        return "none"
    try:
        number = metadata.version("numba")
    except metadata.PackageNotFoundError:
        return "none"
    return f"numba {number}" if _can_be_imported(number) else "none"


@lru_cache(maxsize=1)
def _can_be_imported(number: str) -> bool:
    """Whether this version of Numba can be imported: it is not, to find out, where it compiled for this user before."""
    root = _root()
    if root is not None and any(root.glob(f"numba-{number}-*/{store.FACTS}")):
        return True
    try:
        _import_numba()
    except Exception:  # what a broken installation may raise
        return False
    return True


def _import_numba() -> Any:
    """Numba, without the code that its colours would write to a terminal when the process ends."""
    numba = importlib.import_module("numba")
    with suppress(ImportError):
        from colorama import initialise

        atexit.unregister(initialise.reset_all)
    return numba


def _load() -> str:
    """Why the kernels could not be loaded; empty where they are."""
    try:
        numba = _import_numba()
        importlib.import_module("scipy.linalg.cython_blas")  # now, so that a limit of its threads finds it
        if numba.config.DISABLE_JIT:
            return "NUMBA_DISABLE_JIT is set"
        with ExitStack() as stack:
            folder = _entry(numba)
            if folder is not None:
                stack.enter_context(locked(folder.with_suffix(".lock"), "waiting for another process that compiles"))
            _load_with(numba, folder)
    except Exception as error:  # what a compiler for any processor may raise, when it is imported or later
        return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    return ""


def _load_with(numba: Any, folder: Path | None) -> None:
    """Import the kernels by the code in the entry `folder`, where there is one; else compile and save it there."""
    entry = None if folder is None else store.load(folder)
    with tempfile.TemporaryDirectory(prefix="bench-kernels-") as name, _numbas_folder(numba, name):
        place = Path(name)
        if entry is None:
            _tell("compiling the kernels for this machine: once, some seconds")
        else:
            (place / entry.facts["folder"]).mkdir()
            for file in entry.facts["files"]:
                (place / entry.facts["folder"] / file).write_bytes(entry.bytes(file))
        for module in KERNELS:
            importlib.import_module(f"{__name__}.{module}")
        files = {path.name: path for path in place.glob("*/*.nb?")}
        if folder is not None and files and set(files) != set(entry.facts["files"] if entry else ()):
            with _unsaved():
                store.save(folder, {file: path.read_bytes() for file, path in files.items()},
                           {"folder": next(iter(files.values())).parent.name})


def _root() -> Path | None:
    """The folder of compiled kernels; None where the user has no cache folder."""
    import platformdirs

    if named := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(named).absolute() / "transferbench"
    try:
        root = platformdirs.user_cache_path("transferbench") / "kernels"
    except RuntimeError:
        return None
    return root if root.is_absolute() else None


def _entry(numba: Any) -> Path | None:
    """The cache entry of this code by this compiler for this processor; None where the user has no cache folder."""
    import llvmlite
    import llvmlite.binding as llvm

    root = _root()
    if root is None:
        return None
    sources = sorted(Path(__file__).parent.glob("*.py"))
    config = numba.config
    key = store.key_of([
        [[str(path), path.stat().st_mtime_ns, path.stat().st_size] for path in sources], numba.__version__,
        llvmlite.__version__, sys.implementation.cache_tag, sys.platform, llvm.get_host_cpu_name(),
        sorted(llvm.get_host_cpu_features().items()), config.CPU_NAME, config.CPU_FEATURES, config.OPT])
    return root / f"numba-{numba.__version__}-{key}"


@contextmanager
def _numbas_folder(numba: Any, folder: str) -> Iterator[None]:
    """Inside the block Numba keeps what it compiles in `folder`; the user's own functions keep their place."""
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = folder
    try:
        yield
    finally:
        numba.config.CACHE_DIR = before


@contextmanager
def _unsaved() -> Iterator[None]:
    """Inside the block it is no error that the cache cannot be written: the next process compiles again."""
    try:
        yield
    except BenchError:
        return


def _tell(message: str) -> None:
    sys.stderr.write(f"{message}\n")  # noqa: TID251  # from whatever process it is
