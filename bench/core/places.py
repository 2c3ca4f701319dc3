"""Where things are on disk: the installed package, and what a user's path means."""

from __future__ import annotations

from pathlib import Path

from bench.core.errors import BenchError

PACKAGE = Path(__file__).parents[1]  # bench/
ROOT = PACKAGE.parent  # the folder that holds bench/: a checkout, or site-packages


def shipped(name: str) -> Path:
    """The folder `baselines` or `tasks`: inside bench/ where a wheel put it, else beside it, in a checkout."""
    inside = PACKAGE / name
    return inside if inside.is_dir() else ROOT / name


def home_expanded(text: str) -> str:
    """A path or a name; the home folder takes the place of `~` and `~user` at its beginning.

    Raises `BenchError` where there is no such folder.
    """
    if not text.startswith("~"):
        return text
    try:
        return str(Path(text).expanduser())
    except RuntimeError:
        raise BenchError(f"{text}: there is no such home folder", "name the whole path") from None


def exists(path: Path) -> bool:
    """Whether there is such a file or folder; false for a name that none can have."""
    try:
        return path.exists()
    except (OSError, ValueError):  # too long, or with a character that no name holds
        return False
