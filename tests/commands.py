"""`bench` commands on the toy tasks: their arguments, and what is held of their outcome."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import Result

from bench.data import corpus
from bench.results import record_files
from bench.results.record import Record
from bench.runs import inputs, needs

SCORES = ("n_train", "n_test", "accuracy", "balanced_accuracy", "macro_f1", "auc", "log_loss", "predictions", "status",
          "error", "base")


def run(target: str = "toy-target", **options: object) -> list[str]:
    """The arguments of a quick `bench run`; an option of None is left out."""
    given = {"source": "toy-source", "tasks": "cards", "data_dir": "data", "results_dir": "results", "epochs": 1,
             "seeds": 2, "budgets": "8", "jobs": 1, "device": "cpu", **options}
    out = ["run", "--target", target, "--offline"]
    for name, value in given.items():
        for one in value if isinstance(value, list) else [value]:
            out += [] if one is None else [f"--{name.replace('_', '-')}", str(one)]
    return out


def kept(folder: Path, name: str = "toy-target") -> list[Record]:
    return record_files.read(folder / "records" / f"{name}.jsonl", warn=lambda text: pytest.fail(text))


def outcomes(records: list[Record]) -> dict[str, list[object]]:
    assert len({r.identity() for r in records}) == len(records), "a trial was recorded twice"
    return {r.identity(): [getattr(r, name) for name in SCORES] for r in records}


def refused(result: Result, *words: str) -> None:
    """Exit 2, one line of error, no traceback."""
    assert result.exit_code == 2, (result.output, result.exception)
    errors = [line for line in result.stderr.splitlines() if line.startswith("bench: ")]
    assert len(errors) == 1, result.stderr
    assert result.stderr.splitlines()[-1] == errors[0]
    for text in words:
        assert text in errors[0]
    assert "Traceback" not in result.output


def forget() -> None:
    """What this process remembers of the cache; a new one would remember nothing."""
    inputs.open_data.cache_clear()
    needs._open_base.cache_clear()
    corpus._opened.clear()
