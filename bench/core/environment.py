"""What the processes that we start take over from the user's environment, and where Python looks for modules."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bench.core import places

DROPPED = ("PYTHONSTARTUP", "PYTHONINSPECT", "PYTHONWARNINGS")  # meant for the user's own programs
LONGEST_FOLDER = 60  # bytes of a folder for sockets: a socket's path has 107, and multiprocessing adds up to 40


def of_child(**more: str) -> dict[str, str]:
    """The variables for a process that we start, and `more`.

    Python there does not look for modules in the working directory: a `random.py` or `numpy.py` of the user's would
    take the place of the real one. Workers get this process's `sys.path`, on which that folder may stand last.
    """
    kept = {name: value for name, value in os.environ.items() if name not in DROPPED}
    path = [part for part in kept.pop("PYTHONPATH", "").split(os.pathsep) if part and not is_working_directory(part)]
    if path:
        kept["PYTHONPATH"] = os.pathsep.join(path)
    return {**kept, "PYTHONSAFEPATH": "1", **more}


def of_own_code() -> dict[str, str]:
    """The variables for a process that imports this very `bench`, from wherever it is."""
    variables = of_child()
    return {**variables, "PYTHONPATH": os.pathsep.join(filter(None, [str(places.ROOT), variables.get("PYTHONPATH")]))}


@contextmanager
def passed_on() -> Iterator[None]:
    """Inside the block `os.environ` is what `of_child` says, for libraries that start a process themselves."""
    before, wanted = dict(os.environ), of_child()
    _change(before, wanted)
    try:
        yield
    finally:
        _change(wanted, before)


def _change(before: dict[str, str], after: dict[str, str]) -> None:
    for name in before.keys() - after.keys():
        os.environ.pop(name, None)
    os.environ.update({name: value for name, value in after.items() if before.get(name) != value})


@contextmanager
def without_script() -> Iterator[None]:
    """Inside the block a process that multiprocessing starts does not run the user's script once more.

    It would, to find what the script defines: and a script without `if __name__ == "__main__"` would begin all over in
    each worker. Our workers need nothing of it.
    """
    main = sys.modules["__main__"]
    names = {name: vars(main)[name] for name in ("__file__", "__spec__") if name in vars(main)}
    for name in names:
        setattr(main, name, None)
    try:
        yield
    finally:
        for name, value in names.items():
            setattr(main, name, value)


def find_in_working_directory() -> None:
    """Let `import` find the user's own modules: in the working directory, after those of Python and of packages."""
    folder = working_directory()
    if folder and not any(is_working_directory(part) for part in sys.path):
        sys.path.append(folder)


def is_working_directory(folder: str) -> bool:
    """Whether a folder of a path is the working directory; that of a checkout of ours counts as ours."""
    here = working_directory()
    return bool(here) and os.path.realpath(folder or here) == os.path.realpath(here) != os.path.realpath(places.ROOT)


def working_directory() -> str:
    """The working directory; empty where it has been removed."""
    try:
        return os.getcwd()
    except OSError:
        return ""


@contextmanager
def short_temporary_folder() -> Iterator[None]:
    """Inside the block `tempfile` uses a folder in which a socket can lie, whatever `TMPDIR` says."""
    import tempfile

    before = tempfile.tempdir
    if len(os.fsencode(tempfile.gettempdir())) > LONGEST_FOLDER:
        tempfile.tempdir = next((folder for folder in ("/tmp", "/var/tmp") if os.access(folder, os.W_OK)), before)
    try:
        yield
    finally:
        tempfile.tempdir = before
