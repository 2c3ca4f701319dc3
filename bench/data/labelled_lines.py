"""A text file in which every line begins with its label, as fastText (`__label__good A text`) and TREC write it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from bench.core.errors import DataError
from bench.data.encodings import TextFile
from bench.data.table import LONGEST, Rows, TableFile

# https://fasttext.cc/docs/en/supervised-tutorial.html; a line may have several labels
FASTTEXT = re.compile(r"((?:__label__\S+\s+)+)(\S.*)", re.DOTALL)
# Li and Roth 2002, https://cogcomp.seas.upenn.edu/Data/QA/QC: `DESC:manner How did serfdom develop …`
COARSE_AND_FINE = re.compile(r"([A-Z]{2,12}:[a-z_]{2,20})\s+(\S.*)", re.DOTALL)
FORMS = (FASTTEXT, COARSE_AND_FINE)
PREFIX = "__label__"


def labelled_table(text: TextFile) -> TableFile | None:
    """The columns label and text of such a file; None where a line does not begin with a label."""
    form = _form(text)
    if form is None:
        return None

    def stream(asked: Sequence[str], size: int) -> Iterator[Rows]:
        batch = Rows([], {name: [] for name in asked})
        for place, label, body in _lines(text, form):
            for name in asked:
                batch.cells[name].append(label if name == "label" else body)
            batch.places.append(place)
            if len(batch.places) == size:
                yield batch
                batch = Rows([], {name: [] for name in asked})
        if batch.places:
            yield batch

    return TableFile(text.path, "labelled", ("label", "text"), stream, "line",
                     (*text.notes, "every line begins with its label"))


def _form(text: TextFile) -> re.Pattern[str] | None:
    """The one of FORMS in which every line is that is not blank."""
    form: re.Pattern[str] | None = None
    with text.opened() as file:
        for line in file:
            if not line.strip():
                continue
            if form is None:
                form = next((known for known in FORMS if known.fullmatch(line)), None)
            if form is None or not form.fullmatch(line):
                return None
    return form


def _lines(text: TextFile, form: re.Pattern[str]) -> Iterator[tuple[int, str, str]]:
    """The number, label and text of each line; of several labels a JSON list."""
    with text.opened() as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            parts = form.fullmatch(line.rstrip("\r\n"))
            if parts is None:
                raise DataError(f"{text.path} changed while it was read: line {number}", "run it again")
            if len(line) > LONGEST:
                raise DataError(f"{text.path}: line {number} has more than {LONGEST:,} characters", "is it one text?")
            labels = [label.removeprefix(PREFIX) for label in parts[1].split()]
            yield number, labels[0] if len(labels) == 1 else json.dumps(labels, ensure_ascii=False), parts[2]
