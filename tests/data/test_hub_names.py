"""Names of data sets of the hub: what can be typed, and what records and folders call them."""

from __future__ import annotations

from collections import Counter

import pytest

from bench.core.errors import BenchError
from bench.core.names import is_name
from bench.data import split_notes
from bench.data.hub_names import HubName, is_hub_name, task_name, with_prefix


@pytest.mark.parametrize(("typed", "parts"), [
    ("hf:imdb", ("imdb", "", "")),
    ("hf:stanfordnlp/imdb", ("stanfordnlp/imdb", "", "")),
    ("hf:nyu-mll/glue:sst2", ("nyu-mll/glue", "sst2", "")),
    ("hf:nyu-mll/glue:sst2@v1.0", ("nyu-mll/glue", "sst2", "v1.0")),
    ("hf:me/toy@refs/convert/parquet", ("me/toy", "", "refs/convert/parquet")),
    ("hf://datasets/me/toy@abc", ("me/toy", "", "abc")),
    ("https://huggingface.co/datasets/me/toy", ("me/toy", "", "")),
    ("https://huggingface.co/datasets/me/toy/viewer/sst2/train?row=3", ("me/toy", "sst2", "")),
    ("https://huggingface.co/datasets/me/toy/tree/main", ("me/toy", "", "main")),
])
def test_a_data_set_is_named_as_the_field_names_it_or_by_the_address_of_its_page(typed: str, parts: tuple[str, ...]):
    assert is_hub_name(typed)
    name = HubName.parse(typed)
    assert (name.dataset, name.config, name.revision) == parts
    assert HubName.parse(str(name)) == name


@pytest.mark.parametrize("typed", ["hf:", "hf:a/b/c", "hf:../etc", "hf:a/..", "hf:/a", "hf:a/b@", "hf:a/b:", "hf:a b/c",
                                   "hf:a/b@../x", "hf:a/b\n"])
def test_what_is_no_name_is_refused_with_the_form_of_one(typed: str):
    with pytest.raises(BenchError, match=r"names no data set of the hub .*hf:OWNER/NAME"):
        HubName.parse(typed)


def test_other_targets_are_not_taken_for_data_sets_of_the_hub():
    assert not any(map(is_hub_name, ["amazon", "amazon@blitzer-2007", "mine.csv", "hf/mine.csv", "https://a.b/c.csv"]))
    assert with_prefix("me/toy") == "hf:me/toy"
    assert [with_prefix(path) for path in ("toy", "/me/toy", "../toy", "a/b/c")] == [""] * 4


@pytest.mark.parametrize(("dataset", "config", "name"), [
    ("stanfordnlp/imdb", "", "stanfordnlp-imdb"), ("nyu-mll/glue", "sst2", "nyu-mll-glue-sst2"),
    ("SetFit/20_newsgroups", "", "setfit-20_newsgroups"), ("a/b", "Ünïcode +x", "a-b-ünïcode-x")])
def test_a_tasks_name_is_readable_and_can_name_files(dataset: str, config: str, name: str):
    assert task_name(dataset, config) == name
    assert is_name(task_name(dataset, config))
    assert is_name(task_name("o" * 90 + "/" + "n" * 90, "c" * 90))


def test_what_becomes_of_each_split_is_said():
    sides = {"train": Counter(a=90, b=90), "validation": Counter(a=20), "test": Counter(a=50), "extra": Counter(a=5)}
    splits = {"train": 200, "validation": 20, "test": 50, "unsupervised": 70, "extra": 5}
    assert split_notes.of_hub(splits, sides, official=True) == [
        "the test set is its split 'test', 50 labelled rows",
        "the 20 labelled rows of the split 'validation' are trained on",
        "the split 'unsupervised' is not used: none of its 70 rows has a text and a label",
        "the split 'extra' (5 rows) is not used: it is neither for training nor for the test"]
    without_test = {side: sides[side] for side in ("train", "validation")}
    [note] = split_notes.of_hub({"train": 200, "validation": 20, "test": 50}, without_test, official=False)
    assert note.startswith("its splits (train 200, validation 20, test 50 without labels) are not a training set and")
    assert split_notes.of_hub({"all": 9}, {"": Counter(a=9)}, official=False) == [
        "its only split is 'all'; a quarter is drawn as the test set"]
