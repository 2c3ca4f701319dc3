"""Which records stand on one leaderboard, and which of them share a row: only those whose scores depend on the same."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bench.core import store
from bench.core.budget import Draw
from bench.results.record import NO_VECTORS, Record
from bench.results.record_files import latest
from bench.results.row_names import row_name, setting_text

EARLIER = "earlier records, source content unknown"
SHOWN = 6  # characters of a digest in a title or a row's name, or as many as tell them apart
RANDOM_DRAW = "label draw random"  # always said; "stratified" is said where both are in one folder
OF_EARLIER_RECIPE = re.compile(r" \(recipe \d+\)$")  # ends the name of such a row


@dataclass(frozen=True)
class RowKey:
    """What a row of a leaderboard is: a strategy, its settings, its recipe, what it lacks, the version of its code."""

    strategy: str
    settings: str = "{}"  # JSON
    version: str = ""  # digest of the code of a strategy from outside
    recipe: int = 1  # number of the recipe of a strategy of the suite (bench/core/recipes.py)
    imported: bool = False  # its predictions were made elsewhere
    without: tuple[str, ...] = ()  # strategies that it could not combine, since something was not installed
    chosen: tuple[str, ...] = field(default=(), compare=False)  # settings that the user chose: they name the row

    @staticmethod
    def of(record: Record) -> RowKey:
        """The row that a record belongs to."""
        return RowKey(record.baseline, _json(record.settings), record.strategy_sha256, record.recipe,
                      bool(record.imported), tuple(record.without), tuple(record.chosen))


@dataclass(frozen=True)
class BoardKey:
    """What all trials of a leaderboard share, beside the label draws."""

    task: str
    edition: str
    content_sha256: str
    source: str  # task@edition
    net: str
    engine: str
    device: str
    source_sha256: str  # empty in earlier records
    split_sha256: str
    net_spec: str  # JSON
    text_version: int
    leading: str
    base: str = ""  # JSON: how the base was trained, or the key of an earlier record's base; empty without a base
    vectors_sha256: str = ""
    draw: Draw = "stratified"

    @property
    def headline(self) -> tuple[str, ...]:
        """What every title says: target, source, network, engine and device."""
        return (self.task, self.edition, self.source, self.net, self.engine, self.device)

    def holds(self, other: BoardKey) -> bool:
        """Whether trials of `other` stand on this leaderboard: they are its own, or depend on no base or vectors."""
        return self == replace(other, base=other.base or self.base,
                               vectors_sha256=other.vectors_sha256 or self.vectors_sha256)

    @property
    def of_any_target(self) -> BoardKey:
        """The same for any target: leaderboards that share it can be ranked together."""
        base = json.loads(self.base) if self.base else ""
        base = _json(_whatever_was_left_out(base)) if isinstance(base, dict) else ""
        return replace(self, task="", edition="", content_sha256="", split_sha256="", leading="", base=base)


def _whatever_was_left_out(base: Mapping[str, Any]) -> dict[str, Any]:
    """A base's description without which texts it read, labelled or not: those of a target's test set are left out."""
    described = {**base, "pool": ""}
    match base.get("source_words"):  # their form, the compiler, and the texts without labels: a corpus and its rows
        case [form, compiler, [corpus, _]]:
            described["source_words"] = [form, compiler, [corpus]]
    return described


@dataclass(frozen=True)
class BoardRecords:
    """The records of one leaderboard. Each has the name of its row in place of its strategy's."""

    key: BoardKey
    records: tuple[Record, ...]
    rows: Mapping[str, RowKey]  # by name
    variant: str = ""  # what tells this leaderboard from others of the same headline


def boards_of(records: Sequence[Record]) -> list[BoardRecords]:
    """The records of each leaderboard; rows are named alike in all of them.

    A record without a base or word vectors does not depend on them, so it stands on every leaderboard that differs
    from another in these alone.
    """
    names = row_names(map(RowKey.of, records))
    shared: dict[BoardKey, list[Record]] = defaultdict(list)
    for record in latest(records):
        shared[_without_base(record)].append(record)
    boards = []
    for key in sorted(shared, key=lambda k: (k.task, k.edition, k.content_sha256, k.source, k.net, k.engine, k.device,
                                              k.draw != "stratified")):
        for of_board, group in _by_base(key, shared[key]):
            rows = {names[row]: row for row in map(RowKey.of, group)}
            named = (r if r.baseline == (name := names[RowKey.of(r)]) else replace(r, baseline=name) for r in group)
            boards.append(BoardRecords(of_board, tuple(named), rows))
    variants = variants_of([board.key for board in boards])
    return [replace(board, variant=variants[board.key]) for board in boards]


def row_names(rows: Iterable[RowKey]) -> dict[RowKey, str]:
    """A name for each row: the strategy's, with the settings and the version in which its rows differ.

    Such as `tfidf[C=0.01]`, `mine (version 1a2b3c)`, `gpt-x (imported)`, `auto (without sentence-embedding)`; and
    `scratch (recipe 1)` for a recipe before the newest here.
    Settings that the user chose are always named, so a row of defaults that stands beside such rows has the plain name.
    """
    of_recipe: dict[tuple[str, int, bool], list[RowKey]] = defaultdict(list)
    newest: dict[str, int] = defaultdict(int)
    for row in dict.fromkeys(sorted(rows, key=lambda row: bool(row.chosen))):  # of equal rows one that nobody chose
        of_recipe[row.strategy, row.recipe, row.imported].append(row)
        newest[row.strategy] = max(newest[row.strategy], row.recipe)
    names = {row: f"{name} (imported)" if imported else name if recipe == newest[strategy] else
             f"{name} (recipe {recipe})"
             for (strategy, recipe, imported), alike in of_recipe.items() for row, name in _names(alike).items()}
    given = list(names.values())
    return {row: name if given.count(name) == 1 else f"{name} (row {_digest(row)[:2 * SHOWN]})"
            for row, name in names.items()}


def rows_of(strategy: str, names: Iterable[str]) -> list[str]:
    """The names among `names` that are rows of a strategy."""
    return [name for name in names if name == strategy or name.startswith((f"{strategy}[", f"{strategy} ("))]


def only_row_of(strategy: str, names: Iterable[str]) -> str | None:
    """The one row of a strategy; None where there is none, or several of which none is the one to compare with.

    The row with the strategy's own name is the one. A row of an earlier recipe is it only where there is none of the
    newest.
    """
    rows = rows_of(strategy, names)
    if strategy in rows:
        return strategy
    of_newest = [name for name in rows if not OF_EARLIER_RECIPE.search(name)]
    return rows[0] if len(rows) == 1 else of_newest[0] if len(of_newest) == 1 else None


def _names(rows: Sequence[RowKey]) -> dict[RowKey, str]:
    """The names of the rows of one strategy and recipe."""
    settings = {row: json.loads(row.settings) for row in rows}
    of_defaults = [values for row, values in settings.items() if not row.chosen]
    keys = dict.fromkeys(key for values in settings.values() for key in values)
    differing = {key for key in keys if len({_json(values.get(key, ...)) for values in of_defaults}) > 1}
    versions = _short({row.version for row in rows})
    names = {}
    for row, values in settings.items():
        shown = {key: value for key, value in values.items() if key in differing or key in row.chosen}
        version = f" (version {versions[row.version]})" if row.version else " (earlier)"
        lacks = f" (without {' and '.join(row.without)})" if row.without and len({r.without for r in rows}) > 1 else ""
        names[row] = f"{row_name(row.strategy, shown)}{version if len(versions) > 1 else ''}{lacks}"
    return names


def _short(digests: Iterable[str]) -> dict[str, str]:
    """Beginnings of the digests that tell them apart."""
    digests = set(digests)
    length = next((n for n in (SHOWN, 2 * SHOWN, 4 * SHOWN) if len({d[:n] for d in digests}) == len(digests)), 64)
    return {digest: digest[:length] for digest in digests}


def _json(value: object) -> str:
    return "" if value is ... else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _digest(row: RowKey) -> str:
    return store.key_of([row.strategy, row.settings, row.version, row.recipe, *([True] if row.imported else [])])


# Boards that differ in the base or the word vectors.

def _without_base(record: Record) -> BoardKey:
    """The key of a record's leaderboard, without what only some of its strategies depend on."""
    return BoardKey(record.task, record.edition, record.content_sha256, record.source, record.net, record.engine,
                    record.device, record.source_sha256, record.split_sha256, _json(record.net_spec),
                    record.text_version, record.leading, draw=record.draw)


def _by_base(key: BoardKey, records: Sequence[Record]) -> list[tuple[BoardKey, list[Record]]]:
    """The records of each base and set of word vectors, together with those that depend on neither."""
    bases = _bases(records)
    variants = dict.fromkeys((bases[r.base], _vectors(r)) for r in records if r.base)
    for r in records:
        if not r.base and r.vectors_sha256 and _vectors(r) not in {vectors for _, vectors in variants}:
            variants["", _vectors(r)] = None
    boards = []
    for base, vectors in variants or {("", ""): None}:
        group = [r for r in records if r.vectors_sha256 in ("", vectors or NO_VECTORS)
                 and (not r.base or (bases[r.base], _vectors(r)) == (base, vectors))]
        boards.append((replace(key, base=base, vectors_sha256=vectors), group))
    return boards


def _vectors(record: Record) -> str:
    """The digest of a record's word vectors; empty also where its strategy could have used some and had none."""
    return "" if record.vectors_sha256 == NO_VECTORS else record.vectors_sha256


def _bases(records: Sequence[Record]) -> dict[str, str]:
    """What the key of each base stands for: how the base was trained, whatever its seed.

    An earlier record has the key alone. The newest bases of all seeds are then taken for one and the same; an older
    one stands for itself.
    """
    newest = {r.base_seed: r.base for r in records if r.base and not r.base_spec}
    name = newest[min(newest)] if newest else ""
    return {r.base: _json(r.base_spec or (name if r.base == newest[r.base_seed] else r.base))
            for r in records if r.base}


# What a title adds where several leaderboards have the same headline.

def variants_of(keys: Sequence[BoardKey]) -> dict[BoardKey, str]:
    """For each leaderboard what its title must add to be told from the others."""
    alike: dict[tuple[str, ...], list[BoardKey]] = defaultdict(list)
    for key in keys:
        alike[key.headline].append(key)
    variants: dict[BoardKey, str] = {}
    for group in alike.values():
        earlier, known = ([k for k in group if bool(k.source_sha256) == told] for told in (False, True))
        texts = {**_differences(earlier), **_differences(known)}
        for key in group:
            before = [EARLIER] if known and not key.source_sha256 else []
            if key.draw == "random" and RANDOM_DRAW not in texts[key]:
                before.append(RANDOM_DRAW)
            variants[key] = " · ".join([*before, *texts[key]])
    return variants


def _differences(keys: Sequence[BoardKey]) -> dict[BoardKey, list[str]]:
    """The traits in which leaderboards differ; a digest only where nothing before it tells two of them apart."""
    traits = {key: _traits(key) for key in keys}
    texts: dict[BoardKey, list[str]] = {key: [] for key in keys}
    for name in dict.fromkeys(name for of_key in traits.values() for name in of_key):
        values = {key: of_key.get(name, "") for key, of_key in traits.items()}
        apart = len({tuple(text) for text in texts.values()})
        if len(set(values.values())) == 1 or (name in DIGESTS and len(
                {(*text, values[key]) for key, text in texts.items()}) == apart):
            continue
        short = _short(values.values()) if name in DIGESTS else {}
        for key, value in values.items():
            if value:
                texts[key].append(f"{name} {short.get(value, value)}")
    return texts


DIGESTS = ("target content", "source content", "base", "word vectors", "split", "base's texts")


def _traits(key: BoardKey) -> dict[str, str]:
    """What can tell a leaderboard from others, by the words before it."""
    traits = {"label draw": key.draw, "target content": key.content_sha256, "source content": key.source_sha256,
              "text version": str(key.text_version), "leading score": key.leading}
    net = json.loads(key.net_spec)
    traits |= {f"net's {name.replace('_', ' ')}": setting_text(value) for name, value in net.items()}
    base = json.loads(key.base) if key.base else {}
    if isinstance(base, dict):
        recipe = base.get("spec")
        options = recipe if isinstance(recipe, dict) else {}
        traits |= {name.replace("_", " "): setting_text(value) for name, value in options.items()}
        traits |= {f"base's {name}": setting_text(value)
                   for name, value in base.items() if name not in ("spec", "pool")}
        traits["base's texts"] = str(base.get("pool", ""))
    else:
        traits["base"] = base
    traits |= {"word vectors": key.vectors_sha256, "split": key.split_sha256}
    return {name: text for name, text in traits.items() if text}
