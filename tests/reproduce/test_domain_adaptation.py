"""The DANN paper's table: read from its files, ours beside the published figures, skipped where there are none."""

from __future__ import annotations

import lzma
from pathlib import Path

import numpy as np
import pytest

from bench.baselines import BASELINES
from bench.core.errors import BenchError
from bench.reproduce import claims
from bench.reproduce.measures import domain_adaptation, measure
from bench.reproduce.measures.adaptation_methods import METHODS
from bench.reproduce.measures.domain_adaptation import DOMAINS, PUBLISHED
from bench.reproduce.measures.session import NotTested, Session
from bench.runs import inputs
from bench.runs.options import Options


def session(folder: Path | None) -> Session:
    options = Options(data_dir=folder)
    return Session(options, inputs.access_for(options, lambda text: None, progress=False), BASELINES)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Small files: feature 0 and 1 tell the classes everywhere, others only in one domain."""
    (tmp_path / "ganin-amazon").mkdir()
    for number, name in enumerate(DOMAINS):
        for part in ("train", "test"):
            rng = np.random.default_rng([number, len(part)])
            lines = []
            for i in range(80):
                positive = i % 2
                cells = {int(positive if rng.random() < 0.75 else 1 - positive): 1}
                cells |= {10 + 10 * number + 2 * int(k) + positive: 2 for k in rng.choice(4, 2, replace=False)}
                cells |= {50 + int(rng.integers(9)): 1}
                lines.append(" ".join([str(2 * positive - 1), *(f"{k}:{v}" for k, v in sorted(cells.items()))]))
            text = ("\n".join(lines) + "\n").encode()
            (tmp_path / "ganin-amazon" / f"{name}-{part}.svmlight.xz").write_bytes(lzma.compress(text))
    return tmp_path


def test_self_training_finds_what_tells_the_classes_in_the_other_domain(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(domain_adaptation, "DOMAINS", DOMAINS[:2])
    monkeypatch.setattr(domain_adaptation, "FEATURES", 60)  # with 5,000 most of the time goes into columns of zeros
    found = measure("dann-table")(session(folder))
    assert found.figures["self-training"][0] > found.figures["logistic regression"][0]
    assert found.figures["published: DANN"][0] == pytest.approx(0.763, abs=0.001)
    assert all(len(values) == 12 for values in PUBLISHED.values())
    assert {"importance weighting", "CORAL", "mSDA", "DANN"} <= set(found.figures)
    assert all(found.figures[name][0] > 0.55 for name in METHODS), "each is better than chance"
    assert any(note.startswith("self-training: ") for note in found.notes)


def test_without_the_files_the_claim_is_not_tested_and_says_where_they_belong(tmp_path: Path):
    for data in (None, tmp_path):
        with pytest.raises(NotTested, match="ganin-amazon/ in --data-dir"):
            measure("dann-table")(session(data))
    claim, = claims.claims_named(claims.read_claims(claims.default_claims()), ["F1"])
    result, = claims.measure_claims([claim], session(tmp_path), tmp_path / "saved")
    assert result.verdict == claims.NOT_TESTED


@pytest.mark.parametrize(("content", "said"), [
    (b"not xz", "no svmlight file"), (lzma.compress(b"1 9999:1\n"), "no svmlight file"),
    (lzma.compress(b"3 1:1\n1 2:1\n"), "not -1 and 1")])
def test_a_file_that_holds_something_else_is_named(folder: Path, content: bytes, said: str):
    path = folder / "ganin-amazon" / "dvd-test.svmlight.xz"
    path.write_bytes(content)
    with pytest.raises(BenchError, match=said) as error:
        measure("dann-table")(session(folder))
    assert "dvd-test" in str(error.value)
