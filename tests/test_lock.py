"""What CI installs is locked: every dependency, in the range that is stated, with its hashes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / ".ci" / "locked.txt").read_text(encoding="utf-8")
EXTRAS = re.search(r"^EXTRAS := (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def pins() -> dict[str, tuple[str, str]]:
    """Package -> version and the lines of its hashes."""
    line = r"^([\w.-]+)==(\S+)(?: ; [^\\\n]+)?((?: \\\n    --hash=sha256:[0-9a-f]{64})*)$"
    found = re.finditer(line, LOCK, re.MULTILINE)
    return {canonicalize_name(m[1]): (m[2], m[3]) for m in found}


def wanted() -> list[str]:
    assert EXTRAS
    extras = PROJECT["project"]["optional-dependencies"]
    names = [*EXTRAS[1].split(","), "docs", "browser"]
    return [*PROJECT["project"]["dependencies"], *(r for name in names for r in extras[name])]


@pytest.mark.parametrize("requirement", wanted())
def test_every_dependency_is_locked_within_its_range(requirement: str):
    asked = Requirement(requirement)
    version, hashes = pins()[canonicalize_name(asked.name)]
    assert asked.specifier.contains(version, prereleases=True), "say make lock"
    assert "sha256:" in hashes


def test_nothing_is_locked_without_a_hash_or_from_a_place_of_one_machine():
    assert len(pins()) == len(re.findall(r"^\w", LOCK, re.MULTILINE))
    assert all(hashes for _, hashes in pins().values())
    assert not re.search(r"^-|^[^#\n].*(://|file:|@)", LOCK, re.MULTILINE)
