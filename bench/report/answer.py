"""The answer of a leaderboard in a few lines: what to use, what it costs, and what must be known beside the table."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from bench.analysis.rankings import RankedBaseline, Ranking
from bench.analysis.study import Study
from bench.core.budget import FULL
from bench.data.user_file import is_users_file
from bench.report.advice import label_free_notes, members_notes, one_class_notes, test_set_notes, zero_point_notes
from bench.report.headline import cost, recommendation, recommended, usual_ranking
from bench.report.numbers import seconds_text

LEGEND = ("# 1: may be the best · gain: points over scratch, with the same labels: ▲ helps, ▼ harms, = level, "
          "? undecided · vs source: points over source-only")


@dataclass(frozen=True)
class Answer:
    """What to use at one budget."""

    study: Study
    ranking: Ranking

    @property
    def first(self) -> RankedBaseline:
        """The row to use."""
        return recommended(self.study, self.ranking)[0]

    def lines(self) -> list[str]:
        """What to use and how good it is, then what it costs."""
        return [recommendation(self.study, self.ranking), *self._cost()]

    def _cost(self) -> list[str]:
        first = self.first
        trained = next((p for p in self.study.predictions
                        if (p.baseline, p.budget) == (first.baseline, self.ranking.budget)), None)
        if trained is None or not isfinite(cost(self.study, self.ranking, first)):
            return []
        base = f", after {seconds_text(trained.pretrain)} to learn from the source, once" \
            if trained.pretrain >= 0.1 else ""
        seconds = seconds_text(trained.adapt).replace("<", "under")
        return [f"It takes {seconds} to train on {self.study.board.device}{base}."]


def answer(study: Study) -> Answer | None:
    """What to use with all labels of one's own file, or with about 128 of a task; None where nothing has finished."""
    own = is_users_file(study.board.target)
    ranking = (study.at(FULL) if own else None) or usual_ranking(study)
    return Answer(study, ranking) if ranking is not None else None


def warnings(study: Study) -> list[str]:
    """What is wrong, missing, rare or easily misread."""
    one_seed = ["Only one seed, so the spread over seeds is unknown: --seeds 3 or more shows it."] \
        if study.rankings and all(ranking.seeds == 1 for ranking in study.rankings) else []
    return [*one_seed, *members_notes(study), *zero_point_notes(study), *label_free_notes(study),
            *one_class_notes(study), *test_set_notes(study), *(f"left out: {text}" for text in study.left_out),
            *(f"failed: {text}" for text in study.board.failed)]


def legend(study: Study) -> str:
    """What the columns of the compact table mean."""
    board = study.board
    seeds = "/".join(map(str, sorted({r.seeds for r in study.rankings}))) or "no"
    score = f"{board.leading.replace('_', ' ')} [95% interval]"
    return f"{score}, {seeds} seed(s), {board.n_test:,} test texts · {LEGEND}"
