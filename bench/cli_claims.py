"""The command `bench reproduce`: the tutorials' claims, measured again on real data, each with a verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.console import TrialProgress, errors
from bench.errors import BenchError
from bench.flags import RUNS, CacheDir, DataDir, Jobs, Offline, ResultsDir, options_of

ClaimNames = Annotated[list[str] | None, typer.Option("--claim", "-c", help="Only this claim, such as B1; may be "
                                                      "repeated. [default: all]")]
Docs = Annotated[Path | None, typer.Option("--write-docs", help="Write the table into this Markdown file too.")]


def reproduce_command(
    claim: ClaimNames = None, data_dir: DataDir = None, results_dir: ResultsDir = RUNS, cache_dir: CacheDir = None,
    jobs: Jobs = 0, offline: Offline = False, write_docs: Docs = None,
) -> None:
    """Measure the tutorials' claims again and give each a verdict; finished claims are kept, so a rerun is quick."""
    with errors():
        from baselines import BASELINES
        from bench import claims, suite
        from bench.measures.workplace import Workplace

        known = claims.read_claims(claims.default_claims())
        wanted = claims.chosen(known, claim or ())
        if write_docs and len(wanted) < len(known):
            raise BenchError("--write-docs with --claim would leave the other claims out", "run it for all claims")
        options = options_of(data_dir=data_dir, results_dir=results_dir, cache_dir=cache_dir, jobs=jobs,
                             offline=offline)
        findings = []
        with TrialProgress() as progress:
            access = suite.access_for(options, progress.say, progress=progress.live)
            place = Workplace(options, access, BASELINES, say=progress.say, watch=progress.training)
            for finding in claims.test(wanted, place, results_dir / "claims"):
                progress.pause()
                findings.append(finding)
                progress.say(f"{finding.claim.id}: {finding.verdict}: {claims.leading(finding)} "
                             f"({finding.seconds:.0f} s)")
        paths = claims.write(results_dir, findings)
        if write_docs:
            write_docs.write_text(claims.page(findings), encoding="utf-8")
            paths.append(write_docs)
        typer.echo(claims.markdown(findings))
        typer.echo("Written: " + ", ".join(str(path) for path in paths))
