"""Memory between two uses: kept while the same arrays come again and again, handed back when a process only waits."""

from __future__ import annotations

import ctypes
import sys

TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD = -1, -2, -3  # of mallopt(3)


def keep_freed() -> None:
    """Let glibc use again what is freed, up to 32 MB a piece, until `give_back`; once said it holds for the process.

    It would hand each step's arrays to the system and ask for them again; the system clears every page anew, and
    threads of one process wait for each other at that.
    """
    if sys.platform == "linux" and (set_option := getattr(ctypes.CDLL(None), "mallopt", None)):
        set_option(MMAP_THRESHOLD, 32 << 20)
        set_option(TRIM_THRESHOLD, 2**31 - 1)
        set_option(TOP_PAD, 64 << 20)  # a thread's heap is one such piece, and never ends


def give_back() -> None:
    """Hand back what Arrow and the C library hold without using it; takes no time worth counting."""
    if "pyarrow" in sys.modules:
        sys.modules["pyarrow"].default_memory_pool().release_unused()
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):
        trim(0)
