"""Tables by the thousand through every writer and back: `python tests/stress/fuzz_tables.py SECONDS [FIRST SEED]`.

Each seed makes one table of awkward cells, written by csv, pandas, pyarrow, DuckDB, json or openpyxl in a random
dialect, encoding and packing. It must be read back cell for cell; where a file of separated values can be read in two
ways it may be refused instead. Every third file is damaged afterwards: then it is a table or a `BenchError`. Anything
else ends the run with its seed.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import tables
from data.test_damaged_tables import damaged

from bench.core.errors import BenchError
from bench.data.table_files import open_table

SLOW = 10.0  # seconds for one small file


def one(seed: int, folder: Path) -> tuple[str, str]:
    """The writer, and what became of its file: read back, refused, or damaged."""
    rng = random.Random(seed)
    writer = rng.choice(list(tables.WRITERS))
    written = tables.WRITERS[writer](rng, folder, tables.table(rng))
    path = written.path
    harm = rng.random() < 1 / 3
    if harm:
        path.write_bytes(damaged(rng, path.read_bytes()))
    began = time.monotonic()
    try:
        table = open_table(path)
        if harm:
            table.read([name for name in table.columns if name not in table.twice][:3])
            return writer, "damaged"
        cells = table.read(list(written.cells)).cells
    except BenchError as error:
        if harm:
            return writer, "damaged"
        if not any(words in str(error) for words in written.may_refuse):
            raise AssertionError(f"seed {seed}: {written.how}: {error}") from error
        return writer, "refused"
    finally:
        if time.monotonic() - began > SLOW:
            raise AssertionError(f"seed {seed}: {written.how} took {time.monotonic() - began:.0f} s")
        path.unlink()
    if cells != written.cells:
        raise AssertionError(f"seed {seed}: {written.how}\nwritten {written.cells}\nread    {cells}")
    return writer, "read back"


def main() -> None:
    seconds, seed = float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns() % (1 << 40)
    sys.stdout.write(f"first seed {seed}\n")
    counts: Counter[tuple[str, str]] = Counter()
    end = time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="bench-fuzz-") as folder:
        while time.monotonic() < end:
            if seed % 1_000 == 0:  # a library that ends the process leaves no other trace
                sys.stdout.write(f"at {seed}\n")
                sys.stdout.flush()
            counts[one(seed, Path(folder))] += 1
            seed += 1
    for (writer, outcome), count in sorted(counts.items()):
        sys.stdout.write(f"{writer:8} {outcome:9} {count:9,}\n")
    sys.stdout.write(f"{counts.total():,} tables in {seconds:.0f} s\n")


if __name__ == "__main__":
    main()
