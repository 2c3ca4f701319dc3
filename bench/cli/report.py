"""The command `bench report`: the page of a results folder as a file, on loopback, or as single figures."""

from __future__ import annotations

import hashlib
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.options import RUNS, CacheDir, ResultsDir
from bench.cli.records import (
    EVERY_FORMAT,
    Charts,
    FigureFormats,
    Figures,
    OnlyBaseline,
    OnlyEngine,
    OnlyTarget,
    check_figures,
    chosen,
    draw,
    facts,
)
from bench.cli.terminal import errors
from bench.core.files import save_text

if TYPE_CHECKING:
    from bench.report.page_facts import CachedStudy
    from bench.results.record import Record

PORT = 8765


def report_command(
    results_dir: ResultsDir = RUNS,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The file. [default: report.html in the results "
                                             "folder]")] = None,
    target: OnlyTarget = None, baseline: OnlyBaseline = None, engine: OnlyEngine = "",
    serve: Annotated[bool, typer.Option("--serve", help="Serve the page on this machine alone; it follows a run that "
                                        "goes on. Ctrl-C ends it.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of --serve; 0: a free one.")] = PORT,
    figures: Figures = None, chart: Charts = None, formats: FigureFormats = EVERY_FORMAT,
    cache_dir: CacheDir = None,
) -> None:
    """Write the results as one HTML file that needs no network, serve it, or draw its charts for a paper."""
    from bench.core import store
    from bench.report import html_page, vega

    with errors():
        folder = cache_dir or store.default_cache()
        said = shlex.join(["bench", "report", *(["--results-dir", str(results_dir)] if results_dir != RUNS else []),
                           *[word for name in target or () for word in ("--target", name)],
                           *[word for name in baseline or () for word in ("--baseline", name)],
                           *(["--engine", engine] if engine else [])])

        def kept(*, none: bool) -> list[Record]:
            return chosen(results_dir, target, "", baseline, engine, none=none)

        if figures is not None:
            named = check_figures(formats, chart)
            written = draw(facts(results_dir, kept(none=False)), figures, named, chart)
            typer.echo("Written: " + ", ".join(map(str, written)))
            return
        script = vega.script(folder)
        if serve:
            cache: dict[str, CachedStudy] = {}
            _serve(port, results_dir, lambda digest: html_page.html(
                facts(results_dir, kept(none=True), cache), script,
                shown_command=f"{said} --serve", live=digest))
            return
        path = out or results_dir / "report.html"
        text = html_page.html(facts(results_dir, kept(none=True)), script, shown_command=said)
        save_text(path, text, "choose --out", shared=False)
        typer.echo(f"Written: {path} ({len(text.encode()) / 1e6:.1f} MB)")


def _digest(results_dir: Path) -> str:
    """What the records' files look like now, without reading them."""
    files = sorted([*(results_dir / "records").glob("*.jsonl*"), *(results_dir / "distances").glob("*.json")])
    seen = [(p.name, s.st_size, s.st_mtime_ns) for p in files if (s := p.stat())]
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


def _serve(port: int, results_dir: Path, page: Callable[[str], str]) -> None:
    from bench.report.serve import serving

    try:
        with serving(port, lambda: _digest(results_dir), page) as server:
            server.page()  # what is wrong with the records is said here
            typer.echo(f"{server.url} follows {results_dir}; Ctrl-C ends it")
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        typer.echo("", err=True)
