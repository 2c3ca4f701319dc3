"""Files of answers as people have them: every spelling that is certain is read, everything else is refused by name."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from bench.core.errors import DataError
from bench.data.answers import SURE, Answers, read_answers

LABELS = ("negative", "positive")


def answers(tmp_path: Path, text: str, name: str = "a.csv", labels: tuple[str, ...] = LABELS, encoding: str = "utf-8",
            **words: str) -> Answers:
    (tmp_path / name).write_bytes(text.encode(encoding))
    return read_answers(tmp_path / name, labels, words)


@pytest.mark.parametrize(("text", "note"), [
    ("id,negative,positive\na,0.25,0.75\nb,1,0\n", ""),
    ("Positive,Text ID,NEGATIVE\n.75,a,0.25\n0,b,1\n", ""),
    ("id;p_positive;p_negative\na;0,75;0,25\nb;0;1\n", "semicolons"),
    ("hash,prob(positive)\na,0.75\nb,0\n", "negative has the rest"),
    ("id,positive\na,75%\nb,0 %\n", "percentages"),
    ("id,negative,positive\na,25,75\nb,100,0\n", "percentages"),
    (f"id,logprob_negative,logprob_positive\na,{math.log(0.25)},{math.log(0.75)}\nb,0,-inf\n", "log-probabilities"),
    ("id,negative,positive\na,0.254,0.761\nb,1,0\n", "scaled to sum to 1")])
def test_probabilities_in_many_spellings(tmp_path: Path, text: str, note: str) -> None:
    for encoding in ("utf-8", "utf-8-sig"):
        found = answers(tmp_path, text, encoding=encoding)
        assert (found.ids, found.labels_only, found.by_text) == (("a", "b"), False, False)
        np.testing.assert_allclose(found.probabilities, [[0.25, 0.75], [1, 0]], atol=1e-3)
        assert note in "; ".join(found.notes)


def test_labels_alone_get_one_probability_whatever_their_case(tmp_path: Path) -> None:
    for text in ("id,label\na,POSITIVE\nb, Negative \n", "id,Prediction\na,good\nb,negative\n",
                 "id,positive\na,1\nb,0\n", "id,negative,positive\na,0,1\nb,1,0\n"):
        found = answers(tmp_path, text, good="positive")
        assert found.labels_only
        np.testing.assert_allclose(found.probabilities, [[1 - SURE, SURE], [SURE, 1 - SURE]])


def test_texts_stand_for_ids_where_there_are_none(tmp_path: Path) -> None:
    found = answers(tmp_path, 'text,label,p_negative,p_positive\n"so, so",positive,0.4,0.6\n')
    assert (found.ids, found.by_text, found.labels_only) == (("so, so",), True, False)


@pytest.mark.parametrize(("text", "said"), [
    ("id,negative,positive\na,-1.2,1.2\nb,3,-3\n", "softmax"),
    ("id,negative,positive\na,0.6,0.7\nb,1,0\n", "line 2: negative 0.6, positive 0.7, sum 1.3"),
    ("id,positive\na,1.5\n", "positive 1.5"),
    ("id,positive\na,high\nb,0.5\n", "1 cells of 'positive' are no numbers, such as 'high' in line 2"),
    ("id,positive\na,nan\n", "no numbers"),
    ("id,positive,p_positive\na,1,1\n", "both of 'positive'"),
    ("id,label\na,positive\nb,maybe\nc,\n", "2 cells of 'label' are none of the labels: 'maybe' (line 3), '' (line 4)"),
    ("id,text\na,hello\n", "neither probabilities nor labels"),
    ("name,positive\na,0.5\n", "no column of ids"),
    ("id,positive\n,0.5\n", "without an id"),
    ('id,probabilities,label\na,"[0.5,0.5]",positive\n', "all classes in one column")])
def test_what_is_not_certain_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(DataError) as refused:
        answers(tmp_path, text)
    assert said in str(refused.value)


def test_of_three_classes_each_needs_a_column(tmp_path: Path) -> None:
    three = ("a", "b", "c")
    found = answers(tmp_path, '{"id": "x", "a": 0.2, "b": 0.3, "c": 0.5}\n', "x.jsonl", three)
    np.testing.assert_allclose(found.probabilities, [[0.2, 0.3, 0.5]])
    with pytest.raises(DataError, match="no probabilities of c"):
        answers(tmp_path, "id,a,b\nx,0.2,0.3\n", labels=three)
