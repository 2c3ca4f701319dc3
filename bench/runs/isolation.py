"""A function in a process of its own: the caller gets its result, or the reason why there is none, whatever it does.

The process cannot reach the caller's memory, its standard output or what is typed into its terminal. Its answer is a
file, which is read when it has ended: so it cannot hold the caller up by what it does to its open files.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import sys
import tempfile
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bench.core.errors import BenchError
from bench.runs.processes import begin, descendants, end, has_ended, kill, start

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

POLL = 0.2  # seconds between two checks for Ctrl-C and for what takes too long
SHORT = 0.05  # seconds
AT_ONCE = 4  # processes of `call_each`
NO_REASON = "its worker process died"


class ProcessDied(BenchError):
    """A process that ended without an answer."""


class Awaited(Protocol):
    """Something that runs in another process."""

    @property
    def awaited(self) -> list[Any]:
        """What changes when it may be ready."""

    def is_ready(self) -> bool:
        """Whether it is ready."""


@dataclass(eq=False)
class Apart:
    """A function that runs in a process of its own."""

    process: BaseProcess
    answer: Path
    deadline: float | None  # on the monotonic clock

    @property
    def awaited(self) -> list[Any]:
        """What becomes ready when the process has ended."""
        return [self.process.sentinel]

    def is_ready(self) -> bool:
        """Whether the process has ended."""
        return has_ended(self.process)

    def result(self) -> Any:
        """What the function returned, once the process has ended.

        Raises what the function raised, and `ProcessDied` where the process ended without an answer.
        """
        end(self.process)
        try:
            content = self.answer.read_bytes()
            try:
                succeeded, value = pickle.loads(content)
            except Exception:  # cut short, or written over: as good as none
                content = b""
        except OSError:
            content = b""
        finally:
            self._forget()
        if not content:
            raise ProcessDied(why_it_died(self.process.exitcode))
        if isinstance(value, BenchError) and not succeeded:
            raise value
        return value

    def kill(self) -> None:
        """End the process, its children and its children's children."""
        end(self.process)
        self._forget()

    def _forget(self) -> None:
        with contextlib.suppress(OSError):
            self.answer.unlink()


def start_apart(function: Callable[..., Any], *arguments: Any, seconds: float | None = None) -> Apart:
    """Start `function(*arguments)` in a process of its own, which has so many seconds."""
    number, name = tempfile.mkstemp(prefix="bench-answer-")
    os.close(number)
    try:
        process = start(_answer, name, os.getcwd(), function, arguments)
    except BaseException:
        os.unlink(name)
        raise
    return Apart(process, Path(name), None if seconds is None else time.monotonic() + seconds)


def call(function: Callable[..., Any], *arguments: Any, seconds: float | None = None) -> Any:
    """What `function(*arguments)` returns in a process of its own; raises what it raises.

    Raises `ProcessDied` where the process ends without an answer or takes longer than `seconds`.
    """
    result = call_each(function, [arguments], seconds)[0]
    if isinstance(result, BenchError):
        raise result
    return result


def call_each(function: Callable[..., Any], calls: Sequence[tuple[Any, ...]],
              seconds: float | None = None) -> list[Any]:
    """What a function returns for each tuple of arguments, each in a process of its own; a `BenchError` where it fails.

    A few run at the same time.
    """
    results: list[Any] = [None] * len(calls)
    todo = deque(range(len(calls)))
    running: dict[Apart, int] = {}
    try:
        while todo or running:
            while todo and len(running) < AT_ONCE:
                number = todo.popleft()
                running[start_apart(function, *calls[number], seconds=seconds)] = number
            wait_for_any(running)
            for apart, number in list(running.items()):
                try:
                    if apart.is_ready():
                        results[number] = apart.result()
                    elif apart.deadline is not None and time.monotonic() > apart.deadline:
                        raise ProcessDied(too_long(seconds))
                    else:
                        continue
                except BenchError as error:
                    results[number] = error
                apart.kill()
                del running[apart]
    finally:
        for apart in running:
            apart.kill()
    return results


def wait_for_any(running: Iterable[Awaited]) -> None:
    """Wait until one of them may be ready, `POLL` seconds at most."""
    began = time.monotonic()
    wait([one for awaited in running for one in awaited.awaited], POLL)
    if time.monotonic() - began < SHORT and not any(awaited.is_ready() for awaited in running):
        time.sleep(SHORT)  # one seems to be ready for ever: the server that started it is gone


def too_long(seconds: float | None) -> str:
    """That a trial had its time."""
    return f"it took longer than {seconds:g} s"


def why_it_died(exit_code: int | None) -> str:
    """The likely reason why a process ended without an answer."""
    if exit_code is None or exit_code >= 0:
        return f"{NO_REASON}: it ended itself (exit status {exit_code}) before it had an answer"
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:
        name = f"signal {-exit_code}"
    likely = {"SIGSEGV": "; did it write into an array that trials share? Copy it first (.copy())",
              "SIGBUS": "; did it write into an array that trials share? Copy it first (.copy())",
              "SIGKILL": " (out of memory?)"}
    return f"{NO_REASON} of {name}{likely.get(name, '')}"


def _answer(answer: str, folder: str, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """The process of `start_apart`; it ends here, whatever the function has left behind."""
    begin()
    own, status = os.getpid(), 0
    with contextlib.suppress(OSError):
        os.chdir(folder)
    with contextlib.suppress(BaseException):
        try:
            value: tuple[bool, Any] = (True, function(*arguments))
        except BenchError as error:
            value = (False, error)
        except BaseException:
            status = 1
            traceback.print_exc()
            raise
        if os.getpid() == own:  # not a copy that the function made of itself
            with open(answer, "wb") as file:
                pickle.dump(value, file)
    with contextlib.suppress(BaseException):
        sys.stdout.flush()
    if os.getpid() == own:
        kill(descendants(own))
    os._exit(status)
