"""The pages that the code writes: data and licences, result schema, command line, API; and the order of all pages.

A hook of MkDocs: nothing that it writes is kept in the repository, so that it cannot become untrue.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
SECTIONS = {
    "Begin": ["index.md", "choosing-a-strategy.md", "findings.md", "own-texts.md", "data-files.md", "using-a-model.md",
              "report.md", "running.md", "faq.md"],
    "Extend": ["adding-a-task.md", "adding-a-baseline.md", "baselines.md", "engines.md"],
    "What the numbers mean": ["protocol.md", "statistics.md", "claims.md", "maps.md", "data-and-licences.md",
                              "result-schema.md"],
    "Under the hood": ["architecture.md", "performance.md", "scaling.md", "reliability.md",
                       "licences.md"],
    "Reference": ["command-line.md", "api.md"],
}
API = ("bench.core.errors", "bench.data.cards", "bench.data.load", "bench.data.corpus", "bench.protocol.trial",
       "bench.protocol.metrics", "bench.learning.networks.architectures", "bench.learning.pretrain",
       "bench.learning.resources", "bench.results.record_files", "bench.runs.options", "bench.runs.trials",
       "bench.runs.plan", "bench.runs.runner", "bench.runs.forecast", "bench.analysis.scores", "bench.analysis.compare",
       "bench.analysis.learning_curves", "bench.analysis.leaderboard", "bench.analysis.study",
       "bench.analysis.transfer_matrix", "bench.report.page_facts", "bench.report.charts")


def on_config(config: Any) -> Any:
    """The navigation: sections in order; a page that no section names stands under More."""
    have = {p.name for p in DOCS.glob("*.md")} | set(generated())
    named = {name for names in SECTIONS.values() for name in names}
    nav: list[Any] = [{title: [n for n in names if n in have]} for title, names in SECTIONS.items()]
    if rest := sorted(have - named):
        nav.append({"More": rest})
    config.nav = nav
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the generated pages."""
    from mkdocs.structure.files import File

    for name, make in generated().items():
        files.append(File.generated(config, name, content=make()))
    return files


def generated() -> dict[str, Any]:
    """File names and what writes them."""
    return {"data-and-licences.md": data_page, "result-schema.md": schema_page, "command-line.md": commands_page,
            "api.md": api_page, "licences.md": licences_page}


def data_page() -> str:
    """A table of every edition from the cards."""
    from bench.data.cards import all_tasks

    lines = ["# Data and licences", "",
             "From the task cards in `tasks/`. The suite ships no data: an edition is fetched from its routes, in the "
             "card's order, or read from `--data-dir`, and its content is compared with the card's hash. Whoever runs "
             "the suite is bound by the licence of the data: cite the sources below.", ""]
    for task in all_tasks(()).values():
        lines += [f"## {task.name}", "", f"{_cell(task.title)}. Labels: {', '.join(task.labels)}.", "",
                  "| edition | texts | licence | cite | routes |", "|---|---|---|---|---|"]
        for edition in task.editions:
            routes = ", ".join(dict.fromkeys(r.kind for r in edition.routes))
            lines.append(f"| {edition.name} | {edition.rows or '?':,} | {_cell(edition.licence)} | "
                         f"{_cell(edition.citation)} | {routes} |")
        lines.append("")
    return "\n".join(lines)


def licences_page() -> str:
    """The licence of every package that `make install` and the documentation bring, from what is installed."""
    lock = (DOCS.parent / ".ci" / "locked.txt").read_text(encoding="utf-8")
    locked = re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)
    table = subprocess.run([sys.executable, "-m", "piplicenses", "--from", "mixed", "--format", "markdown",
                            "--with-urls", "--with-system", "--packages", *locked],
                           capture_output=True, text=True, check=True).stdout
    return "\n".join(["# Licences of the packages", "",
                      "What `make install` and the tools of the tests and pages bring; versions are those that CI "
                      "tests (`.ci/locked.txt`). `pip install transferbench` brings fewer than half of them. MXNet is "
                      "no longer developed: it comes with the extra `mxnet` alone.", "", table])


def fields() -> list[tuple[str, str, str]]:
    """Name, type and meaning of every field of a record; the meaning is the comment beside the field."""
    from bench.results.record import Record

    source = inspect.getsource(Record)
    out = []
    for field in dataclasses.fields(Record):
        found = re.search(rf"^    {field.name}: ([^=#\n]+?)(?: = [^#\n]*?)?(?:  # (.+))?$", source, re.MULTILINE)
        assert found, field.name
        out.append((field.name, found[1].strip(), found[2] or ""))
    return out


def schema_page() -> str:
    """Every field of a record."""
    from bench.results.record import SCHEMA

    rows = [f"| `{name}` | `{_cell(kind)}` | {_cell(meaning)} |" for name, kind, meaning in fields()]
    return "\n".join([
        "# Result schema", "", f"A results folder holds `records/TASK.jsonl`: one finished trial a line, schema "
        f"{SCHEMA}. Lines are only ever appended; of two with the same identity the last that succeeded counts. "
        "`check` is the first 16 hexadecimal digits of the SHA-256 of the other fields as JSON with sorted keys; a "
        "line whose check is wrong is left out, and its trial runs again.", "",
        "| field | type | meaning |", "|---|---|---|", *rows, "| `check` | `str` | checksum of the line |", ""])


def commands_page() -> str:
    """Every command with every option, from the program itself."""
    import typer

    from bench.cli.app import app

    lines = ["# Command line", "", "Exit codes: 0 done; 1 a trial failed (the others are kept); 2 wrong input or a "
             "machine that cannot do what was asked, with one line that says what to do; 130 stopped by Ctrl-C. "
             "Results go to stdout, progress and warnings to stderr. `bench --install-completion` sets up the shell's "
             "completion; `NO_COLOR` is heeded.", ""]
    return "\n".join([*lines, *_command(typer.main.get_command(app), "bench")])


def _command(command: Any, path: str) -> list[str]:
    lines = [f"## {path}", "", _cell((command.help or "").split("\f")[0]), ""]
    rows = []
    for p in command.params:
        if p.param_type_name == "argument":
            rows.append(f"| `{p.name.upper()}` | {_cell(getattr(p, 'help', '') or '')} |")
            continue
        names = ", ".join(f"`{o}`" for o in [*p.opts, *p.secondary_opts])
        default = p.default if isinstance(p.default, (str, int, float)) and p.default not in ("", None) else None
        said = f" Default: `{default}`." if default is not None and not isinstance(default, bool) else ""
        rows.append(f"| {names} | {_cell(p.help or '')}{said} |")
    lines += ["| option | meaning |", "|---|---|", *rows, ""] if rows else []
    for name, child in getattr(command, "commands", {}).items():
        lines += _command(child, f"{path} {name}")
    return lines


def api_page() -> str:
    """The docstrings of the modules that other code may build on."""
    from importlib.util import find_spec

    return "# API\n\nFrom the docstrings.\n\n" + "\n\n".join(f"::: {name}" for name in API if find_spec(name)) + "\n"


def _cell(text: str) -> str:
    """One line that no table cell breaks on."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;") or "–"
