"""The published records of the checkout; a source archive has none."""

from __future__ import annotations

from pathlib import Path

import pytest

PUBLISHED = Path(__file__).parents[1] / "results" / "published"
NEEDS_RECORDS = pytest.mark.skipif(not (PUBLISHED / "records").is_dir(),
                                   reason="the source archive has no records: they are in the repository")
