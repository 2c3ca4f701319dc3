"""Records, cards, models and files of a stranger, and what every command that reads them must keep to."""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from click.testing import Result
from typer.testing import CliRunner

from bench.cli.app import app
from bench.results import record_files, stored_predictions
from bench.results.record import Record

# What steers a terminal, reverses or ends a line, or is not seen: C0, DEL, C1, directions, zero width, separators.
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
                      "\ud800-\udfff\ufff9-\ufffb\U000e0000-\U000e007f]")
NASTY = ("\x1b[2J\x1b[1;1H", "\x1b]0;title\x07", "\x9b31m", "\x08\x08\x08", "a\rb", "a\nbench: fine", "\u202egnp.exe",
         "\u2066a\u2069", "\u200b", "\ufeffa", "a\u2028b", "a\u2029b", "\0", "\udc9b", "\U000e0041", "\x7f",
         "# heading", "<script>alert(1)</script>", "[a](http://[::1)", "![a](x)", "=cmd|' /C calc'!A0", "| a | b |",
         "```", "&#27;[2J", "{0}", "%s%n", "$(id)", "`id`", "\\", "../../a", "C:\\a", "a" * 5_000, "é" * 300, "", " ",
         "NaN", "nan", "__class__", "http://[::1", "file:///etc/passwd", "-", "--help", "full", "@", "a@b@c")
NUMBERS = (0, -1, 1, 2**31, 2**53 + 1, 2**63, 2**64, 10**100, 10**400, -(10**400), 0.5, -0.0, 1e308, -1e308, 1e-320,
           float("nan"), float("inf"), float("-inf"), 1.5, 999_999_999)
HEAD = {"task": "toy", "edition": "one", "content_sha256": "ab" * 32, "source": "imdb@official", "baseline": "tfidf",
        "settings": {}, "net": "gru-64-64", "engine": "torch", "device": "cpu", "budget": 32, "seed": 0}
TRUTH = np.arange(40) % 2


def values(rng: random.Random) -> Any:
    """Any value that JSON can say, or nearly."""
    kind = rng.randrange(9)
    if kind < 3:
        return rng.choice(NASTY)
    if kind < 5:
        return rng.choice(NUMBERS)
    return (None, True, [rng.choice(NASTY)], {rng.choice(NASTY): rng.choice(NUMBERS)})[kind - 5]


def good_record(draw: int = 0, **changed: Any) -> dict[str, Any]:
    """A record as a run writes it."""
    rng = np.random.default_rng(draw)
    p = np.stack([1 - (x := rng.uniform(0.2, 0.8, len(TRUTH))), x], axis=1).astype(np.float32)
    packed = stored_predictions.pack(TRUTH, stored_predictions.quantise(p))
    accuracy = float((p.argmax(axis=1) == TRUTH).mean())
    return {**asdict(Record(**{**HEAD, "seed": draw}, n_train=32, n_test=len(TRUTH), accuracy=accuracy,
                            balanced_accuracy=accuracy, macro_f1=accuracy, auc=0.5, log_loss=0.7, predictions=packed,
                            seconds={"adapt": 1.0, "predict": 0.1}, versions={"python": "3"}, host={"cores": 2})),
            **changed}


def line(body: Mapping[str, Any]) -> bytes:
    """A line with a right checksum, as far as there is one."""
    try:
        whole = {**body, "check": record_files._check(dict(body))}
    except (ValueError, TypeError, RecursionError):  # an integer of thousands of digits
        whole = {**body, "check": "0" * 16}
    try:
        return json.dumps(whole, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"
    except ValueError:
        return repr(whole).replace("'", '"').encode("utf-8", "replace") + b"\n"


def wrong_record(rng: random.Random) -> bytes:
    """A record with some fields that no run writes, its checksum right."""
    body = good_record(rng.randrange(3))
    names = [field.name for field in fields(Record)]
    for name in rng.sample(names, rng.choice((1, 1, 1, 2, 3))):
        kind = rng.randrange(4)
        old = body[name]
        if kind == 0 and isinstance(old, dict):
            body[name] = {**old, rng.choice([*old, *NASTY]): values(rng)}
        elif kind == 1 and isinstance(old, str):
            body[name] = old + rng.choice(NASTY)
        elif kind == 2 and isinstance(old, int | float):
            body[name] = rng.choice(NUMBERS)
        else:
            body[name] = values(rng)
    if rng.randrange(8) == 0:
        body["status"], body["error"] = "failed", rng.choice(NASTY)
    return line(body)


RAW_LINES = (b"[" * 200_000 + b"\n", b'{"schema": 1, "seconds": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001 + b"\n",
             b"\xff\xfe\n", b"\0" * 1000 + b"\n", b"null\n", b"[]\n", b'"a"\n', b"1\n", b"9" * 5_000 + b"\n", b"{}\n",
             b'{"schema": ' + b"9" * 5_000 + b"}\n", b'{"schema": "\\u001b[2J"}\n', b'{"schema": {"\\udc9b": 1}}\n',
             b'{"schema": 1, "schema": 2}\n', b'{"schema": 1, "check": NaN}\n', b"a" * 3_000_000 + b"\n", b"\n" * 3_000,
             b'{"schema": 1, "check": "x", "settings": {"a": 1e999}}\n', b"no end of the line")


def results_folder(folder: Path, rng: random.Random, count: int = 6) -> Path:
    """A results folder of a board of good records and some of a stranger."""
    (folder / "records").mkdir(parents=True)
    good = [line(good_record(seed, baseline=name, budget=budget)) for seed in range(2)
            for name in ("tfidf", "scratch") for budget in (32, "full")]
    wrong = [wrong_record(rng) if rng.randrange(8) else rng.choice(RAW_LINES) for _ in range(count)]
    (folder / "records" / "toy.jsonl").write_bytes(b"".join([*good, *wrong]))
    return folder


def ran(*arguments: object, seconds: float = 20.0, stdin: bytes | None = None) -> Result:
    """A command in this process: exit 0, 1 or 2, no traceback, no control character, few seconds of the processor."""
    began = time.process_time()
    done = CliRunner().invoke(app, [str(a) for a in arguments], input=stdin)
    took = time.process_time() - began
    said = done.stdout_bytes.decode("utf-8", "surrogateescape") + done.stderr_bytes.decode("utf-8", "surrogateescape")
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise AssertionError(f"{arguments}: traceback: {done.exception!r}"[:1500]) from done.exception
    assert done.exit_code in (0, 1, 2), (arguments, done.exit_code)
    assert "Traceback" not in said, (arguments, said[-2000:])
    found = CONTROLS.search(said)
    assert not found, (arguments, hex(ord(found[0])), said[max(0, found.start() - 80) : found.end() + 40])
    assert took < seconds, (arguments, took)
    return done


VIEWS: Sequence[Sequence[str]] = ((), ("--budget", "32"), ("--across",), ("--calibration",), ("--variance",),
                                  ("--label-cost", "1"), ("--compare", "tfidf,scratch"))
FORMS = ("table", "md", "csv", "latex", "html", "json")


def reading_of_results(folder: Path) -> Iterator[list[str]]:
    """Every command that reads a results folder."""
    for view in VIEWS:
        for form in FORMS if not view else ("table", "md", "json"):
            yield ["leaderboard", "--results-dir", str(folder), *view, "--format", form]
    yield ["leaderboard", "--results-dir", str(folder), "--compare", str(folder), str(folder), "--fail-if-worse", "1"]
    yield ["report", "--results-dir", str(folder), "--out", str(folder / "page.html")]
    yield ["reproduce", "--published", "--published-dir", str(folder), "--share", "100", "--offline"]
