"""Our base beside what others would use, on the same reviews and epochs: `make peers` prints the table.

Each system has a process of its own, and they make their epochs turn about. Nothing is asserted of the times.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from contestants import CONTESTANTS

from bench.data.text import Ragged, frequent
from bench.protocol.domain import Domain

FEW = 1_024  # reviews of the run that does not count
NEEDS = {"MXNet": "mxnet", "Keras": "keras", "fastText": "fasttext"}  # a word in a system's name → its package


class System:
    """A contestant's process."""

    def __init__(self, name: str, folder: Path, epochs: int) -> None:
        command = [sys.executable, str(Path(__file__).with_name("contestants.py")), name, str(folder), str(epochs)]
        path = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, "PYTHONPATH": path})
        self.name = name
        self.seconds: list[float] = []

    def ask(self, what: str) -> dict[str, float]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"{self.name} died: see above"
        return json.loads(line)

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


def _write(folder: Path, imdb: Domain, x: Ragged, words: int, rows: np.ndarray, held: np.ndarray) -> None:
    folder.mkdir(exist_ok=True)
    train, test_rows, y = x.take(rows), x.take(held), imdb.data.y
    np.savez(folder / "reviews.npz", ids=train.ids, offsets=train.offsets, y=y[rows], test_ids=test_rows.ids,
             test_offsets=test_rows.offsets, test_y=y[held], words=words)
    for part, which in (("train", rows), ("test", held)):
        (folder / f"{part}.json").write_text(json.dumps(imdb.data.examples(which).texts()))


def _there(name: str) -> bool:
    return all(importlib.util.find_spec(package) for word, package in NEEDS.items() if word in name)


def _table(systems: list[System], facts: dict[str, dict[str, float]], epochs: int) -> list[str]:
    """Markdown: seconds an epoch and in all, tokens a second, accuracy, and how many times ours is as fast."""
    ours = next((s for s in systems if s.name == "ours"), None)
    out = ["| system | seconds an epoch | in all | real tokens/s | test accuracy | time, ours = 1 |",
           "|---|---|---|---|---|---|"]
    for s in systems:
        whole = bool(facts[s.name]["whole"])
        total = sum(s.seconds)
        an_epoch = "–" if whole else f"{median(s.seconds):.1f} ({', '.join(f'{x:.1f}' for x in s.seconds)})"
        speed = facts[s.name]["tokens"] * (1 if whole else epochs) / total
        ratio = ""
        if ours and ours is not s:  # by epoch, in the same turn; a system trained as a whole against the whole
            turns = [sum(s.seconds) / sum(ours.seconds)] if whole else [
                a / b for a, b in zip(s.seconds, ours.seconds, strict=True)]
            ratio = f"{median(turns):.2f}" + ("" if whole else f" ({min(turns):.2f}–{max(turns):.2f})")
        out.append(f"| {s.name} | {an_epoch} | {total:.1f} | {speed:,.0f} | {facts[s.name]['accuracy']:.4f} | "
                   f"{ratio or '1'} |")
    return out


def test_our_base_beside_its_peers(imdb: Domain, tmp_path: Path, request: pytest.FixtureRequest):
    texts, epochs = request.config.getoption("--peer-texts"), request.config.getoption("--peer-epochs")
    wanted = [word for word in request.config.getoption("--peers").split(",") if word]
    names = [n for n in CONTESTANTS if n == "ours" or not wanted or any(word in n for word in wanted)]
    corpus, pool, test_rows = imdb.data.corpus, imdb.split.pool, imdb.split.test
    vocabulary = frequent(corpus.tokens.take(pool), corpus.words)
    x = corpus.tokens.renumber(vocabulary.table(corpus.words))
    rng = np.random.default_rng(0)
    rows, held = rng.permutation(pool)[:texts], rng.permutation(test_rows)[:texts]
    _write(tmp_path, imdb, x, len(vocabulary), rows, held)
    _write(tmp_path / "few", imdb, x, len(vocabulary), rows[:FEW], held[:FEW])
    systems, facts = [], {}
    try:
        for name in filter(_there, names):
            systems.append(system := System(name, tmp_path, epochs))
            facts[name] = system.ask("prepare")
        for turn in range(epochs):
            for system in systems:
                if turn == 0 or not facts[system.name]["whole"]:
                    system.seconds.append(system.ask("epoch")["seconds"])
                    print(f"{system.name}: {system.seconds[-1]:.1f} s", flush=True)
        for system in systems:
            facts[system.name] |= {"accuracy": system.ask("accuracy")["accuracy"]}
    finally:
        for system in systems:
            system.close()
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    left_out = [name for name in names if not _there(name)]
    print(f"\n{len(rows):,} reviews, {epochs} epochs, tested on {len(held):,}; {os.cpu_count()} cores{load}\n")
    print("\n".join(_table(systems, facts, epochs)))
    if left_out:
        print(f"\nNot installed, left out: {', '.join(left_out)}")
    assert all(0.0 <= facts[s.name]["accuracy"] <= 1.0 for s in systems)
