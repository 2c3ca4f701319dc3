"""The code of a strategy from outside: which files it is, their digest, and a module that is always what they say."""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import marshal
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from importlib.machinery import SOURCE_SUFFIXES, PathFinder, all_suffixes
from pathlib import Path
from types import ModuleType

from bench.core import places
from bench.core.errors import BenchError

OURS = tuple(places.ROOT / name for name in ("bench", "baselines"))  # their version is in every record
TRIES = 3  # at reading files that are being edited


def load(name: str, expected: str = "") -> ModuleType:
    """The module, imported anew where its files have changed since this process imported them.

    With `expected`, its code has that digest, or `BenchError` says that it has another. An `ImportError` is passed on.
    """
    if expected and _loaded.get(name) == expected:
        return sys.modules[name]
    now = digest(name)
    if expected and now != expected:
        raise BenchError(f"the code of {name} has changed since the run began, or is another on this machine: digest "
                         f"{now[:12]}, planned {expected[:12]}", "run the same command again")
    if not now or _loaded.get(name) == now:
        return importlib.import_module(name)
    for _ in range(TRIES):
        _forget(name)
        module = importlib.import_module(name)
        if not (files := files_of(name)) or digest(name) == now:
            _loaded[name] = now if files else digest(name)
            return module
        now = digest(name)
    raise BenchError(f"the files of {name} change while they are read", "run the same command again")


_loaded: dict[str, str] = {}  # digest of the files that each module was imported from
_compiled: dict[Path, str] = {}  # digest of each extension module, which stays imported


def digest(name: str) -> str:
    """SHA-256 of a module and of the modules beside it that it imports; empty for the suite's own.

    Only names and contents count, not where the files are. Neither data files nor installed packages are seen.
    """
    files = files_of(name)
    if files is None:
        return ""
    total = hashlib.sha256()
    for module, path in sorted(files.items()):
        total.update(f"{module}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    if not files:
        total.update(_without_file(name))
    return total.hexdigest()


def files_of(name: str) -> dict[str, Path] | None:
    """The files of a module and of the user's own modules that it imports, by module; None for the suite's own.

    Imports are read from the source, also those inside functions. Of an installed package only its own modules count.
    """
    top = name.partition(".")[0]
    roots = _roots(top)
    if any((root / top).is_relative_to(ours) for root in roots for ours in OURS) \
            and any(_is_ours(path) for path in _found(name, roots).values()):
        return None
    installed = any(map(_is_installed, roots[:1]))
    if not installed:
        roots += [folder for entry in sys.path if (folder := Path(entry)).is_dir() and not _is_installed(folder)]
    files: dict[str, Path] = {}
    todo = [name]
    while todo:
        module = todo.pop()
        for part, path in _found(module, roots).items():
            if part in files or _is_ours(path) or (installed and part.partition(".")[0] != top):
                continue
            files[part] = path
            todo += _imports(part, path)
    return files


def _roots(top: str) -> list[Path]:
    """The folders in which a top-level module or package lies now, wherever it was imported from."""
    importlib.invalidate_caches()
    try:
        spec = PathFinder.find_spec(top) or importlib.util.find_spec(top)
    except (ImportError, ValueError):  # a module without a specification, such as a notebook's __main__
        return []
    if spec is None:
        return []
    if spec.submodule_search_locations is not None:
        return [Path(location).absolute().parent for location in spec.submodule_search_locations]
    return [Path(spec.origin).absolute().parent] if spec.has_location and spec.origin else []


def _found(module: str, roots: list[Path]) -> dict[str, Path]:
    """The file of a module, and those of the packages around it, in the first folder that has any of them."""
    parts = module.split(".")
    for root in roots:
        files = {}
        for count in range(1, len(parts) + 1):
            stem = root.joinpath(*parts[:count])
            candidates = [stem / "__init__.py", *(stem.with_name(stem.name + suffix) for suffix in all_suffixes())]
            if path := next((path for path in candidates if path.is_file()), None):
                files[".".join(parts[:count])] = path
        if files:
            return files
    return {}


def _imports(module: str, path: Path) -> Iterator[str]:
    """The names of modules that a source file may import."""
    if path.suffix not in SOURCE_SUFFIXES:
        return
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # the import says what is wrong
        return
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*parents, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}".strip(".") for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant) \
                and isinstance(node.args[0].value, str) and ast.unparse(node.func).endswith(IMPORTERS):
            yield node.args[0].value.lstrip(".") or module


IMPORTERS = ("import_module", "__import__")


def _is_ours(path: Path) -> bool:
    return any(path.is_relative_to(folder) for folder in OURS)


def _is_installed(folder: Path) -> bool:
    """Whether a folder holds the standard library or installed packages."""
    absolute = folder.absolute()
    return bool({"site-packages", "dist-packages"} & set(absolute.parts)) or any(
        absolute.is_relative_to(sysconfig.get_path(kind)) for kind in ("stdlib", "platstdlib"))


def _forget(name: str) -> None:
    """Make the next import read the files: no module of them stays imported, and no compiled one is taken for them.

    Python takes a compiled file for that of a source with the same size and second, which an edited one may have.
    """
    importlib.invalidate_caches()
    for module, path in (files_of(name) or {}).items():
        imported = sys.modules.get(module)
        if _is_installed(path) and module not in _loaded:
            continue
        if path.suffix in SOURCE_SUFFIXES:
            sys.modules.pop(module, None)
            with suppress(OSError, NotImplementedError):
                Path(importlib.util.cache_from_source(str(path))).unlink()
        elif imported is not None:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            if _compiled.setdefault(path, content) != content:
                raise BenchError(f"{path} has changed, and compiled code cannot be imported twice in one process",
                                 "start the process again (Dask workers too)")
        else:
            _compiled[path] = hashlib.sha256(path.read_bytes()).hexdigest()


def _without_file(name: str) -> bytes:
    """What there is of the code of a module without a file: in an archive, or typed into a notebook."""
    with suppress(ImportError, ValueError, OSError, AttributeError):
        spec = importlib.util.find_spec(name)
        if spec and spec.loader and spec.origin:
            return bytes(spec.loader.get_data(spec.origin))  # type: ignore[attr-defined]
    functions = vars(sys.modules.get(name, ModuleType(name))).values()
    return b"".join(marshal.dumps(code) for f in functions if (code := getattr(f, "__code__", None)))
