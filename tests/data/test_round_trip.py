"""What csv, pandas, pyarrow, DuckDB, json and openpyxl write is read back cell for cell, or refused as ambiguous."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import tables
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.core.errors import BenchError
from bench.data.table_files import open_table

CELLS = st.integers(0, 1 << 30)


@pytest.mark.parametrize("writer", tables.WRITERS)
@settings(max_examples=75, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=CELLS)
def test_a_table_is_read_back_equal(tmp_path: Path, writer: str, seed: int):
    rng = random.Random(seed)
    written = tables.WRITERS[writer](rng, tmp_path, tables.table(rng))
    try:
        table = open_table(written.path)
        cells = table.read(list(written.cells)).cells
    except BenchError as error:
        if not any(words in str(error) for words in written.may_refuse):
            raise AssertionError(f"{written.how}: {error}: {written.cells}") from error
    else:
        assert cells == written.cells, written.how
    finally:
        written.path.unlink()
