"""A model as a folder: card.json, weights.safetensors, words.txt; written whole or not at all, checked when read."""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.core.errors import BenchError
from bench.learning.models.model import Model, ModelError, ModelParts, class_of, kind_of

CARD, WEIGHTS, WORDS = "card.json", "weights.safetensors", "words.txt"
FORMAT_VERSION = 1  # of the folder
MOST = {CARD: 1 << 20, WEIGHTS: 8 << 30, WORDS: 1 << 29}  # bytes of each file
MOST_HEADER = 1 << 20  # bytes of a safetensors header
MOST_LABELS = 1_000


@dataclass(frozen=True)
class SavedModel:
    """A model with its card."""

    model: Model
    labels: tuple[str, ...]
    card: Mapping[str, Any]

    @property
    def text_column(self) -> str | None:
        """The column of the texts that it was made from, where that was a file of the user's own."""
        columns = self.card.get("columns")
        name = columns.get("text") if isinstance(columns, dict) else None
        return name if isinstance(name, str) else None


def check_free(folder: Path, *, force: bool) -> None:
    """`BenchError` where a model cannot be kept at `folder`; `force` allows an older model there, and nothing else."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise BenchError(f"{folder} is not a folder", "--out names a new folder")
    names = {p.name for p in folder.iterdir()} if folder.exists() else set()
    if not names:
        return
    if CARD not in names or names - set(MOST):
        raise BenchError(f"{folder} exists and is no model", "--out names a new folder")
    if not force:
        raise BenchError(f"{folder} exists", "--force replaces the model in it; or choose another --out")


def save(folder: Path, model: Model, labels: tuple[str, ...], facts: Mapping[str, Any], *, force: bool) -> None:
    """Write a model and its card: all files into a temporary folder beside it, then one rename."""
    from safetensors.numpy import save

    parts = model.parts()
    files = {WEIGHTS: save({k: v.copy(order="C") for k, v in parts.arrays.items()}),
             WORDS: "\n".join(parts.words).encode()}
    card = {"form": FORMAT_VERSION, "kind": kind_of(model), "labels": list(labels), "words": len(parts.words), **facts,
            "model": dict(parts.settings),
            "files": {name: {"bytes": len(data), "sha256": _digest(data)} for name, data in files.items()}}
    text = json.dumps(card, indent=1, ensure_ascii=False)
    check_free(folder, force=force)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            new, old = temporary / "new", temporary / "old"
            new.mkdir()
            for name, data in {**files, CARD: text.encode()}.items():
                (new / name).write_bytes(data)
            if folder.exists():
                folder.rename(old)
            new.rename(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise BenchError(f"cannot write {folder}: {error.strerror or error}",
                         "is there space, and is the folder writable?") from None


def load(folder: Path) -> SavedModel:
    """The model kept at `folder`, which may come from a stranger: every file is checked before it is used.

    Raises `BenchError` where it is missing, damaged, or not what its card says.
    """
    if not folder.is_dir():
        raise BenchError(f"no model at {folder}: {'not a folder' if folder.exists() else 'no such folder'}",
                         "bench fit --out makes one")
    try:
        return _load(folder)
    except ModelError as error:
        raise ModelError(f"the model {folder} cannot be used: {error.message}") from None
    except OSError as error:
        raise BenchError(f"cannot read the model {folder}: {error.strerror or error}") from None


def _load(folder: Path) -> SavedModel:
    from safetensors import SafetensorError
    from safetensors.numpy import load as arrays_of

    names = {p.name for p in folder.iterdir() if not p.name.startswith(".")}  # such as .DS_Store; never read
    if missing := sorted(set(MOST) - names):
        raise ModelError(f"it has no {missing[0]}")
    if surplus := sorted(names - set(MOST)):
        raise ModelError(f"a model has no file {surplus[0]!r}")
    card = _card(_read(folder / CARD))
    data = {name: _read(folder / name) for name in (WEIGHTS, WORDS)}
    for name, content in data.items():
        if _digest(content) != card["files"].get(name, {}).get("sha256"):
            raise ModelError(f"{name} is damaged: its checksum is not the card's")
    header = int.from_bytes(data[WEIGHTS][:8], "little")
    if header > min(MOST_HEADER, len(data[WEIGHTS]) - 8):
        raise ModelError(f"{WEIGHTS} has a header of {header:,} bytes")
    try:
        arrays = arrays_of(data[WEIGHTS])
        words = tuple(data[WORDS].decode().split("\n")) if data[WORDS] else ()
    except SafetensorError as error:
        raise ModelError(f"{WEIGHTS} is damaged: {str(error)[:100]}") from None
    except (KeyError, ValueError, TypeError) as error:  # a number type that NumPy lacks; words that are not UTF-8
        raise ModelError(f"its files hold what no model does: {type(error).__name__} {str(error)[:80]}") from None
    if len(words) != card.get("words"):
        raise ModelError(f"{WORDS} holds {len(words):,} words, the card says {card.get('words')!r}")
    model = class_of(card.get("kind")).of(ModelParts(card["model"], arrays, words))
    labels = card["labels"]
    if model.classes != len(labels):
        raise ModelError(f"its card names {len(labels)} labels, its weights know {model.classes} classes")
    return SavedModel(model, tuple(labels), card)


def _card(content: bytes) -> dict[str, Any]:
    try:
        card = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{CARD} is not JSON: {str(error)[:80]}") from None
    if not isinstance(card, dict) or card.get("form") != FORMAT_VERSION:
        raise ModelError(f"{CARD} is of the form {card.get('form') if isinstance(card, dict) else None!r}, "
                         f"this version reads {FORMAT_VERSION}")
    files = card.get("files")
    if not isinstance(files, dict) or not all(isinstance(f, dict) for f in files.values()):
        raise ModelError(f"{CARD} has no checksums of the files")
    labels: Any = card.get("labels")
    named = isinstance(labels, list) and all(isinstance(name, str) and name for name in labels)
    if not named or not 2 <= len(labels) <= MOST_LABELS or len(set(labels)) < len(labels):
        raise ModelError(f"{CARD} does not name its labels")
    if not isinstance(card.get("model"), dict):
        raise ModelError(f"{CARD} does not describe its model")
    return card


def _read(path: Path) -> bytes:
    """A file's bytes; a link, a pipe or a file too large is a `ModelError`."""
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise ModelError(f"{path.name} is not a plain file")
    if found.st_size > MOST[path.name]:
        raise ModelError(f"{path.name} has {found.st_size:,} bytes, more than {MOST[path.name]:,}")
    return path.read_bytes()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
