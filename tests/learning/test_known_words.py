"""How many of a target's words a source knows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import toy

from bench.data.corpus import Corpus, Examples
from bench.learning.known_words import known_share, known_share_of_texts


def corpus(root: Path, *texts: str) -> Corpus:
    labels = [toy.LABELS[i % 2] for i in range(len(texts))]
    return toy.dataset(root, pd.DataFrame({"text": texts, "label": labels})).corpus


def every(texts: Corpus) -> Examples:
    return Examples(texts, np.arange(len(texts), dtype=np.int64))


def test_running_words_that_the_source_has_twice_are_known(tmp_path: Path):
    source = corpus(tmp_path, "good food good room", "bad room")
    target = corpus(tmp_path, "good good room food", "bad bad 12 !")
    assert known_share(every(target), source) == pytest.approx(3 / 6)  # food and bad occur once in the source


def test_numbers_marks_and_emoji_do_not_count(tmp_path: Path):
    source = corpus(tmp_path, "good 5 5 ! !", "good")
    assert known_share(every(corpus(tmp_path, "很好 5 5 5 ! 👍", "很差 5")), source) == 0.0
    assert known_share(every(corpus(tmp_path, "5 !", "👍 👍")), source) == 1.0


def test_words_of_new_texts_are_looked_up_as_tokens():
    assert known_share_of_texts(["I CAN’T say", "दिन"], {"can't", "say"}) == pytest.approx(2 / 4)
    assert known_share_of_texts(["5 !"], {}) == 1.0
