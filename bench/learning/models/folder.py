"""A model as a folder of card.json, weights.safetensors and words.txt: written whole or not at all, checked on load."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from bench.core.brief import shown
from bench.core.errors import BenchError
from bench.core.files import recover, replacing_folder
from bench.core.schema import Sha256, Text, checked
from bench.learning.models.model import Model, ModelError, ModelParts, class_of, kind_of

CARD, WEIGHTS, WORDS = "card.json", "weights.safetensors", "words.txt"
FORMAT_VERSION = 1  # of the folder; `form` in the card
MAX_BYTES = {CARD: 1 << 20, WEIGHTS: 8 << 30, WORDS: 1 << 29}  # bytes of each file
MAX_HEADER_BYTES = 1 << 20  # bytes of a safetensors header


class CardFile(msgspec.Struct):
    """What a card says of another file of the model."""

    sha256: Sha256


class ModelCard(msgspec.Struct):
    """The keys of `card.json` that loading needs. A card also says what the model was trained on and how good it is."""

    kind: Text  # a key of model.KINDS
    labels: Annotated[tuple[Text, ...], Meta(min_length=2, max_length=1_000, description=(
        "a list of 2 to 1,000 different label names"))]
    words: Annotated[int, Meta(ge=0)]  # lines of words.txt
    model: dict[str, Any]  # what the kind of model needs besides its arrays and words
    files: Annotated[dict[str, CardFile], Meta(description="a table of file names with their sha256")]


@dataclass(frozen=True)
class SavedModel:
    """A model with its labels and all that its card says."""

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
    """Raises `BenchError` where a model cannot be saved at `folder`; `force` allows replacing a model, nothing else."""
    recover(folder)
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise BenchError(f"{folder} is not a folder", "--out names a new folder")
    names = {p.name for p in folder.iterdir()} if folder.exists() else set()
    if not names:
        return
    if CARD not in names or names - set(MAX_BYTES):
        raise BenchError(f"{folder} exists and is not a model", "--out names a new folder")
    if not force:
        raise BenchError(f"{folder} exists", "--force replaces the model in it, or choose another --out")


def save(folder: Path, model: Model, labels: tuple[str, ...], facts: Mapping[str, Any], *, force: bool) -> None:
    """Write a model and its card, whole or not at all; `facts` go into the card.

    Raises `BenchError` where the folder is taken (see `check_free`), cannot be written, or the model cannot be saved.
    """
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
        with replacing_folder(folder) as temporary:
            for name, data in {**files, CARD: text.encode()}.items():
                (temporary / name).write_bytes(data)
    except OSError as error:
        raise BenchError(f"cannot write {folder}: {error.strerror or error}",
                         "is there space, and is the folder writable?") from None


def load(folder: Path) -> SavedModel:
    """The model saved at `folder`, which may come from a stranger: every file is checked before it is used.

    Raises `BenchError` where it is missing, damaged, or not what its card says.
    """
    recover(folder)
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
    if missing := sorted(set(MAX_BYTES) - names):
        raise ModelError(f"it has no {missing[0]}")
    if surplus := sorted(names - set(MAX_BYTES)):
        raise ModelError(f"a model has no file {surplus[0]!r}")
    facts = _facts(_read(folder / CARD))
    card = _card(facts)
    data = {name: _read(folder / name) for name in (WEIGHTS, WORDS)}
    for name, content in data.items():
        if name not in card.files or _digest(content) != card.files[name].sha256:
            raise ModelError(f"{name} is damaged: its checksum is not the one in the card")
    header = int.from_bytes(data[WEIGHTS][:8], "little")
    if header > min(MAX_HEADER_BYTES, len(data[WEIGHTS]) - 8):
        raise ModelError(f"{WEIGHTS} has a header of {header:,} bytes")
    try:
        arrays = arrays_of(data[WEIGHTS])
        words = tuple(data[WORDS].decode().split("\n")) if data[WORDS] else ()
    except SafetensorError as error:
        raise ModelError(f"{WEIGHTS} is damaged: {str(error)[:100]}") from None
    except (KeyError, ValueError, TypeError) as error:  # a number type that NumPy lacks; words that are not UTF-8
        raise ModelError(f"its files cannot be read: {type(error).__name__} {str(error)[:80]}") from None
    if len(words) != card.words:
        raise ModelError(f"{WORDS} holds {len(words):,} words, the card says {card.words:,}")
    model = class_of(card.kind).from_parts(ModelParts(card.model, arrays, words))
    if model.classes != len(card.labels):
        raise ModelError(f"its card names {len(card.labels)} labels, its weights have {model.classes} classes")
    return SavedModel(model, card.labels, facts)


def _facts(content: bytes) -> dict[str, Any]:
    """The JSON object of a card of this version."""
    try:
        facts = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{CARD} is not JSON: {str(error)[:80]}") from None
    version = facts.get("form") if isinstance(facts, dict) else None
    if version != FORMAT_VERSION:
        raise ModelError(f"{CARD} has format version {shown(version)}, this version reads {FORMAT_VERSION}")
    return facts  # type: ignore[no-any-return]


def _card(facts: dict[str, Any]) -> ModelCard:
    try:
        card = checked(facts, ModelCard, CARD)
    except BenchError as error:
        raise ModelError(error.message) from None
    if len(set(card.labels)) < len(card.labels):
        raise ModelError(f"{CARD}: labels = {shown(list(card.labels))} must be a list of different label names")
    return card


def _read(path: Path) -> bytes:
    """A file's bytes; raises `ModelError` for a link, a pipe or a file that is too large."""
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode):
        raise ModelError(f"{path.name} is not a plain file")
    if status.st_size > MAX_BYTES[path.name]:
        raise ModelError(f"{path.name} has {status.st_size:,} bytes, more than {MAX_BYTES[path.name]:,}")
    return path.read_bytes()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
