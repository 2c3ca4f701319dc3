"""Figures in README and docs are written from the published records, and a run's records can be added to these."""

from __future__ import annotations

import importlib
import importlib.util
import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from published import NEEDS_RECORDS, PUBLISHED

from bench.core import recipes

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


@pytest.fixture
def findings_page(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(DOCS)
    return importlib.import_module("findings_page")


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
    block = importlib.import_module("results").BLOCK
    assert block.sub("", after) == block.sub("", before)
    assert front_page.written(after, found, front_page.BLOCKS) == after
    answer, table = (match[3] for match in block.finditer(after))
    right = {name: [r.accuracy for r in records if (r.task, r.baseline, r.budget) == ("amazon", name, 128)]
             for name in ("auto", "scratch", "tfidf")}
    said = [f"{sum(scores) / len(scores):.0%}" for scores in right.values()]
    assert re.findall(r"\d+%", answer.partition("**With all")[0]) == said
    assert "(tweets), with 128 labels `auto` " in answer
    assert "That of `finetune`" in answer
    without = study.studies([r for r in records if (r.task, r.baseline) != ("tweets", "finetune")])
    assert "That of `finetune`" not in front_page.answer(without)
    assert "On a GPU" not in answer
    today = [replace(r, recipe=recipes.current(r.baseline)) for r in records]
    for recipe, which in ((recipes.current("auto"), "`auto`"), (1, "an older `auto`")):
        on_gpu = [replace(r, device="cuda", recipe=recipe if r.baseline == "auto" else r.recipe) for r in today]
        said_so = front_page.answer(study.studies([*today, *on_gpu]))
        assert f"On a GPU, {which} has {said[0]} with 128 labels" in said_so
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


def test_every_block_of_the_findings_is_made_from_records(findings_page: ModuleType) -> None:
    from made import record, results

    from bench.analysis import study

    more = [record("alpha", "imdb@official", "scratch", 128, seed, 0.5, engine="mxnet") for seed in (0, 1)]
    more += [record(task, "imdb@official", row, 128, seed, effect, device=device) for task in ("alpha", "beta")
             for device in ("cpu", "cuda") for seed in (0, 1)
             for row, effect in (("auto", 1.4), ("encoder-finetune", 1.2), ("self-training", 0.8), ("tfidf-joint", 0))]
    more += [record("alpha", "imdb@official", row, 32, seed, 0.2, draw="random") for row in ("scratch", "tfidf")
             for seed in (0, 1, 2)]
    more += [record("alpha", "imdb@official", "finetune", 32, seed, 0.9, base_seed=1, base="f" * 24)
             for seed in (0, 1, 2)]
    found = study.studies([*results(), *more])
    made = {name: block(found) for name, block in findings_page.BLOCKS.items()}
    lines = {name: [line for line in text.splitlines() if line.startswith("|")] for name, text in made.items()}
    assert all(len({line.count("|") for line in table}) == 1 for table in lines.values() if table)
    assert [line.split(" | ")[0] for line in lines["domains"][2:]] == ["| alpha", "| beta", "| gamma"]
    assert len(lines["by-budget"]) == 2 + 3 * 3
    assert "| alpha | `scratch` | 128 |" in made["engines"]
    assert len(lines["cost"]) == 2 + len({r.baseline for r in [*results(), *more] if r.device == "cpu"})
    assert [line.split(" | ")[0] for line in lines["auto-cpu"][2:] + lines["encoders"][2:]] == [
        "| alpha", "| beta", "| alpha", "| beta"]
    assert "| GPU | confirmation | others | more | 2 |" in made["auto"]
    assert sorted(line.split(" | ")[1] for line in lines["draws"][2:]) == ["`scratch`", "`tfidf`"]
    assert [line.split(" | ")[1:5] for line in lines["bases"][2:]] == [["`finetune`", "32", "2", "2"]]


def test_the_tables_of_the_best_and_of_the_corpora_are_means_over_targets(findings_page: ModuleType) -> None:
    from made import record

    from bench.analysis import study

    scores = {"auto": 1.0, "scratch": 0.2, "finetune": 0.6, "tfidf": 0.4}
    records = [record(task, "imdb@official", row, budget, seed, effect) for seed in (0, 1)
               for task in ("amazon-books", "amazon-dvd", "tweets") for budget in (32, 128, 512, "full")
               for row, effect in scores.items()]
    found = study.studies(records)

    def of(task: str, row: str, budget: object) -> float:
        chosen = [r.accuracy for r in records if (r.task, r.baseline, r.budget) == (task, row, budget)]
        return sum(chosen) / len(chosen)

    table = [line.strip("| ").split(" | ") for line in findings_page.choice(found).splitlines()[2:]]
    assert [line[:2] for line in table] == [["others", budget] for budget in ("32", "128", "512", "all")]
    at_128 = [sum(of(task, "auto", 128) for task in ("amazon-books", "amazon-dvd", "tweets")) / 3]
    assert table[1][2:4] == [f"`auto` {at_128[0]:.3f}".replace(" 0.", " ."), "–"]
    lines = [line.strip("| ").split(" | ") for line in findings_page.corpora(found).splitlines()[2:]]
    assert [line[0] for line in lines] == ["amazon, mean of 2 targets", "tweets", "**mean of 2 corpora**"]
    books, dvd, tweets = (100 * (of(task, "finetune", 32) - of(task, "scratch", 32))
                          for task in ("amazon-books", "amazon-dvd", "tweets"))
    assert lines[0][2] == f"{(books + dvd) / 2:+.1f}"
    assert lines[2][2] == f"**{((books + dvd) / 2 + tweets) / 2:+.1f}**"
    described = findings_page.targets(found).splitlines()[2]
    assert described.startswith("| amazon-books | Amazon product reviews: books | development | 2 |")


def test_the_table_of_every_number_of_labels_has_means_over_the_same_targets(findings_page: ModuleType) -> None:
    from made import record

    from bench.analysis import study

    records = [record(task, "imdb@official", row, budget, seed, effect) for task in ("alpha", "beta") for seed in (0, 1)
               for budget in (16, 64, 1024) if (task, budget) != ("beta", 1024)
               for row, effect in (("scratch", 0.2), ("auto", 1.0), ("tfidf", 0.6)) if (task, row) != ("beta", "tfidf")]
    table = findings_page.every_number(study.studies(records), "new-labels").splitlines()
    assert table[0] == "| strategy | 16 | 64 |"
    assert [line.split(" | ")[0] for line in table[2:]] == ["| `auto`", "| `scratch`"]
    at_64 = [r.accuracy for r in records if (r.baseline, r.budget) == ("auto", 64)]
    assert table[2].endswith(f" {sum(at_64) / 4:.3f} |".replace(" 0.", " ."))
    assert findings_page.every_number(study.studies(records), "reviews") == ""


def test_a_figure_in_a_sentence_is_written_from_records(findings_page: ModuleType) -> None:
    from made import record

    from bench.analysis import study

    records = [record("alpha", "imdb@official", row, 128, seed, effect) for seed in (0, 1)
               for row, effect in (("auto", 1.0), ("scratch", 0.2))]
    of_row = {row: [r.accuracy for r in records if r.baseline == row] for row in ("auto", "scratch")}
    auto, scratch = (sum(scores) / 2 for scores in of_row.values())
    before = "With .123<!-- auto alpha 128 --> it is +0.0<!-- scratch - auto alpha 128 --> points ahead."
    after = findings_page.with_figures(before, study.studies(records))
    assert after == (f"With {auto:.3f}".replace("0.", ".") + "<!-- auto alpha 128 --> it is "
                     f"\u2212{100 * (auto - scratch):.1f}<!-- scratch - auto alpha 128 --> points ahead.")
    assert findings_page.with_figures(after, study.studies(records)) == after
    ahead = findings_page.with_figures("0.0<!-- auto - scratch alpha 128 --> points ahead", study.studies(records))
    assert ahead == f"{100 * (auto - scratch):.1f}<!-- auto - scratch alpha 128 --> points ahead"
    with pytest.raises(SystemExit, match="is wrong: it is -"):
        findings_page.with_figures("0.0<!-- scratch - auto alpha 128 --> points ahead", study.studies(records))
    for wrong in ("auto beta 128", "auto alpha 32", "auto alpha 128 gpu", "tfidf alpha 128", "tfidf - auto alpha 128"):
        with pytest.raises(SystemExit, match=f"no record for the figure {wrong!r}"):
            findings_page.figure(wrong, study.studies(records))
    with pytest.raises(SystemExit, match="names no figure"):
        findings_page.figure("auto alpha many", study.studies(records))


@NEEDS_RECORDS
def test_the_pages_show_what_is_published(front_page: ModuleType, findings_page: ModuleType) -> None:
    found = findings_page.read_studies(PUBLISHED)
    for page in (front_page.PAGE, front_page.GUIDE):
        text = page.read_text(encoding="utf-8")
        assert front_page.written(text, found, front_page.BLOCKS) == text, f"{page.name}: make picture"
    text = findings_page.PAGE.read_text(encoding="utf-8")
    assert findings_page.written_anew(text, found) == text, "docs/findings.md: make picture"


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
