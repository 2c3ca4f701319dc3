"""Seeds are made from names, so that no random draw depends on the order in which things run."""

from __future__ import annotations

import hashlib

import numpy as np


def seed_for(*names: object) -> int:
    """A 32-bit seed that depends only on the names: `seed_for("budget", "amazon", 128, 0)`."""
    text = "\x1f".join(str(name) for name in names)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def generator_for(*names: object) -> np.random.Generator:
    """A NumPy random generator seeded by the names."""
    return np.random.default_rng(seed_for(*names))
