"""The command `bench time`: the same work in several configurations, and which ratios of their times mean something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli.option_groups import After
from bench.cli.options import RUNS, ArchitectureOptions, AsJson, DataOptions, ResultsDir, Source, options_of
from bench.cli.output import json_values, say, table, warn
from bench.core.errors import BenchError

if TYPE_CHECKING:
    from bench.timing.ratios import Ratio
    from bench.timing.timings import Timing


@dataclass(frozen=True)
class ConfigurationOptions:
    """What is timed against each other."""

    devices: Annotated[str, typer.Option(
        help="Devices, comma-separated: cpu, cuda; auto: all that each engine has.")] = "auto"
    engines: Annotated[str, typer.Option(
        help="Engines, comma-separated (bench list engines); torch-own: PyTorch without our compiled kernels, "
             "on a CPU.")] = "torch,torch-own"
    threads: Annotated[str, typer.Option(
        help="Numbers of CPU threads to compare, comma-separated. [default: all cores]")] = ""


@dataclass(frozen=True)
class AmountOptions:
    """How much work is timed, and how often; the fields of `work.Amount`."""

    texts: Annotated[int, typer.Option(
        help="Number of texts to encode and to train on; as many others are scored.")] = 5_120
    steps: Annotated[int, typer.Option(help="Training steps; 0: one pass over the texts.")] = 0
    repeats: Annotated[int, typer.Option(help="Rounds that count; a 95% interval needs at least six.")] = 6
    precision: Annotated[str, typer.Option(help="Training precision on a GPU: float32, tf32 or bf16.")] = "float32"


def time_command(
    *,
    configurations: ConfigurationOptions,
    architecture: ArchitectureOptions,
    source: Source = "imdb",
    amount: AmountOptions,
    compare: Annotated[tuple[Path, Path] | None, typer.Option(
        metavar="A.json B.json", help="Time nothing; show the ratios between two files of bench time.")] = None,
    data: DataOptions,
    results_dir: Annotated[ResultsDir, After("data_dir")] = RUNS,
    as_json: AsJson = False,
) -> None:
    """Time training and scoring by engine, device and threads in alternating rounds; refuse meaningless ratios."""
    from bench.timing import ratios, rounds, timings
    from bench.timing.work import Amount

    if compare:
        before, after = map(timings.read, compare)
        between = ratios.ratios_between_runs(before, after)
        if not between:
            names = (", ".join(str(timing.setting) for timing in of_file) for of_file in (before, after))
            raise BenchError("the two files share no configuration", " and ".join(names))
        _show([*before, *after], between, as_json=as_json)
        return
    options = options_of(architecture, data, source=source, results_dir=results_dir)
    chosen = rounds.configurations(_names(configurations.devices), _names(configurations.engines),
                                   _numbers(configurations.threads))
    taken = rounds.take_timings(options, chosen, Amount(*astuple(amount)), warn)
    path = timings.write(results_dir, taken)
    _show(taken, ratios.ratios_within_run(taken), as_json=as_json, path=path)


def _names(text: str) -> list[str]:
    names = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names:
        raise BenchError(f"{text!r} names nothing", "such as --devices cpu,cuda --engines torch,mxnet")
    return names


def _numbers(text: str) -> list[int]:
    names = _names(text) if text.strip() else []
    if not all(name.isascii() and name.isdigit() for name in names):
        raise BenchError(f"--threads {text!r} are not numbers", "such as --threads 1,2")
    return list(map(int, names))


def _show(timings: Sequence[Timing], between: Sequence[Ratio], *, as_json: bool, path: Path | None = None) -> None:
    from bench.timing import ratios

    claims = ratios.gpu_savings(between)
    if as_json:
        json_values({"timings": [asdict(timing) for timing in timings], "ratios": [asdict(ratio) for ratio in between],
                     "claims": claims, "file": str(path or "")})
        return
    table([_row(timing) for timing in timings])
    rounds = timings[0].samples["train"]
    say(f"Seconds: median [{100 * ratios.interval(rounds).coverage:.0f}% interval] of {len(rounds)} rounds.")
    for line in [*map(str, between), *claims, _energy(timings), *_busy(timings)]:
        say(line)
    if path:
        say(f"Written: {path}")


def _row(timing: Timing) -> dict[str, Any]:
    from bench.timing.ratios import interval

    return {"configuration": str(timing.setting),
            **{phase: str(interval(samples)) for phase, samples in timing.samples.items()},
            "tokens/s": f"{timing.tokens_per_second:,.0f}", "accuracy": f"{timing.accuracy:.4f}"}


def _energy(timings: Sequence[Timing]) -> str:
    measured = [f"{timing.setting} {timing.energy['joules']:,.0f} J" for timing in timings if "joules" in timing.energy]
    reasons = sorted({timing.energy["unavailable"] for timing in timings if "unavailable" in timing.energy})
    return "; ".join([*([f"Energy per training: {', '.join(measured)}"] if measured else []),
                      *(f"Energy unavailable: {reason}" for reason in reasons)])


def _busy(timings: Sequence[Timing]) -> list[str]:
    """A warning for each run on a machine that had other work."""
    # The load is the host's, and a container may have fewer cores.
    loads = {timing.run: (max(timing.host["load"]), int(timing.host.get("host_cores", timing.host["cores"])))
             for timing in timings}
    return [f"The machine was busy (load {load:.1f} on {cores} cores): do not publish these figures."
            for load, cores in loads.values() if load > cores + 0.5]
