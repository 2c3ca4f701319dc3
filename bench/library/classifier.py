"""`bench.TransferClassifier`: a strategy as a scikit-learn classifier of texts."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import assert_all_finite, check_consistent_length, check_is_fitted, column_or_1d

from bench.baselines import FITTED
from bench.core.budget import FULL
from bench.core.errors import InputError
from bench.data.hub_names import PREFIX
from bench.learning.models.folder import load
from bench.library.arguments import IN_MEMORY, options
from bench.library.fit import fit_one
from bench.library.labelled_texts import class_names, loaded
from bench.library.model import TextModel
from bench.library.progress import progress_for
from bench.library.texts import texts_of
from bench.runs import processes
from bench.runs.options import Options

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bench.library.arguments import Folder, Targets

MODEL = "model"  # the folder's name, while it is made


class TransferClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A text classifier that learns from the source's texts too: the command `bench fit --all-labels` for scikit-learn.

    `X` is a list, a column or an array of strings, not of features. Copies of a text count once, and texts without a
    word do not count. What was read and trained is kept in the cache, so that the base is trained once, not in each
    fold. Nothing is written elsewhere.

    Args:
        source: what the base network is trained on: a task's name, a file's path or a DataFrame.
        strategy: a name of `bench list baselines`, `file.py:function` or `package.module:function`.
        map_label: class in `y` → label of the source, such as `{1: "positive", 0: "negative"}`. Words that say so
            themselves (pos, neg, happy, sad) need no mapping. Where the labels are the source's, its output layer is
            carried over too; `predict` answers in the classes of `y` all the same.
        random_state: of the classifier head and the order of batches: a number, a NumPy `RandomState` or None for 0.
        net: the base network; this and what follows are as in `bench.run`.
        preset: its size, "default" or "tutorial".
        engine: "torch" or "mxnet".
        device: "auto", "cpu" or "cuda".
        epochs: of the base; 0 is as many as its recipe says.
        data_dir: a folder of data files, searched before the network.
        cache_dir: the folder of bases, corpora and downloads.
        tasks: folders with more task cards.
        offline: make no network requests.
        verbose: show the progress.

    Attributes:
        classes_: the classes of `y`, sorted, [classes]; the order of the columns of `predict_proba`.
        model_: the fitted model, a `TextModel`.
        n_texts_: how many different texts it was trained on.
        notes_: what was said of the texts, the source and the strategy; what does not concern the source alone is a
            `UserWarning` too.

    """

    def __init__(self, *, source: Targets = Options.source, strategy: str = FITTED,
                 map_label: Mapping[Any, str] | None = None, random_state: Any = 0, net: str = Options.net,
                 preset: str = Options.preset, engine: str = Options.engine, device: str = Options.device,
                 epochs: int = Options.epochs, data_dir: Folder | None = None, cache_dir: Folder | None = None,
                 tasks: Folder | Iterable[Folder] = (), offline: bool = False, verbose: bool = False) -> None:
        self.source = source
        self.strategy = strategy
        self.map_label = map_label
        self.random_state = random_state
        self.net = net
        self.preset = preset
        self.engine = engine
        self.device = device
        self.epochs = epochs
        self.data_dir = data_dir
        self.cache_dir = cache_dir
        self.tasks = tasks
        self.offline = offline
        self.verbose = verbose

    def fit(self, X: Any, y: Any) -> TransferClassifier:
        """Fit the strategy on texts `X` and their classes `y`, [n]; trains the base first where the cache has none.

        Raises `InputError`, a `ValueError`, for what are no texts or classes, and `BenchError` as `bench.fit` does.
        """
        texts = texts_of(X, "X")
        if y is None:
            raise InputError("this classifier requires y to be passed, but the target y is None", "give the labels")
        y = column_or_1d(y, warn=True)
        if y.dtype.kind == "O" and (missing := [at for at, c in enumerate(y.tolist()) if c is None or c != c]):
            raise InputError(f"y holds {y[missing[0]]!r} in place of the class of text {missing[0]}",
                             "leave out the texts without a class")
        assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        check_consistent_length(texts, y)
        classes, codes = np.unique(y, return_inverse=True)
        if len(classes) < 2:
            raise InputError(f"y holds {len(classes)} class{'' if len(classes) == 1 else 'es'}",
                             "a classifier needs texts of at least two")
        names = class_names(classes.tolist(), self.map_label or {})
        settings, _ = options(
            targets=(), source=self.source, baselines=self.strategy, budgets=FULL, seeds=1, all_labels=True,
            net=self.net, preset=self.preset, engine=self.engine, device=self.device, epochs=self.epochs,
            data_dir=self.data_dir, cache_dir=self.cache_dir, tasks=self.tasks, offline=self.offline,
            in_memory=loaded(texts, [names[code] for code in codes], self.cache_dir))
        with processes.no_server_left(), progress_for(self.verbose) as shown, tempfile.TemporaryDirectory() as folder:
            result = fit_one(settings, Path(folder) / MODEL, shown, seed=self._seed(), force=False)
            saved = load(result.folder)
        self.classes_ = classes
        self.model_ = TextModel(saved)
        self.n_texts_ = result.record.n_train
        self.notes_ = tuple(shown.notes)
        self._columns = [saved.labels.index(name) for name in names]  # of the model, in the order of the classes
        # The same in each fold.
        about_the_source = (f"{Path(settings.source.removesuffix(IN_MEMORY)).name}: ", PREFIX)
        for note in self.notes_:
            if not note.startswith(about_the_source):
                warnings.warn(note, stacklevel=2)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float32]:
        """The probability of each class for each text, [n, classes], in the order of `classes_`."""
        check_is_fitted(self, "model_")
        return self.model_.predict_proba(texts_of(X, "X"))[:, self._columns]

    def predict(self, X: Any) -> NDArray[Any]:
        """The most likely class of each text, [n]."""
        most_likely = self.predict_proba(X).argmax(axis=1)  # before `classes_`, which an unfitted one lacks
        return np.asarray(self.classes_[most_likely])

    def _seed(self) -> int:
        if self.random_state is None or isinstance(self.random_state, int | np.integer):
            return int(self.random_state or 0)
        return int(check_random_state(self.random_state).randint(2**31))

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn should know: the input is text."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.one_d_array, tags.input_tags.two_d_array = True, True, False
        return tags
