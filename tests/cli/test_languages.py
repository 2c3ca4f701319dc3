"""Files in other languages, with emoji and with curly apostrophes, from the command line."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
import toy
from board_records import record
from conftest import Bench

from bench.explore import canvas
from bench.results import record_files

SUITE = ("--source", "toy-source", "--tasks", "cards", "--data-dir", "data", "--offline")
# Words of a language, and the two endings that tell the classes apart.
PAIRS: dict[str, tuple[str, Sequence[str], str]] = {
    "hindi": ("बाज़ार नदी सुबह फिल्म खाना होटल रात लोग शहर पानी", ("दिन", "दान"), " "),
    "emoji": ("game lunch today plane family match before after my lesson", ("👍🏽", "👎🏽"), " "),
    "chinese": ("酒店 早餐 房间 城市 河流 电影 朋友 下雨 火车 老师", ("很好", "很差"), ""),
    "thai": ("โรงแรม อาหาร ห้อง เมือง ฝน รถไฟ ครู", ("ดีมากๆ", "แย่จริง"), ""),
    "vowelled": ("كِتَاب مَدِينَة نَهْر صَبَاح مَطَر قِطَار", ("عَلِمَ", "عُلِمَ"), " "),
}


def write_pairs(name: str, words: str, ends: Sequence[str], between: str, n: int = 60) -> None:
    """A file of texts that are there twice: only the last word differs, and tells the class."""
    rng = random.Random(5)
    rows = []
    for _ in range(n):
        begin = [rng.choice(words.split()) for _ in range(7)]
        rows += [{"text": between.join([*begin, end]), "label": toy.LABELS[i]} for i, end in enumerate(ends)]
    pd.DataFrame(rows).to_csv(f"{name}.csv", index=False)


@pytest.mark.parametrize("name", PAIRS)
def test_a_mark_a_character_or_an_emoji_tells_texts_apart(bench_: Bench, workshop: Path, name: str):
    write_pairs(name, *PAIRS[name])
    done = bench_("task", "check", f"{name}.csv", "--json", *SUITE)
    assert done.exit_code == 0, done.output
    facts = json.loads(done.stdout)
    assert (facts["exact"], facts["near"], facts["conflicts"], facts["sanity"]["tfidf"]) == (0, 0, 0, 1.0)


def test_a_run_in_another_language_is_told_once_and_only_where_a_strategy_builds_on_the_source(
        bench_: Bench, workshop: Path):
    write_pairs("mine", *PAIRS["hindi"])
    run = ("run", "--target", "mine.csv", "--budgets", "16", "--seeds", "1", "--device", "cpu", "--epochs", "1", *SUITE)
    assert "are known" not in bench_(*run, "--baseline", "tfidf").stderr
    done = bench_(*run, "--baseline", "source-only", "--baseline", "tfidf-source", "--base-seeds", "2")
    assert done.exit_code == 0, done.output
    assert done.stderr.count("mine@file: only 0.0% of its words are known from toy-source@toy") == 1
    assert done.stderr.count("docs/languages.md") == 1


def test_predict_labels_curly_and_straight_apostrophes_alike_and_says_where_it_knows_no_word(
        bench_: Bench, workshop: Path):
    rng = random.Random(2)
    rows = [{"text": f"{word} {rng.randint(0, 10**6)} we {word} it", "label": label}
            for _ in range(60) for word, label in (("can't", "negative"), ("won't", "positive"))]
    pd.DataFrame(rows).to_csv("mine.csv", index=False)
    assert bench_("fit", "--target", "mine.csv", "--baseline", "tfidf", "--out", "model", *SUITE).exit_code == 0
    answers = [bench_("predict", "model", f"I can{sign}t say", f"we won{sign}t", "-f", "jsonl") for sign in "'’ʼ＇‘"]
    assert len({answer.stdout.replace(sign, "'") for answer, sign in zip(answers, "'’ʼ＇‘", strict=True)}) == 1
    assert "are known" not in answers[0].stderr
    other = bench_("predict", "model", "यह खाना बहुत अच्छा था", "很好")
    assert other.exit_code == 0
    assert other.stderr.count("only 0.0% of the texts' words are known to the model") == 1


def test_every_chart_names_the_characters_that_no_font_has(bench_: Bench, workshop: Path,
                                                           monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("matplotlib")
    pytest.importorskip("vl_convert")
    monkeypatch.setattr(canvas, "_installed", list)
    canvas._fonts.cache_clear()
    for place, task in enumerate(("one", "two", "three")):
        for name in ("scratch", "finetune", "mine:好"):
            for seed in range(3):
                record_files.append(Path("charts") / "records" / f"{task}.jsonl",
                                    record(name, seed, task=task, content_sha256=f"{place:064x}"))
    for view in (("leaderboard", "--across"), ("leaderboard", "--calibration"), ("report", "--figures", "out")):
        done = bench_(*view, "--results-dir", "charts")
        assert done.exit_code == 0, done.output
        assert "Written: " in done.stdout
        assert "no font of this machine has 好, drawn as boxes" in done.stderr, view
    canvas._fonts.cache_clear()
