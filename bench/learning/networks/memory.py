"""Memory between two uses: kept while the same arrays come again and again, returned when a process only waits."""

from __future__ import annotations

import ctypes
import sys

TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD = -1, -2, -3  # of mallopt(3)


def keep_freed_memory() -> None:
    """Let glibc reuse freed blocks of up to 32 MB instead of returning them to the system; holds for the process.

    Otherwise each step's arrays would be returned to the system and requested again. The system clears every page
    anew, and the threads of a process wait for each other meanwhile.
    """
    if sys.platform == "linux" and (set_option := getattr(ctypes.CDLL(None), "mallopt", None)):
        set_option(MMAP_THRESHOLD, 32 << 20)
        set_option(TRIM_THRESHOLD, 2**31 - 1)
        set_option(TOP_PAD, 64 << 20)  # a thread's heap is one such block, and never shrinks


def release_freed_memory() -> None:
    """Return to the system what Arrow and the C library hold without using it; takes next to no time."""
    if "pyarrow" in sys.modules:
        sys.modules["pyarrow"].default_memory_pool().release_unused()
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):
        trim(0)
