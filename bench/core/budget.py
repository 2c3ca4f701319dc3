"""A budget: how many labelled target texts a strategy may learn from."""

from __future__ import annotations

Budget = int | str  # a number of labelled examples, or "full"


FULL = "full"
