"""The systems of `make peers`, each in a process of its own: `python contestants.py NAME FOLDER EPOCHS`.

Every system gets the same reviews. One that makes passes over them is asked for one pass at a time; one that is
trained as a whole does it when it is asked first. Answers are JSON, one line each.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.data.text import Ragged
from bench.learning.networks.architectures import ARCHITECTURES, Params, initial_params
from bench.learning.networks.batches import Batches, Hooks, TrainingState
from bench.learning.networks.engines import engine, prepare
from bench.learning.pretrain import RECIPE

LONGEST, BATCH = 500, 64  # of the tutorials
KERAS_WORDS, KERAS_LONGEST, KERAS_BATCH = 20_000, 200, 32  # of Keras's example


class Reviews:
    """What every system is given."""

    def __init__(self, folder: Path) -> None:
        arrays = np.load(folder / "reviews.npz", allow_pickle=False)
        self.train = Ragged(arrays["ids"], arrays["offsets"])
        self.test = Ragged(arrays["test_ids"], arrays["test_offsets"])
        self.y, self.test_y = arrays["y"], arrays["test_y"]
        self.words = int(arrays["words"])
        self.folder = folder

    def texts(self, part: str) -> list[str]:
        """The texts of "train" or "test", as they are read by systems that split words themselves."""
        found: list[str] = json.loads((self.folder / f"{part}.json").read_text())
        return found


def cut_and_padded(x: Ragged, longest: int, *, end: bool = True) -> np.ndarray:
    """[n, longest]: the beginning of each text, zeros behind it; or with `end=False` its end, zeros before it."""
    ids = np.zeros((len(x), longest), np.int64)
    for i in range(len(x)):
        row = x[i]
        if end:
            ids[i, : len(row[:longest])] = row[:longest]
        elif len(row):
            ids[i, -len(row[-longest:]) :] = row[-longest:]
    return ids


class Paused(Exception):
    """Training stops after an epoch; `state` is where it goes on."""

    def __init__(self, state: TrainingState) -> None:
        super().__init__()
        self.state = state


class Ours:
    """The base's recipe, from drawn weights (no GloVe: nobody else has it), on all cores."""

    name = "torch"

    def __init__(self, reviews: Reviews, epochs: int) -> None:
        self.net = ARCHITECTURES["gru"]
        self.x = reviews.train.clip(self.net.most_tokens)
        self.tokens = int(self.x.lengths.sum())
        self.batches = Batches(self.x, reviews.y, RECIPE.batch, ("peers",))
        self.spec = replace(RECIPE, epochs=epochs, adversarial=0.0)  # as all: each text is read once per epoch
        self.params: Params = initial_params(self.net, reviews.words, "peers")
        self.state: TrainingState | None = None
        self.reviews, self.engine = reviews, engine(self.name)
        prepare(self.name, "cpu")  # the kernels are compiled once per machine: no time of an epoch

    def epoch(self) -> None:
        def stop(state: TrainingState) -> dict[str, float]:
            raise Paused(state)

        try:
            self.engine.fit(self.net, self.params, self.batches, self.spec, "cpu", Hooks(epoch=stop), self.state)
        except Paused as paused:
            self.state = replace(paused.state, history=())

    def accuracy(self) -> float:
        assert self.state is not None
        logits = self.engine.scores(self.net, self.state.params, self.reviews.test, "cpu")
        return float((logits.argmax(1) == self.reviews.test_y).mean())


class OursInMXNet(Ours):
    """The same by the MXNet engine."""

    name = "mxnet"


class PaddedTorch:
    """The tutorials' loop in PyTorch: embedding 64, batch-first GRU 64 on 500 words, its last state, Adam."""

    def __init__(self, reviews: Reviews, epochs: int) -> None:
        import torch
        from torch import nn

        class Padded(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.embedding, self.gru = nn.Embedding(reviews.words, 64), nn.GRU(64, 64, batch_first=True)
                self.head = nn.Linear(64, 2)

            def forward(self, ids: torch.Tensor) -> torch.Tensor:
                return self.head(self.gru(self.embedding(ids))[0][:, -1])

        self.torch, self.reviews = torch, reviews
        torch.manual_seed(0)
        self.model = Padded()
        self.optimiser = torch.optim.Adam(self.model.parameters())
        self.ids = torch.from_numpy(cut_and_padded(reviews.train, LONGEST))
        self.y = torch.from_numpy(reviews.y)
        self.tokens = int(np.minimum(reviews.train.lengths, LONGEST).sum())

    def epoch(self) -> None:
        for rows in self.torch.randperm(len(self.ids)).split(BATCH):
            self.optimiser.zero_grad()
            self.torch.nn.functional.cross_entropy(self.model(self.ids[rows]), self.y[rows]).backward()
            self.optimiser.step()

    def accuracy(self) -> float:
        test_rows = self.torch.from_numpy(cut_and_padded(self.reviews.test, LONGEST))
        with self.torch.inference_mode():
            guess = self.torch.cat([self.model(part).argmax(1) for part in test_rows.split(512)])
        return float((guess.numpy() == self.reviews.test_y).mean())


class PaddedMXNet:
    """The tutorials' loop in MXNet: the same network and batches by Gluon, hybridised."""

    def __init__(self, reviews: Reviews, epochs: int) -> None:
        vars(np).setdefault("bool", np.bool_)  # MXNet 1.9.1 asks for it when it is loaded
        import mxnet as mx
        from mxnet import gluon

        class Padded(gluon.HybridBlock):
            def __init__(self) -> None:
                super().__init__()
                with self.name_scope():
                    self.embedding = gluon.nn.Embedding(reviews.words, 64)
                    self.gru = gluon.rnn.GRU(64, layout="NTC", input_size=64)
                    self.head = gluon.nn.Dense(2, in_units=64)

            def hybrid_forward(self, F: Any, ids: Any) -> Any:
                return self.head(F.slice_axis(self.gru(self.embedding(ids)), axis=1, begin=-1, end=None))

        self.mx, self.gluon, self.reviews = mx, gluon, reviews
        mx.random.seed(0)
        self.model = Padded()
        self.model.initialize(mx.init.Xavier())
        self.model.hybridize()
        self.trainer = gluon.Trainer(self.model.collect_params(), "adam")
        self.loss = gluon.loss.SoftmaxCrossEntropyLoss()
        self.ids, self.y = cut_and_padded(reviews.train, LONGEST).astype(np.int32), reviews.y
        self.tokens = int(np.minimum(reviews.train.lengths, LONGEST).sum())
        self.rng = np.random.default_rng(0)

    def epoch(self) -> None:
        order = self.rng.permutation(len(self.ids))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            with self.mx.autograd.record():
                loss = self.loss(self.model(self.mx.nd.array(self.ids[rows], dtype=np.int32)),
                                 self.mx.nd.array(self.y[rows]))
            loss.backward()
            self.trainer.step(len(rows))
        self.mx.nd.waitall()

    def accuracy(self) -> float:
        test_rows = cut_and_padded(self.reviews.test, LONGEST).astype(np.int32)
        parts = [self.model(self.mx.nd.array(test_rows[i : i + 512], dtype=np.int32)).asnumpy().argmax(1)
                 for i in range(0, len(test_rows), 512)]
        return float((np.concatenate(parts) == self.reviews.test_y).mean())


class KerasLSTM:
    """The architecture of Keras's IMDB example on its PyTorch backend: two bidirectional LSTMs on 200 words."""

    def __init__(self, reviews: Reviews, epochs: int) -> None:
        os.environ["KERAS_BACKEND"] = "torch"
        import keras
        from keras import layers

        keras.utils.set_random_seed(0)
        self.reviews = reviews
        self.model = keras.Sequential([
            keras.Input((None,), dtype="int32"), layers.Embedding(KERAS_WORDS, 128),
            layers.Bidirectional(layers.LSTM(64, return_sequences=True)), layers.Bidirectional(layers.LSTM(64)),
            layers.Dense(1, activation="sigmoid")])
        self.model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
        self.ids, self.y = self._padded(reviews.train), reviews.y
        self.tokens = int(np.minimum(reviews.train.lengths, KERAS_LONGEST).sum())

    def _padded(self, x: Ragged) -> np.ndarray:
        table = np.arange(int(x.ids.max()) + 1, dtype=np.int32)  # words are numbered by frequency
        table[KERAS_WORDS:] = 1
        return cut_and_padded(x.renumber(table), KERAS_LONGEST, end=False).astype(np.int32)

    def epoch(self) -> None:
        self.model.fit(self.ids, self.y, batch_size=KERAS_BATCH, epochs=1, verbose=0)

    def accuracy(self) -> float:
        p = self.model.predict(self._padded(self.reviews.test), batch_size=512, verbose=0)
        return float(((np.asarray(p)[:, 0] > 0.5) == self.reviews.test_y).mean())


class FastText:
    """fastText's classifier as its tutorial has it: learning rate 0.5 and word pairs, in so many epochs."""

    whole, pairs = True, 2

    def __init__(self, reviews: Reviews, epochs: int) -> None:
        self.epochs, self.reviews = epochs, reviews
        texts = [" ".join(text.lower().split()) for text in reviews.texts("train")]
        self.file = reviews.folder / f"fasttext-{self.pairs}.txt"
        self.file.write_text("\n".join(f"__label__{y} {t}" for y, t in zip(reviews.y, texts, strict=True)) + "\n")
        self.tokens = epochs * sum(len(t.split()) for t in texts)

    def epoch(self) -> None:
        import fasttext

        self.model = fasttext.train_supervised(str(self.file), epoch=self.epochs, lr=0.5, wordNgrams=self.pairs,
                                               thread=os.cpu_count() or 1, verbose=0, seed=0)

    def accuracy(self) -> float:
        texts = [" ".join(t.lower().split()) for t in self.reviews.texts("test")]
        # Its Python method `predict` does not work with NumPy 2; this is what that calls: [(probability, label)].
        best = [self.model.f.predict(text + "\n", 1, 0.0, "strict")[0][1] for text in texts]
        guess = [int(label[len("__label__") :]) for label in best]
        return float((np.array(guess) == self.reviews.test_y).mean())


class FastTextWords(FastText):
    """The same of single words."""

    pairs = 1


class Linear:
    """scikit-learn: TF-IDF of words and word pairs, logistic regression."""

    whole = True

    def __init__(self, reviews: Reviews, epochs: int) -> None:
        self.reviews, self.texts = reviews, reviews.texts("train")
        self.tokens = int(reviews.train.lengths.sum())

    def model(self) -> Any:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        return make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
                             LogisticRegression(C=10.0, solver="liblinear"))

    def epoch(self) -> None:
        self.fitted = self.model().fit(self.texts, self.reviews.y)

    def accuracy(self) -> float:
        return float(self.fitted.score(self.reviews.texts("test"), self.reviews.test_y))


class LinearSGD(Linear):
    """scikit-learn: TF-IDF of words, a linear model by stochastic gradient descent."""

    def model(self) -> Any:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import SGDClassifier
        from sklearn.pipeline import make_pipeline

        return make_pipeline(TfidfVectorizer(sublinear_tf=True), SGDClassifier(loss="log_loss", random_state=0))


CONTESTANTS: dict[str, Any] = {
    "ours": Ours, "ours, MXNet": OursInMXNet, "tutorials, PyTorch": PaddedTorch, "tutorials, MXNet": PaddedMXNet,
    "Keras, 2 bi-LSTMs": KerasLSTM, "fastText, words": FastTextWords, "fastText, pairs": FastText,
    "scikit-learn, TF-IDF + LR": Linear, "scikit-learn, TF-IDF + SGD": LinearSGD,
}


def main(name: str, folder: Path, epochs: int) -> None:
    """Answer each line of the standard input."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not break the answers
    system: Any = None
    for line in sys.stdin:
        began = time.perf_counter()
        found: dict[str, float] = {}
        if line.strip() == "prepare":
            # The first step of a framework sets it up: a small run that does not count, then a fresh one.
            CONTESTANTS[name](Reviews(folder / "few"), 1).epoch()
            system = CONTESTANTS[name](Reviews(folder), epochs)
            found["whole"] = float(getattr(system, "whole", False))
            found["tokens"] = system.tokens
        elif line.strip() == "epoch":
            system.epoch()
        else:
            found["accuracy"] = system.accuracy()
        found["seconds"] = time.perf_counter() - began
        answers.write(json.dumps(found) + "\n")
        answers.flush()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
