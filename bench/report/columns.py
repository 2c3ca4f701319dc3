"""The columns that a user chooses for a leaderboard: what each is called, how it reads, and what it means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.analysis.study import Study
from bench.core.errors import BenchError
from bench.core.names import did_you_mean
from bench.report.leaderboard_rows import COLUMNS, rows
from bench.report.numbers import p_text, score_text
from bench.report.tables import MARKS, Table, labels_of, rows_by, score_name

Row = Mapping[str, Any]  # a value for each of `COLUMNS`
INTERVAL = "_interval"  # ends the name of a column that stands for a lower and an upper bound
# the columns that stand for two: the names of their bounds in data formats
BOUNDS = {f"{name}{INTERVAL}": (f"{bounds}_low", f"{bounds}_high")
          for name, bounds in {"score": "score", "auc": "auc", "gain": "gain", "worth": "worth_scratch",
                               "behind": "behind", "source_gain": "source_gain"}.items()}


@dataclass(frozen=True)
class Column:
    """One column of a table that people read; every budget has it."""

    heading: str
    text: Callable[[Any], str]  # of a value that is not None
    about: str  # for a caption


def _points(value: float) -> str:
    return f"{value:+.1f}"


def _share(value: float) -> str:
    return f"{value:.0%}"


def _labels(value: float) -> str:
    return f"{value:,.0f}"


def _seconds(value: float) -> str:
    return f"{value:.2f}"


SHOWN: Mapping[str, Column] = {
    "score": Column("", score_text, ""),  # its heading and meaning depend on the leaderboard
    "score_low": Column("low", score_text, "low, high: 95% interval of the score over seeds and texts"),
    "score_high": Column("high", score_text, ""),
    "score_sd": Column("sd", score_text, "sd: standard deviation over seeds"),
    "accuracy": Column("acc", score_text, "acc: accuracy"),
    "balanced_accuracy": Column("bal acc", score_text, "bal acc: balanced accuracy"),
    "auc": Column("AUC", score_text, "AUC: area under the ROC curve"),
    "auc_low": Column("AUC low", score_text, ""),
    "auc_high": Column("AUC high", score_text, ""),
    "rank": Column("#", str, "#: 1 + the number of strategies that are significantly better"),
    "best_share": Column("best in", _share, "best in: share of the resamples in which a strategy leads"),
    "gain_points": Column("gain", _points, "gain: points over training from scratch (▲ significantly better, ▼ worse, "
                                           "= within ±1 point, ? cannot be decided)"),
    "gain_low": Column("gain low", _points, ""),
    "gain_high": Column("gain high", _points, ""),
    "gain_p_family": Column("p", p_text, "p: of the gain, for all gains at this number of labels"),
    "verdict": Column("verdict", str, ""),
    "worth_scratch": Column("worth", str, "worth: labels that training from scratch needs for the same score"),
    "worth_scratch_low": Column("worth low", _labels, ""),
    "worth_scratch_high": Column("worth high", _labels, ""),
    "worth_tfidf": Column("worth (tfidf)", _labels, "worth (tfidf): labels that tfidf needs for the same score"),
    "behind_points": Column("behind", _points, "behind: points minus those of the first"),
    "behind_low": Column("behind low", _points, ""),
    "behind_high": Column("behind high", _points, ""),
    "source_gain_points": Column("vs source", _points, "vs source: points over source-only, which uses no label"),
    "source_gain_low": Column("vs source low", _points, ""),
    "source_gain_high": Column("vs source high", _points, ""),
    "log_loss": Column("log-loss", lambda value: f"{value:.3f}", "log-loss: in nats"),
    "ece": Column("ECE", score_text, "ECE: expected calibration error"),
    "adapt_seconds": Column("train s", _seconds, "train s: seconds of training on the target"),
    "n_train": Column("labels", _labels, ""),
    "seeds_done": Column("seeds", str, "seeds: trials that finished"),
}


def check(names: Sequence[str], known: Sequence[str], form: str) -> None:
    """Raise `BenchError` for a column that a format does not have; it lists those that there are."""
    for name in names:
        if name not in known:
            hint = "csv and parquet have it; it is the same in all rows of this table" if name in COLUMNS else \
                f"there are: {', '.join(known)}"
            raise BenchError(f"unknown column {name!r} of --format {form}{did_you_mean(name, known)}", hint)
    if double := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise BenchError(f"the column {double[0]!r} is named twice", "name it once")


def of_data(names: Sequence[str], form: str) -> list[str]:
    """The columns of a data format: those named, an interval as its two bounds; all where none is named."""
    check(names, [*COLUMNS, *BOUNDS], form)
    return [column for name in names for column in BOUNDS.get(name, (name,))] or list(COLUMNS)


def of_text(names: Sequence[str], form: str, study: Study) -> tuple[str, ...]:
    """The columns of a table for people; where none is named, the score and the gain, or its interval without gains."""
    check(names, [*SHOWN, *BOUNDS], form)
    gains = any(row.gain for ranking in study.rankings for row in ranking.rows)
    return tuple(names) or ("score", "gain_points" if gains else f"score{INTERVAL}")


def table(study: Study, names: Sequence[str], sort: str = "") -> Table:
    """A leaderboard with chosen columns, the same for each budget; `names` as `of_text` returns them."""
    board = study.board
    by_cell = {(row["baseline"], row["budget"]): row
               for row in (dict(zip(COLUMNS, values, strict=True)) for values in rows([study]))}
    body = tuple((name, *(_text(by_cell.get((name, budget)), column, first=column == names[0])
                          for budget in board.budgets for column in names)) for name in rows_by(study, sort))
    head = tuple(heading(study, name) for name in names)
    return Table(("baseline", *head * len(board.budgets)), body,
                 tuple((labels_of(study, budget), len(names)) for budget in board.budgets))


def heading(study: Study, name: str) -> str:
    """What stands above a column."""
    if name == "score":
        return score_name(study)
    return "95%" if name in BOUNDS else SHOWN[name].heading


def meanings(study: Study, names: Sequence[str]) -> list[str]:
    """What the columns mean, a phrase for each that needs one."""
    leading = study.board.leading.replace("_", " ")
    phrases = {"score": f"{score_name(study)}: {leading} on the test set, mean over seeds"}
    told = [phrases.get(name) or (SHOWN[name].about if name in SHOWN else "") for name in names]
    intervals = [name.removesuffix(INTERVAL).replace("_", " ") for name in names if name in BOUNDS]
    return [*filter(None, told), *([f"95%: confidence interval of the {' and the '.join(intervals)}"]
                                   if intervals else [])]


def _text(row: Row | None, name: str, *, first: bool) -> str:
    """What stands in a cell; where a score is missing, the first column says why."""
    if row is None:
        return "needs labels" if first else ""
    if row["score"] is None and first:
        return f"{row['seeds_done']}/{row['seeds']}" if row["seeds_done"] < row["seeds"] else "left out"
    if name in BOUNDS:
        low, high = (row[bound] for bound in BOUNDS[name])
        shown = _labels if name.startswith("worth") else score_text if name.startswith(("score", "auc")) else _points
        return "" if low is None else f"[{_finite(low, shown)} {_finite(high, shown)}]"
    value = row[name]
    if name == "worth_scratch":
        return str(row["worth_words"] or "").partition(" [")[0]
    if value is None:
        return ""
    mark = f" {MARKS[row['verdict']]}" if name == "gain_points" and row["verdict"] else ""
    return _finite(value, SHOWN[name].text) + mark


def _finite(value: Any, shown: Callable[[Any], str]) -> str:
    return "" if value in (float("inf"), float("-inf")) else shown(value)
