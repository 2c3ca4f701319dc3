"""How a command ends where something goes wrong, and how wide its lines are."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from bench.cli.output import plain, say, warn, width
from bench.cli.streams import give_up_output
from bench.core.errors import BenchError

CONTINUE = "finished trials are saved, and the same command continues"


@contextmanager
def errors() -> Iterator[None]:
    """Turn errors into one line on stderr and an exit status: 2 for a `BenchError`, 130 for Ctrl-C.

    A bug keeps its traceback; what the machine lacks (memory, disk space, permission) does not.
    """
    try:
        yield
    except BenchError as error:
        warn(f"bench: {error}")
        raise typer.Exit(2) from None
    except KeyboardInterrupt as error:
        say(f"\nbench: stopped; {error if str(error) else CONTINUE}", err=True)
        raise typer.Exit(130) from None
    except BrokenPipeError:
        give_up_output()
        raise typer.Exit(0) from None
    except EOFError as error:  # typer would end with "Aborted!" and no word more
        why = str(error) or "a process of this command died"
        warn(f"bench: what was read ended too early: {why}; {CONTINUE}")
        raise typer.Exit(2) from None
    except (MemoryError, OSError, RuntimeError, ImportError) as error:
        reason = (isinstance(error, OSError) and give_up_output()) or _lacking(error)
        if not reason:
            raise
        warn(f"bench: {reason}; {CONTINUE}")
        raise typer.Exit(2) from None


LACKING = ("ENAMETOOLONG", "ENOTDIR", "EISDIR", "ELOOP", "EBADF", "ENOTEMPTY", "ENOSPC", "EDQUOT", "EROFS", "EACCES",
           "EPERM", "EIO", "EFBIG", "ENOMEM", "EMFILE", "ENFILE", "EAGAIN", "ESTALE", "ENOLCK")
NO_MEMORY = ("can't allocate memory", "cannot allocate memory", "can't start new thread", "failed to map segment",
             "unable to allocate", "bad_alloc", "std::bad_alloc", "out of memory")


def _lacking(error: Exception) -> str:
    """What the machine lacks, where that caused the error; else an empty string."""
    if isinstance(error, MemoryError) or any(words in str(error).lower() for words in NO_MEMORY):
        return "not enough memory (close other programs, or --jobs 1)"
    if isinstance(error, OSError) and errno.errorcode.get(error.errno or 0) in LACKING:
        return f"{error.strerror}" + (f": {error.filename}" if error.filename else "")
    return ""


def sentence(text: str) -> str:
    """Return a printable sentence; on a terminal it is broken into lines between words."""
    import textwrap

    text = plain(text)
    return textwrap.fill(text, width(), break_long_words=False, break_on_hyphens=False) if sys.stdout.isatty() else text
