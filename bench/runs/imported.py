"""Predictions from elsewhere: what has to be answered, and records of the answers, marked as imported."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.core.budget import NO_LABELS, Budget, Draw, in_order, labels_in
from bench.core.errors import BenchError, DataError
from bench.core.locks import locked
from bench.core.names import TaskRef
from bench.data.answers import Answers
from bench.data.corpus import Corpus
from bench.data.text import clean
from bench.data.user_file import label_words
from bench.protocol.domain import Domain
from bench.protocol.metrics import score
from bench.protocol.trial import make_trial
from bench.results import record_files, stored_predictions
from bench.results.record import Record
from bench.runs.inputs import Inputs, TrialContext
from bench.runs.registry import Description, Strategy
from bench.runs.trials import TrialSpec, blank_record

PARTS = ("test", "labelled", "unlabelled")
UNNAMED = frozenset(',[]()/\\"')  # characters that a name cannot hold, since lists and rows of leaderboards use them
LONGEST = 40
SHOWN = 3  # ids that an error names
DIGITS = 16  # of the hash in an id


def text_ids(corpus: Corpus, rows: NDArray[np.int64]) -> list[str]:
    """An id of each text: `t` and 16 digits of the hash of the cleaned text; a copy of a text has `-2`, `-3`, … too."""
    seen: dict[str, int] = defaultdict(int)
    ids = []
    for row in rows:
        name = id_of(corpus.text(int(row)))
        seen[name] += 1
        ids.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return ids


def id_of(text: str) -> str:
    """The id of a cleaned text. It begins with a letter, so that no spreadsheet takes it for a number."""
    return f"t{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:DIGITS]}"


def part_of(domain: Domain, part: str, budget: Budget, seed: int, draw: Draw) -> tuple[NDArray[np.int64], list[str]]:
    """The rows of a part of a task's texts, and their labels where the part has any: those of "labelled"."""
    if part not in PARTS:
        raise BenchError(f"--part {part!r} is no part of a task's texts", " or ".join(PARTS))
    if part == "test":
        return domain.split.test, []
    trial = make_trial(domain.data, domain.split, "", domain.name, budget, seed, draw=draw)
    if part == "unlabelled":
        return trial.unlabelled.rows, []
    if not len(trial.labelled):
        raise BenchError("--part labelled with a budget of 0 has no text", "such as --budget 32 --seed 0")
    return trial.labelled.rows, [trial.labels[y] for y in trial.labelled.labels]


def words_of(domain: Domain) -> dict[str, str]:
    """Other names of the labels: the classes of a user's file."""
    route = domain.edition.routes[0]
    classes = dict(route.reading["labels"]) if "incomplete" in route.reading else {}
    return {**classes, **{word: label for label, word in label_words(route).items()}}


def check_name(name: str, taken: Collection[str]) -> str:
    """The name of the row; `BenchError` for one that is a strategy's or cannot stand on a leaderboard."""
    if name in taken or name == "base":
        raise BenchError(f"--name {name!r} is a strategy of the suite", "choose another, such as gpt-x")
    if not name.strip() or name != name.strip() or not name.isprintable() or set(name) & UNNAMED or len(name) > LONGEST:
        raise BenchError(f"--name {name!r} cannot name a row",
                         f"1 to {LONGEST} characters, without {' '.join(sorted(UNNAMED))}")
    return name


def matched(answers: Answers, domain: Domain, path: Path) -> tuple[NDArray[np.float64], int]:
    """Probabilities [n_test, classes] in the order of the test set, and how many answers are of training texts.

    Raises `DataError` that counts and names the texts without an answer, the ids that are of no text, and those that
    are answered more than once.
    """
    corpus, test = domain.data.corpus, domain.split.test
    ids = text_ids(corpus, test)
    keys = [name.partition("-")[0] for name in ids] if answers.by_text else ids
    wanted: dict[str, list[int]] = defaultdict(list)
    for position, name in enumerate(keys):
        wanted[name].append(position)
    given: dict[str, list[int]] = defaultdict(list)
    for at, text in enumerate(answers.ids):
        given[id_of(clean(text)) if answers.by_text else text.casefold()].append(at)
    others = [name for name in given if name not in wanted]
    of_training = {id_of(corpus.text(int(row))) for row in domain.split.pool} if others else set()
    unknown = [name for name in others if name.partition("-")[0] not in of_training]
    missing = [name for name in wanted if name not in given]
    twice = [name for name in wanted if len(given.get(name, ())) not in (0, 1, len(wanted[name]))]
    problems = []
    if missing:
        problems.append(f"{len(missing):,} of {len(wanted):,} test texts have no answer ({_some(missing)})")
    if unknown:
        shown = [answers.ids[given[name][0]] for name in unknown]
        what = "text" if answers.by_text else "id"
        problems.append(f"{_are(len(unknown), what)} not of this task ({_some(shown)})")
    if twice:
        places = ", ".join(str(answers.places[i]) for i in given[twice[0]][:SHOWN])
        problems.append(f"{_are(len(twice), 'text')} answered more than once ({_some(twice)}; {answers.unit}s "
                        f"{places})")
    if problems:
        raise DataError(f"{path}: {'; '.join(problems)}", f"bench data export {domain.task.name} --part test writes "
                        f"what has to be answered: one row for each text of {domain.name}")
    order = np.empty(len(test), np.int64)
    for name, positions in wanted.items():
        found = given[name]
        order[positions] = found if len(found) == len(positions) else found[0]
    return answers.probabilities[order], sum(len(given[name]) for name in others)


def _are(count: int, what: str) -> str:
    return f"1 {what} is" if count == 1 else f"{count:,} {what}s are"


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(name if len(name) <= LONGEST else f"{name[:LONGEST]}…" for name in names[:SHOWN])
    return f"{shown}, …" if len(names) > SHOWN else shown


def columns_of_board(records: Sequence[Record], pair: Inputs, root: Path, draw: Draw) -> dict[Budget, set[int]]:
    """The budgets that the records of this leaderboard have, and the seeds of each."""
    asked = blank_record(_spec(pair, root, "x", NO_LABELS, 0, draw))
    found: dict[Budget, set[int]] = defaultdict(set)
    for record in records:
        if _board(record) == _board(asked) and record.head_seed is None:
            found[record.budget].add(record.seed)
    return {budget: found[budget] for budget in in_order(found)}


def _board(record: Record) -> tuple[object, ...]:
    return (record.task, record.edition, record.content_sha256, record.source, record.source_sha256,
            record.split_sha256, record.net, record.engine, record.device, record.draw)


def _spec(pair: Inputs, root: Path, name: str, budget: Budget, seed: int, draw: Draw) -> TrialSpec:
    strategy = Strategy(name, "bench", description=Description(frozenset(), {}, ""))
    return TrialSpec(TrialContext.of(pair, root, 0), strategy, budget, seed, draw=draw)


def make_records(pair: Inputs, root: Path, name: str, probabilities: NDArray[np.float64],
                 columns: dict[Budget, set[int]], draw: Draw, file: Path, *, labels_only: bool) -> list[Record]:
    """One record for each budget and seed, all of the same answers.

    Of answers that are labels alone neither AUC nor log-loss is known.
    """
    domain = pair.target
    truth = domain.data.y[domain.split.test]
    stored = stored_predictions.quantise(probabilities.astype(np.float32))
    scores = score(truth, stored_predictions.probabilities(stored))
    if labels_only:
        scores |= {"auc": None, "log_loss": None}
    predictions = stored_predictions.pack(truth, stored, domain.data.group[domain.split.test])
    origin = {"file_sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
              "answers": "labels" if labels_only else "probabilities"}
    return [replace(blank_record(_spec(pair, root, name, budget, seed, draw)), **scores,  # type: ignore[arg-type]
                    n_train=labels_in(budget, len(domain.split.pool)), n_test=len(truth), predictions=predictions,
                    imported=origin)
            for budget, seeds in columns.items() for seed in sorted(seeds)]


def save(results_dir: Path, records: Sequence[Record], *, force: bool) -> tuple[Path, int]:
    """Append the records that are not there yet; returns the file and how many were written.

    Raises `BenchError` where the folder has other answers under the same name, unless `force`: then the new ones count.
    """
    target: TaskRef = records[0].target
    path = results_dir / "records" / f"{target.task}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with locked(record_files.lock_of(path), f"waiting for a bench run that writes {path}"):
        there = {record.identity(): record for record in record_files.latest(record_files.read_with_packed(path))}
        new = [r for r in records if r.identity() not in there or not stored_predictions.same_answers(
            there[r.identity()].predictions, r.predictions)]
        changed = [record for record in new if record.identity() in there]
        if changed and not force:
            raise BenchError(f"{results_dir} has other answers of {records[0].baseline!r} already",
                             "--force makes the new ones count, or choose another --name")
        for record in new:
            record_files.append(path, record)
    return path, len(new)
