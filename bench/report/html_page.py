"""The report page: one HTML file that needs nothing else. Pure functions."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html import escape
from typing import Any

from bench.core import places
from bench.report.charts import page_colours, page_theme, specs, theme
from bench.report.page_facts import Facts

PAGE = places.PACKAGE / "report" / "page"
# In this order, in one scope.
SCRIPTS = ("data", "choice", "provenance", "answer", "leaderboard", "filters", "figures", "drawing", "start")


def html(facts: Facts, script: str, *, shown_command: str = "bench report", live: str = "") -> str:
    """The page.

    `script` is Vega's; `live` is the digest of the records where the page is served and looks for changes.
    """
    own_script = _page_script()
    charts = json.dumps({"specs": specs(facts.baselines), "light": theme(), "page": page_theme()},
                        separators=(",", ":")).replace("<", "\\u003c")
    connections = "'self'" if live else "'none'"
    policy = ("default-src 'none'; base-uri 'none'; form-action 'none'; img-src data: blob:; "
              f"style-src 'unsafe-inline'; connect-src {connections}; "
              f"script-src {_hash(script)} {_hash(own_script)}")
    values = {"policy": escape(policy, quote=True), "style": _style(),
              "facts": facts.as_json(command=shown_command, live=live), "charts": charts, "vega": script,
              "script": own_script, "advice": _advice(facts), "provenance": _provenance(facts)}
    text = (PAGE / "report.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda m: values[m[1]], text)


def _style() -> str:
    """The page's style, and the colours of its charts: dark ones on a dark screen alone."""
    return (f":root{{{page_colours(dark=False)}}}\n"
            f"@media screen and (prefers-color-scheme: dark){{:root{{{page_colours(dark=True)}}}}}\n"
            f"{(PAGE / 'report.css').read_text(encoding='utf-8')}")


def _page_script() -> str:
    parts = [(PAGE / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS]
    return '"use strict";\n(() => {\n' + "\n".join(parts) + "})();\n"


def _hash(script: str) -> str:
    """The source expression of a content security policy that lets this script run, and no other."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() + "'"


def _advice(facts: Facts) -> str:
    """The advice of every leaderboard, for readers without scripts."""
    sections = []
    for b in facts.boards:
        advice = [" ".join(filter(None, (b["advice"][budget], b["sources"][budget]))) for budget in b["advice"]]
        lines = "".join(f"<li>{escape(line)}</li>" for line in [*advice, *b["lead"]])
        sections.append(f"<h3>{escape(b['target'])} from {escape(b['source'])}, {escape(b['engine'])} on "
                        f"{escape(b['device'])}</h3><ul>{lines}</ul>")
    return "".join(sections)


def _command(board: dict[str, Any]) -> str:
    command = board["command"]
    return f"<tr><th scope=row>command</th><td><code>{escape(command)}</code></td></tr>" if command else ""


def _provenance(facts: Facts) -> str:
    sections = []
    for b in facts.boards:
        rows = "".join(f"<tr><th scope=row>{escape(k)}</th><td>{escape(str(v))}</td></tr>"
                       for k, v in b["provenance"].items())
        lines = "".join(f"<li>{escape(line)}</li>" for line in b["notes"])
        sections.append(
            f"<details data-board={b['id']}><summary>{escape(b['target'])} from {escape(b['source'])}, "
            f"{escape(b['engine'])} on {escape(b['device'])}</summary><div class=wide tabindex=0 role=region "
            f"aria-label='Provenance of {escape(b['target'], quote=True)}, {b['id']}'><table class=facts>{rows}"
            f"{_command(b)}</table></div><ul>{lines}</ul></details>")
    return "".join(sections)
