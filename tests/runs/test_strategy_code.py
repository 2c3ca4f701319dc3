"""The digest of a strategy's code: what belongs to it, and that an edited file is never run as the one before."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest

from bench.core.errors import BenchError
from bench.runs import isolation, registry, strategy_code
from bench.runs.registry import Strategy


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the user's own on the import path."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def put(folder: Path, **files: str) -> None:
    for name, text in files.items():
        parts = name.replace("__init__", "INIT").split("__")
        path = folder.joinpath(*parts[:-1], f"{parts[-1].replace('INIT', '__init__')}.py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def digest(module: str, file: Path | None = None) -> str:
    return strategy_code.digest(strategy_code.files_of(module, file), module)


def changes(folder: Path, module: str, **files: str) -> bool:
    """Whether the digest of a module changes with a file."""
    before = digest(module)
    put(folder, **files)
    return digest(module) != before


def test_the_suites_own_strategies_have_no_digest():
    assert Strategy("tfidf", "bench.baselines.tfidf").code_sha256() == ""


def test_a_file_named_by_its_path_is_the_same_code_as_the_module(folder: Path):
    put(folder, sc_file="from .sc_beside_it import x\n", sc_beside_it="x = 1\n", sc_in____init__="",
        sc_in__way="from . import tool\n", sc_in__tool="")
    assert digest("", folder / "sc_file.py") == digest("sc_file")
    assert digest("", folder / "sc_in" / "way.py") == digest("sc_in.way")
    assert set(strategy_code.files_of("", folder / "sc_in" / "way.py")) == {"sc_in", "sc_in.way", "sc_in.tool"}


def test_a_file_and_what_it_imports_from_beside_it_belong_together(folder: Path):
    put(folder, sc_one="import sc_two, json, numpy\ndef fit(t, r):\n    from sc_three import x\n",
        sc_two="from sc_four import y\n", sc_three="x = 1\n", sc_four="y = 1\n", sc_stranger="z = 1\n")
    assert set(strategy_code.files_of("sc_one")) == {"sc_one", "sc_two", "sc_three", "sc_four"}
    for name in ("sc_one", "sc_two", "sc_three", "sc_four"):
        assert changes(folder, "sc_one", **{name: f"import sc_two, sc_three, sc_four\n# {name}\n"})
    assert not changes(folder, "sc_one", sc_stranger="z = 2\n")
    assert "sc_one" not in sys.modules


def test_a_package_counts_with_its_own_modules_and_relative_imports(folder: Path):
    put(folder, sc_package____init__="", sc_package__way="from . import tools\nfrom .deep.more import a\n",
        sc_package__tools="", sc_package__deep____init__="", sc_package__deep__more="from ..base import b\na = 1\n",
        sc_package__base="b = 1\n", sc_package__other="")
    assert set(strategy_code.files_of("sc_package.way")) == {
        f"sc_package{part}" for part in ("", ".way", ".tools", ".deep", ".deep.more", ".base")}
    assert changes(folder, "sc_package.way", sc_package__base="b = 2\n")
    assert not changes(folder, "sc_package.way", sc_package__other="c = 2\n")


def test_imports_by_a_written_name_count(folder: Path):
    put(folder, sc_by_name="import importlib\nx = importlib.import_module('sc_named')\n", sc_named="")
    assert changes(folder, "sc_by_name", sc_named="y = 1\n")


def test_compiled_modules_count_by_their_bytes(folder: Path):
    put(folder, sc_compiled="import sc_binary\n")
    suffix = next(s for s in strategy_code.all_suffixes() if s.endswith((".so", ".pyd")))
    binary = folder / f"sc_binary{suffix}"
    binary.write_bytes(b"\x7fELF one")
    before = digest("sc_compiled")
    binary.write_bytes(b"\x7fELF two")
    assert digest("sc_compiled") != before


def test_an_installed_package_counts_alone(folder: Path, monkeypatch: pytest.MonkeyPatch):
    site = folder / "site-packages"
    put(site, sc_installed____init__="import sc_neighbour\n", sc_neighbour="")
    monkeypatch.syspath_prepend(str(site))
    assert set(strategy_code.files_of("sc_installed")) == {"sc_installed"}


def test_where_the_files_are_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    digests = set()
    for name in ("a", "b"):
        put(tmp_path / name, sc_moved="import sc_beside\n", sc_beside="x = 1\n")
        with monkeypatch.context() as patch:
            patch.syspath_prepend(str(tmp_path / name))
            digests.add(digest("sc_moved"))
    assert len(digests) == 1


def run(strategy: Strategy) -> object:
    """What a strategy returns in a process of its own, as its trials do."""
    return isolation.call(called, strategy)


def called(strategy: Strategy) -> object:
    return strategy.fit()(None, None)


def planned(name: str) -> Strategy:
    result = registry.describe_all([Strategy(f"{name}:fit", name)])[0]
    assert isinstance(result, Strategy), result
    return result


def test_an_edited_file_is_run_as_it_is_now_and_so_is_what_it_imports(folder: Path):
    put(folder, sc_edited="from sc_part import VALUE\ndef fit(trial, resources):\n    return VALUE\n")
    for value in (1, 2, 3, 2):  # of the same size, and in the same second
        put(folder, sc_part=f"VALUE = {value}\n")
        assert run(planned("sc_edited")) == value


def test_a_process_runs_the_code_that_was_planned_or_refuses(folder: Path):
    put(folder, sc_planned="def fit(trial, resources, *, C=1):\n    return C\n")
    strategy = planned("sc_planned")
    put(folder, sc_planned="def fit(trial, resources, *, C=2):\n    return C\n")
    assert strategy.settings() == {"C": 1}
    later = planned("sc_planned")
    assert later.code_sha256() != strategy.code_sha256()
    assert run(later) == later.settings()["C"] == 2
    with pytest.raises(BenchError, match="the code of 'sc_planned:fit' has changed"):
        run(strategy)
    put(folder, sc_planned="def fit(trial, resources, *, C=1):\n    return C\n")
    assert run(strategy) == 1


def test_callables_that_are_no_functions_have_the_digest_of_their_module(folder: Path):
    put(folder, sc_partial="import functools\nfrom sc_real import real\nfit = functools.partial(real, C=3)\n",
        sc_real="def real(trial, resources, *, C=1):\n    return C\n")
    assert planned("sc_partial").settings() == {"C": 3}
    assert changes(folder, "sc_partial", sc_real="def real(trial, resources, *, C=1):\n    return -C\n")


def test_a_module_without_a_file_counts_by_its_functions(monkeypatch: pytest.MonkeyPatch):
    digests = []
    for body in ("return 1", "return 2"):
        module = types.ModuleType("sc_typed")
        exec(f"def fit(trial, resources):\n    {body}\n", vars(module))
        monkeypatch.setitem(sys.modules, "sc_typed", module)
        digests.append(digest("sc_typed"))
    assert digests[0] != digests[1]
