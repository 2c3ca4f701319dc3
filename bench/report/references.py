"""What to cite: the sources of data sets and strategies, as text and as BibTeX."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from bench.baselines import BASELINES
from bench.core.errors import BenchError
from bench.core.names import TaskRef, did_you_mean
from bench.core.places import PACKAGE
from bench.core.printable import one_line
from bench.data.cards import Task
from bench.report.latex import TEXT
from bench.results.record import NO_VECTORS, Record
from bench.runs.registry import Strategy, strategies_named

FILE = PACKAGE / "references.toml"
TOOL = "transferbench"
NETWORKS = {**dict.fromkeys(("gru", "bigru"), "cho2014learning"),
            **dict.fromkeys(("cnn", "textcnn"), "kim2014convolutional")}
GLOVE = "pennington2014glove"
ENCODER = ("reimers2019sentence", "wang2020minilm")
# What a strategy uses because it needs one of these, and what its own paper does not say.
OF_NEEDS: Mapping[str, tuple[str, ...]] = {
    "base": (GLOVE, NETWORKS["gru"]), "features": (GLOVE, NETWORKS["gru"]), "glove": (GLOVE,), "word-vectors": (GLOVE,),
    **dict.fromkeys(("sentences", "source-sentences", "encoder", "encoder-base"), ENCODER)}
ACCENTS = {"\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0308": '"', "\u0327": "c ", "\u030c": "v "}


@dataclass(frozen=True)
class Cited:
    """One thing that was used, and its sources."""

    kind: str  # of KINDS
    name: str  # such as amazon@blitzer-2007 or finetune
    keys: tuple[str, ...]  # of `sources`
    note: str = ""  # where there is no key: what is known


KINDS = ("tool", "data set", "strategy", "also used")


@cache
def sources() -> Mapping[str, Mapping[str, Any]]:
    """The fields of every source, by its BibTeX key."""
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def of_records(records: Sequence[Record], tasks: Mapping[str, Task]) -> list[Cited]:
    """What the records of a results folder stand on."""
    targets = dict.fromkeys(str(record.target) for record in records)
    origins = dict.fromkeys(record.source for record in records)
    names = dict.fromkeys(name for record in records for name in (record.baseline, *record.members))
    from_elsewhere = {record.baseline for record in records if record.strategy_sha256 or record.imported}
    used = [key for record in records if record.base for key in [NETWORKS.get(record.net.split("-")[0])] if key]
    if any(record.vectors_sha256 not in ("", NO_VECTORS) or "glove" in record.net for record in records):
        used.append(GLOVE)
    return [_tool(), *(_data_set(name, tasks) for name in dict.fromkeys([*targets, *origins])),
            *(_strategy(name) if name in BASELINES and name not in from_elsewhere else _outside(name)
              for name in names), *_used(used)]


def of_names(targets: Sequence[str], strategies: Sequence[str], tasks: Mapping[str, Task]) -> list[Cited]:
    """What these tasks and strategies stand on; raises `BenchError` for names that nothing has."""
    named = strategies_named(strategies, BASELINES)
    used = [key for strategy in named if not strategy.outside for need in sorted(strategy.described().needs)
            for key in OF_NEEDS.get(need, ())]
    members = [name for strategy in named if not strategy.outside
               for name, _ in strategy.described().optional if name in BASELINES]
    names = dict.fromkeys([*(strategy.name for strategy in named), *members])
    return [_tool(), *(_data_set(name, tasks) for name in dict.fromkeys(targets)),
            *(_strategy(name) if name in BASELINES else _outside(name) for name in names), *_used(used)]


def _tool() -> Cited:
    return Cited("tool", TOOL, (TOOL,))


def _used(keys: Iterable[str]) -> list[Cited]:
    return [Cited("also used", "word vectors, network and encoder", tuple(dict.fromkeys(keys)))] if keys else []


def _data_set(name: str, tasks: Mapping[str, Task]) -> Cited:
    ref = TaskRef.parse(name)
    task = tasks.get(ref.task)
    if task is None or ref.edition not in ("", *(edition.name for edition in task.editions)):
        return Cited("data set", name, (), "no task card here: cite what its owner asks for")
    edition = task.edition(ref.edition) if ref.edition else task.editions[0]
    full = str(TaskRef(task.name, edition.name))
    return Cited("data set", full, edition.references,
                 "" if edition.references else edition.citation or "its card names no reference")


def _strategy(name: str) -> Cited:
    module, _, function = BASELINES[name].partition(":")
    keys = tuple(getattr(Strategy(name, module, function or "fit").load(), "REFERENCES", ()))
    return Cited("strategy", name, keys, "" if keys else "a standard method; no paper of its own")


def _outside(name: str) -> Cited:
    return Cited("strategy", name, (), "not of the suite: cite its authors")


def keys_of(cited: Iterable[Cited]) -> list[str]:
    """The keys of all sources, each once; raises `BenchError` for one that is not known."""
    keys = list(dict.fromkeys(key for one in cited for key in one.keys))
    for key in keys:
        if key not in sources():
            raise BenchError(f"unknown reference {one_line(key)!r} in a task card{did_you_mean(key, sources())}",
                             "a card of your own says it in `citation`; keys are those of bench/references.toml")
    return keys


def as_text(cited: Sequence[Cited]) -> str:
    """Paragraphs under headings: each thing that was used, and its sources, each in full once."""
    keys_of(cited)
    lines: list[str] = []
    told: set[str] = set()
    for kind in KINDS:
        of_kind = [one for one in cited if one.kind == kind]
        if of_kind:
            lines += ["", {"data set": "Data sets", "strategy": "Strategies"}.get(kind, kind.capitalize())]
        for one in of_kind:
            if not one.keys:
                lines.append(f"  {one_line(one.name)}: {one_line(one.note)}")
            for key in one.keys:
                lines.append(f"  {one_line(one.name)}: " + (f"[{key}], above" if key in told else
                                                            f"[{key}] {in_words(key)}"))
                told.add(key)
    return "\n".join(lines[1:]) + "\n"


def in_words(key: str) -> str:
    """A source as a line of text."""
    fields = sources()[key]
    authors = [" ".join(reversed(name.split(", ", 1))) for name in fields["author"]]
    who = authors[0] if len(authors) == 1 else f"{', '.join(authors[:-1])} and {authors[-1]}"
    where = fields.get("booktitle") or fields.get("journal") or ""
    issue = f"({fields['number']})" if "number" in fields else ""
    number = f" {fields['volume']}{issue}" if "volume" in fields else ""
    pages = f", {fields['pages'].replace('--', '–')}" if "pages" in fields else ""
    link = f"https://doi.org/{fields['doi']}" if "doi" in fields else fields.get("url", "")
    parts = [f"{who} ({fields['year']})" if "year" in fields else who, fields["title"], f"{where}{number}{pages}",
             fields.get("note", ""), link]
    return ". ".join(part.rstrip(".") for part in parts if part) + ("" if link else ".")


def as_bibtex(cited: Sequence[Cited]) -> str:
    """BibTeX entries, each key once; what has none is said between them, where BibTeX ignores it."""
    entries = [entry(key) for key in keys_of(cited)]
    rest = [f"{one.name}: {one.note}" for one in cited if not one.keys and one.note]
    return "\n".join([*(f"% {re.sub('[@{}]', ' at ', one_line(line))}" for line in rest), *entries])


def entry(key: str) -> str:
    """One BibTeX entry. Titles keep their capitals; accents are LaTeX's, so that every style reads them."""
    fields = sources()[key]
    rows = {"author": " and ".join(map(_name, fields["author"])), "title": f"{{{_bibtex(fields['title'])}}}",
            **{name: _bibtex(str(value)) for name, value in fields.items()
               if name not in ("type", "author", "title", "doi", "url")},
            **{name: fields[name] for name in ("doi", "url") if name in fields}}
    body = ",\n".join(f"  {name} = {{{value}}}" for name, value in rows.items())
    return f"@{fields['type']}{{{key},\n{body}\n}}\n"


def _name(name: str) -> str:
    return _bibtex(name) if ", " in name or " " not in name else f"{{{_bibtex(name)}}}"


def _bibtex(text: str) -> str:
    shown = ""
    for c in text:
        parts = unicodedata.normalize("NFD", c)
        mark = ACCENTS.get(parts[1:])
        shown += f"{{\\{mark}{parts[0]}}}" if mark else TEXT.get(c, c)
    return shown
