"""Texts and their classes in memory as the data of a task, with every text to train on: what an estimator fits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.core import store
from bench.core.brief import shown
from bench.core.errors import InputError
from bench.data import corpus
from bench.data.cards import Edition, Route, Task
from bench.data.labels import MOST_CLASSES, sentiment
from bench.data.load import LoadedTask
from bench.data.user_file import is_imbalanced
from bench.protocol.split import NO_TEST, make_split

if TYPE_CHECKING:
    from bench.library.arguments import Folder

NAME = "fitted-texts"  # the task's; the draws of a trial depend on it
LONGEST = 100  # characters of a class that is called by its own name


def class_names(classes: Sequence[Any], mapping: Mapping[Any, str]) -> list[str]:
    """What the suite calls each class: what `mapping` says, the source's word where it is one for the same, or itself.

    Raises `InputError` where `mapping` names what is no class, or gives two classes one name.
    """
    if unknown := [raw for raw in mapping if raw not in classes]:
        raise InputError(f"map_label names {shown(unknown[0])}, which y does not hold",
                         f"its classes: {', '.join(map(shown, classes[:12]))}")
    if len(classes) > MOST_CLASSES:
        raise InputError(f"y holds {len(classes):,} classes", f"at most {MOST_CLASSES:,}; are they numbers to predict?")
    words = [str(c) for c in classes]
    meant = sentiment(dict.fromkeys(words, 1), "")
    if meant is not None and len(set(meant.names.values())) == len(words):
        words = [meant.names[word] for word in words]
    if len(set(words)) < len(words) or not all(0 < len(w) <= LONGEST and w.isprintable() and w.strip() for w in words):
        words = [f"class {number}" for number in range(len(classes))]
    names = [str(mapping.get(c, word)) for c, word in zip(classes, words, strict=True)]
    if double := [name for name, n in Counter(names).items() if n > 1]:
        raise InputError(f"map_label makes two classes {double[0]!r}", "each class needs a name of its own")
    return names


def loaded(texts: Sequence[str], labels: Sequence[str], cache: Folder | None) -> dict[str, LoadedTask]:
    """The texts as a task without a test set, under its name; its corpus is in the cache.

    Raises `InputError` where a class has no text of its own, `DataError` where fewer than two have texts.
    """
    import pandas as pd

    root = Path(cache).expanduser().absolute() if cache is not None else store.default_cache()
    classes = tuple(sorted(set(labels)))
    rows, sha256 = corpus.normalised_rows(pd.DataFrame({"text": texts, "label": labels}, dtype=object), classes, "X")
    data = corpus.load(root, sha256, classes) or corpus.build(root, rows, classes, sha256)
    pool = make_split(data, NO_TEST, "", NAME).pool
    if absent := sorted(set(classes) - {classes[number] for number in data.y[pool]}):
        raise InputError(f"no text is left of the class {absent[0]!r}",
                         "its texts hold no word, or are copies of texts of another class")
    edition = Edition("memory", (Route("directory", {"file": NAME}),), test=NO_TEST)  # type: ignore[arg-type]
    task = Task(NAME, NAME, classes, (edition,), is_imbalanced(Counter(labels)))
    return {NAME: LoadedTask(task, edition, data, "memory")}
