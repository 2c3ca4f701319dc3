"""The command `bench report`: the page of a results folder as a file, on loopback, or as single figures."""

from __future__ import annotations

import hashlib
import shlex
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.console import errors, warn
from bench.errors import BenchError
from bench.flags import RUNS, CacheDir, ResultsDir

if TYPE_CHECKING:
    from bench.records import Record
    from bench.report import Facts, Part

PORT = 8765


def report_command(
    results_dir: ResultsDir = RUNS,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The file. [default: report.html in the results "
                                             "folder]")] = None,
    target: Annotated[list[str] | None, typer.Option("--target", "-t", help="Only these tasks; repeatable.")] = None,
    serve: Annotated[bool, typer.Option("--serve", help="Serve the page on this machine alone; it follows a run that "
                                        "goes on. Ctrl-C ends it.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of --serve; 0: a free one.")] = PORT,
    figures: Annotated[Path | None, typer.Option(help="Write the charts into this folder, not the page.")] = None,
    chart: Annotated[list[str] | None, typer.Option(help="Of --figures: only curves, pareto, matrix, ranks, "
                                                    "distance or seconds; repeatable.")] = None,
    formats: Annotated[str, typer.Option(help="Of --figures, comma-separated: svg, pdf, png.")] = "svg,pdf,png",
    cache_dir: CacheDir = None,
) -> None:
    """Write the results as one HTML file that needs no network, serve it, or draw its charts for a paper."""
    from bench import cache, charts, report

    with errors():
        folder = cache_dir or cache.default_cache()
        said = shlex.join(["bench", "report", *(["--results-dir", str(results_dir)] if results_dir != RUNS else []),
                           *[word for name in target or () for word in ("--target", name)]])
        if figures is not None:
            _figures(_facts(results_dir, target), figures, formats, chart or ())
            return
        script = charts.script(folder)
        if serve:
            parts: dict[str, Part] = {}
            _serve(port, results_dir, lambda digest: report.html(
                _facts(results_dir, target, parts), script, shown_command=f"{said} --serve",
                live=digest))
            return
        path = out or results_dir / "report.html"
        text = report.html(_facts(results_dir, target), script, shown_command=said)
        _save(path, text)
        typer.echo(f"Written: {path} ({len(text.encode()) / 1e6:.1f} MB)")


def _records(results_dir: Path, target: list[str] | None) -> list[Record]:
    from bench import records

    if not (results_dir / "records").is_dir():
        raise BenchError(f"no records in {results_dir}", "bench run makes some; --results-dir names the folder")
    found = records.read_all(results_dir, warn)
    names = set(target or ())
    unknown = names - {r.task for r in found}
    if unknown:
        raise BenchError(f"no records of {', '.join(sorted(unknown))} in {results_dir}",
                         f"there are: {', '.join(sorted({r.task for r in found})) or 'none'}")
    return [r for r in found if not names or r.task in names]


def _facts(results_dir: Path, target: list[str] | None, parts: dict[str, Part] | None = None) -> Facts:
    from bench import distance, report

    return report.facts(_records(results_dir, target), parts, distance.kept(results_dir))


def _save(path: Path, text: str) -> None:
    """Write the page whole, or not at all."""
    temporary = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise BenchError(f"cannot write {path}: {error.strerror or error}", "choose --out") from None


def _figures(found: Facts, folder: Path, formats: str, kinds: Sequence[str]) -> None:
    from bench import charts, figures
    from bench.task import nearest

    chosen = [f.strip() for f in formats.split(",") if f.strip()]
    wrong = [f for f in chosen if f not in charts.FORMATS]
    if wrong or not chosen:
        raise BenchError(f"unknown format {', '.join(wrong) or formats!r}", ", ".join(charts.FORMATS))
    known = charts.specs(())
    for kind in kinds:
        if kind not in known:
            raise nearest("chart", kind, known, ", ".join(known))
    written = [path for name, spec in figures.panels(found) if not kinds or name.split("-")[0] in kinds
               for path in charts.save(spec, folder / name, chosen)]
    typer.echo("Written: " + ", ".join(str(p) for p in written))


def _digest(results_dir: Path) -> str:
    """What the records' files look like now, without reading them."""
    files = sorted([*(results_dir / "records").glob("*.jsonl"), *(results_dir / "distances").glob("*.json")])
    seen = [(p.name, s.st_size, s.st_mtime_ns) for p in files if (s := p.stat())]
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


def _serve(port: int, results_dir: Path, page: Callable[[str], str]) -> None:
    from bench.serve import serving

    try:
        with serving(port, lambda: _digest(results_dir), page) as server:
            server.page()  # what is wrong with the records is said here
            typer.echo(f"{server.url} follows {results_dir}; Ctrl-C ends it")
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        typer.echo("", err=True)
