"""Data sets of the hub as targets and sources, from a server on this machine that answers as the hub does."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import servers
from commands import refused
from conftest import Bench
from hub_server import COMMIT, DataSet, Hub

from bench.core.errors import BenchError, RouteError
from bench.core.places import ROOT
from bench.data.card_text import card_text
from bench.data.cards import parse_card
from bench.data.load import load_task
from bench.protocol.domain import Domain
from bench.runs import inputs
from bench.runs.options import Options

OTHER = "f" * 40
TEXT, LABEL = {"dtype": "string", "_type": "Value"}, {"names": ["neg", "pos"], "_type": "ClassLabel"}
ASK = """
import json, os, sys
from pathlib import Path
from bench.core.errors import BenchError
from bench.runs import inputs
from bench.runs.options import Options
for line in sys.stdin:
    case, said = json.loads(line), []
    os.environ["HF_TOKEN"] = case["token"]
    options = Options(cache_dir=Path(sys.argv[1]))
    try:
        access = inputs.access_for(options, said.append, progress=False)
        domain = inputs.load(case["name"], options, access, said.append)
        answer = {"name": domain.name, "labels": domain.data.labels, "pool": len(domain.split.pool),
                  "test": len(domain.split.test), "sha256": domain.data.corpus.sha256}
    except BenchError as error:
        answer = {"error": str(error)}
    print(json.dumps({**answer, "said": said}), flush=True)
"""


def rows(n: int, seed: int = 0) -> dict[str, list[Any]]:
    """`n` texts, in turns bad and good, no two nearly alike."""
    rng = np.random.default_rng(seed)
    return {"text": [f"{('a cold soup', 'a warm room')[i % 2]} {' '.join(map(str, rng.integers(0, 10**6, 12)))}"
                     for i in range(n)], "label": [i % 2 for i in range(n)]}


def parquet(columns: dict[str, list[Any]], **features: Any) -> bytes:
    """A Parquet file as `datasets` writes it: with its features in the metadata."""
    kept = {"info": {"features": {"text": TEXT, "label": LABEL, **features}}}
    table = pa.table(columns).replace_schema_metadata({"huggingface": json.dumps(kept)})
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def split_files(**sizes: int) -> dict[str, bytes]:
    """A file per split; one called `test_` has no labels."""
    files = {}
    for seed, (split, n) in enumerate(sizes.items()):
        columns = rows(n, seed)
        if split.endswith("_"):
            columns["label"] = [-1] * n
        files[f"data/{split.rstrip('_')}-00000-of-00001.parquet"] = parquet(columns)
    return files


def csv(n: int) -> bytes:
    columns = rows(n)
    pairs = zip(columns["text"], columns["label"], strict=True)
    return "\n".join(["text,label", *(f"{text},{('bad', 'good')[y]}" for text, y in pairs)]).encode()


def pictures() -> bytes:
    columns = rows(40)
    columns["picture"] = [{"bytes": b"\x89PNG", "path": None}] * 40
    return parquet(columns, picture={"_type": "Image"})


def configs(default: str) -> bytes:
    entries = "".join(f"- config_name: {name}\n  data_files:\n  - split: train\n    path: {name}.csv\n"
                      + ("  default: true\n" if name == default else "") for name in ("ab", "cd"))
    return f"---\nconfigs:\n{entries}---\n".encode()


def hub(marker: Path) -> Hub:
    """The data sets of these tests; one answers with 429, one is cut off once, one gets a commit when main is asked.

    The program of one of them would make the file `marker`.
    """
    several = parquet({**rows(40), "label": [[0, 1]] * 40}, label={"feature": LABEL, "_type": "List"})
    program = f"open({str(marker)!r}, 'w')".encode()
    data_sets = {
        "me/toy": DataSet(split_files(train=80, validation=20, test=40), revisions={"v1": OTHER},
                          others={OTHER: split_files(train=60, test=30)}),
        "toy": DataSet({}, renamed="me/toy"),
        "me/no-test": DataSet(split_files(train=80, validation=20, test_=30)),
        "me/pictures": DataSet({"data/train-00000-of-00001.parquet": pictures()}),
        "me/configs": DataSet({"README.md": configs(""), "ab.csv": csv(40), "cd.csv": csv(60)}),
        "me/default": DataSet({"README.md": configs("cd"), "ab.csv": csv(40), "cd.csv": csv(60)}),
        "me/private": DataSet(split_files(train=60), token="right"),
        "me/gated": DataSet(split_files(train=60), token="right", gated=True),
        "me/script": DataSet({"script.py": program}, revisions={"refs/convert/parquet": OTHER},
                             others={OTHER: {"default/train/0000.parquet": parquet(rows(60))}}),
        "me/several": DataSet({"data/train-00000-of-00001.parquet": several}),
        "me/large": DataSet({"train.csv": csv(40)}, sizes={"train.csv": 9 << 30}),
        "me/cut": DataSet({"data/train-00000-of-00001.parquet": parquet(rows(50, 9))}),
        "me/busy": DataSet({"train.csv": csv(40)}),
        "me/moving": DataSet({"train.csv": csv(40)}, others={OTHER: {"train.csv": csv(60)}}),
    }
    cut = []

    def fault(request: BaseHTTPRequestHandler, path: str) -> bool:
        if path.startswith("/api/datasets/me/busy"):
            servers.send(request, b"", 429)
            return True
        if path.endswith("/me/moving/revision/main"):
            data_sets["me/moving"].revisions["main"] = OTHER
        if path.startswith("/cdn/") and answer.stored(path) in data_sets["me/cut"].contents.values() and not cut:
            cut.append(path)
            request.close_connection = True
            servers.send(request, b"PAR1", Content_Length="5000")
            return True
        return False

    answer = Hub(data_sets, fault)
    return answer


ASKED = ("hf:me/toy", "hf:me/toy@v1", "hf:toy", "hf:me/no-test", "hf:me/pictures", "hf:me/configs", "hf:me/configs:cd",
         "hf:me/configs:xx", "hf:me/default", "hf:me/private", "hf:me/gated", "hf:me/script",
         "hf:me/script@refs/convert/parquet", "hf:me/several", "hf:me/large", "hf:me/cut", "hf:me/busy", "hf:me/none",
         "hf:me/toy@none", "hf:me/moving", "hf:me/moving ", "hf:me/moving@main", "wrong hf:me/gated",
         "right hf:me/gated", "right hf:me/private")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hub") / "cache"


@pytest.fixture(scope="module")
def answers(cache: Path) -> dict[str, dict[str, Any]]:
    """What came of each name in one process, which reads HF_ENDPOINT when it imports the hub's library."""
    cases = [{"name": asked.split()[-1], "token": asked.split()[0] if asked.count(" hf:") else ""} for asked in ASKED]
    with servers.serving(hub(cache.parent / "was-run")) as server:
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING"))}
        environment |= {"HF_ENDPOINT": server.url, "HF_HOME": str(cache.parent / "hf"), "PYTHONPATH": str(ROOT),
                        "HF_HUB_DISABLE_TELEMETRY": "1"}
        done = subprocess.run([sys.executable, "-c", ASK, str(cache)], env=environment, capture_output=True, text=True,
                              input="\n".join(map(json.dumps, cases)), timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert not (cache.parent / "was-run").exists()
    return dict(zip(ASKED, map(json.loads, done.stdout.splitlines()), strict=True))


def test_the_hubs_splits_and_class_names_are_taken(answers: dict[str, dict[str, Any]]):
    toy = answers["hf:me/toy"]
    assert toy["name"] == f"me-toy@{COMMIT[:12]}"
    assert (toy["labels"], toy["pool"], toy["test"]) == (["negative", "positive"], 100, 40)
    assert [note.removeprefix("hf:me/toy: ") for note in toy["said"][-5:]][1:] == [
        "texts from 'text', labels from 'label': negative 70, positive 70 (neg = negative, pos = positive)",
        "the test set is its split 'test', 40 labelled rows",
        "the 20 labelled rows of the split 'validation' are trained on", "all 140 rows used"]
    assert "main of 20" in toy["said"][-5]
    assert answers["hf:toy"]["name"] == toy["name"]  # of a renamed data set the name of today


def test_without_labels_in_the_test_split_a_quarter_is_drawn_and_this_is_said(answers: dict[str, dict[str, Any]]):
    no_test = answers["hf:me/no-test"]
    assert no_test["pool"] + no_test["test"] == 100
    assert abs(no_test["test"] - 25) <= 1  # of each class a quarter
    assert any("(train 80, validation 20, test 30 without labels)" in note for note in no_test["said"])
    assert no_test["said"][-1] == "hf:me/no-test: 100 of 130 rows used: 30 without a label"


def test_a_revision_is_another_edition_and_a_name_keeps_its_commit_until_main_is_asked_for(
        answers: dict[str, dict[str, Any]]):
    assert answers["hf:me/toy@v1"]["name"] == f"me-toy@{OTHER[:12]}"
    assert answers["hf:me/toy@v1"]["test"] == 30
    first, again, main = (answers[name] for name in ("hf:me/moving", "hf:me/moving ", "hf:me/moving@main"))
    assert first["name"] == again["name"] == f"me-moving@{COMMIT[:12]}"
    assert not any(note.startswith("asking") for note in again["said"])
    assert main["name"] == f"me-moving@{OTHER[:12]}"


def test_configs_are_chosen_or_listed(answers: dict[str, dict[str, Any]]):
    assert "2 configs, and none is the default: ab, cd (name one, such as hf:me/configs:ab)" in \
        answers["hf:me/configs"]["error"]
    assert answers["hf:me/configs:xx"]["error"] == "the data set me/configs has no config 'xx' (it has: ab, cd)"
    assert answers["hf:me/configs:cd"]["name"] == f"me-configs-cd@{COMMIT[:12]}"
    assert answers["hf:me/default"]["name"] == f"me-default-cd@{COMMIT[:12]}"
    assert any("config 'cd', the default (others: ab)" in note for note in answers["hf:me/default"]["said"])


def test_what_the_hub_refuses_is_said_with_what_to_do(answers: dict[str, dict[str, Any]]):
    errors = {name: answer.get("error", "") for name, answer in answers.items()}
    for name in ("hf:me/none", "hf:me/private"):  # strangers are told the same of both
        assert f"the hub has no data set {name[3:]}, or a private one" in errors[name]
        assert "HF_TOKEN" in errors[name]
    assert "is gated" in errors["hf:me/gated"]
    assert "HF_TOKEN" in errors["hf:me/gated"]
    assert "the owner of this token has none" in errors["wrong hf:me/gated"]
    assert "no such revision" in errors["hf:me/toy@none"]
    assert "answered 429 Too Many Requests" in errors["hf:me/busy"]
    assert "9.7 GB to download, at most 8 GB" in errors["hf:me/large"]
    assert "program of its own (script.py), which is never run (hf:me/script@refs/convert" in errors["hf:me/script"]
    assert "hf:me/several: 'label' holds several labels in each row" in errors["hf:me/several"]
    right = ("right hf:me/private", "right hf:me/gated", "hf:me/script@refs/convert/parquet", "hf:me/cut",
             "hf:me/pictures")
    assert [errors[name] for name in right] == [""] * 5


def offline(name: str, cache: Path, **options: Any) -> Domain:
    given = Options(cache_dir=cache, offline=True, **options)
    return inputs.load(name, given, inputs.access_for(given, str, progress=False), str)


@pytest.mark.parametrize("name", ["hf:me/toy", f"hf:me/toy@{COMMIT}", f"hf:me/toy@{COMMIT[:7]}", "me-toy",
                                  f"me-toy@{COMMIT[:12]}"])
def test_what_was_read_once_is_found_without_the_network(answers: dict[str, dict[str, Any]], cache: Path, name: str):
    domain = offline(name, cache)
    assert domain.name == answers["hf:me/toy"]["name"]
    assert domain.data.corpus.sha256 == answers["hf:me/toy"]["sha256"]


def test_options_for_files_hold_for_the_hub(answers: dict[str, dict[str, Any]], cache: Path):
    assert answers["hf:me/toy"]["labels"] == ["negative", "positive"]
    named = offline("hf:me/toy", cache, map_label=("neg=cold", "pos=warm"))
    assert named.data.labels == ("cold", "warm")
    with pytest.raises(BenchError, match=r"hf:me/toy has no column 'body' \(its columns: text, label;"):
        offline("hf:me/toy", cache, text_column="body")
    with pytest.raises(BenchError, match=r"hf:me/no-test: --strict: 30 of 130 rows cannot be used"):
        offline("hf:me/no-test", cache, strict=True)
    with pytest.raises(RouteError, match=r"hf:me/unread is not in the cache .*bench data pull hf:me/unread"):
        offline("hf:me/unread", cache)


def test_a_card_pins_commit_and_content(answers: dict[str, dict[str, Any]], cache: Path):
    domain = offline("hf:me/configs:cd", cache)
    card = card_text(domain.task, "rooms", domain.data.corpus.sha256, len(domain.data.y))
    assert [f'{key} = "{value}"' in card for key, value in
            (("from", "hub"), ("dataset", "me/configs"), ("config", "cd"))] == [True] * 3
    given = Options(cache_dir=cache, offline=True)
    loaded = load_task(parse_card(card, "test"), inputs.access_for(given, str, progress=False), cache)
    assert loaded.data.corpus.sha256 == answers["hf:me/configs:cd"]["sha256"]


def test_a_plan_fetches_nothing_and_a_name_without_prefix_is_recognised(bench_: Bench):
    refused(bench_("run", "--target", "hf:me/unread", "--dry-run"), "is not in the cache, and an estimate fetches",
            "bench data pull hf:me/unread")
    refused(bench_("run", "--target", "me/unread"), "no such file: me/unread", "hf:me/unread")
    refused(bench_("data", "verify", "hf:me/unread"), "hf:me/unread has no card", "bench task new hf:me/unread")
