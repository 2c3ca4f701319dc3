"""The command `bench reproduce`: the tutorials' claims, or our published trials, again, each with a verdict."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.options import RUNS, CacheDir, DataDir, Jobs, Offline, ResultsDir, Tasks, options_of
from bench.cli.progress import TrialProgress
from bench.cli.terminal import errors, table
from bench.core.errors import BenchError
from bench.core.files import save_text

if TYPE_CHECKING:
    from bench.runs.options import Options

ClaimNames = Annotated[list[str] | None, typer.Option("--claim", "-c", help="Only this claim, such as B1; may be "
                                                      "repeated. [default: all]")]
Docs = Annotated[Path | None, typer.Option("--write-docs", help="Write the table into this Markdown file too.")]
Published = Annotated[bool, typer.Option("--published", help="Instead of the claims: run published trials again and "
                                         "say for each whether it is the same.")]
PublishedDir = Annotated[Path, typer.Option(help="With --published: folder of the published results.")]
Share = Annotated[float, typer.Option(help="With --published: percentage of the trials, drawn at random.")]
All = Annotated[bool, typer.Option("--all", help="With --published: every trial.")]
SampleSeed = Annotated[int | None, typer.Option(help="With --published: which sample. [default: another each time]")]


def reproduce_command(
    claim: ClaimNames = None, published: Published = False, share: Share = 5.0, every: All = False,
    sample_seed: SampleSeed = None, published_dir: PublishedDir = Path("results/published"), data_dir: DataDir = None,
    results_dir: ResultsDir = RUNS, cache_dir: CacheDir = None, jobs: Jobs = 0, offline: Offline = False,
    tasks: Tasks = None, write_docs: Docs = None,
) -> None:
    """Measure the tutorials' claims again and give each a verdict; finished claims are kept, so a rerun is quick.

    With --published, run a sample of the published trials again instead: exit code 1 where one is off.
    """
    with errors():
        if published:
            if claim or write_docs:
                raise BenchError("--claim and --write-docs are about the claims, not about --published")
            if not 0 < share <= 100:
                raise BenchError(f"--share {share:g} is not a percentage", "above 0, at most 100, such as 5")
            options = options_of(data_dir=data_dir, results_dir=results_dir, cache_dir=cache_dir, jobs=jobs,
                                 offline=offline, tasks=tuple(tasks or ()))
            if _published(options, published_dir, 1.0 if every else share / 100, sample_seed):
                raise typer.Exit(1)
            return
        from baselines import BASELINES
        from bench.reproduce import claims
        from bench.reproduce.measures.session import Session
        from bench.runs import inputs

        known = claims.read_claims(claims.default_claims())
        wanted = claims.claims_named(known, claim or ())
        if write_docs and len(wanted) < len(known):
            raise BenchError("--write-docs with --claim would leave the other claims out", "run it for all claims")
        options = options_of(data_dir=data_dir, results_dir=results_dir, cache_dir=cache_dir, jobs=jobs,
                             offline=offline)
        findings = []
        with TrialProgress() as progress:
            access = inputs.access_for(options, progress.say, progress=progress.live)
            session = Session(options, access, BASELINES, say=progress.say, watch=progress.training)
            for finding in claims.measure_claims(wanted, session, results_dir / "claims"):
                progress.pause()
                findings.append(finding)
                progress.say(f"{finding.claim.id}: {finding.verdict}: {claims.deciding_figures(finding)} "
                             f"({finding.seconds:.0f} s)")
        paths = claims.write(results_dir, findings)
        if write_docs:
            paths.append(save_text(write_docs, claims.page(findings), "choose --write-docs", shared=False))
        typer.echo(claims.markdown(findings))
        typer.echo("Written: " + ", ".join(str(path) for path in paths))


def _published(options: Options, folder: Path, share: float, seed: int | None) -> bool:
    """Run published trials again; whether one of them is off."""
    import random

    from baselines import BASELINES
    from bench.reproduce import published as rerun
    from bench.runs import executor

    every = rerun.published_in(folder)
    seed = random.randrange(10**6) if seed is None else seed
    chosen = rerun.sample(every, share, seed)
    found = []
    with executor.executor(options, typer.echo) as carry, TrialProgress() as progress:
        progress.say(f"{len(chosen)} of {len(every)} published trials (--sample-seed {seed})")
        for one in rerun.rerun(chosen, every, options, BASELINES, carry, progress.say, progress.training,
                               progress=progress.live):
            progress.pause()
            found.append(one)
            record = one.published
            progress.say(f"{len(found)}/{len(chosen)} {record.task} {record.baseline} {record.budget} labels seed "
                         f"{record.seed}: {one.verdict}")
    table(rerun.rows(found))
    typer.echo(rerun.summary(found))
    return any(one.verdict == rerun.OFF for one in found)
