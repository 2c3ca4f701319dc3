"""Generates pages from the code: data and licences, result schema, command line, API; and orders all pages.

This is a hook of MkDocs. The generated pages are not in the repository, so they cannot become outdated.
"""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
SECTIONS = {
    "Begin": ["index.md", "quick-start.md", "choosing-a-strategy.md", "findings.md", "own-texts.md", "data-files.md",
              "languages.md", "using-a-model.md", "python.md", "report.md", "running.md", "faq.md"],
    "Extend": ["adding-a-task.md", "adding-a-baseline.md", "baselines.md", "engines.md"],
    "What the numbers mean": ["protocol.md", "statistics.md", "claims.md", "maps.md", "data-and-licences.md",
                              "references.md", "result-schema.md"],
    "Under the hood": ["architecture.md", "performance.md", "scaling.md", "reliability.md",
                       "licences.md"],
    "Reference": ["command-line.md", "api.md"],
}
API = ("bench.core.errors", "bench.data.cards", "bench.data.load", "bench.data.corpus", "bench.protocol.trial",
       "bench.protocol.metrics", "bench.learning.networks.architectures", "bench.learning.pretrain",
       "bench.learning.resources", "bench.results.record_files", "bench.runs.options", "bench.runs.trials",
       "bench.runs.plan", "bench.runs.runner", "bench.runs.forecast", "bench.analysis.scores",
       "bench.analysis.rankings", "bench.analysis.comparisons", "bench.analysis.learning_curves",
       "bench.analysis.leaderboard", "bench.analysis.study", "bench.analysis.transfer_matrix",
       "bench.report.page_facts", "bench.report.charts")


def on_config(config: Any) -> Any:
    """The navigation: sections in order; a page that no section names stands under More."""
    have = {p.name for p in DOCS.glob("*.md")} | {name for name in generated() if name.endswith(".md")}
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
    return {"index.md": index_page, "data-and-licences.md": data_page, "result-schema.md": schema_page,
            "record.schema.json": record_schema, "leaderboard.schema.json": leaderboard_schema,
            "references.md": references_page,
            "command-line.md": commands_page, "api.md": api_page, "licences.md": licences_page}


def index_page() -> str:
    """The README with links that fit the site, and a link to the report that `make docs` puts beside it."""
    text = (DOCS.parent / "README.md").read_text(encoding="utf-8").replace("](docs/", "](")
    report = ('<a href="leaderboards.html">Open the report of all published results</a>: choose your number of labels '
              "and a domain like yours.")
    return re.sub(r"(?<=<!-- end of results -->\n)", f"\n{report}\n", text, count=1)


def data_page() -> str:
    """A table of every edition, from the cards."""
    from bench.data.cards import all_tasks

    lines = ["# Data and licences", "",
             "From the task cards in `tasks/`. The suite contains no data. It reads an edition from `--data-dir`, or "
             "downloads it by its routes in the card's order, and compares its content with the card's hash. If you "
             "run the suite, the licence of the data binds you: cite the sources below.", ""]
    for task in all_tasks(()).values():
        lines += [f"## {task.name}", "", f"{_cell(task.title)}. Labels: {', '.join(task.labels)}.", "",
                  "| edition | texts | licence | cite | routes |", "|---|---|---|---|---|"]
        for edition in task.editions:
            routes = ", ".join(dict.fromkeys(r.kind for r in edition.routes))
            lines.append(f"| {edition.name} | {edition.rows or '?':,} | {_cell(edition.licence)} | "
                         f"{_cell(edition.citation)} | {routes} |")
        lines.append("")
    return "\n".join(lines)


def references_page() -> str:
    """The sources of every data set and strategy, from the data that `bench cite` reads."""
    from bench.baselines import BASELINES
    from bench.data.cards import all_tasks
    from bench.report import references

    cards = all_tasks(())
    editions = [f"{task.name}@{edition.name}" for task in cards.values() for edition in task.editions]
    cited = references.of_names(editions, list(BASELINES), cards)
    lines = ["# References", "", "What `bench cite` prints for your own results: the sources of the data sets and the "
             "strategies that they use; with `--format bibtex` as BibTeX.", ""]
    for kind, title in (("data set", "Data sets"), ("strategy", "Strategies"), ("also used", "Beside these")):
        lines += [f"## {title}", "", "| what | sources |", "|---|---|"]
        lines += [f"| {one.name} | {', '.join(f'[{key}](#{key})' for key in one.keys) or one.note} |"
                  for one in cited if one.kind == kind]
        lines.append("")
    lines += ["## Sources", ""]
    lines += [f'- <a id="{key}"></a>**{key}**: {_cell(references.in_words(key))}' for key in references.keys_of(cited)]
    return "\n".join([*lines, ""])


def licences_page() -> str:
    """The licence of every package that `make install` and the documentation install, as the packages state it."""
    lock = (DOCS.parent / ".ci" / "locked.txt").read_text(encoding="utf-8")
    locked = re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)
    table = subprocess.run([sys.executable, "-m", "piplicenses", "--from", "mixed", "--format", "markdown",
                            "--with-urls", "--with-system", "--packages", *locked],
                           capture_output=True, text=True, check=True).stdout
    return "\n".join(["# Licences of the packages", "",
                      "The packages that `make install`, the tests and these pages need, in the versions that CI tests "
                      "(`.ci/locked.txt`). `pip install transferbench` installs fewer than half of them. MXNet is no "
                      "longer developed; only the extra `mxnet` installs it.", "", table])


def fields() -> list[tuple[str, str, str]]:
    """Name, type and meaning of every field of a record, from its JSON Schema."""
    properties = json.loads(record_schema())["properties"]
    return [(name, _kind(node), node["description"]) for name, node in properties.items() if name != "check"]


def record_schema() -> str:
    """The JSON Schema of a record, made from the types of its fields; a meaning is the comment beside the field."""
    from bench.core.schema import schema_of
    from bench.results.record import Record

    source, schema = inspect.getsource(Record), schema_of(Record)
    record = schema["$defs"]["Record"]
    for name, node in record["properties"].items():
        comment = re.search(rf"^    {name}: [^#\n]+  # (.+)$", source, re.MULTILINE)
        assert comment, name
        node["description"] = comment[1]
    check = {"type": "string", "pattern": "^[0-9a-f]{16}$", "description": "checksum of the line"}
    record["properties"]["check"] = check
    return json.dumps({"$schema": schema["$schema"], **record, "required": [*record["required"], "check"],
                       "additionalProperties": False}, indent=1)


def _kind(node: Any) -> str:
    """`integer or "full"`: the type of a field, from its JSON Schema."""
    if "anyOf" in node:
        return " or ".join(map(_kind, node["anyOf"]))
    if "enum" in node:
        return " or ".join(f'"{name}"' for name in node["enum"])
    values = node.get("additionalProperties")
    return f"object of {values['type']}s" if values else str(node["type"])


def leaderboard_schema() -> str:
    """The JSON Schema of `bench leaderboard --format json`, from the types that it is made of."""
    from bench.report.leaderboard_json import json_schema

    return json.dumps(json_schema(), indent=1) + "\n"


def schema_page() -> str:
    """Every field of a record."""
    from bench.results.record import SCHEMA

    rows = [f"| `{name}` | {_cell(kind)} | {_cell(meaning)} |" for name, kind, meaning in fields()]
    return "\n".join([
        "# Result schema", "", f"A results folder holds `records/TASK.jsonl`: one finished trial per line, schema "
        f"{SCHEMA}. Lines are only ever appended. Of several with the same identity, the last successful one counts. "
        "`check` is the first 16 hexadecimal digits of the SHA-256 of the other fields as JSON with sorted keys; a "
        "line whose check is wrong is left out, and its trial runs again. The same as a JSON Schema: "
        "[record.schema.json](record.schema.json).", "",
        "| field | type | meaning |", "|---|---|---|", *rows, "| `check` | string | checksum of the line |", ""])


def commands_page() -> str:
    """Every command with every option, from the program itself."""
    import typer

    from bench.cli.app import app

    lines = ["# Command line", "", "Exit status: 0 done; 1 a trial failed (the others are saved); 2 wrong input, or a "
             "machine that cannot do what was asked, with one line that says what to do; 130 stopped by Ctrl-C. "
             "Results go to stdout, progress and warnings to stderr. `bench --install-completion` sets up shell "
             "completion; `NO_COLOR` is respected.", ""]
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


def file_map() -> str:
    """A table per package of `bench/`: every file and the first sentence of its docstring."""
    import ast

    root = DOCS.parent / "bench"
    lines: list[str] = []
    for folder in sorted({path.parent for path in root.rglob("*.py")}):
        files = sorted(path for path in folder.glob("*.py") if not path.name.startswith("__"))
        about = {path: str(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))).split("\n")[0]
                 for path in (folder / "__init__.py", *files)}
        title = f"bench/{folder.relative_to(root).as_posix()}".removesuffix("/.")
        lines += [f"### `{title}`", "", about[folder / "__init__.py"], "", "| file | what it holds |", "|---|---|",
                  *(f"| `{path.name}` | {about[path]} |" for path in files), ""]
    return "\n".join(lines)


if __name__ == "__main__":  # python docs/generate.py: writes the table of files into architecture.md
    page = DOCS / "architecture.md"
    text, heading, _ = page.read_text(encoding="utf-8").partition("## Every file\n")
    page.write_text(f"{text}{heading}\n{file_map()}", encoding="utf-8")
