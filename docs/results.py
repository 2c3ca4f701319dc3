"""Write the README's results from records, so that nobody pastes a figure: python docs/results.py RESULTS README.md."""

from __future__ import annotations

import sys
from pathlib import Path

BEGIN, END = "<!-- results of amazon: make picture writes this, from records -->", "<!-- end of results -->"


def written(text: str, results: Path) -> str:
    """The page with the table and the advice of Amazon's records between the two marks."""
    from bench import records, study
    from bench.prose import advice

    found = study.studies([r for r in records.read_all(results) if r.task == "amazon"])
    if len(found) != 1:
        raise SystemExit(f"{len(found)} leaderboards of amazon in {results}, where one is to be shown")
    one = found[0]
    made = [f"{one.board.title}; accuracy [95% interval over label draws and test texts]:", "", table(one), "",
            *(f"- {line}" for line in advice(one))]
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n" + "\n".join(made) + f"\n\n{END}{rest.split(END)[1]}"


def table(one: object) -> str:
    """A row a strategy, a column a budget; the strategies that nothing beats for certain in bold."""
    from bench import tables

    made = tables.compact(one)  # type: ignore[arg-type]
    budgets = [name for name, _ in made.groups]
    lines = ["| strategy | " + " | ".join(budgets) + " |", "|---" * (len(budgets) + 1) + "|"]
    for row in made.body:
        cells = [row[1 + 3 * i : 4 + 3 * i] for i in range(len(budgets))]
        lines.append(f"| `{row[0]}` | " + " | ".join(f"**{c[1]}**" if c[0] == "1" else c[1] for c in cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    page = Path(sys.argv[2])
    page.write_text(written(page.read_text(encoding="utf-8"), Path(sys.argv[1])), encoding="utf-8")
