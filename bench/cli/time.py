"""The command `bench time`: the same work by several settings, turn about, and the ratios that may be told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli.options import (
    RUNS,
    AsJson,
    CacheDir,
    DataDir,
    NetName,
    Offline,
    Preset,
    ResultsDir,
    Source,
    Tasks,
    options_of,
)
from bench.cli.terminal import errors, table, warn
from bench.core.errors import BenchError

if TYPE_CHECKING:
    from bench.timing.ratios import Ratio, Timing

Devices = Annotated[str, typer.Option(help="Devices, comma-separated: cpu, cuda; auto: all that each engine has.")]
Engines = Annotated[str, typer.Option(help="Engines, comma-separated (bench list engines).")]
Threads = Annotated[str, typer.Option(help="Threads on the CPU, comma-separated, each a setting. [default: all cores]")]
Texts = Annotated[int, typer.Option(help="Texts to encode and to train on; as many others are scored.")]
Steps = Annotated[int, typer.Option(help="Training steps; 0: as many as the texts fill.")]
Repeats = Annotated[int, typer.Option(help="Rounds that count; six are the fewest for an interval of 95%.")]
Precision = Annotated[str, typer.Option(help="Of a GPU while it trains: float32, tf32 or bf16.")]
Compare = Annotated[tuple[Path, Path] | None, typer.Option(
    metavar="A.json B.json", help="Time nothing: ratios between two files that bench time wrote.")]


def time_command(
    devices: Devices = "auto", engines: Engines = "torch", threads: Threads = "", net: NetName = "gru",
    preset: Preset = "default", source: Source = "imdb", texts: Texts = 5_120, steps: Steps = 0, repeats: Repeats = 6,
    precision: Precision = "float32", compare: Compare = None, data_dir: DataDir = None, results_dir: ResultsDir = RUNS,
    cache_dir: CacheDir = None, tasks: Tasks = None, offline: Offline = False, as_json: AsJson = False,
) -> None:
    """Time training and scoring by engine, device and threads, turn about; says when a ratio means nothing."""
    from bench.timing import ratios, rounds

    with errors():
        if compare:
            before, after = rounds.read(compare[0]), rounds.read(compare[1])
            found = ratios.ratios_between(before, after)
            if not found:
                raise BenchError("no setting of the one file has its like in the other", _settings(before, after))
            _show([*before, *after], found, as_json=as_json)
            return
        options = options_of(net=net, preset=preset, source=source, data_dir=data_dir, results_dir=results_dir,
                             cache_dir=cache_dir, tasks=tuple(tasks or ()), offline=offline)
        chosen = rounds.settings(_parts(devices), _parts(engines), _numbers(threads))
        timings = rounds.take(options, chosen, rounds.Amount(texts, steps, repeats, precision), warn)
        path = rounds.write(results_dir, timings)
        _show(timings, ratios.ratios(timings), as_json=as_json, path=path)


def _parts(text: str) -> list[str]:
    found = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not found:
        raise BenchError(f"{text!r} names nothing", "such as --devices cpu,cuda --engines torch,mxnet")
    return found


def _numbers(text: str) -> list[int]:
    parts = _parts(text) if text.strip() else []
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise BenchError(f"--threads {text!r} are not numbers", "such as --threads 1,2")
    return [int(part) for part in parts]


def _settings(a: Sequence[Timing], b: Sequence[Timing]) -> str:
    return " and ".join(", ".join(str(t.setting) for t in side) for side in (a, b))


def _show(timings: Sequence[Timing], found: Sequence[Ratio], *, as_json: bool, path: Path | None = None) -> None:
    from bench.timing import ratios

    claims = ratios.claim(found)
    if as_json:
        typer.echo(json.dumps({"timings": [asdict(t) for t in timings], "ratios": [asdict(r) for r in found],
                               "claims": claims, "file": str(path or "")}))
        return
    table([_row(t) for t in timings])
    first = ratios.interval(timings[0].samples["train"])
    typer.echo(f"Seconds: median [interval], {100 * first.coverage:.0f}% sure, of {len(timings[0].samples['train'])} "
               "rounds.")
    for one in found:
        typer.echo(str(one))
    for line in claims:
        typer.echo(line)
    typer.echo(_energy(timings))
    for line in _busy(timings):
        typer.echo(line)
    if path:
        typer.echo(f"Written: {path}")


def _row(timing: Timing) -> dict[str, Any]:
    from bench.timing.ratios import interval

    return {"setting": str(timing.setting),
            **{phase: str(interval(samples)) for phase, samples in timing.samples.items()},
            "tokens/s": f"{timing.tokens_per_second:,.0f}", "accuracy": f"{timing.accuracy:.4f}"}


def _energy(timings: Sequence[Timing]) -> str:
    told = [f"{t.setting} {t.energy['joules']:,.0f} J" for t in timings if "joules" in t.energy]
    reasons = sorted({t.energy["not told"] for t in timings if "not told" in t.energy})
    parts = [f"Energy of one training: {', '.join(told)}"] if told else []
    return "; ".join(parts + [f"No energy: {reason}" for reason in reasons])


def _busy(timings: Sequence[Timing]) -> list[str]:
    """Which of the machines had other work: their figures are not for publication."""
    loads = {t.run: (max(t.host["load"]), int(t.host["cores"])) for t in timings}
    return [f"The machine was busy (load {load:.1f} on {count} cores): these figures are not for publication."
            for load, count in loads.values() if load > count + 0.5]
