"""`--set`: which values a signature takes, and which strategies and bases the texts make."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bench.baselines import BASELINES
from bench.core.errors import BenchError
from bench.results.row_names import row_name
from bench.runs import signature
from bench.runs.chosen_settings import options_per_base, with_settings
from bench.runs.options import Options
from bench.runs.registry import Strategy, describe_all, strategies_named


def a_fit(trial, resources, *, depth: int = 3, rate: float = 1, share=0.5, on: bool = False,
          model: str | None = None, words: Sequence[str] = ("a", "b"), name="x", anything=None): ...


KINDS = signature.kinds_of(a_fit)


@pytest.mark.parametrize(("setting", "text", "value"), [
    ("depth", "7", 7), ("depth", "1e3", 1000), ("depth", "-2", -2), ("rate", "2", 2.0), ("rate", ".5", 0.5),
    ("share", "5e-4", 5e-4), ("share", "0", 0.0), ("on", "true", True), ("on", "FALSE", False), ("model", "5", "5"),
    ("model", "none", None), ("model", "org/name", "org/name"), ("model", '"a, b"', "a, b"), ("words", '["c"]', ["c"]),
    ("name", "12", "12"), ("name", "true", "true"), ("name", "nan", "nan"), ("anything", "5", 5),
    ("anything", "five", "five"), ("anything", '{"a": [1]}', {"a": [1]})])
def test_a_value_is_read_as_the_signature_says(setting: str, text: str, value: Any) -> None:
    found = signature.parsed(text, KINDS[setting])
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(("setting", "text", "said"), [
    ("depth", "7.5", "a whole number"), ("depth", "x", "a whole number"), ("depth", "true", "a whole number"),
    ("share", "nan", "a number"), ("share", "Infinity", "a number"), ("share", "", "a number"),
    ("share", "1_0", "a number"),
    ("on", "1", "true or false"), ("words", "c", "a list"), ("words", '{"a": 1}', "a list"), ("name", "", "a text")])
def test_what_the_signature_does_not_take_is_refused(setting: str, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=f"not {said}"):
        signature.parsed(text, KINDS[setting])


def described(*names: str) -> list[Strategy]:
    strategies = describe_all(strategies_named(names, BASELINES))
    assert all(isinstance(strategy, Strategy) for strategy in strategies)
    return strategies  # type: ignore[return-value]


def rows(texts: Sequence[str], *names: str) -> list[str]:
    return [strategy.row for strategy in with_settings(described(*names), texts)]


def test_several_values_are_several_rows_and_the_default_is_the_plain_one() -> None:
    default = described("finetune")[0].settings()["learning_rate"]
    several = ["finetune[learning_rate=5e-4]", "finetune[learning_rate=2e-3]"]
    assert rows(["finetune.learning_rate=5e-4,2e-3"], "finetune", "tfidf") == [*several, "tfidf"]
    assert rows(["finetune.learning_rate=5e-4", "finetune.learning_rate=2e-3", "finetune.learning_rate=0.0005"],
                "finetune") == several
    for plain in ("default", repr(default)):
        assert rows([f"finetune.learning_rate=5e-4,{plain}"], "finetune") == [several[0], "finetune"]
    assert rows(["finetune.learning_rate=5e-4,default", "finetune.new_labels=0.1"], "finetune") == [
        "finetune[learning_rate=5e-4 new_labels=0.1]", "finetune[new_labels=0.1]"]
    assert rows([], "finetune") == ["finetune"]


def test_the_function_gets_what_was_chosen_and_the_record_has_all_settings() -> None:
    strategy = with_settings(described("tfidf"), ["tfidf.penalty=2"])[0]
    assert strategy.settings()["penalty"] == 2.0
    assert strategy.fit().keywords == {"penalty": 2.0}  # type: ignore[attr-defined]


def test_a_strategy_from_outside_may_have_dots_and_colons_in_its_name(tmp_path: Path) -> None:
    (tmp_path / "my.dir").mkdir()
    file = tmp_path / "my.dir" / "knob.py"
    file.write_text("NEEDS = ()\ndef fit(trial, resources, *, C: float = 1, weights=(1, 2)): ...\n")
    typed = f"{file}:fit"
    for name in (typed, str(file), "knob:fit"):
        assert rows([f"{name}.C=-0.5"], typed) == ["knob:fit[C=-0.5]"]
    assert rows([f"{typed}.weights=[3,4],[5]"], typed) == ["knob:fit[weights=[3 4]]", "knob:fit[weights=[5]]"]


@pytest.mark.parametrize(("text", "words"), [
    ("finetune", ["STRATEGY.SETTING=VALUE"]), (".a=1", ["STRATEGY.SETTING=VALUE"]),
    ("finetun.learning_rate=1", ["no strategy 'finetun'", "did you mean 'finetune'"]),
    ("finetune.learning_rat=1", ["did you mean 'learning_rate'", "new_labels="]),
    ("finetune.learning_rate=fast", ["'fast' is not a number", "learning_rate="]),
    ("finetune.learning_rate=1,,2", ["'' is not a number"]), ("finetune.learning_rate=-1", ["below 0"]),
    ("majority.a=1", ["has no settings"])])
def test_a_wrong_one_is_named_with_what_there_is(text: str, words: list[str]) -> None:
    with pytest.raises(BenchError) as refused:
        rows([text], "finetune", "majority")
    assert all(word in str(refused.value) for word in words), refused.value


def test_settings_of_the_base_make_one_run_for_each_recipe() -> None:
    texts = ("base.epochs=3,default", "tfidf.penalty=1", "base.learning_rate=0.01")
    found = options_per_base(Options(settings=texts))
    assert [dict(run.base_recipe) for run in found] == [{"epochs": 3, "learning_rate": 0.01}, {"learning_rate": 0.01}]
    assert {run.settings for run in found} == {("tfidf.penalty=1",)}
    for text, word in (("base.epoch=3", "did you mean 'epochs'"), ("base.epochs=0", "from 1"),
                       ("base.epochs=1.5", "a whole number"), ("base.learning_rate=0", "above 0"),
                       ("base.warmup=nan", "a number"), ("base.word_dropout=1", "to 0.95")):
        with pytest.raises(BenchError, match=word):
            options_per_base(Options(settings=(text,)))
    with pytest.raises(BenchError, match="one or the other"):
        options_per_base(Options(settings=("base.epochs=3",), epochs=2))


@pytest.mark.parametrize(("value", "text"), [
    (5e-4, "5e-4"), (1.5e-5, "1.5e-5"), (0.01, "0.01"), (0.0015, "0.0015"), (-5e-4, "-5e-4"), (1.0, "1.0"),
    (0.0, "0.0"),    (1e22, "1e+22"), (3, "3"), (True, "true"), (None, "null"), ([1, 2], "[1 2]"), ("a,b", "a b")])
def test_a_setting_in_the_name_of_a_row(value: Any, text: str) -> None:
    assert row_name("s", {"v": value}) == f"s[v={text}]"
    if isinstance(value, float):
        assert json.loads(text) == value
