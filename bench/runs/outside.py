"""The code of a strategy from outside: where it is, how it is imported, and which files are its own."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import zlib
from pathlib import Path
from types import ModuleType

from bench.core import places
from bench.core.errors import BenchError
from bench.core.names import did_you_mean

PACKAGES = ("site-packages", "dist-packages")  # folders of installed packages
LOOSE = "bench_outside"  # begins the package names that loose files get


def file_named(name: str) -> tuple[Path, str] | None:
    """The file and the function that `nb.py`, `nb.py:fit` or `C:/nb.py:fit` names; None for another name."""
    path, colon, function = name.rpartition(":")
    if not path.endswith(".py"):
        path, function = name, ""
    if not path.endswith(".py"):
        return None
    if colon and path != name and not function:
        raise BenchError(f"--baseline {name!r} names no function", f"{path}:fit, or {path} alone for its fit")
    file = Path(path).expanduser().absolute()
    if not file.is_file():
        near = did_you_mean(file.name, (other.name for other in file.parent.glob("*.py")))
        raise BenchError(f"--baseline {name}: there is no file {file}{near}",
                         "--baseline takes a name (bench list baselines), file.py:function or package.module:function")
    return file, function or "fit"


def import_file(file: Path) -> ModuleType:
    """Import a Python file as its neighbours would: in its package if it is in one, beside them if not.

    A file that is in no package finds the others of its folder by `import other` and by `from .other import …`. The
    folder comes after Python's own modules and before installed packages, so that none of its files replaces Python's.
    """
    top, parts = place_of(file)
    if str(top) not in sys.path:
        at = next((i for i, path in enumerate(sys.path) if Path(path).name in PACKAGES), len(sys.path))
        sys.path.insert(at, str(top))
    importlib.invalidate_caches()
    if len(parts) > 1 and _is_free(parts[0], top):
        return importlib.import_module(".".join(parts))
    package = ModuleType(f"{LOOSE}_{zlib.crc32(str(file.parent).encode(errors='replace')):08x}")
    package.__path__ = [str(file.parent)]
    sys.modules[package.__name__] = package
    name = f"{package.__name__}.{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _is_free(package: str, folder: Path) -> bool:
    """Whether a package of this name is the one in `folder`, not another that is imported already."""
    imported = sys.modules.get(package)
    return imported is None or str(folder / package) in list(getattr(imported, "__path__", ()))


def place_of(file: Path) -> tuple[Path, list[str]]:
    """The folder in which `import` must look for a file, and the names of its packages and of its module."""
    top, parts = file.parent, [file.stem]
    while (top / "__init__.py").exists():
        top, parts = top.parent, [top.name, *parts]
    return top, parts


def is_own(path: Path, file: Path) -> bool:
    """Whether a file of Python code belongs to the code around `file`, and not to an installed package or to us."""
    if path == file:
        return True
    top, parts = place_of(file)
    folder = top / parts[0] if len(parts) > 1 else top  # its package with all that is in it, else its own folder
    if folder.name in PACKAGES or not path.is_relative_to(folder) or path.is_relative_to(places.PACKAGE):
        return False
    inside = path.relative_to(folder).parts
    return not set(inside) & set(PACKAGES) and not inside[0].startswith(".")
