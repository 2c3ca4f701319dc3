"""Names of tasks and editions, such as `amazon` and `amazon@blitzer-2007`, and the nearest of known names."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'amazon'?` where a known name is near `name`, else nothing."""
    close = difflib.get_close_matches(name[:100], list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


@dataclass(frozen=True, order=True)
class TaskRef:
    """A task and one of its editions; an empty edition stands for any."""

    task: str
    edition: str = ""

    @staticmethod
    def parse(text: str) -> TaskRef:
        """The task and edition that `amazon` or `amazon@blitzer-2007` names."""
        task, _, edition = text.partition("@")
        return TaskRef(task, edition)

    def __str__(self) -> str:
        """`amazon@blitzer-2007`, or `amazon` where the edition is left open."""
        return f"{self.task}@{self.edition}" if self.edition else self.task
