"""Coverage-guided fuzzing of every parser: `python fuzz.py PARSER SECONDS`; `make fuzz` runs them all.

A parser may accept its input or refuse it with a `BenchError` of one line. Anything else — another exception, a hang of
ten seconds, two gigabytes of memory — ends the run with the input that did it. Needs `pip install atheris`.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["bench"]):
    from bench.core import store
    from bench.data import (  # noqa: F401
        archives,
        cards,
        index_pages,
        package_index,
        public_formats,
        table_files,
        text,
        usable_rows,
        user_file,
    )
    from bench.results import record_files, stored_predictions
import pandas  # noqa: F401  # what is imported late takes its seconds now
import pyarrow.parquet  # noqa: F401

from bench.core.errors import BenchError
from bench.data.archives import members
from bench.learning.networks.architectures import Architecture, check_params
from bench.results.record import Record

FOLDER = Path(tempfile.mkdtemp(prefix="bench-fuzz-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None))
RECORD = Record("toy", "one", "ab" * 32, "imdb@x", "tfidf", {"penalty": 10.0}, "gru-64-64-glove", "torch", "cpu", 32, 0,
                accuracy=0.5, balanced_accuracy=0.5, n_test=2, seconds={"adapt": 1.5})
ROWS = [{"text": f"a text, number {i} ü", "label": "good" if i % 2 else "bad"} for i in range(6)]


def written(data: bytes, name: str) -> Path:
    path = FOLDER / name
    path.write_bytes(data)
    return path


def card(data: bytes) -> None:
    made = cards.parse_card(data.decode("utf-8", "replace"), "card.toml")
    assert len(set(made.labels)) >= 2


def table(name: str) -> Callable[[bytes], None]:
    def parse(data: bytes) -> None:
        path = written(data, name)
        made = user_file.task_from_file(path).task
        route = made.editions[0].routes[0]
        rows, count = usable_rows.frame_of(table_files.open_table(path), route.reading)
        assert len(rows) == count.rows - count.left_out
        assert len(rows)
        assert set(rows["label"]) <= set(made.labels)

    return parse


def archive(data: bytes) -> None:
    path = written(data, "a.tar.gz")
    for reader in public_formats.ARCHIVES:
        try:
            public_formats.read(reader, path, {})
        except BenchError:
            continue


def plain_tar(data: bytes) -> None:
    """As `archive`, the gzip layer put on afterwards, so that the fuzzer sees the tar's own bytes."""
    for name, content in members(written(gzip.compress(data, 0), "b.tar.gz")):
        assert ".." not in name.split("/")
        assert not name.startswith("/")
        assert len(content) <= len(data) + 512


def record_lines(data: bytes) -> None:
    said: list[str] = []
    found = record_files.read(written(data, "toy.jsonl"), said.append)
    lines = [line for line in data.split(b"\n") if line]
    assert len(found) + len(said) == len(lines), "a line was passed over without a word"


def sealed_record(data: bytes) -> None:
    """A line with a right checksum: what only malice could write."""
    body = json.loads(data)
    if not isinstance(body, dict):
        return
    body = {**record_files.asdict(RECORD), **body}
    line = json.dumps({**body, "check": record_files._check(body)}, ensure_ascii=False).encode("utf-8", "surrogatepass")
    from bench.analysis import study
    from bench.report import leaderboard_files, leaderboard_json

    found = record_files.read(written(line + b"\n", "toy.jsonl"))
    for one in found:
        assert "/" not in one.task
        with contextlib.suppress(BenchError):
            stored_predictions.unpack(one.predictions)
    made = study.studies(found)
    leaderboard_files.csv(made)
    leaderboard_json.as_json(made)
    [leaderboard_files.markdown(one) for one in made]


def entry(data: bytes) -> None:
    cut = data.find(b"\0")
    folder = FOLDER / "in" / "entry"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "facts.json").write_bytes(data[:cut])
    (folder / "a.npy").write_bytes(data[cut + 1 :])
    found = store.load(folder)
    if found is not None:
        assert found.facts["files"], "an entry of nothing was taken for whole"


def weights(data: bytes) -> None:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        params = load(data)
    except (SafetensorError, KeyError):  # KeyError: a kind of number that NumPy does not have
        return
    check_params(params, Architecture("gru", embedding=2, hidden=2), 4, "fuzz")


def index_page(data: bytes) -> None:
    body = data.decode("utf-8", "replace")
    for parse in (index_pages.json_links, index_pages.html_links):
        try:
            found = parse(body, "https://example.org/simple/x/")
            package_index._matching(found, "x", "1.0")
        except (ValueError, KeyError, TypeError, AttributeError, AssertionError, RecursionError):  # as `listed_files`
            continue


def words(data: bytes) -> None:
    raw = data.decode("utf-8", "surrogatepass" if data[:1] < b"\x80" else "replace") if _decodes(data) else ""
    cleaned = text.clean(raw)
    assert text.clean(cleaned) == text.clean(text.clean(cleaned)) or "&" in cleaned or "<" in cleaned
    assert "\n" not in cleaned
    for token in text.tokens(cleaned):
        assert token


def _decodes(data: bytes) -> bool:
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


def parquet_seed() -> bytes:
    import pandas as pd

    out = io.BytesIO()
    pd.DataFrame(ROWS).to_parquet(out)
    return out.getvalue()


def tar_seed() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as made:
        for name in ("aclImdb/train/pos/1_9.txt", "x/books/positive.review"):
            info = tarfile.TarInfo(name)
            info.size = 5
            made.addfile(info, io.BytesIO(b"hello"))
    return out.getvalue()


def zip_seed() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("op_spam/negative_polarity/a/fold1/d_hilton_1.txt", "bad " * 9)
    return out.getvalue()


def weights_seed() -> bytes:
    import numpy as np
    from safetensors.numpy import save

    return save({"embedding.weight": np.zeros((4, 2), np.float32), "head.bias": np.zeros(2, np.float32)})


CSV = "text,label\n" + "".join(f'"{r["text"]}",{r["label"]}\n' for r in ROWS)
PARSERS: dict[str, tuple[Callable[[bytes], None], Callable[[], list[bytes]]]] = {
    "card": (card, lambda: [p.read_bytes() for p in sorted(cards.BUILT_IN.glob("*.toml"))]),
    "csv": (table("mine.csv"), lambda: [CSV.encode()]),
    "tsv": (table("mine.tsv"), lambda: [CSV.replace(",", "\t").encode()]),
    "jsonl": (table("mine.jsonl"), lambda: ["\n".join(map(json.dumps, ROWS)).encode()]),
    "parquet": (table("mine.parquet"), lambda: [parquet_seed()]),
    "archive": (archive, lambda: [gzip.compress(tar_seed()), zip_seed()]),
    "tar": (plain_tar, lambda: [tar_seed()]),
    "records": (record_lines, lambda: [(record_files.json_line(RECORD) + "\n").encode()]),
    "sealed-record": (lambda data: _json_only(sealed_record, data), lambda: [
        json.dumps({"task": "a", "seconds": {"adapt": 1}}).encode(), json.dumps(record_files.asdict(RECORD)).encode()]),
    "cache-entry": (entry, lambda: [b'{"files": {}, "check": "x"}\0\x93NUMPY']),
    "weights": (weights, lambda: [weights_seed()]),
    "index-page": (index_page, lambda: [b'<a href="x-1.0.tar.gz#sha256=00">x</a>',
                                        b'{"files": [{"url": "x", "filename": "x-1.0.zip", "hashes": {}}]}']),
    "words": (words, lambda: [b"a &amp; b &#65; <br /> it's e\xcc\x81 !"]),
}


def _json_only(parse: Callable[[bytes], None], data: bytes) -> None:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return
    parse(data)


def main() -> None:
    if len(sys.argv) < 2:
        sys.stdout.write("\n".join(PARSERS) + "\n")
        return
    name, seconds = sys.argv[1], int(sys.argv[2])
    parse, seeds = PARSERS[name]
    corpus = FOLDER / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(seeds()):
        (corpus / str(number)).write_bytes(seed)

    def one(data: bytes) -> None:
        try:
            parse(data)
        except BenchError as error:
            if not str(error).strip():
                raise AssertionError("a refusal without a word") from error

    atheris.Setup([sys.argv[0], str(corpus), f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048",
                   "-max_len=16384", "-print_final_stats=1", "-verbosity=1",
                   f"-artifact_prefix={os.environ.get('FUZZ_ARTIFACTS', '.')}/{name}-"], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
