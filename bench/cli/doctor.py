"""The command `bench doctor`: what works on this machine."""

from __future__ import annotations

import json

import typer

from bench.cli.options import AsJson, FolderOptions, Offline, options_of


def doctor_command(*, folders: FolderOptions, offline: Offline = False, as_json: AsJson = False) -> None:
    """Show versions, devices, which data sources answer, and where the cache is and how large."""
    from bench.runs import inventory

    facts = inventory.doctor(options_of(folders, offline=offline))
    if as_json:
        typer.echo(json.dumps(facts))
        return
    for section, rows in facts.items():
        typer.echo(section)
        for name, value in rows.items():
            typer.echo(f"  {name:<34} {value}")
