"""The command `bench report`: the page of a results folder as a file or on loopback, or its charts as files."""

from __future__ import annotations

import hashlib
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import help
from bench.cli.chosen_records import RecordOptions, choose_records, report_facts
from bench.cli.figures import FigureOptions, check_figures, draw_figures
from bench.cli.options import RUNS, CacheDir, ResultsDir
from bench.cli.output import say
from bench.core.files import save_text

if TYPE_CHECKING:
    from bench.report.page_facts import CachedStudy

PORT = 8765


def report_command(
    *,
    results_dir: ResultsDir = RUNS,
    out: Annotated[Path | None, typer.Option(
        "--out", "-o", metavar="FILE", rich_help_panel=help.OUTPUT,
        help="File to write. [default: report.html in the results folder]")] = None,
    filters: RecordOptions,
    serve: Annotated[bool, typer.Option(
        "--serve", rich_help_panel=help.OUTPUT,
        help="Serve the page, to this machine only; it follows a run in progress. Ctrl-C ends it.")] = False,
    port: Annotated[int, typer.Option(metavar="N", rich_help_panel=help.OUTPUT,
                                      help="Port for --serve; 0: any free port.")] = PORT,
    figures: FigureOptions,
    cache_dir: CacheDir = None,
) -> None:
    """Write the results as one HTML page that needs no network, or draw its charts for a paper."""
    from bench.core import store
    from bench.report import html_page, vega

    if figures.figures:
        check_figures(figures)
        facts = report_facts(results_dir, choose_records(results_dir, filters))
        say(draw_figures(facts, figures.figures, figures))
        return
    script, command = vega.script(cache_dir or store.default_cache()), _command(results_dir, filters)

    def page(parts: dict[str, CachedStudy] | None, shown_command: str, live: str = "") -> str:
        records = choose_records(results_dir, filters, none=True)
        return html_page.html(report_facts(results_dir, records, parts), script, shown_command=shown_command,
                               live=live)

    if serve:
        parts: dict[str, CachedStudy] = {}
        _serve(port, results_dir, lambda digest: page(parts, f"{command} --serve", digest))
        return
    path = out or results_dir / "report.html"
    html = page(None, command)
    save_text(path, html, "choose --out", shared=False)
    say(f"Written: {path} ({path.stat().st_size / 1e6:.1f} MB)")


def _command(results_dir: Path, filters: RecordOptions) -> str:
    """The command that makes the same page again."""
    from bench.report.commands import shown_folder

    folder = shown_folder(results_dir)
    return shlex.join(["bench", "report", *(["--results-dir", folder] if folder != str(RUNS) else []),
                       *[word for name in filters.target or () for word in ("--target", name)],
                       *[word for name in filters.baseline or () for word in ("--baseline", name)],
                       *(["--engine", filters.engine] if filters.engine else []),
                       *(["--draw", filters.draw] if filters.draw else [])])


def _digest(results_dir: Path) -> str:
    """What the record files look like now, without reading them."""
    files = sorted([*(results_dir / "records").glob("*.jsonl*"), *(results_dir / "distances").glob("*.json")])
    stats = [(path.name, stat.st_size, stat.st_mtime_ns) for path in files if (stat := path.stat())]
    return hashlib.sha256(repr(stats).encode()).hexdigest()[:16]


def _serve(port: int, results_dir: Path, page: Callable[[str], str]) -> None:
    from bench.report.serve import serving

    try:
        with serving(port, lambda: _digest(results_dir), page) as server:
            server.page()  # an error in the records ends the command here
            say(f"{server.url} follows {results_dir}; Ctrl-C ends it")
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        say("", err=True)
