"""The command `bench time`: the same work in several configurations, and which ratios of their times mean something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli import help
from bench.cli.lists import numbers
from bench.cli.options import RUNS, ArchitectureOptions, AsJson, DataOptions, ResultsDir, Source, options_of
from bench.cli.output import json_values, say, table, warn
from bench.core.errors import BenchError

if TYPE_CHECKING:
    from bench.timing.ratios import Ratio
    from bench.timing.timings import Timing


@dataclass(frozen=True)
class ConfigurationOptions:
    """What is timed against each other."""

    devices: Annotated[list[str] | None, typer.Option(
        "--devices", metavar="cpu,cuda", rich_help_panel=help.WHAT,
        help="Devices; auto: all that each engine has. [default: auto]")] = None
    engines: Annotated[list[str] | None, typer.Option(
        "--engines", metavar="NAME,...", rich_help_panel=help.WHAT,
        help="Engines (bench list engines); torch-own: PyTorch without our compiled kernels, on a CPU. [default: "
             "torch,torch-own]")] = None
    threads: Annotated[list[str] | None, typer.Option(
        "--threads", metavar="N,...", rich_help_panel=help.WHAT,
        help="Numbers of CPU threads to compare. [default: all cores]")] = None


@dataclass(frozen=True)
class AmountOptions:
    """How much work is timed, and how often; the fields of `work.Amount`."""

    texts: Annotated[int, typer.Option(
        metavar="N", rich_help_panel=help.WORK,
        help="Number of texts to encode and to train on; as many others are scored.")] = 5_120
    steps: Annotated[int, typer.Option(metavar="N", rich_help_panel=help.WORK,
    help="Training steps; 0: one pass over the texts.")] = 0
    repeats: Annotated[int, typer.Option(
        metavar="N", rich_help_panel=help.WORK, help="Rounds that count; a 95% interval needs at least six.")] = 6
    precision: Annotated[str, typer.Option(
        metavar="float32|tf32|bf16", rich_help_panel=help.WHAT, help="Training precision on a GPU.")] = "float32"


def time_command(
    *,
    configurations: ConfigurationOptions,
    architecture: ArchitectureOptions,
    source: Source = "imdb",
    amount: AmountOptions,
    compare: Annotated[tuple[Path, Path] | None, typer.Option(
        metavar="A.json B.json", rich_help_panel=help.OUTPUT,
        help="Time nothing; show the ratios between two files of bench time.")] = None,
    data: DataOptions,
    results_dir: ResultsDir = RUNS,
    as_json: AsJson = False,
) -> None:
    """Time training and scoring by engine, device and number of threads.

    The rounds alternate, and ratios that mean nothing are refused.
    """
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
    chosen = rounds.configurations(
        list(dict.fromkeys(configurations.devices or ["auto"])),
        list(dict.fromkeys(configurations.engines or ["torch", "torch-own"])),
        list(dict.fromkeys(numbers(configurations.threads, "--threads"))))
    taken = rounds.take_timings(options, chosen, Amount(*astuple(amount)), warn)
    path = timings.write(results_dir, taken)
    _show(taken, ratios.ratios_within_run(taken), as_json=as_json, path=path)


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
