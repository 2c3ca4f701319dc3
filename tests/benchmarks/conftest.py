"""What the benchmarks share: the real reviews, and how many of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.core.errors import BenchError
from bench.data.cards import all_tasks
from bench.data.load import load_task
from bench.data.routes import Access
from bench.protocol.domain import Domain, domain_of

SHARED = Path(__file__).parents[3] / "shared" / "data"
FOLDER = Path(os.environ.get("BENCH_DATA", SHARED))  # read now: a fixture takes the variable away from the tests


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--peer-texts", type=int, default=25_000, help="reviews to train on, and as many to be tested on")
    parser.addoption("--peer-epochs", type=int, default=2, help="passes over them")
    parser.addoption("--peers", default="", help="only the systems whose names hold one of these words, by comma")


@pytest.fixture(scope="session")
def imdb(request: pytest.FixtureRequest) -> Domain:
    """IMDB's reviews, encoded once and kept in pytest's own cache (`pytest --cache-clear` removes it)."""
    assert request.config.cache is not None
    root = request.config.cache.mkdir("imdb")
    access = Access(FOLDER if FOLDER.is_dir() else None, root / "raw", offline=True)
    try:
        return domain_of(load_task(all_tasks()["imdb"], access, root))
    except BenchError as error:
        pytest.skip(f"no IMDB reviews on this machine: {error}")
