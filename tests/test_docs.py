"""README and docs say what is true: commands exist and run, links lead somewhere, messages are the program's."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
from pathlib import Path
from types import SimpleNamespace
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
