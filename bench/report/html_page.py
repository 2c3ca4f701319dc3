"""The report page: one HTML file that needs nothing else. Pure functions."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html import escape

from bench.core import places
from bench.report.charts import specs, theme
from bench.report.page_facts import Facts

PAGE = places.PACKAGE / "report" / "page"
SCRIPTS = ("data", "choice", "answer", "leaderboard", "filters", "figures", "drawing", "start")  # one scope, in order


def html(facts: Facts, script: str, *, shown_command: str = "bench report", live: str = "") -> str:
    """The page.

    `script` is Vega's; `live` is the digest of the records where the page is served and looks for changes.
    """
    own_script = _page_script()
    charts = json.dumps({"specs": specs(facts.baselines), "light": theme(dark=False), "dark": theme(dark=True)},
                        separators=(",", ":")).replace("<", "\\u003c")
    connections = "'self'" if live else "'none'"
    policy = ("default-src 'none'; base-uri 'none'; form-action 'none'; img-src data: blob:; "
              f"style-src 'unsafe-inline'; connect-src {connections}; "
              f"script-src {_hash(script)} {_hash(own_script)}")
    values = {"policy": escape(policy, quote=True), "style": (PAGE / "report.css").read_text(encoding="utf-8"),
              "facts": facts.as_json(command=shown_command, live=live), "charts": charts, "vega": script,
              "script": own_script, "advice": _advice(facts), "provenance": _provenance(facts)}
    text = (PAGE / "report.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda m: values[m[1]], text)


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
        lines = "".join(f"<li>{escape(line)}</li>" for line in [*b["advice"].values(), *b["lead"]])
        sections.append(f"<h3>{escape(b['target'])} from {escape(b['source'])}, {escape(b['engine'])} on "
                        f"{escape(b['device'])}</h3><ul>{lines}</ul>")
    return "".join(sections)


def _provenance(facts: Facts) -> str:
    sections = []
    for b in facts.boards:
        rows = "".join(f"<tr><th scope=row>{escape(k)}</th><td>{escape(str(v))}</td></tr>"
                       for k, v in b["provenance"].items())
        lines = "".join(f"<li>{escape(line)}</li>" for line in b["notes"])
        sections.append(
            f"<details data-board={b['id']}><summary>{escape(b['target'])} from {escape(b['source'])}, "
            f"{escape(b['engine'])} on {escape(b['device'])}</summary><div class=wide tabindex=0 role=region "
            f"aria-label='Provenance of {escape(b['target'], quote=True)}, {b['id']}'><table>{rows}<tr><th scope=row>"
            f"command</th><td><code>{escape(b['command'])}</code></td></tr></table></div><ul>{lines}</ul></details>")
    return "".join(sections)
