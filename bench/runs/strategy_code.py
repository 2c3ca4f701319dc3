"""The code of a strategy from outside: which files it is, and their digest."""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import marshal
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.machinery import SOURCE_SUFFIXES, PathFinder, all_suffixes
from pathlib import Path
from types import ModuleType

from bench.core import places
from bench.runs.outside import PACKAGES, place_of

OURS = tuple(places.ROOT / name for name in ("bench", "baselines"))  # their version is in every record


def digest(files: Mapping[str, Path], name: str = "") -> str:
    """SHA-256 of a strategy's code; of the module `name` where there is no file.

    Only the names of modules and their contents count, not where the files are. Neither data files nor installed
    packages are seen.
    """
    total = hashlib.sha256()
    for module, path in sorted(files.items()):
        total.update(f"{module}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    if not files:
        total.update(_without_file(name))
    return total.hexdigest()


def files_of(name: str, file: Path | None = None) -> dict[str, Path]:
    """The files of a module (by its name, or as a `file`) and of the user's own modules that it imports, by module.

    Imports are read from the source, also those inside functions. Of an installed package only its own modules count.
    """
    if file is not None:
        folder, parts = place_of(file)
        name, roots = ".".join(parts), [folder]
    else:
        roots = _roots(name.partition(".")[0])
    top = name.partition(".")[0]
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


def forget_compiled(files: Mapping[str, Path]) -> None:
    """Remove the compiled copies of source files, so that the next import reads these.

    Python takes a compiled copy for that of a source with the same size and second, which an edited one may have.
    """
    importlib.invalidate_caches()
    for path in files.values():
        if path.suffix in SOURCE_SUFFIXES and not _is_installed(path):
            with suppress(OSError, NotImplementedError):
                Path(importlib.util.cache_from_source(str(path))).unlink()


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
    return bool(set(PACKAGES) & set(absolute.parts)) or any(
        absolute.is_relative_to(sysconfig.get_path(kind)) for kind in ("stdlib", "platstdlib"))


def _without_file(name: str) -> bytes:
    """What there is of the code of a module without a file: in an archive, or typed into a notebook."""
    with suppress(ImportError, ValueError, OSError, AttributeError):
        spec = importlib.util.find_spec(name)
        if spec and spec.loader and spec.origin:
            return bytes(spec.loader.get_data(spec.origin))  # type: ignore[attr-defined]
    functions = vars(sys.modules.get(name, ModuleType(name))).values()
    return b"".join(marshal.dumps(code) for f in functions if (code := getattr(f, "__code__", None)))
