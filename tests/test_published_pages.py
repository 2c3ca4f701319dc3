"""Figures in README and docs are written from the published records, and a run's records can be added to these."""

from __future__ import annotations

import importlib
import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def results_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("results", DOCS / "results.py")
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def front_page(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(DOCS)
    return importlib.import_module("front_page")


def front_page_records(tasks: tuple[str, ...] = ("amazon", "tweets")) -> list[Any]:
    from made import grid, record

    auto = [record(task, "imdb@official", "auto", budget, seed, 1.3) for task in tasks for seed in (0, 1)
            for budget in (32, 128, "full")]
    return [*grid(tasks, ("imdb@official",), ("scratch", "tfidf", "finetune")), *auto]


def test_the_readmes_answer_and_table_are_written_from_records_between_their_marks(front_page: ModuleType) -> None:
    from bench.analysis import study

    records = front_page_records()
    found = study.studies(records)
    before = (ROOT / "README.md").read_text(encoding="utf-8")
    after = front_page.written(before, found, front_page.BLOCKS)
    block = results_script().BLOCK
    assert block.sub("", after) == block.sub("", before)
    assert front_page.written(after, found, front_page.BLOCKS) == after
    answer, table = (match[3] for match in block.finditer(after))
    right = {name: [r.accuracy for r in records if (r.task, r.baseline, r.budget) == ("amazon", name, 128)]
             for name in ("auto", "scratch", "tfidf")}
    said = [f"{sum(scores) / len(scores):.0%}" for scores in right.values()]
    assert re.findall(r"\d+%", answer.partition("**With all")[0]) == said
    assert "(tweets), with 128 labels `auto` against that network is" in answer
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    assert {row.split("`")[1] for row in rows} == {"auto", "scratch", "tfidf", "finetune"}
    assert all(len(re.findall(r"\.\d{3}", row)) == 3 for row in rows)


def test_the_readmes_answer_says_which_records_it_lacks(front_page: ModuleType) -> None:
    from bench.analysis import study

    with pytest.raises(SystemExit, match="0 leaderboards of amazon"):
        front_page.answer([])
    without = [r for r in front_page_records(("amazon",)) if r.baseline != "tfidf"]
    with pytest.raises(SystemExit, match="amazon: no records of tfidf with all labels"):
        front_page.answer(study.studies(without))


def test_the_example_quotes_what_the_leaderboard_says_about_128_labels_and_about_all(front_page: ModuleType) -> None:
    from bench.analysis import study
    from bench.report.headline import at_budget

    found = study.studies(front_page_records(("amazon",)))
    lines = front_page.example(found).split("\n>\n")
    assert lines[0] == f"> {at_budget(found[0], 128)[0]}"
    assert [line.split(" the highest")[0] for line in lines[-2:]] == ["> At 128 labels", "> At all 2,000 labels"]


def test_the_readmes_picture_shows_auto_with_its_interval_in_a_panel_per_target(front_page: ModuleType) -> None:
    from bench.analysis import study

    for tasks in (("amazon", "tweets"), ("amazon",)):
        panels = front_page.picture(study.studies(front_page_records(tasks)))["hconcat"]
        assert [panel["title"]["text"].split()[0].lower().strip(":") for panel in panels] == list(tasks)
        for panel in panels:
            drawn = panel["data"]["values"]
            assert {r["who"].split(":")[0] for r in drawn} == {"auto", "scratch", "tfidf", "finetune"}
            assert all(r["low"] <= r["score"] <= r["high"] for r in drawn)
            assert [r["n"] for r in drawn if r["main"]] == [32, 128, 2000]


def test_every_block_of_results_is_made_from_records() -> None:
    from made import record, results

    from bench.analysis import study

    module = results_script()
    more = [record("alpha", "imdb@official", "scratch", 128, seed, 0.5, engine="mxnet") for seed in (0, 1)]
    found = study.studies([*results(), *more])
    made = {name: block(found) for name, block in module.BLOCKS.items()}
    lines = {name: [line for line in text.splitlines() if line.startswith("|")] for name, text in made.items()}
    assert all(len({line.count("|") for line in table}) == 1 for table in lines.values() if table)
    assert [line.split(" | ")[0] for line in lines["domains"][2:]] == ["| alpha", "| beta", "| gamma"]
    assert len(lines["by-budget"]) == 2 + 3 * 3
    assert "| alpha | `scratch` | 128 |" in made["engines"]
    assert len(lines["cost"]) == 2 + len({r.baseline for r in results()})


def test_the_pages_show_what_is_published(front_page: ModuleType) -> None:
    module = results_script()
    found = module.read_studies(ROOT / "results" / "published")
    pages = {ROOT / page: module.BLOCKS for page in module.PAGES} | dict.fromkeys(front_page.PAGES, front_page.BLOCKS)
    for page, blocks in pages.items():
        text = page.read_text(encoding="utf-8")
        assert module.BLOCK.search(text), page
        assert module.written(text, found, blocks) == text, f"{page}: make picture"


def test_publishing_adds_a_runs_records_and_makes_the_leaderboards(tmp_path: Path) -> None:
    from made import results

    from bench.results import record_files

    spec = importlib.util.spec_from_file_location("publish", DOCS / "publish.py")
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    every = results()
    for i, part in enumerate((every[::2], every[1::2])):
        for r in part:
            record_files.append(tmp_path / f"run{i}" / "records" / f"{r.task}.jsonl", r)
    published = tmp_path / "published"
    for run in ("run0", "run1", "run1"):
        written = module.publish(tmp_path / run, published)
    assert sorted(r.identity() for r in record_files.read_all(published)) == sorted(r.identity() for r in every)
    assert {p.relative_to(published).as_posix() for p in written} == {
        *(f"records/{task}.jsonl.gz" for task in ("alpha", "beta", "gamma")),
        *(f"leaderboards/{task}.{form}" for task in ("alpha", "beta", "gamma")
          for form in ("md", "csv", "tex", "html", "json"))}
    assert "imdb@official" in (published / "leaderboards" / "alpha.md").read_text(encoding="utf-8")
