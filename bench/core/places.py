"""Where the installed package lies on disk."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parents[1]  # bench/
ROOT = PACKAGE.parent  # the folder that holds bench/, baselines/ and tasks/: a checkout, or site-packages
