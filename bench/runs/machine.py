"""The machine and the versions that a record was made with."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from functools import cache as remember
from pathlib import Path
from typing import Any

from bench.core import places
from bench.learning.networks.engines import version as engine_version


def peak_bytes() -> int:
    """The most memory that this process has held, in bytes (0 where the system does not tell)."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


@remember
def versions(engine_name: str) -> Mapping[str, str]:
    """Versions of what the scores depend on, and the commit where there is one."""
    from importlib.metadata import version

    names = ("numpy", "scipy", "scikit-learn", "transferbench")
    found = {name: version(name) for name in names}
    return {**found, engine_name: engine_version(engine_name), "python": platform.python_version(),
            "commit": _commit()}


@remember
def host() -> Mapping[str, Any]:
    """The machine: processor, cores, system."""
    model = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        model = lines[0].split(":", 1)[1].strip() if lines else model
    return {"cpu": model, "cores": os.cpu_count(), "system": platform.system(), "threads": 1}


def _commit() -> str:
    import subprocess

    folder = places.ROOT
    if not (folder / ".git").exists():
        return ""
    asked = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=folder, capture_output=True, text=True,
                           check=False)
    return asked.stdout.strip() if asked.returncode == 0 else ""
