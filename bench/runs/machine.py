"""The machine and the versions that a record is made with."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from bench.core import environment, hardware, places
from bench.learning.networks.engines import version as engine_version

ENCODER_PACKAGES = ("sentence-transformers", "tokenizers", "transformers")
DRIVER_SECONDS = 30.0  # after which a driver that does not answer is left alone
GIT_SECONDS = 10.0  # after which a git that does not answer is left alone
COMMIT = re.compile("[0-9a-f]{12,64}")


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
    from importlib.metadata import PackageNotFoundError, version

    packages = {name: version(name) for name in ("numpy", "scipy", "scikit-learn", "transferbench")}
    if engine_name == "torch":
        with suppress(PackageNotFoundError):
            packages["numba"] = version("numba")
    return {**packages, engine_name: engine_version(engine_name), "python": platform.python_version(),
            "commit": _commit()}


@cache
def encoder_versions() -> Mapping[str, str]:
    """Versions of what a pre-trained encoder runs on."""
    from importlib.metadata import version

    return {name: version(name) for name in ENCODER_PACKAGES}


@cache
def host(device: str = "cpu") -> Mapping[str, Any]:
    """The machine: processor and GPU, cores that this process may use (and the host's, where it has more), system."""
    name = platform.processor()
    with suppress(OSError):
        name = processor(Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")) or name
    ours, all_cores = hardware.cores(), os.cpu_count() or 1
    return {"cpu": name, "cores": ours, **({"host_cores": all_cores} if all_cores != ours else {}),
            "system": platform.system(), "threads": 1, **({"gpu": gpu_name()} if device == "cuda" else {})}


def processor(cpuinfo: str) -> str:
    """The first processor of Linux's `/proc/cpuinfo`; empty where that does not name it.

    With family and model: clouds call several generations by one name, and each has other vector instructions, so a
    network trained on another ends up slightly different.
    """
    of_first = cpuinfo.split("\n\n")[0]
    first: dict[str, str] = dict(re.findall(r"^(model name|cpu family|model)[ \t]*:[ \t]*(.*\S)", of_first, re.M))
    words = (("family", "cpu family"), ("model", "model"))
    kind = ", ".join(f"{word} {first[key]}" for word, key in words if key in first)
    return first.get("model name", "") + (f" ({kind})" if kind and "model name" in first else "")


def gpu_name() -> str:
    """The GPU's name, from its driver; empty where the driver does not answer."""
    import subprocess

    try:
        done = subprocess.run(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"], capture_output=True,
                              text=True, check=False, timeout=DRIVER_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip().split("\n")[0] if done.returncode == 0 else ""


def _commit() -> str:
    """The commit of a checkout; empty where there is none, or where git is missing, refuses or does not answer."""
    import subprocess

    folder = places.ROOT
    if not (folder / ".git").exists():
        return ""
    # GIT_DIR and its like, which git sets for its hooks, would name another repository.
    variables = {name: value for name, value in environment.of_child().items() if not name.startswith("GIT_")}
    command = ["git", "-c", f"safe.directory={folder}", "rev-parse", "--short=12", "HEAD"]
    try:
        answer = subprocess.run(command, cwd=folder, env=variables, stdin=subprocess.DEVNULL, capture_output=True,
                                check=False, timeout=GIT_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return ""
    words = answer.stdout.decode("ascii", "replace").split()
    return words[0] if answer.returncode == 0 and words and COMMIT.fullmatch(words[0]) else ""
