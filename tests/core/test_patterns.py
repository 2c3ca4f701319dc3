"""No regular expression of ours takes more than linear time on a text made to slow it down."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from backtracking import NOTHING, Matcher, growth

from bench.core import places

MODES = {"search": "findall", "sub": "findall", "subn": "findall", "split": "findall", "findall": "findall",
         "finditer": "findall", "fullmatch": "fullmatch", "match": "match"}
SOURCES = sorted([*(places.ROOT / "bench").rglob("*.py"), *(places.ROOT / "docs").glob("*.py")])
Found = tuple[str, str | bytes, int]  # where it stands, the pattern, its flags


@cache
def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text())))


def inline() -> Iterator[tuple[Found, str]]:
    """Patterns that stand in a call such as `re.sub("…", …)`, with how they are used."""
    for path in SOURCES:
        for node in nodes(path):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in MODES and \
                    ast.unparse(node.func.value) == "re" and isinstance(node.args[0], ast.Constant):
                flags = sum(getattr(re, name) for name in re.findall(r"\bre\.([A-Z]+)\b", ast.unparse(node)))
                yield (f"{path.stem}:{node.lineno}", node.args[0].value, flags), MODES[node.func.attr]


def named() -> Iterator[tuple[Found, str]]:
    """Patterns that a module of ours holds, with each way in which a name like theirs is used."""
    used: dict[str, set[str]] = {}
    for path in SOURCES:
        for node in nodes(path):
            if isinstance(node, ast.Attribute) and node.attr in MODES:
                used.setdefault(ast.unparse(node.value).rpartition(".")[2], set()).add(MODES[node.attr])
    for path in SOURCES:
        if "re.compile(" not in path.read_text() or path.parent.name == "docs":
            continue
        module = importlib.import_module(".".join(path.relative_to(places.ROOT).with_suffix("").parts))
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern):
                for mode in sorted(used.get(name, {"findall"})):
                    yield (f"{path.stem}.{name}", value.pattern, value.flags), mode


EVERY = {f"{where} {mode}": (pattern, flags, mode)
         for (where, pattern, flags), mode in [*inline(), *named()]}


def test_the_patterns_are_found():
    assert len(EVERY) > 40
    assert {"tokens.ESCAPED findall", "headers.NUMBER fullmatch", "text.MARKS findall"} <= set(EVERY)


@pytest.mark.parametrize("name", EVERY)
def test_a_text_four_times_as_long_takes_four_times_the_steps(name: str):
    pattern, flags, mode = EVERY[name]
    for short in (16, 250):  # a repeat with a bound looks quadratic up to it
        factor, text = growth(pattern, flags, mode, short)
        if factor < 2:
            return
    pytest.fail(f"{pattern!r}: {factor:.1f} times what is linear on {text}")


@pytest.mark.parametrize(("pattern", "mode"), [(r"\S*\\\S*", "findall"), (r"x\s*a*a*b", "match"),
                                               (r",(?![^[]*\])", "findall"), (r"\\+[nrt]", "findall")])
def test_a_pattern_that_is_worse_is_noticed(pattern: str, mode: str):
    assert growth(pattern, 0, mode, 16)[0] > 2


@pytest.mark.parametrize("name", EVERY)
def test_the_steps_are_those_of_the_same_pattern(name: str):
    pattern, flags, _ = EVERY[name]
    matcher = Matcher(pattern, flags)
    parts = ["", *matcher.repeated(matcher.items), NOTHING, matcher.example(matcher.items)]
    for text in {a + b + c for a in parts[:3] for b in parts for c in ("", "a", "7 ", NOTHING)}:
        subject = text.encode("latin-1", "ignore") if isinstance(pattern, bytes) else text
        found = re.search(pattern, subject, flags)  # type: ignore[type-var]
        matcher.findall(subject.decode("latin-1") if isinstance(subject, bytes) else subject)
        assert matcher.first == (found and found.span()), text
