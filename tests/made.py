"""Records drawn from a seed, with predictions, as a run would have left them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

import numpy as np

from bench.protocol.metrics import score
from bench.results.record import Record
from bench.results.stored_predictions import pack, probabilities, quantise

SKILL = {"scratch": (0.1, 0.55), "finetune": (1.2, 0.25), "frozen": (1.1, 0.2), "tfidf": (0.4, 0.6), 
         "majority": (0.0, 0.0)}
BASED = ("finetune", "frozen")
N = 160


def record(task: str, source: str, baseline: str, budget: int | str, seed: int, skill: float,
           **other: object) -> Record:
    """One trial whose scores are `skill` standard deviations better than chance."""
    rng = np.random.default_rng(abs(hash_of((task, source, baseline, budget, seed))))
    truth = np.arange(N, dtype=np.int64) % 2
    logits = rng.normal(0.0, 1.0, N) + skill * (2 * truth - 1)
    stored = quantise(np.stack([1 / (1 + np.exp(logits)), 1 / (1 + np.exp(-logits))], axis=1).astype(np.float32))
    p = probabilities(stored)
    n = 2000 if budget == "full" else int(budget)
    based = baseline in BASED
    made = Record(
        task, "v1", "ab" * 32, source, baseline, {}, "gru-64-64-glove", "torch", "cpu", budget, seed,
        base="0123456789abcdef01234567" if based else "", n_train=n, n_test=N, **score(truth, p),
        seconds={"load": 0.01, "encode": 0.1, "adapt": n / 300, "predict": 0.2, "pretrain": 50.0 if based else 0.0},
        peak_bytes=10**9, versions={"torch": "2.13.0", "commit": "abcdef123456"}, host={"cpu": "a CPU", "cores": 2},
        leaks={"exact": 1}, predictions=pack(truth, stored))
    return replace(made, **other)


def hash_of(value: object) -> int:
    import hashlib

    return int.from_bytes(hashlib.sha256(repr(value).encode()).digest()[:8], "big")


def grid(tasks: Iterable[str], sources: Iterable[str], names: Iterable[str] = SKILL) -> list[Record]:
    out = []
    for source in sources:
        for task in tasks:
            if task == source.split("@")[0]:
                continue
            for name in names:
                for budget in (32, 128, "full"):
                    begin, slope = SKILL[name]
                    skill = begin + slope * np.log10((2000 if budget == "full" else budget) / 32)
                    out += [record(task, source, name, budget, seed, skill) for seed in range(2)]
    return out


def results() -> list[Record]:
    """Three targets from IMDB, one also from another source."""
    return list(_results())


@cache
def _results() -> tuple[Record, ...]:
    return (*grid(("alpha", "beta", "gamma"), ("imdb@official",)), *grid(("alpha",), ("beta@v1",), ("scratch", *BASED)))


EVIL = "</script><script>window.hit=1;alert('hit')</script><img src=x onerror=\"window.hit=1\">"


def hostile() -> list[Record]:
    """Records whose every text would run if it were read as HTML, and a formula for spreadsheets."""
    out = []
    for name in ("scratch", f"=cmd{EVIL}"):
        for seed in range(2):
            for budget in (32, 128):
                out.append(record(EVIL, f"{EVIL}@x", name, budget, seed, 0.5, edition=EVIL, versions={EVIL: EVIL},
                                  host={EVIL: EVIL}, engine=EVIL, device=EVIL, net=EVIL, leaks={EVIL: 1}, base=EVIL))
    out.append(replace(out[0], baseline=f"broken{EVIL}", status="failed", error=EVIL, accuracy=None))
    return out
