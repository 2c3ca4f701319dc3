"""`bench.TransferClassifier` is a scikit-learn classifier of texts."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest
import toy
from conftest import Bench
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import check_is_fitted, validate_data

import bench
from bench.core.errors import BenchError, InputError
from bench.library.labelled_texts import class_names

FRAME = toy.rows(90, seed=6)
TEXTS, LABELS = FRAME["text"].tolist(), FRAME["label"].to_numpy()


@pytest.fixture
def classifier(bench_: Bench):
    return bench.TransferClassifier(source="toy-source", strategy="tfidf", tasks="cards", data_dir="data", offline=True)


def test_it_learns_and_answers_in_the_classes_of_y(classifier):
    y = np.where(LABELS == "positive", 7, -2)
    assert classifier.fit(TEXTS, y) is classifier
    assert list(classifier.classes_) == [-2, 7]
    predicted = classifier.predict(np.array(TEXTS, object))
    assert predicted.dtype == y.dtype
    assert classifier.score(TEXTS, y) > 0.9
    shares = classifier.predict_proba(TEXTS[:5])
    assert shares.shape == (5, 2)
    np.testing.assert_array_equal(classifier.classes_[shares.argmax(axis=1)], predicted[:5])
    assert classifier.n_texts_ == 90


def test_columns_are_in_the_order_of_the_classes_whatever_they_are_called_inside(classifier):
    words = {"positive": "AAA good", "negative": "ZZZ bad"}
    y = np.array([words[label] for label in LABELS])
    said = {"AAA good": "positive", "ZZZ bad": "negative"}
    classifier.set_params(map_label=said).fit(TEXTS, y)
    assert list(classifier.classes_) == ["AAA good", "ZZZ bad"]
    assert classifier.model_.classes_.tolist() == ["negative", "positive"]
    assert classifier.score(TEXTS, y) > 0.9


def test_a_network_is_carried_over(classifier):
    classifier.set_params(strategy="finetune", epochs=1, device="cpu").fit(TEXTS, LABELS)
    again = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(again.predict_proba(TEXTS[:7]), classifier.predict_proba(TEXTS[:7]))


def test_parameters_clones_and_pickles(classifier):
    copy = clone(classifier)
    assert copy.get_params() == classifier.get_params()
    assert copy.set_params(strategy="majority").strategy == "majority"
    assert classifier.strategy == "tfidf"
    with pytest.raises(NotFittedError):
        copy.predict(TEXTS)
    classifier.fit(TEXTS, LABELS)
    again = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(again.predict_proba(TEXTS), classifier.predict_proba(TEXTS))


def test_it_works_in_a_pipeline_a_grid_and_cross_validation(classifier):
    steps = make_pipeline(FunctionTransformer(lambda texts: [text.lower() for text in texts]), classifier)
    assert cross_val_score(steps, TEXTS, LABELS, cv=2, scoring="roc_auc").mean() > 0.9
    grid = GridSearchCV(classifier, {"strategy": ["majority", "tfidf"]}, cv=2).fit(TEXTS, LABELS)
    assert grid.best_params_ == {"strategy": "tfidf"}
    assert grid.predict(TEXTS[:2]).tolist() == LABELS[:2].tolist()


class OnNumbers(bench.TransferClassifier):
    """The estimator on rows of numbers, which scikit-learn's checks are made of: each number becomes two words."""

    def __init__(self, *, source="data/toy-source.csv", strategy="tfidf", random_state=0):
        super().__init__(source=source, strategy=strategy, random_state=random_state, offline=True)

    def fit(self, X, y):
        return super().fit(self.texts(X, reset=True), y)

    def predict_proba(self, X):
        check_is_fitted(self, "model_")
        return super().predict_proba(X if isinstance(X, list) else self.texts(X, reset=False))

    def texts(self, X, *, reset: bool) -> list[str]:
        numbers = np.asarray(validate_data(self, X, reset=reset), float)
        return [" ".join(f"c{at}w{round(2 * x)} c{at}v{round(50 * x)}" for at, x in enumerate(row)).replace("-", "m")
                for row in numbers]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.one_d_array, tags.input_tags.two_d_array = False, False, True
        return tags


def test_scikit_learns_checks_pass(classifier):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that checks of numbers are left out
        check_estimator(classifier)
        results = check_estimator(OnNumbers(), on_fail=None)
    assert {result["check_name"]: result["exception"] for result in results if result["status"] == "failed"} == {}
    assert sum(result["status"] == "passed" for result in results) > 40
    tags = classifier.__sklearn_tags__()
    assert tags.input_tags.string
    assert tags.estimator_type == "classifier"


@pytest.mark.parametrize(("x", "y", "words"), [
    (TEXTS, None, "requires y"), (TEXTS, LABELS[:5], "inconsistent numbers of samples"),
    (TEXTS, ["one"] * 90, "y holds 1 class"),
    (TEXTS, [None, *LABELS[1:]], "None in place of the class of text 0"), ([], [], "minimum of 1|0 class"),
    ("text", ["a"], "single string"), (np.zeros((90, 2)), LABELS, "Reshape your data"),
    (TEXTS, np.linspace(0, 1, 90), "Unknown label type"), ([*TEXTS[:89], 3], LABELS, "text 89 of X is 3")])
def test_what_are_no_texts_or_classes_is_a_value_error(classifier, x: object, y: object, words: str):
    with pytest.raises(ValueError, match=words):
        classifier.fit(x, y)


def test_a_class_without_a_text_of_its_own_is_refused(classifier):
    with pytest.raises(InputError, match="no text is left of the class 'other'"):
        classifier.fit([*TEXTS, "  ", "<br />"], [*LABELS, "other", "other"])


def test_an_unknown_strategy_is_named(classifier):
    with pytest.raises(BenchError, match="tfidff"):
        classifier.set_params(strategy="tfidff").fit(TEXTS, LABELS)


@pytest.mark.parametrize(("classes", "mapping", "names"), [
    (["neg", "pos"], {}, ["negative", "positive"]), ([0, 1], {}, ["0", "1"]),
    ([0, 1], {1: "positive", 0: "negative"}, ["negative", "positive"]), (["a", "b", "c"], {}, ["a", "b", "c"]),
    (["good", "great", "bad"], {}, ["good", "great", "bad"]), ([1, "1"], {}, ["class 0", "class 1"]),
    (["", "x"], {}, ["class 0", "class 1"]), (["x\n", "y"], {"y": "yes"}, ["class 0", "yes"])])
def test_what_the_suite_calls_the_classes(classes: list[object], mapping: dict[object, str], names: list[str]):
    assert class_names(classes, mapping) == names


@pytest.mark.parametrize(("mapping", "words"), [({"c": "x"}, "map_label names 'c'"), ({"a": "b"}, "two classes 'b'")])
def test_a_mapping_that_makes_no_sense_is_refused(mapping: dict[object, str], words: str):
    with pytest.raises(InputError, match=words):
        class_names(["a", "b"], mapping)


def test_only_the_cache_is_written(classifier, workshop: Path):
    before = sorted(path.name for path in workshop.iterdir())
    classifier.fit(TEXTS, LABELS)
    assert sorted({*before, "cache"}) == sorted({path.name for path in workshop.iterdir()} | {"cache"})
