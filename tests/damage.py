"""Files that the program reads back, damaged at random: noticed and put right, or refused; never a wrong number."""

from __future__ import annotations

import random
from pathlib import Path

KINDS = ("flip", "cut", "empty", "replace", "zeros", "append", "remove")


def victims(*folders: Path) -> list[Path]:
    """Every file that a run may read back; a lock is none."""
    return sorted(p for folder in folders for p in folder.rglob("*") if p.is_file() and p.suffix != ".lock")


def damage(path: Path, others: list[Path], rng: random.Random) -> str:
    """Damage a file in one of several ways; says which."""
    data = bytearray(path.read_bytes())
    kind = rng.choice(KINDS) if data else "append"
    at = rng.randrange(len(data)) if data else 0
    if kind == "flip":
        for _ in range(rng.randint(1, 3)):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif kind == "cut":
        del data[at:]
    elif kind == "empty":
        data.clear()
    elif kind == "replace":
        data = bytearray(rng.choice(others).read_bytes())
    elif kind == "zeros":
        data[at : at + 64] = bytes(len(data[at : at + 64]))
    elif kind == "append":
        data += rng.randbytes(rng.randint(1, 40))
    path.unlink()
    if kind != "remove":
        path.write_bytes(bytes(data))
    return kind
