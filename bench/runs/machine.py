"""The machine and the versions that a record is made with."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from bench.core import places
from bench.learning.networks.engines import version as engine_version


def peak_bytes() -> int:
    """The most memory that this process has held, in bytes; 0 where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


@cache
def versions(engine_name: str) -> Mapping[str, str]:
    """Versions of what the scores depend on, and the commit of a checkout."""
    from importlib.metadata import version

    packages = {name: version(name) for name in ("numpy", "scipy", "scikit-learn", "transferbench")}
    return {**packages, engine_name: engine_version(engine_name), "python": platform.python_version(),
            "commit": _commit()}


@cache
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
    answer = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=folder, capture_output=True, text=True,
                            check=False)
    return answer.stdout.strip() if answer.returncode == 0 else ""
