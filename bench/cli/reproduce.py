"""The command `bench reproduce`: measure the tutorials' claims, or run our published trials, again, with verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import help
from bench.cli.options import RUNS, FolderOptions, Jobs, Offline, ResultsDir, Tasks, options_of
from bench.cli.output import say, table
from bench.cli.progress import TrialProgress
from bench.core.errors import BenchError
from bench.core.files import save_text

if TYPE_CHECKING:
    from bench.runs.options import Options


@dataclass(frozen=True)
class SampleOptions:
    """Whether published trials are run again, which sample of them, and from where."""

    published: Annotated[bool, typer.Option(
        "--published", rich_help_panel=help.WHAT,
        help="Instead of the claims: run published trials again and say whether each is the same.")] = False
    share: Annotated[float, typer.Option(
        metavar="PERCENT", rich_help_panel=help.WHAT,
        help="With --published: percentage of the trials, drawn at random.")] = 5.0
    every: Annotated[bool, typer.Option("--all", rich_help_panel=help.WHAT,
    help="With --published: every trial.")] = False
    sample_seed: Annotated[int | None, typer.Option(
        metavar="N", rich_help_panel=help.WHAT,
        help="With --published: seed of the sample. [default: a new one each time]")] = None
    published_dir: Annotated[Path, typer.Option(
        metavar="FOLDER", rich_help_panel=help.DATA,
        help="With --published: folder of the published results.")] = Path("results/published")


def reproduce_command(
    *,
    claim: Annotated[list[str] | None, typer.Option(
        "--claim", "-c", metavar="NAME,...", rich_help_panel=help.WHAT,
        help="Only these claims, such as B1. [default: all]")] = None,
    sample: SampleOptions,
    folders: FolderOptions,
    results_dir: ResultsDir = RUNS,
    jobs: Jobs = 0,
    offline: Offline = False,
    tasks: Tasks = None,
    write_docs: Annotated[Path | None, typer.Option(
        metavar="FILE.md", rich_help_panel=help.OUTPUT, help="Write the table to this Markdown file too.")] = None,
) -> None:
    """Measure the tutorials' claims, or run published trials, again, with a verdict for each.

    A rerun is quick, as finished claims are saved. With --published, exit code 1 if a trial is off.
    """
    options = options_of(folders, results_dir=results_dir, jobs=jobs, offline=offline, tasks=tasks)
    if not sample.published:
        _claims(options, claim or [], write_docs)
        return
    if claim or write_docs:
        raise BenchError("--claim and --write-docs are about the claims, not about --published")
    _published(options, sample)


def _claims(options: Options, names: list[str], write_docs: Path | None) -> None:
    """Measure claims and print their table."""
    from bench.baselines import BASELINES
    from bench.reproduce import claims
    from bench.reproduce.measures.session import Session
    from bench.runs import inputs

    known = claims.read_claims(claims.default_claims())
    chosen = claims.claims_named(known, names)
    if write_docs and len(chosen) < len(known):
        raise BenchError("--write-docs with --claim would leave out the other claims", "run it for all claims")
    results = []
    with TrialProgress() as progress:
        access = inputs.access_for(options, progress.say, progress=progress.bars)
        session = Session(options, access, BASELINES, say=progress.say, watch=progress.training)
        for result in claims.measure_claims(chosen, session, options.results_dir / "claims"):
            progress.pause()
            results.append(result)
            progress.say(f"{result.claim.id}: {result.verdict}: {claims.deciding_figures(result)} "
                         f"({result.seconds:.0f} s)")
    paths = claims.write(options.results_dir, results)
    if write_docs:
        paths.append(save_text(write_docs, claims.page(results), "choose --write-docs", shared=False))
    say(claims.markdown(results))
    say("Written: " + ", ".join(map(str, paths)))


def _published(options: Options, sample: SampleOptions) -> None:
    """Run published trials again; exit with 1 if one of them is off."""
    import random

    from bench.baselines import BASELINES
    from bench.reproduce import published
    from bench.runs import executor

    trials = published.published_in(sample.published_dir)
    seed = random.randrange(10**6) if sample.sample_seed is None else sample.sample_seed
    chosen = published.sample(trials, 1.0 if sample.every else sample.share / 100, seed)
    results = []
    with executor.executor(options, say) as execute, TrialProgress() as progress:
        progress.say(f"{len(chosen)} of {len(trials)} published trials (--sample-seed {seed})")
        for result in published.rerun(chosen, trials, options, BASELINES, execute, progress.say, progress.training,
                                      progress=progress.bars):
            progress.pause()
            results.append(result)
            record = result.published
            progress.say(f"{len(results)}/{len(chosen)} {record.task} {record.baseline} {record.budget} labels seed "
                         f"{record.seed}: {result.verdict}")
    table(published.rows(results))
    say(published.summary(results))
    if any(result.verdict == published.OFF for result in results):
        raise typer.Exit(1)
