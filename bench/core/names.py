"""The names of tasks and editions: `amazon`, `amazon@blitzer-2007`."""

from __future__ import annotations

import re
from dataclasses import dataclass

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


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
