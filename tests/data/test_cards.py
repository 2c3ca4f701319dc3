"""Task cards: what is accepted, and what the errors say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
import toy

from bench.core.errors import BenchError, CardError
from bench.data import public_formats
from bench.data.cards import BUILT_IN, Edition, all_tasks, parse_card, read_card, unknown_name
from bench.data.route_keys import Reader

CARD = toy.card("toy", "toy.csv")


def test_a_card_becomes_a_task():
    task = parse_card(CARD, "toy.toml")
    assert (task.name, task.labels) == ("toy", ("negative", "positive"))
    route = task.editions[0].routes[0]
    assert (route.kind, route.reader, route.options["file"]) == ("directory", "csv", "toy.csv")


@pytest.mark.parametrize("path", sorted(BUILT_IN.glob("*.toml")), ids=lambda p: p.stem)
def test_every_built_in_card_is_valid_and_complete(path: Path):
    task = read_card(path)
    assert task.name == path.stem
    for edition in task.editions:
        assert edition.routes
        assert edition.rows > 0
        assert len(edition.sha256) == 64
        assert edition.licence
        assert edition.citation


@pytest.mark.parametrize("name", ["imdb", "amazon"])
def test_the_default_source_and_target_can_be_had_from_a_package_index_alone(name: str):
    assert any(r.kind == "package" for e in all_tasks()[name].editions for r in e.routes)


@pytest.mark.parametrize(("card", "message"), [
    (CARD.replace("title =", "titel ="), "unknown key 'titel'; did you mean 'title'?"),
    (CARD.replace('file = "toy.csv"', 'fill = "toy.csv"'), "unknown key 'fill'; did you mean 'file'?"),
    (CARD.replace('name = "toy"\n\n', 'name = "toy"\nlicense = "MIT"\n\n'), "did you mean 'licence'?"),
    (CARD.replace('title = "Toy toy"', ""), "the key 'title' is missing"),
    (CARD.replace('title = "Toy toy"', "title = 3"), "title = 3 must be text"),
    (CARD.replace('name = "toy"\n\n', 'name = "toy"\nrows = "many"\n\n'), "rows = 'many' must be the number of rows"),
    (CARD.replace('name = "toy"\n\n', 'name = "toy"\nrows = -1\n\n'), "rows = -1 must be the number of rows"),
    (CARD.replace('name = "toy"\n\n', 'name = "toy"\nrows = true\n\n'), "rows = True must be the number of rows"),
    (CARD.replace('name = "toy"\n\n', 'name = "toy"\nsha256 = "abc"\n\n'), "must be 64 hexadecimal digits"),
    (CARD.replace('name = "toy"\n\n', 'name = "toy"\ntest = "third"\n\n'), "test = 'third'"),
    (CARD.replace('name = "toy"\n\n', 'name = "toy"\nsplit_by = "user"\n\n'), "split_by = 'user'"),
    (CARD.replace("['negative', 'positive']", '"both"'), "labels = 'both' must be a list of two or more"),
    (CARD.replace("['negative', 'positive']", '["one"]'), "two or more different names"),
    (CARD.replace("['negative', 'positive']", '["one", "one"]'), "two or more different names"),
    (CARD.replace('name = "toy"', 'name = "Toy Story"', 1), "name = 'Toy Story' must be a name of lower-case letters"),
    (CARD.replace('from = "directory"', 'from = "ftp"'), "from = 'ftp'"),
    (CARD.replace('reader = "csv"', 'reader = "xls"'), "reader = 'xls'"),
    (CARD.replace('file = "toy.csv"', ""), "route 1: the key 'file' is missing"),
    (CARD.replace('from = "directory"\nfile = "toy.csv"', 'from = "hub"\ndataset = "a/b"'), "pinned revision"),
    (CARD.replace('file = "toy.csv"', "file = 1"), "file = 1 must be text"),
    (CARD.split("[[editions.routes]]")[0], "has no [[editions.routes]]"),
    (CARD.split("[[editions]]")[0], "has no [[editions]]"),
    (CARD + CARD[CARD.index("[[editions]]"):], "two editions have the same name"),
    (CARD.split("[[editions]]")[0] + 'editions = "toy"', "must be an array of tables"),
    (CARD.replace('name = "toy"', 'name = "toy\\n"', 1), "must be a name of lower-case letters"),
    (CARD.replace('name = "toy"\n\n', f'name = "toy"\nrows = 0x{"f" * 20_000}\n\n'), "number of thousands of digits"),
    (CARD.replace('name = "toy"\n\n', 'name = "toy"\nstrip = ["quotes", "quotes"]\n\n'), "each of its parts once"),
    (CARD.replace('name = "toy"\n\n', 'name = "toy"\nwhere = { stars = [5] }\n\n'), "a table of column = [values"),
    ("folder = '/etc'\n" + CARD, "unknown key 'folder'"),
    ("name = ", "is not valid TOML"),
])
def test_a_wrong_card_is_refused_with_what_is_wrong(card: str, message: str):
    assert card != CARD
    with pytest.raises(CardError) as caught:
        parse_card(card, "toy.toml")
    assert message in str(caught.value)
    assert str(caught.value).startswith("toy.toml")


def test_an_unknown_reader_names_those_that_there_are():
    with pytest.raises(CardError, match=r"one of .*blitzer-reviews.*csv.*parquet"):
        parse_card(CARD.replace('reader = "csv"', 'reader = "xls"'), "toy.toml")


def test_the_readers_and_parts_that_a_card_may_name_are_those_that_there_are():
    assert sorted(get_args(Reader)) == sorted(public_formats.READERS)
    assert set(get_args(get_args(get_type_hints(Edition)["strip"])[0])) == set(public_formats.STRIPS)


def test_a_card_is_read_without_importing_a_reader():
    code = "import sys; from bench.data.cards import all_tasks; all_tasks(); print(sorted(sys.modules))"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "'bench.data.cards'" in modules
    assert not {"'pandas'", "'numpy'", "'bench.data.public_formats'"} & set(modules.strip("[]\n").split(", "))


def test_an_edition_and_a_route_are_named_where_something_is_wrong_with_them():
    with pytest.raises(CardError) as caught:
        parse_card(CARD.replace('reader = "csv"', 'reader = "cvs"'), "toy.toml")
    assert str(caught.value).startswith("toy.toml: edition 'toy', route 1: reader = 'cvs' must be one of ")
    assert caught.value.hint == "did you mean 'csv'?"


def test_a_missing_or_binary_card_is_an_error_of_one_line(tmp_path: Path):
    with pytest.raises(CardError, match="No such file"):
        read_card(tmp_path / "none.toml")
    (tmp_path / "card.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CardError, match="not UTF-8"):
        read_card(tmp_path / "card.toml")


def test_an_unknown_name_is_answered_with_the_nearest():
    near = str(unknown_name("target", "amzon", all_tasks(), "bench list tasks"))
    assert near == "unknown target 'amzon'; did you mean 'amazon'? (bench list tasks)"
    far = str(unknown_name("target", "xxxxxxx", ["amazon", "imdb"], "bench list tasks"))
    assert "known: amazon, imdb" in far
    assert "did you mean" not in far


def test_an_unknown_edition_is_answered_with_the_nearest():
    with pytest.raises(BenchError, match="did you mean 'blitzer-2007'"):
        all_tasks()["amazon"].edition("blitzer-2008")


def test_cards_of_another_folder_are_added_and_may_not_shadow(tmp_path: Path):
    (tmp_path / "toy.toml").write_text(CARD)
    assert "toy" in all_tasks([tmp_path])
    (tmp_path / "toy.toml").write_text(CARD.replace('"toy"', '"amazon"', 1))
    with pytest.raises(CardError, match="'amazon' exists already"):
        all_tasks([tmp_path])
    with pytest.raises(BenchError, match="no such folder of task cards"):
        all_tasks([tmp_path / "nowhere"])
