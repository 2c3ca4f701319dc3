"""Raw files become rows: one function a format, and one table that names them."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from bench.core.errors import DataError
from bench.data.archives import AGAIN, bomb, bound, broken, gunzip, members

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["READERS", "STRIPS", "members", "read", "stripped"]

LARGEST = 4 << 30  # bytes of a file, and of a parquet file's columns in memory
LONGEST = 10_000_000  # characters of a text
COLUMNS = 1_000
STRIPS = ("headers", "footers", "quotes")  # in the order in which scikit-learn cuts them out


def read(reader: str, path: Path, reading: Mapping[str, Any]) -> pd.DataFrame:
    """The rows of `path`: text columns `text` and `label`, and `split` and `group` where they apply.

    `reading` is what a card's route says: `text`, `label` (column names), `labels` (raw value -> label name; other
    rows are dropped), `where` (column -> values kept), `split` (one split for all rows).
    Raises `DataError` naming the file, the column or row (counted from 1), and what to do.
    """
    raw = READERS[reader](path)
    if raw.empty:
        raise DataError(f"{path} holds no rows", "is it the right file?")
    for column, kept in dict(reading.get("where", {})).items():
        values = [cell(v) for v in _column(raw, column, path, "where")]
        raw = raw[[v in kept for v in values]]
        if raw.empty:
            raise DataError(f"{path}: no row has {column} in {sorted(kept)}", f"there are: {_some(values)}")
    texts = list(_column(raw, reading.get("text", "text"), path, "text"))
    labels = [cell(v) for v in _column(raw, reading.get("label", "label"), path, "label")]
    rows = [int(i) + 1 for i in raw.index]
    columns: dict[str, list[Any]] = {"text": texts, "label": labels}
    if "split" in reading:
        columns["split"] = [reading["split"]] * len(rows)
    elif "split" in raw:
        columns["split"] = [cell(v) for v in raw["split"]]
    if "group" in raw:
        columns["group"] = [cell(v) or "" for v in raw["group"]]
    if "labels" in reading:
        names: Mapping[str, str] = reading["labels"]
        keep = [i for i, label in enumerate(labels) if label in names]
        if not keep:
            raise DataError(f"{path}: no label is one of {sorted(names)}", f"there are: {_some(labels)}")
        columns = {k: [v[i] for i in keep] for k, v in columns.items()}
        columns["label"] = [names[label] for label in columns["label"]]
        rows = [rows[i] for i in keep]
    _check(columns, rows, path)
    return _frame(columns).astype("str")


def stripped(posts: list[str], parts: tuple[str, ...]) -> list[str]:
    """Newsgroup posts without `parts` (some of STRIPS), just as `fetch_20newsgroups(remove=parts)` leaves them.

    A post that held nothing else becomes empty.
    """
    # scikit-learn does not export these by name. A copy here could drift from what `remove=` means in every paper on
    # 20 Newsgroups; if scikit-learn's own drift, the cards' hashes show it.
    from sklearn.datasets import _twenty_newsgroups as newsgroups

    functions = (newsgroups.strip_newsgroup_header, newsgroups.strip_newsgroup_footer,
                 newsgroups.strip_newsgroup_quoting)
    for part, function in zip(STRIPS, functions, strict=True):
        if part in parts:
            posts = [function(post) for post in posts]
    return posts


def cell(value: object) -> str | None:
    """A raw label, group or split as text: 1 and 1.0 are '1', True is 'true'; None if it is missing."""
    import numpy as np

    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating):
        number = float(value)
        return None if number != number else str(int(number)) if number.is_integer() else str(number)
    if isinstance(value, int | np.integer):
        return str(value)
    if isinstance(value, list | dict | np.ndarray | bytes):
        try:
            return json.dumps(value, default=str, sort_keys=True)
        except (ValueError, TypeError, RecursionError):  # nested too deep, or keys of unlike kinds
            return f"{type(value).__name__} that cannot be shown"
    return None  # None, pandas.NA


def parquet(path: Path) -> pd.DataFrame:
    """A Parquet file, all its columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            groups = (file.metadata.row_group(i) for i in range(file.metadata.num_row_groups))
            size = sum(group.total_byte_size for group in groups)
            if size > LARGEST:
                raise DataError(f"{path} holds {size >> 20} MB", f"no more than {LARGEST >> 20} MB are read")
            names = file.schema_arrow.names
            if len(names) > COLUMNS or len(set(names)) < len(names):
                raise DataError(f"{path} has {len(names)} columns, {len(names) - len(set(names))} names twice",
                                f"at most {COLUMNS} columns of different names")
            if file.metadata.num_rows * max(len(names), 1) * 8 > bound(path):
                raise bomb(path, bound(path))
        return _plain(path, names)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise broken(path, error) from None


def _plain(path: Path, names: list[str]) -> pd.DataFrame:
    """A parquet file's columns, once it is known how large they are.

    A text that is repeated stands once in the file: a small one can unpack to any size. Read as dictionaries they
    stay small until their size is known.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    total = 0
    with pq.ParquetFile(path, read_dictionary=names) as file:
        table = file.read()
    for column in table.columns:
        if not pa.types.is_dictionary(column.type):
            total += column.nbytes
            continue
        for chunk in column.chunks:
            lengths = pc.binary_length(chunk.dictionary)
            total += pc.sum(pc.take(lengths, chunk.indices).cast(pa.int64())).as_py() or 0
    if total > min(LARGEST, bound(path)):
        raise bomb(path, min(LARGEST, bound(path)))
    plain = [c.cast(c.type.value_type) if pa.types.is_dictionary(c.type) else c for c in table.columns]
    table = pa.table(plain, names=names)
    table.validate(full=True)
    frame: pd.DataFrame = table.to_pandas(ignore_metadata=True)
    return frame


def csv(path: Path) -> pd.DataFrame:
    """Comma-separated values with a header line, UTF-8, plain or .gz."""
    return _separated(path, ",")


def tsv(path: Path) -> pd.DataFrame:
    """Tab-separated values with a header line, quoted like CSV, UTF-8, plain or .gz."""
    return _separated(path, "\t")


def jsonl(path: Path) -> pd.DataFrame:
    """One JSON object a line, UTF-8, plain or .gz."""
    records: list[dict[str, Any]] = []
    names: dict[str, None] = {}
    for number, line in enumerate(_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            reason = str(error) if isinstance(error, json.JSONDecodeError) else type(error).__name__
            raise DataError(f"{path}: line {number} is not JSON: {reason}",
                            "one object a line, such as {\"text\": …}") from None
        if not isinstance(record, dict):
            raise DataError(f"{path}: line {number} is not a JSON object: {line.strip()[:40]!r}",
                            "one object a line, such as {\"text\": …}")
        records.append(record)
        names.update(dict.fromkeys(record))
        if len(names) > COLUMNS:
            raise DataError(f"{path}: line {number} brings the {len(names)}th key",
                            f"at most {COLUMNS}; is it one object a line, all with the same keys?")
    return _frame({name: [record.get(name) for record in records] for name in names})


def imdb_archive(path: Path) -> pd.DataFrame:
    """The Large Movie Review Dataset's archive (Maas et al. 2011), aclImdb_v1.tar.gz."""
    shape = re.compile(r"(?:\./)?aclImdb/(train|test)/(pos|neg)/[^/]+\.txt")
    names = {"pos": "positive", "neg": "negative"}
    rows = []
    for name, data in members(path, lambda n: bool(shape.fullmatch(n))):
        found = shape.fullmatch(name)
        assert found
        rows.append({"text": data.decode("utf-8", "replace"), "label": names[found[2]], "split": found[1]})
    return _rows(rows, path, "aclImdb/{train,test}/{pos,neg}/*.txt")


def blitzer_reviews(path: Path) -> pd.DataFrame:
    """The Multi-Domain Sentiment Dataset's archive (Blitzer et al. 2007), its labelled part.

    The files are UTF-8 with a few broken bytes, and look like XML but are not: `&` and `<` stand as they are.
    """
    shape = re.compile(r"(?:.*/)?([^/]+)/(positive|negative)\.review")
    rows = []
    for name, data in members(path, lambda n: bool(shape.fullmatch(n))):
        found = shape.fullmatch(name)
        assert found
        group = found[1].split("_")[0]
        for part in data.decode("utf-8", "replace").split("</review_text>")[:-1]:
            _, opened, text = part.partition("<review_text>")
            if opened:
                rows.append({"text": text.strip(), "label": found[2], "group": group})
    return _rows(rows, path, "<category>/{positive,negative}.review")


def op_spam(path: Path) -> pd.DataFrame:
    """The Deceptive Opinion Spam Corpus's archive (Ott et al. 2011, 2013), op_spam_v1.4.zip, polarity as label."""
    shape = re.compile(r"(?!__MACOSX/)(?:.*/)?(positive|negative)_polarity/[^/]+/fold\d+/[a-z]+_(.+)_\d+\.txt")
    rows = []
    for name, data in members(path, lambda n: bool(shape.fullmatch(n))):
        found = shape.fullmatch(name)
        assert found
        rows.append({"text": _tolerant(data).strip(), "label": found[1], "group": found[2]})
    return _rows(rows, path, "{positive,negative}_polarity/*/fold*/*.txt")


def vader_amazon(path: Path) -> pd.DataFrame:
    """Amazon sentences with mean human sentiment from -4 to +4 (Hutto and Gilbert 2014); |mean| < 0.5 is left out."""
    wanted = "amazonReviewSnippets_GroundTruth.txt"
    rows = []
    for name, data in members(path, lambda n: PurePosixPath(n).name == wanted):
        for number, line in enumerate(_tolerant(data).splitlines(), 1):
            if not line.strip():
                continue
            try:
                identity, mean, text = line.split("\t", 2)
                score = float(mean)
            except ValueError:
                raise DataError(f"{path}: {name} line {number} is not id, mean, text: {line[:60]!r}", AGAIN) from None
            if abs(score) >= 0.5:
                label = "positive" if score > 0 else "negative"
                rows.append({"text": text.strip(), "label": label, "group": identity.split("_")[0]})
    return _rows(rows, path, wanted)


READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    "parquet": parquet,
    "csv": csv,
    "tsv": tsv,
    "jsonl": jsonl,
    "imdb-archive": imdb_archive,
    "blitzer-reviews": blitzer_reviews,
    "op-spam": op_spam,
    "vader-amazon": vader_amazon,
    "20newsgroups": parquet,  # what the scikit-learn route writes
}


def _separated(path: Path, separator: str) -> pd.DataFrame:
    import io

    import pandas as pd

    text = _text(path)
    if not text.strip():
        raise DataError(f"{path} is empty", "a header line and one row an example are needed")
    first = text.find("\n") if "\n" in text else len(text)
    if text.count(separator, 0, first) >= COLUMNS:
        raise DataError(f"{path} has {text.count(separator, 0, first) + 1} columns", f"at most {COLUMNS}")
    try:
        frame = pd.read_csv(io.StringIO(text), sep=separator, dtype=object, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        reason = " ".join(str(error).split()).removeprefix("Error tokenizing data. C error: ")
        raise DataError(f"{path} is not a readable table: {reason[:200]}",
                        "quote texts that hold separators, quotes or line ends") from None
    if not isinstance(frame.index, pd.RangeIndex):  # pandas took the surplus cells for an index
        raise DataError(f"{path}: the rows have more cells than the header",
                        "quote texts that hold separators, quotes or line ends")
    return frame


def _text(path: Path) -> str:
    """A file's text, gunzipped where its first bytes say so; not UTF-8, or a NUL byte, is an error."""
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST:  # a device would never end
                raise DataError(f"{path} is no file, or larger than {LARGEST >> 20} MB", "is it the right file?")
            data = file.read(2)
            if data != b"\x1f\x8b":
                data += file.read()
    except OSError as error:
        raise broken(path, error) from None
    if data == b"\x1f\x8b":
        data = gunzip(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}", "save it as UTF-8") from None
    if "\0" in text:
        raise DataError(f"{path} holds a NUL byte at byte {data.index(0)}", "is it a text file? save it as UTF-8")
    return text


def _tolerant(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _frame(columns: Mapping[str, list[Any]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})


def _rows(rows: list[dict[str, str]], path: Path, wanted: str) -> pd.DataFrame:
    if not rows:
        raise DataError(f"{path} holds no {wanted}", "is it the right archive?")
    return _frame({name: [row[name] for row in rows] for name in rows[0]})


def _column(frame: pd.DataFrame, name: str, path: Path, role: str) -> pd.Series[Any]:
    if name not in frame.columns:
        there = ", ".join(repr(str(c)) for c in frame.columns[:20])
        hint = f"there are: {there}" + (f"; name it with --{role}-column" if role in ("text", "label") else "")
        raise DataError(f"{path} has no {role} column {name!r}", hint)
    return frame[name]


def _some(values: list[str | None]) -> str:
    found = sorted({str(v) for v in values})
    return ", ".join(map(repr, found[:10])) + (", …" if len(found) > 10 else "")


def _check(columns: Mapping[str, list[Any]], rows: list[int], path: Path) -> None:
    """Every row has a text of characters and a label, and its split is train or test."""
    for row, text, label in zip(rows, columns["text"], columns["label"], strict=True):
        if text is None or text != text or text == "":
            raise DataError(f"{path}: row {row} has no text", "fill it in or take the row out")
        if not isinstance(text, str):
            raise DataError(f"{path}: row {row} has {type(text).__name__} {str(text)[:40]!r} as its text",
                            "is it the right column? --text-column")
        if len(text) > LONGEST:
            raise DataError(f"{path}: the text of row {row} has {len(text):,} characters",
                            f"at most {LONGEST:,}; is a quote missing?")
        if not text.strip():
            raise DataError(f"{path}: row {row} has no text", "fill it in or take the row out")
        if label is None:
            raise DataError(f"{path}: row {row} has no label", "fill it in or take the row out")
        if "\0" in text or "\0" in label or not _encodable(text) or not _encodable(label):
            raise DataError(f"{path}: row {row} holds a NUL or half a surrogate pair", "take the character out")
    for row, split in zip(rows, columns.get("split", ["train"] * len(rows)), strict=True):
        if split not in ("train", "test"):
            raise DataError(f"{path}: row {row} has the split {split!r}",
                            "only train and test: rename the column, or keep rows by `where` in the card")


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
