"""Development and confirmation targets apart: what was chosen on a target's texts says less about targets to come."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from bench.analysis.study import Study
from bench.core.names import TaskRef
from bench.data import cards

DEVELOPMENT, CONFIRMATION = "development", "confirmation"
MEANING = {
    DEVELOPMENT: "development targets: recipes, members or defaults of the suite were chosen on their training texts, "
                 "so its strategies may look better here than on texts of yours.",
    CONFIRMATION: "confirmation targets: nothing was chosen on their texts. But their test scores were seen, and "
                  "showed faults that were then mended on development targets.",
}


def role_of(target: str) -> str:
    """The role of `task@edition` in its card; a task without one of ours or of a package is for confirmation."""
    return DEVELOPMENT if TaskRef.parse(target).task in _development() else CONFIRMATION


def by_role(studies: Sequence[Study]) -> dict[str, list[Study]]:
    """The studies of each role."""
    return {role: [s for s in studies if role_of(s.board.target) == role] for role in MEANING}


def apart(studies: Sequence[Study]) -> dict[str, list[Study]]:
    """The studies by role, where each role has two targets or more; all together under "" where one has fewer."""
    groups = by_role(studies)
    return {"": list(studies)} if any(len({s.board.target for s in some}) < 2 for some in groups.values()) else groups


def role_notes(role: str, targets: Sequence[str]) -> list[str]:
    """What the role of a table's targets means; nothing where no target is one of development."""
    if role:
        return [f"These are {MEANING[role]}"]
    chosen_on = [TaskRef.parse(t).task for t in targets if role_of(t) == DEVELOPMENT]
    if not chosen_on:
        return []
    if len(chosen_on) == len(targets):
        return [f"All are {MEANING[DEVELOPMENT]}"]
    return [f"{', '.join(chosen_on)}: {MEANING[DEVELOPMENT]} The others are {MEANING[CONFIRMATION]}"]


@cache
def _development() -> frozenset[str]:
    return frozenset(task.name for task in cards.all_tasks(broken=lambda error: None).values()
                     if task.role == DEVELOPMENT)
