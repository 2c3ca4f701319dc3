"""The time that a run has left: the cost model's, corrected by every trial that is finished."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bench.baselines import BASELINES
from bench.runs import plan
from bench.runs.options import Options
from bench.runs.remaining import Remaining
from bench.runs.trials import blank_record


def test_what_is_left_is_learned_from_the_trials_that_are_finished(workshop: Path, cache: Path) -> None:
    options = Options(targets=("toy-target",), source="toy-source", baselines=("tfidf", "majority"), budgets=(8,),
                      seeds=3, device="cpu", tasks=(workshop / "cards",), data_dir=workshop / "data", offline=True,
                      results_dir=workshop / "results", cache_dir=cache)
    remaining = Remaining(options, workers=1)
    assert remaining.seconds() is None, "nothing is planned yet"
    (draft,) = plan.drafts(options, BASELINES, lambda text: None, progress=False)
    remaining.expect([draft], options, later=0)
    first = remaining.seconds()
    assert first is not None
    assert 0 < first < 20, "quick strategies, by the table"
    slow, *_ = [spec for spec in draft.todo if spec.strategy.name == "tfidf"]
    remaining.estimated = 0.0  # long ago, so that the next trial counts at once
    remaining.trial(replace(blank_record(slow), n_train=8, seconds={"adapt": 100.0, "predict": 0.0}))
    after = remaining.seconds()
    assert after is not None
    assert 200 <= after < 210 + first, "two more seeds of the same trial, a hundred seconds each"
    remaining.expect([draft], options, later=2)
    total = remaining.seconds()
    assert total is not None
    assert total > 3 * 290, "each source still to come counts as this one"
