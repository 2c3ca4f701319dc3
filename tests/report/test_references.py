"""What to cite: every strategy and card says it, and the BibTeX is BibTeX."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from board_records import FULL

from bench import __version__
from bench.baselines import BASELINES
from bench.core.errors import BenchError
from bench.data.cards import all_tasks
from bench.report import references

ROOT = Path(__file__).parents[2]
CARDS = all_tasks(())
EDITIONS = [f"{task.name}@{edition.name}" for task in CARDS.values() for edition in task.editions]


@pytest.fixture(scope="module")
def everything() -> list[references.Cited]:
    return references.of_names(EDITIONS, list(BASELINES), CARDS)


def parsed(text: str) -> dict[str, dict[str, str]]:
    """A BibTeX file's entries: key to fields; every brace has its like, and nothing else holds an @."""
    entries = {}
    at = 0
    while (at := text.find("@", at)) >= 0:
        depth, end = 0, text.index("{", at)
        while depth or end == text.index("{", at):
            depth += {"{": 1, "}": -1}.get(text[end], 0) if text[end - 1] != "\\" else 0
            end += 1
        kind, key, body = re.fullmatch(r"@(\w+)\{([^,\s]+),\n(.*)\}", text[at:end], re.DOTALL).groups()
        fields = re.findall(r"^  (\w+) = \{(.*)\},?$", body, re.MULTILINE)
        assert kind in ("misc", "article", "inproceedings")
        assert key not in entries
        assert len(fields) == body.count("\n")
        entries[key] = dict(fields)
        at = end
    return entries


def test_the_bibtex_of_everything_parses_and_every_source_is_used(everything: list[references.Cited]):
    entries = parsed(references.as_bibtex(everything))
    unused = set(references.sources()) - set(entries)
    assert unused <= {"tunstall2022efficient"}  # of a strategy that is being added
    for key, fields in entries.items():
        assert {"author", "title"} <= set(fields), key
        assert all(value.isascii() for value in fields.values()), key
        assert re.fullmatch(r"\{[^{}]+\}|[^,]+(, [^,]+)?( and [^,]+, [^,]+)*", fields["author"]), key
    assert entries["daume2007frustratingly"]["author"] == r"Daum{\'e} III, Hal"
    assert entries["transferbench"]["author"] == "{The transferbench developers}"


def test_every_paper_that_the_docs_name_beside_a_strategy_is_held_by_it():
    page = (ROOT / "docs" / "baselines.md").read_text(encoding="utf-8")
    sources = references.sources()
    for name in BASELINES:
        paragraph = re.search(rf"^- \*\*`{name}`\*\*.*?(?=^- \*\*|^#|^$)", page, re.MULTILINE | re.DOTALL)
        keys = next(one for one in references.of_names([], [name], CARDS) if one.name == name).keys
        for key in keys:
            assert key in sources, name
        named = re.findall(r"([A-Z]\w+)(?: III)?(?: et al\.|(?:, \w+)* & \w+)? (?:\d{4})",
                           " ".join(paragraph[0].split("**`", 2)[1].split())) if paragraph else []
        held = {author.split(",")[0].split(" ")[0] for key in keys for author in sources[key]["author"]}
        assert {author for author in named if author not in ("Kumar", *held)} == set(), name


def test_a_results_folder_cites_what_its_records_used():
    records = [replace(FULL[0], task="amazon", edition="blitzer-2007", source="imdb@official", baseline="auto",
                       members={"gradual": 0.5, "tfidf-joint": 0.5}),
               replace(FULL[0], task="mine", edition="file", baseline="nearest:fit", strategy_sha256="ab" * 32)]
    said = references.as_text(references.of_records(records, CARDS))
    for words in ("transferbench developers", "blitzer2007biographies", "maas2011learning", "genest1986combining",
                  "howard2018universal", "daume2007frustratingly"):
        assert words in said
    assert "mine@file: no task card here" in said
    assert "nearest:fit: not of the suite" in said
    assert "sun2016return" not in said


def test_a_card_with_an_unknown_key_is_named():
    with pytest.raises(BenchError, match=r"unknown reference 'maas2011lerning'.*did you mean 'maas2011learning'"):
        references.as_text([references.Cited("data set", "mine", ("maas2011lerning",))])


def test_the_citation_file_says_what_the_package_says():
    import tomllib

    cff = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    tool = references.sources()["transferbench"]
    assert {"cff-version", "message", "title", "authors"} <= set(cff)
    assert (cff["cff-version"], cff["type"]) == ("1.2.0", "software")
    assert (cff["version"], tool["note"]) == (__version__, f"Version {__version__}")
    assert (cff["license"], cff["abstract"], cff["keywords"]) == (
        project["license"], project["description"], project["keywords"])
    assert [author["name"] for author in cff["authors"]] == tool["author"]
    assert cff["title"] == tool["title"]
