"""The command `bench distance`: how far targets are from a source, and the gain that was measured there."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.cli import completion, help
from bench.cli.figures import save_charts
from bench.cli.options import RUNS, DataOptions, NetworkOptions, OwnFileOptions, ResultsDir, Source, Targets, options_of
from bench.cli.output import json_text, warn
from bench.cli.progress import TrialProgress
from bench.cli.sections import Format, Section, as_json, check_format, draw, print_sections
from bench.core.budget import parse_budgets
from bench.core.names import file_name


def distance_command(
    *,
    target: Targets = None,
    source: Source = "imdb",
    baseline: Annotated[str, typer.Option(
        "--baseline", "-b", metavar="NAME", autocompletion=completion.strategies, rich_help_panel=help.WHAT,
        help="Strategy whose gain is shown.")] = "finetune",
    budget: Annotated[str, typer.Option(metavar="N", rich_help_panel=help.WHAT,
                                        help="Number of labels at which its gain is shown.")] = "128",
    results_dir: ResultsDir = RUNS,
    format: Format = "table",
    network: NetworkOptions,
    data: DataOptions,
    own_file: OwnFileOptions,
) -> None:
    """Measure how far your texts are from the source's, with the measured gain beside it."""
    from bench.analysis import domain_distance, study
    from bench.explore import distance
    from bench.learning.networks.architectures import architecture_named
    from bench.report import panels, target_files, target_tables
    from bench.results import record_files
    from bench.runs.options import options_per_source

    check_format(format)
    at = parse_budgets(budget)[0]
    options = options_of(network, data, own_file, targets=target, source=source)
    options = options_per_source((options.source,), options)[0]
    with TrialProgress() as progress:
        progress.phase(f"reading {', '.join(options.targets)} and {options.source}")
        distances = distance.measure_distances(options, progress.say, progress.training, progress=progress.bars)
    target_files.save_distances(results_dir, source, distances)
    records = record_files.read_all(results_dir, warn) if (results_dir / "records").is_dir() else []
    net = str(architecture_named(options.net, options.preset))
    records = [record for record in records if (record.net, record.engine) == (net, options.engine)]
    gains = domain_distance.distances_and_gains(distances, study.studies(records), source, baseline, at)
    if format == "json":
        json_text(as_json(gains))
        return
    print_sections([Section(target_tables.distance_title(gains), target_tables.distance_table(gains),
                            target_tables.distance_notes(gains))], format)
    if format == "table" and any(row.gain is not None for row in gains.rows):
        stem = results_dir / "leaderboards" / file_name(f"distance-{baseline}-{at}")
        draw(lambda: save_charts([(stem, panels.distance_panel(gains))]))
