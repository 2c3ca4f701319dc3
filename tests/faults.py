"""Faults at each step of a piece of work on files: a kill, one failure, or a disk that fails from then on."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

KINDS = ("kill", "one failure", "failing from then on")
DONE, REFUSED, KILLED = "done", "refused", "killed"  # how the work ended


def at_each_step(work: Callable[[], object], folder: Path, kind: str, *, before: Callable[[], object],
                 after: Callable[[str], object]) -> int:
    """Do the work in forked processes with a fault at its first step, at its second, and so on, until there is none.

    A step is an operation of Python's on a path in `folder`. `before` prepares each attempt, `after` judges what it
    left and gets how the work ended. Returns the number of attempts that met the fault.
    """
    step = 0
    while True:
        before()
        child = os.fork()
        if not child:
            _work(work, str(folder), step, kind)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        ended = {0: DONE, 3: DONE, 4: REFUSED, -signal.SIGKILL: KILLED}[status]
        after(ended)
        if status == 0:
            return step
        step += 1


def _work(work: Callable[[], object], folder: str, step: int, kind: str) -> None:
    """In the child: exit 0 without the fault, 3 where the work is done in spite of it, 4 where it raised `OSError`."""
    met = 0

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal met
        here = bool(arguments) and isinstance(arguments[0], (str, bytes, os.PathLike)) \
            and os.fsdecode(os.fspath(arguments[0])).startswith(folder)
        if not here and event != "ctypes.dlsym":
            return
        met += 1
        if met == step + 1 or (met > step and kind == KINDS[2]):
            if kind == KINDS[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            raise OSError(28, "No space left on device", folder)

    code = 5
    try:
        sys.addaudithook(hook)
        try:
            work()
            code = 3 if met > step else 0
        except Exception as error:
            code = 4 if "No space left" in str(error) else 5
            if code == 5:
                sys.excepthook(type(error), error, error.__traceback__)
    finally:
        os._exit(code)
