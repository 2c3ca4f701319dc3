"""Where the numbers of a leaderboard come from: data, code, hardware, and who made its records."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bench.analysis.leaderboard import Leaderboard
from bench.results.record import Record

Origin = tuple[object, ...]


def origin_of(record: Record) -> Origin:
    """What tells the record of one trial from that of the same trial run again: its times."""
    return (record.task, record.edition, record.source, record.engine, record.device,
            str(record.budget), record.seed, record.base_seed, record.head_seed, tuple(sorted(record.seconds.items())))


def provenance(board: Leaderboard, records: Sequence[Record], published: Collection[Origin]) -> dict[str, str]:
    """The facts about the records of one leaderboard, by what they are called on the page."""
    newest = records[-1]
    return {
        "data": f"{newest.target}, content SHA-256 {newest.content_sha256}",
        "source": f"{newest.source}, content SHA-256 {newest.source_sha256 or 'unknown (earlier records)'}",
        "records": _records(records, published),
        "label draws": f"{len({r.seed for r in records})} seed(s), {newest.draw}",
        "strategies": _strategies(board),
        "texts removed from training": ", ".join(f"{k} {v}" for k, v in newest.leaks.items()) or "none",
        "base network": ", ".join(sorted({r.base for r in records if r.base})) or "none",
        "versions": _all_values(records, "versions"), "hardware": _all_values(records, "host")}


def processors(records: Sequence[Record]) -> str:
    """The processors that the trials ran on."""
    return " or ".join(sorted({str(r.host["cpu"]) for r in records if r.host.get("cpu")})) or "unknown hardware"


def _records(records: Sequence[Record], published: Collection[Origin]) -> str:
    failed = sum(r.status != "ok" for r in records)
    imported = sum(bool(r.imported) for r in records)
    known = sum(origin_of(r) in published for r in records)
    parts = [(failed, "failed"), (imported, "imported: their predictions were made elsewhere"),
             (known, "published with transferbench"), (len(records) - known - imported, "from runs of your own")]
    return "; ".join([f"{len(records)}", *(f"{count} {what}" for count, what in parts if count)])


def _all_values(records: Sequence[Record], name: str) -> str:
    """Every value of every key: `torch 2.13.0; python 3.11.7 or 3.12.1`."""
    values: dict[str, set[str]] = {}
    for r in records:
        for key, value in getattr(r, name).items():
            values.setdefault(key, set()).add(str(value) or "unknown")
    return "; ".join(f"{key} {' or '.join(sorted(v))}" for key, v in sorted(values.items()))


def _strategies(board: Leaderboard) -> str:
    """The settings, the recipe and the code of each row that has any."""
    texts = []
    for name in sorted(board.rows):
        row = board.row_keys[name]
        code = f", code SHA-256 {row.version}" if row.version else ""
        recipe = f", recipe {row.recipe}" if row.recipe > 1 else ""
        if row.settings != "{}" or code or recipe:
            texts.append(f"{name}: {row.settings}{recipe}{code}")
    return "; ".join(texts) or "no settings"
