"""The command `bench doctor`: what works on this machine."""

from __future__ import annotations

from bench.cli import output
from bench.cli.options import AsJson, FolderOptions, Offline, options_of
from bench.cli.terminal import sentence


def doctor_command(*, folders: FolderOptions, offline: Offline = False, as_json: AsJson = False) -> None:
    """Say whether this machine is ready: versions, devices, data sources, cache."""
    from bench.runs import inventory, verdict

    options = options_of(folders, offline=offline)
    facts = inventory.doctor(options)
    found = verdict.verdict(options, facts)
    if as_json:
        output.json_values({**facts, "verdict": {"ready": found.ready, "sentence": found.sentence()}})
        return
    for section, rows in facts.items():
        output.say(section)
        output.facts(rows, 34)
    output.say()
    output.say(sentence(found.sentence()))
