"""README and docs say what is true: commands exist and run, links lead somewhere, messages are the program's."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import toy
import typer
from conftest import Bench

from bench.cli.app import app

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", *DOCS.glob("*.md")])
NAMES = [p.name for p in PAGES]
TOP = typer.main.get_command(app)


def generate():
    """The module that writes the generated pages."""
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def commands(text: str) -> list[str]:
    """Every `bench …` of a code block or of inline code; a shell's comments, pipes and chains are taken apart."""
    text = re.sub(r"\\\n +", "", text)  # a command that goes on in the next line
    blocks = re.findall(r"^(?: {4}|```\w*\n)(.*?)$", text, re.MULTILINE) + re.findall(r"`(bench [^`]+)`", text)
    found = []
    for line in blocks:
        for part in re.split(r"&&|\||;", re.sub(r"\s{2,}#.*$", "", line)):
            part = part.split(" > ")[0].strip()
            if part.startswith("bench ") and "…" not in part and "|" not in line.split("bench ", 1)[1].split(" ")[0]:
                found.append(part)
    return found


HELP = SimpleNamespace(is_flag=True)


def wrong_with(words: list[str]) -> str:
    """What does not exist in a command: the command, an option, or the argument that it would need; empty: all does."""
    command = TOP
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        if words[0] not in command.commands:
            return f"no command {words[0]}"
        command, words = command.commands[words[0]], words[1:]
    flags = {o: p for p in command.params if p.param_type_name == "option" for o in (*p.opts, *p.secondary_opts)}
    rest = iter(words)
    plain = []
    for word in rest:
        if not word.startswith("-"):
            plain.append(word)
        elif word not in flags and word not in ("--help", "-h"):
            return f"no option {word}"
        elif not flags.get(word, HELP).is_flag and None in [next(rest, None) for _ in range(flags[word].nargs)]:
            return f"{word} without a value"
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    many = any(p.nargs != 1 for p in arguments)
    return "" if many or len(plain) <= len(arguments) else f"no argument {plain[len(arguments)]}"


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_command_that_is_written_down_exists(page: Path) -> None:
    found = commands(page.read_text(encoding="utf-8"))
    assert {text: wrong for text in found if (wrong := wrong_with(shlex.split(text)[1:]))} == {}


def test_a_command_that_does_not_exist_is_noticed() -> None:
    for wrong in ("bench runn", "bench run --targets x", "bench list things", "bench run --seeds", "bench doctor now"):
        assert wrong_with(shlex.split(wrong)[1:]), wrong
    assert len([c for p in PAGES for c in commands(p.read_text(encoding="utf-8"))]) > 30


RUNS = [(p.name, block) for p in PAGES
        for block in re.findall(r"<!-- run -->\n\n((?: {4}.*\n)+)", p.read_text(encoding="utf-8"))]
MORE = {"run": ["--source", "toy-source", "--tasks", "cards", "--data-dir", "data", "--offline", "--epochs", "1",
                "--jobs", "1"],
        "task check": ["--source", "toy-source", "--tasks", "cards", "--data-dir", "data", "--offline"]}


@pytest.mark.usefixtures("cached_script")
@pytest.mark.parametrize(("page", "block"), RUNS, ids=[name for name, _ in RUNS])
def test_the_commands_marked_so_run_one_after_the_other(page: str, block: str, bench_: Bench, workshop: Path) -> None:
    toy.rows(240, seed=5, words=slice(1, 4)).to_csv(workshop / "mine.csv", index=False)
    for line in block.splitlines():
        words = shlex.split(line.split("  #")[0])
        assert words[0] == "bench"
        more = next((extra for name, extra in MORE.items() if " ".join(words[1:]).startswith(name)), [])
        if words[1] == "report" or "--figures" in words:
            pytest.importorskip("vl_convert")
        done = bench_(*words[1:], *more)
        assert done.exit_code == 0, f"{page}: {line}\n{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    generated = set(generate().generated())
    for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        target = (page.parent / link).resolve()
        assert target.exists() or (page.parent == DOCS and link in generated), f"{page.name}: {link}"


def test_every_field_of_a_record_has_its_meaning_in_the_schema() -> None:
    from dataclasses import fields

    from bench.results.record import Record

    made = generate()
    assert [name for name, _, _ in made.fields()] == [f.name for f in fields(Record)]
    assert [name for name, _, meaning in made.fields() if not meaning] == []
    page = made.schema_page()
    for f in fields(Record):
        assert f"| `{f.name}` |" in page


def test_the_json_schema_of_a_record_allows_what_a_run_writes_and_nothing_else() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    from bench.results.record import Record
    from bench.results.record_files import json_line

    schema = jsonschema.Draft202012Validator(json.loads(generate().record_schema()))
    schema.check_schema(schema.schema)
    record = Record("toy", "one", "ab" * 32, "imdb@x", "tfidf", {"C": 1.0}, "gru", "torch", "cpu", "full", 0,
                    accuracy=0.5, balanced_accuracy=0.5, seconds={"adapt": 1.0}, host={"cpu": "x"})
    line = json.loads(json_line(record))
    schema.validate(line)
    for wrong in ({"budget": "most"}, {"accuracy": 2.0}, {"task": "../toy"}, {"more": 1}, {"check": "x"}):
        with pytest.raises(jsonschema.ValidationError):
            schema.validate({**line, **wrong})


def test_every_option_of_every_command_is_on_the_command_line_page() -> None:
    page = generate().commands_page()

    def walk(command: Any, path: str) -> None:
        assert f"## {path}\n" in page
        own = page.split(f"## {path}\n")[1].split("\n## ")[0]
        for p in command.params:
            if p.param_type_name == "option":
                assert p.help, f"{path} {p.opts[0]} has no help"
                assert f"`{p.opts[0]}`" in own, f"{path} {p.opts[0]}"
        for name, child in getattr(command, "commands", {}).items():
            walk(child, f"{path} {name}")

    walk(TOP, "bench")


def test_every_card_and_edition_stands_on_the_data_page() -> None:
    from bench.data.cards import all_tasks

    page = generate().data_page()
    for task in all_tasks(()).values():
        assert f"## {task.name}\n" in page
        for edition in task.editions:
            assert edition.licence.split("|")[0].split("<")[0] in page
            assert f"| {edition.name} |" in page


WRONG = {  # heading of the FAQ → the command that a user of the workshop types
    "unknown target 'amazn'; did you mean 'amazon'?": "run --target amazn",
    "no such file: nowhere.csv": "run --target nowhere.csv",
    "is not in the cache and the network is off": "run --target hf:me/toy",
    "has no text column that can be guessed": "run --target odd.csv",
    "different values, more than 100 classes": "run --target ids.csv --label-column id",
    "budget 'many' is not a number of labels": "run --target toy-target --budgets many",
    "is both source and target": "run --target toy-source --baseline tfidf",
    "PyTorch finds no CUDA device": "run --target toy-target --device cuda",
    "no records in": "report --results-dir nowhere",
    "is not what the card": "task check pinned --tasks pinned",
    "not available:": "data pull absent --tasks absent",
}


@pytest.mark.usefixtures("cached_script")
@pytest.mark.parametrize("said", WRONG)
def test_the_messages_of_the_faq_are_the_programs_own(said: str, bench_: Bench, workshop: Path) -> None:
    frame = toy.rows(1300, seed=5)
    frame.rename(columns={"text": "one", "label": "two"}).assign(one=1, two=2).to_csv(workshop / "odd.csv", index=False)
    frame.assign(id=[f"n{i}" for i in range(len(frame))]).to_csv(workshop / "ids.csv", index=False)
    for name, file, sha in (("pinned", "toy-target.csv", 'sha256 = "' + "0" * 64 + '"'), ("absent", "none.csv", "")):
        (workshop / name).mkdir()
        card = toy.card(name, file).replace('name = "toy"\n\n', f'name = "toy"\n{sha}\n\n')
        (workshop / name / f"{name}.toml").write_text(card)
    words = WRONG[said].split()
    more = [] if words[0] == "report" else ["--data-dir", "data", "--offline"]
    if words[0] == "run":
        more += ["--tasks", "cards", "--source", "toy-source"]
    if words[0] == "run" and "cuda" in words:
        import torch

        if torch.cuda.is_available():
            pytest.skip("there is a GPU")
    done = bench_(*words, *more)
    assert done.exit_code == 2, done.output
    assert said in done.stderr
    assert f"## `{said}`" in (DOCS / "faq.md").read_text(encoding="utf-8")


def test_every_message_that_the_faq_explains_is_tested() -> None:
    assert re.findall(r"^## `(.+)`$", (DOCS / "faq.md").read_text(encoding="utf-8"), re.MULTILINE) == list(WRONG)


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
    pages = {**{ROOT / page: module.BLOCKS for page in module.PAGES}, front_page.PAGE: front_page.BLOCKS}
    pages[front_page.GUIDE] = front_page.BLOCKS
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


def test_the_architecture_page_lists_every_file_with_what_it_holds() -> None:
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    assert page.partition("## Every file\n")[2].strip() == generate().file_map().strip(), "run python docs/generate.py"


def test_the_architecture_page_names_files_that_exist() -> None:
    page = (DOCS / "architecture.md").read_text(encoding="utf-8").partition("## Every file\n")[0]
    packages = "cli|runs|data|protocol|learning|results|analysis|report|explore|core"
    named = re.findall(rf"`((?:{packages})/[\w/.]+)`", page)
    assert len(named) > 40
    missing = [name for name in named if not any((ROOT / "bench" / f"{name}{end}").exists() for end in ("", ".py"))]
    assert missing == []
