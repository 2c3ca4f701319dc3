"""The commands that read records: `bench leaderboard` and `bench distance`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli import completion
from bench.cli.options import (
    RUNS,
    CacheDir,
    DataDir,
    Device,
    EngineName,
    NetName,
    Offline,
    Preset,
    ResultsDir,
    Source,
    Target,
    Tasks,
    options_of,
)
from bench.cli.progress import TrialProgress
from bench.cli.records import (
    EVERY_FORMAT,
    Charts,
    FigureFormats,
    Figures,
    OnlyBaseline,
    OnlyEngine,
    OnlySource,
    OnlyTarget,
    check_figures,
    chosen,
    draw,
    facts,
)
from bench.cli.terminal import errors, plain, show, warn, width
from bench.core.budget import parse_budgets
from bench.core.errors import BenchError, MissingExtra
from bench.core.names import TaskRef

if TYPE_CHECKING:
    from bench.analysis.comparisons import Comparison
    from bench.analysis.study import Study
    from bench.report.tables import Table
    from bench.results.record import Record

Format = Annotated[str, typer.Option("--format", "-f", help="table, md, csv, latex, html or json.")]


def leaderboard_command(
    others: Annotated[list[str] | None, typer.Argument(help="More baselines or folders for --compare.")] = None,
    target: OnlyTarget = None, source: OnlySource = "", baseline: OnlyBaseline = None, engine: OnlyEngine = "",
    results_dir: ResultsDir = RUNS, format: Format = "table",
    budget: Annotated[str, typer.Option(help="All that is known at these labels, such as 128 or full.")] = "",
    sort: Annotated[str, typer.Option(help="Order of the rows: a budget, adapt, or name. [default: mean score]")] = "",
    compare: Annotated[str, typer.Option(help="Baselines to compare in pairs, such as finetune,frozen, or two results "
                                              "folders: the earlier run, then the later.")] = "",
    fail_if_worse: Annotated[float, typer.Option(help="With --compare: exit 1 where the first baseline, or the later "
                                                      "run, is worse by more than so many points for certain.")] = -1.0,
    across: Annotated[bool, typer.Option("--across", help="Over all targets: mean ranks, wins, critical "
                                                          "difference.")] = False,
    label_cost: Annotated[float, typer.Option(help="Price of a label: after how many targets or labels the base has "
                                                   "paid.")] = 0.0,
    hour_cost: Annotated[float, typer.Option(help="Price of an hour of the machine that trains.")] = 1.0,
    calibration: Annotated[bool, typer.Option("--calibration", help="Can the probabilities be believed: log-loss, "
                                                                    "calibration error, reliability.")] = False,
    variance: Annotated[bool, typer.Option("--variance", help="What the spread comes from: base seed, label draw, "
                                                              "head seed.")] = False,
    figures: Figures = None, chart: Charts = None, formats: FigureFormats = EVERY_FORMAT,
) -> None:
    """Print the leaderboards of the records in a results folder, and what their statistics answer."""
    from bench.analysis import study
    from bench.report import formats as formats_
    from bench.report import leaderboard_files, tables
    from bench.report.advice import variance_note

    with errors():
        if format not in formats_.FORMATS:
            raise BenchError(f"unknown format {format!r}", ", ".join(formats_.FORMATS))
        names = [n for n in [*compare.split(","), *(others or ())] if n]
        budgets = parse_budgets(budget) if budget else ()
        named = check_figures(formats, chart) if figures else []
        if others and not compare:
            raise BenchError(f"unexpected {' '.join(others)}", "--compare A,B compares baselines or results folders")
        if compare and any((Path(n) / "records").is_dir() for n in names):
            if figures:
                raise BenchError("--figures draws one results folder", "leave out --compare, or compare baselines")
            found: list[Any] = _runs(names, lambda folder: chosen(folder, target, source, baseline, engine))
        else:
            kept = chosen(results_dir, target, source, baseline, engine)
            found = study.studies(kept)
            if figures:
                written = draw(facts(results_dir, kept), figures, named, chart)
                warn("Written: " + ", ".join(map(str, written)))
        if compare:
            _compared(found, names, budgets, format, fail_if_worse)
        elif across:
            _across(found, budgets, format, results_dir)
        elif calibration:
            _calibration(found, budgets, format, results_dir)
        elif variance:
            _sections([(s.board.title, _variance_table(s), [variance_note(x) for x in s.variance_components])
                       for s in found], format)
        elif label_cost:
            _break_even(found, label_cost, hour_cost, budgets, format)
        elif budget:
            _sections([(f"{s.board.title} · {tables.labels_of(s, b)}", tables.detail(s, b), _said(s)) for s in found
                       for b in budgets], format, found)
        elif format == "table":
            show(found, sort)
        else:
            typer.echo(leaderboard_files.whole(found, format, sort), nl=False)


def _said(study: Study) -> list[str]:
    from bench.report.advice import advice, notes

    return [*advice(study), *notes(study)]


def _sections(found: list[tuple[str, Table, list[str]]], form: str, values: Any = None) -> None:
    """Tables with titles and sentences in any format; `values` are what JSON gives."""
    import json

    from bench.report import formats as formats_
    from bench.report import leaderboard_files

    if form == "json":
        text = leaderboard_files.as_json(values) if values is not None else json.dumps(
            [{"title": t, "rows": [dict(zip(b.flat(), r, strict=True)) for r in b.body], "words": w}
             for t, b, w in found], indent=1, ensure_ascii=False)
        typer.echo(text)
    elif form == "table":
        for title, table, lines in found:
            typer.echo("\n".join(["", plain(title), formats_.plain(table, width()), "", *map(plain, lines)]))
    else:
        made = [formats_.rendered(table, form, title, lines) for title, table, lines in found]
        typer.echo(formats_.page(made) if form == "html" else "\n".join(made), nl=False)


def _runs(names: list[str], records: Callable[[Path], list[Record]]) -> list[tuple[str, list[Comparison]]]:
    """Two results folders: the cells that both have, board by board."""
    from bench.analysis import comparisons, study

    if len(names) != 2:
        raise BenchError(f"{len(names)} results folders to compare", "two: the earlier run, then the later")
    before, after = (study.studies(records(Path(n))) for n in names)
    # the content hash is not in a board: `compare_runs` asks that the test sets' labels agree
    have = {(s.board.target, s.board.source, s.board.net, s.board.engine, s.board.device): s for s in before}
    found = []
    for late in after:
        b = late.board
        early = have.get((b.target, b.source, b.net, b.engine, b.device))
        shared = comparisons.compare_runs(early.predictions, late.predictions) if early else []
        if shared:
            found.append((b.title, shared))
    if not found:
        raise BenchError("the two runs share no cell on the same test set and seeds",
                         "the same targets, budgets and seeds")
    return found


def _compared(found: list[Any], names: list[str], budgets: Any, form: str, limit: float) -> None:
    """Pairs of baselines, or of runs, and the gate."""
    from bench.analysis import comparisons
    from bench.report import formats as formats_
    from bench.report import tables
    from bench.report.advice import comparison_notes

    boards: list[tuple[str, list[Comparison]]] = [
        f if isinstance(f, tuple) else (f.board.title, comparisons.compare_baselines(f.predictions, names, budgets))
        for f in found]
    if form == "json":
        import json

        typer.echo(json.dumps(formats_.json_values([{"title": t, "pairs": p} for t, p in boards]), indent=1))
    else:
        _sections([(t, tables.comparison_table(p), comparison_notes(p)) for t, p in boards], form)
    if limit >= 0.0:
        bad = [(t, c) for t, p in boards for c in comparisons.significantly_worse(p, limit)]
        for title, c in bad:
            warn(f"{title}: {c.first} is worse than {c.second} at {c.budget} labels: {c.difference.estimate:+.1f} "
                 f"points [{c.difference.low:+.1f} {c.difference.high:+.1f}]")
        if bad:
            raise typer.Exit(1)


def _across(found: list[Study], budgets: Any, form: str, folder: Path) -> None:
    from bench.analysis import across_targets
    from bench.report import formats as formats_
    from bench.report import panels, target_tables, vega

    if not budgets:
        every = [{r.budget for r in f.rankings} for f in found]
        count = {b: sum(b in e for e in every) for e in every for b in e}
        budgets = [b for b in count if count[b] == max(count.values())]
        budgets.sort(key=lambda b: float("inf") if isinstance(b, str) else b)
    made = [across_targets.rank_across_targets(found, b) for b in budgets]
    if form == "json":
        import json

        typer.echo(json.dumps(formats_.json_values(made), indent=1, allow_nan=False))
        return
    _sections([(target_tables.across_title(one), target_tables.across_table(one), target_tables.across_notes(one))
               for one in made], form)
    if form == "table":
        for one in made:
            _picture(lambda one=one: vega.save(panels.ranks_panel(one),
                                               folder / "leaderboards" / f"across-{one.budget}"))


def _picture(draw: Any) -> None:
    try:
        typer.echo("Written: " + ", ".join(map(str, draw())))
    except MissingExtra as error:
        typer.echo(f"No picture: {error}", err=True)


def _calibration(found: list[Study], budgets: Any, form: str, folder: Path) -> None:
    from bench.report import panels, tables, vega

    sections = []
    for s in found:
        kept = [c for c in s.calibrations if not budgets or c.budget in budgets]
        kept.sort(key=lambda c: (s.board.sizes[c.budget], c.error))
        body = [(tables.labels_of(s, c.budget), c.baseline, f"{c.log_loss:.3f}", f"{c.error:.3f}") for c in kept]
        sections.append((s.board.title, tables.Table(("at", "baseline", "log-loss", "ece"), tuple(body)), [
            "log-loss in nats; ece: mean distance between the probability given to an answer and the share of such "
            "answers that are right (15 bins), over seeds."]))
        if form == "table":
            for b in dict.fromkeys(c.budget for c in kept):
                stem = folder / "leaderboards" / f"calibration-{TaskRef.parse(s.board.target).task}-{b}"
                mine = [c for c in kept if c.budget == b]
                title = f"{s.board.target}, {tables.labels_of(s, b)}"
                _picture(lambda mine=mine, title=title, stem=stem: vega.save(
                    panels.reliability_panel(mine, title), stem))
    _sections(sections, form)


def _variance_table(study: Study) -> Table:
    from bench.report import tables

    def text(value: float | None) -> str:
        return "–" if value is None else f"{value:.2f}"

    body = [(tables.labels_of(study, x.budget), x.baseline, f"{x.bases}×{x.draws}×{x.heads}", text(x.base),
             text(x.labels), text(x.both), text(x.head), f"{x.whole:.2f}") for x in study.variance_components]
    head = ("at", "baseline", "bases×draws×heads", "base seed", "label draw", "both", "head seed", "whole")
    return tables.Table(head, tuple(body))


def _break_even(found: list[Study], label_cost: float, hour_cost: float, budgets: Any, form: str) -> None:
    from bench.analysis import learning_curves
    from bench.report import tables

    if label_cost < 0 or hour_cost < 0:
        raise BenchError("a price below zero", "--label-cost 0.10 --hour-cost 1.00")
    sections = []
    for s in found:
        sizes = dict(s.board.sizes)
        own = [w for w in s.label_equivalents if w.reference == "scratch" and (not budgets or w.budget in budgets)]
        rows = learning_curves.break_even(own, s.predictions, sizes, label_cost, hour_cost)
        rows.sort(key=lambda r: (sizes[r.budget], r.baseline))
        body = [(tables.labels_of(s, r.budget), r.baseline, f"{r.saved.estimate:,.0f} [{r.saved.low:,.0f} "
                 f"{r.saved.high:,.0f}]", f"{r.saved.estimate * label_cost:,.2f}", f"{r.price:,.2f}",
                 f"{r.labels:,.1f}",
                 "never" if r.targets is None else str(r.targets),
                 "never" if r.targets_by_time is None else str(r.targets_by_time)) for r in rows]
        head = ("at", "baseline", "labels saved a target [95%]", "worth", "base costs", "= labels", "targets to repay",
                "by time alone")
        sections.append((s.board.title, tables.Table(head, tuple(body)), [
            f"labels saved: how many more scratch needs for the same score, at most its largest budget; worth: at "
            f"{label_cost:g} a label; base costs: {max((r.pretrain for r in rows), default=0):.0f} s at {hour_cost:g} "
            f"an hour; by time alone: counts seconds of training on the target instead, never where the score is "
            f"beyond scratch's curve or training takes longer."]))
    _sections(sections, form)


def distance_command(
    target: Target = None, source: Source = "imdb", baseline: Annotated[
        str, typer.Option("--baseline", "-b", autocompletion=completion.strategies,
            help="Whose gain stands beside the distance.")] = "finetune",
    budget: Annotated[str, typer.Option(help="At how many labels.")] = "128", results_dir: ResultsDir = RUNS,
    format: Format = "table", net: NetName = "gru", preset: Preset = "default", engine: EngineName = "torch",
    device: Device = "auto", data_dir: DataDir = None, cache_dir: CacheDir = None, tasks: Tasks = None,
    offline: Offline = False,
) -> None:
    """How far the targets are from the source, beside the gain that was measured."""
    from bench.analysis import domain_distance, study
    from bench.explore import distance
    from bench.report import formats as formats_
    from bench.report import panels, target_files, target_tables, vega
    from bench.results import record_files
    from bench.runs import options as suite

    with errors():
        if format not in formats_.FORMATS:
            raise BenchError(f"unknown format {format!r}", ", ".join(formats_.FORMATS))
        at = parse_budgets(budget)[0]
        options = options_of(targets=tuple(target or ("amazon",)), source=source, net=net, preset=preset, engine=engine,
                             device=device, data_dir=data_dir, cache_dir=cache_dir, tasks=tuple(tasks or ()),
                             offline=offline)
        with TrialProgress() as progress:
            one = suite.options_per_source((source,), options)[0]
            found = distance.measured(one, progress.say, progress.training, progress=progress.live)
        target_files.save_distances(results_dir, source, found)
        read = record_files.read_all(results_dir, warn) if (results_dir / "records").is_dir() else []
        made = domain_distance.distances_and_gains(found, study.studies(read), source, baseline, at)
        if format == "json":
            import json

            typer.echo(json.dumps(formats_.json_values(made), indent=1, allow_nan=False))
            return
        _sections([(target_tables.distance_title(made), target_tables.distance_table(made),
                    target_tables.distance_notes(made))], format)
        if format == "table" and any(r.gain is not None for r in made.rows):
            _picture(lambda: vega.save(panels.distance_panel(made),
                                       results_dir / "leaderboards" / f"distance-{baseline}-{at}"))
