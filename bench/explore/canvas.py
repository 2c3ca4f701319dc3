"""Matplotlib with settings of our own: no file, variable, style or notebook of the user's changes a picture.

Labels are data: `$` is no formula. A character that the usual font lacks comes from a font of this machine that has it.
"""

from __future__ import annotations

import logging
import os
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from functools import cache, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from bench.core.errors import BenchError, MissingExtra

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FONT = "DejaVu Sans"  # Matplotlib brings it
NO_FALLBACK = ("Last Resort", "Color", "Emoji")  # draws boxes for everything; bitmaps, which Matplotlib cannot draw
OF_THE_WINDOW = ("backend", "interactive", "toolbar", "webagg", "tk.", "macosx", "savefig.directory")
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def in_own_settings(draw: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """The same function, run in settings of our own, with fonts for all texts among its arguments."""
    @wraps(draw)
    def drawn(*args: Arguments.args, **named: Arguments.kwargs) -> Result:
        with _own_settings(_texts((args, named))):
            return draw(*args, **named)

    return drawn


def empty_figure(width: float, height: float) -> Figure:
    """An empty figure, in inches, with a canvas that measures text; opens no window."""
    _matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure


def characters_without_font(figure: Figure) -> str:
    """The characters of a figure that no font of this machine has: each is drawn as a box."""
    from matplotlib.text import Text

    texts = (text.get_text() for text in figure.findobj(Text))
    return "".join(sorted(_fonts(_signs(texts))[1]))


def without_font(values: object) -> str:
    """The characters in the texts of `values` that no font of this machine has, whatever program draws them.

    Raises `MissingExtra` without Matplotlib, which knows the fonts.
    """
    _matplotlib()
    return "".join(sorted(_fonts(_signs(_texts(values)))[1]))


@contextmanager
def _own_settings(texts: Iterable[str]) -> Iterator[None]:
    matplotlib = _matplotlib()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated settings; missing characters, which the command names itself
        defaults = matplotlib.rcParamsDefault
        ours = {name: value for name, value in defaults.items() if not name.startswith(OF_THE_WINDOW)}
        ours |= {"font.family": [FONT, *_fonts(_signs(texts))[0]], "text.parse_math": False,
                 "svg.hashsalt": "transferbench"}
        with matplotlib.rc_context(ours):
            yield


@cache
def _matplotlib() -> Any:
    """Matplotlib, imported without the backend that a notebook or a variable names."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it warns of each line of a settings file that it ignores
    before = os.environ.get("MPLBACKEND")
    os.environ["MPLBACKEND"] = "agg"
    try:
        import matplotlib
    except ImportError:
        raise MissingExtra("matplotlib, which draws the pictures,", "report") from None
    except (ValueError, OSError) as error:
        raise BenchError(f"matplotlib cannot read its settings: {error}",
                         "look at the file matplotlibrc, here or where MATPLOTLIBRC says") from None
    finally:
        if before is None:
            del os.environ["MPLBACKEND"]
        else:
            os.environ["MPLBACKEND"] = before
    return matplotlib


@cache
def _fonts(signs: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """Font families for the characters that the usual font lacks, and the characters that no font has."""
    from matplotlib import font_manager

    lacking = {sign for sign in signs if unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Zs", "Zl", "Zp")}
    lacking -= _drawn_by(font_manager.findfont(FONT))
    families: list[str] = []
    if lacking:
        for file in _installed():
            found = lacking & _drawn_by(file)
            if found:
                font_manager.fontManager.addfont(file)
                families.append(font_manager.get_font(file).family_name)
                lacking -= found
    return tuple(families), frozenset(lacking)


def _installed() -> list[str]:
    """The files of this machine's fonts, regular faces first."""
    from matplotlib import font_manager

    def of(file: str, *words: str) -> bool:
        return any(word in Path(file).stem for word in words)

    files = [file for file in font_manager.findSystemFonts() if not of(file, *NO_FALLBACK)]
    return sorted(files, key=lambda file: (not of(file, "Regular", "Sans"), file))


@cache
def _drawn_by(file: str) -> frozenset[str]:
    """The characters that a font file has; none where it cannot be read or scaled."""
    from matplotlib import font_manager

    try:
        font = font_manager.get_font(file)
        return frozenset(map(chr, font.get_charmap())) if font.scalable else frozenset()
    except (OSError, RuntimeError, ValueError):
        return frozenset()


def _signs(texts: Iterable[str]) -> str:
    return "".join(sorted({sign for text in texts for sign in text}))


def _texts(value: Any) -> Iterator[str]:
    """Every text inside arguments: in sequences, mappings and dataclasses."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _texts(inner)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name))
