"""Where the installed package is on disk."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parents[1]  # bench/
ROOT = PACKAGE.parent  # the folder with bench/, baselines/ and tasks/: a checkout, or site-packages
