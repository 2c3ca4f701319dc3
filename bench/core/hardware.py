"""The cores and the memory that this process may use: a container's share, not all that its host has."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

NO_LIMIT = 1 << 60  # version 1 of cgroups writes a number above this where there is no limit


def cores(root: Path = Path("/")) -> int:
    """Cores that this process may use: those it is bound to, and no more than its control groups grant.

    A share of a core is rounded down, to one at least. `root` is the folder that holds proc and sys.
    """
    count = getattr(os, "process_cpu_count", os.cpu_count)() or 1
    if hasattr(os, "sched_getaffinity"):
        count = min(count, len(os.sched_getaffinity(0)))
    return max(1, int(min([count, *_core_shares(root)])))


def memory(root: Path = Path("/")) -> int:
    """Bytes of memory that this process may use; 4 GiB where the system does not say."""
    limits = [*_memory_limits(root)]
    try:
        limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):
        limits.append(4 << 30)
    return min(limit for limit in limits if limit > 0)


def _core_shares(root: Path) -> Iterator[float]:
    """How many cores each control group around this process grants, where it says."""
    for folder in _groups(root, "cpu"):
        quota = _words(folder / "cpu.max") or _words(folder / "cpu.cfs_quota_us") + _words(folder / "cpu.cfs_period_us")
        try:
            granted, period = (float(word) for word in quota)
        except ValueError:  # "max 100000", or no such file
            continue
        if granted > 0 and period > 0:
            yield granted / period


def _memory_limits(root: Path) -> Iterator[int]:
    """How many bytes each control group around this process grants, and its limit of address space."""
    for folder in _groups(root, "memory"):
        for word in _words(folder / "memory.max") + _words(folder / "memory.limit_in_bytes"):
            if word.isdigit() and int(word) < NO_LIMIT:
                yield int(word)
    limit = address_space()
    if limit is not None:
        yield limit


def address_space() -> int | None:
    """The bytes of address space that this process may have (`ulimit -v`); None without such a limit."""
    if sys.platform == "win32":
        return None
    import resource

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if limit == resource.RLIM_INFINITY else limit


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """The folders of the control groups around this process that hold what `controller` limits, of both versions.

    A container sees its own group as the top folder, while /proc may still name the group by its path on the host.
    """
    top = root / "sys/fs/cgroup"
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and controller not in controllers.split(","):
            continue
        base = next((top / name for name in (controllers, controller) if name and (top / name).is_dir()), top)
        inside = base if ".." in path else base / path.lstrip("/")  # a group outside of what this container sees
        yield from (folder for folder in (inside, *inside.parents) if folder.is_relative_to(base))


def _words(path: Path) -> list[str]:
    return _text(path).split()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
