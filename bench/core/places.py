"""Where the installed package is on disk."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parents[1]  # bench/
ROOT = PACKAGE.parent  # the folder that holds bench/: a checkout, or site-packages


def shipped(name: str) -> Path:
    """The folder `baselines` or `tasks`: inside bench/ where a wheel put it, else beside it, in a checkout."""
    inside = PACKAGE / name
    return inside if inside.is_dir() else ROOT / name
