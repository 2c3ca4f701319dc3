"""The command `bench doctor`: what works on this machine."""

from __future__ import annotations

from bench.cli import output
from bench.cli.options import AsJson, FolderOptions, Offline, options_of


def doctor_command(*, folders: FolderOptions, offline: Offline = False, as_json: AsJson = False) -> None:
    """Say whether this machine is ready: versions, devices, data sources, cache."""
    from bench.runs import inventory

    facts = inventory.doctor(options_of(folders, offline=offline))
    if as_json:
        output.json_values(facts)
        return
    for section, rows in facts.items():
        output.say(section)
        output.facts(rows, 34)
