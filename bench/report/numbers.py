"""Scores, intervals and p values as they are printed."""

from __future__ import annotations

from typing import Any

from bench.analysis.scores import Interval


def score_text(value: float) -> str:
    """A score with three decimals and no leading zero: `.771`."""
    text = f"{value:.3f}"
    return text[1:] if text.startswith("0") else text


def score_with_interval(score: Interval) -> str:
    """`.771 [.753 .789]`."""
    return f"{score_text(score.estimate)} [{score_text(score.low)} {score_text(score.high)}]"


def points_with_interval(points: Interval) -> str:
    """`+2.1 [+0.6 +3.7]`."""
    return f"{points.estimate:+.1f} [{points.low:+.1f} {points.high:+.1f}]"


def p_text(p: float) -> str:
    """`.023` or `< .001`."""
    return "< .001" if p < 0.001 else score_text(p)


def seconds_text(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min`."""
    if seconds < 0.1:
        return "< 0.1 s"
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"


def two_figures(number: float) -> int:
    """A number rounded to two significant figures."""
    step = 10 ** max(0, len(str(int(number))) - 2)
    return int(round(number / step) * step)


def json_number(value: Any) -> Any:
    """Numbers with five decimals, which is more than is known; an infinite number becomes null."""
    if isinstance(value, float):
        return round(value, 5) if abs(value) != float("inf") and value == value else None
    return value
