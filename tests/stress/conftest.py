"""The unit tests' fixtures and helpers serve here, too."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from conftest import cache, workshop, world

__all__ = ["cache", "workshop", "world"]
