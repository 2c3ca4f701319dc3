"""`bench.load`: a model that `bench fit` saved, which labels new texts."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.data.text import clean
from bench.learning.models.folder import SavedModel
from bench.learning.models.folder import load as load_folder

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

    from bench.learning.models.model import Model

BATCH = 1_024  # texts that are scored together


@dataclass(frozen=True, repr=False)
class TextModel:
    """A model that labels texts.

    `card`: what its folder says of it: the data and strategy that it was made of, and its scores on the test set.
    """

    saved: SavedModel

    @property
    def classes_(self) -> NDArray[np.str_]:
        """The labels, in the order of the columns of `predict_proba`, [classes]."""
        return np.array(self.saved.labels)

    @property
    def card(self) -> Mapping[str, Any]:
        """What is known of the model."""
        return self.saved.card

    def predict(self, texts: Any) -> NDArray[np.str_]:
        """The most likely label of each text, [n]; a list, a column or an array of strings is taken."""
        return np.asarray(self.classes_[self.predict_proba(texts).argmax(axis=1)])

    def predict_proba(self, texts: Any) -> NDArray[np.float32]:
        """The probability of each class for each text, [n, classes]; the columns are in the order of `classes_`.

        Warns where the model knows few of the words. Raises `InputError` for what is no list of strings.
        """
        from bench.library.texts import texts_of

        batch = [clean(text) for text in texts_of(texts)]
        if warning := unknown_words(self.saved.model, batch[:BATCH]):
            warnings.warn(warning, stacklevel=2)
        return probabilities(self.saved.model, batch)

    def __repr__(self) -> str:
        """What was made of what, and how good it is."""
        card = self.card
        score = card.get("accuracy")
        known = f", accuracy {score:.3f} on {card.get('n_test'):,} test texts" if isinstance(score, float) else ""
        return f"<{card.get('baseline', 'model')} for {', '.join(self.saved.labels[:6])}{known}>"


def load(folder: str | os.PathLike[str], *, engine: str = "", device: str = "auto") -> TextModel:
    """Load a model that `bench fit` or `bench.fit` saved; every file of it is checked before it is used.

    Args:
        folder: the model's folder.
        engine: "torch" or "mxnet" for a network; "" is the one that trained it.
        device: "auto", "cpu" or "cuda", for a network.

    Raises:
        BenchError: the folder is missing, damaged, or not what its card says.

    """
    return TextModel(load_model(Path(folder).expanduser(), engine, device))


def load_model(folder: Path, engine: str = "", device: str = "auto") -> SavedModel:
    """The model in a folder; its networks are set to the engine and the device asked for."""
    from bench.learning.models.mean_model import on_device

    saved = load_folder(folder)
    return replace(saved, model=on_device(saved.model, engine, device))


def probabilities(model: Model, cleaned: Sequence[str]) -> NDArray[np.float32]:
    """The model's probabilities of cleaned texts, [n, classes], in batches."""
    parts = [model.probabilities(cleaned[at : at + BATCH]) for at in range(0, len(cleaned), BATCH)]
    return np.concatenate(parts) if parts else np.empty((0, model.classes), np.float32)


def unknown_words(model: Model, cleaned: Sequence[str]) -> str:
    """What to say where the model knows few of the texts' words; empty where it knows enough, or knows no words."""
    from bench.learning.known_words import FEW_OF_MODEL, known_share_of_texts

    vocabulary = getattr(model, "vocabulary", None)
    share = 1.0 if vocabulary is None else known_share_of_texts(cleaned, vocabulary.numbers)
    return "" if share >= FEW_OF_MODEL else (
        f"only {share:.1%} of the texts' words are known to the model, so that its labels are little more than "
        "guesses: is it the right language? (docs/languages.md)")
