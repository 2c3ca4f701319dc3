"""Vega-Lite through vl-convert: fills in chart specifications, saves them as files, and bundles the page's script."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.core import hardware, store
from bench.core.errors import MissingExtra, NoRoom
from bench.core.files import save_bytes
from bench.report.charts import Spec, theme

FORMATS = ("svg", "pdf", "png")
RESERVED = 72 << 30  # bytes of address space: V8, inside vl-convert, reserves 64 GB or ends the process
SCALE = 1.5  # pixels of a PNG per pixel of the specification


def filled(spec: Any, values: Mapping[str, Any]) -> Any:
    """A specification with its `@words` replaced: by the value itself, or within a longer text by its text."""
    if isinstance(spec, dict):
        return {k: filled(v, values) for k, v in spec.items()}
    if isinstance(spec, list):
        return [filled(v, values) for v in spec]
    if not isinstance(spec, str) or "@" not in spec:
        return spec
    if spec.startswith("@") and spec[1:] in values:
        return copy.deepcopy(values[spec[1:]])
    for word in sorted(values, key=len, reverse=True):
        spec = spec.replace(f"@{word}", str(values[word]))
    return spec


def save(spec: Spec, stem: Path, formats: Sequence[str] = FORMATS) -> list[Path]:
    """Draw a filled specification with its data as STEM.svg, .pdf and .png; returns the paths.

    `MissingExtra` without vl-convert, `NoRoom` where it could not start.
    """
    converter = _converter()
    _check_room()
    spec = {**spec, "config": {**theme(), "background": "white"}}
    draw = {"svg": lambda: converter.vegalite_to_svg(spec).encode(), "pdf": lambda: converter.vegalite_to_pdf(spec),
            "png": lambda: converter.vegalite_to_png(spec, scale=SCALE)}
    paths = [stem.with_name(f"{stem.name}.{form}") for form in formats]
    return [save_bytes(path, draw[form](), "choose another folder", shared=False)
            for path, form in zip(paths, formats, strict=True)]


def script(folder: Path) -> str:
    """Vega, Vega-Lite and Vega-Embed as one script; it is bundled once and kept in the cache `folder`."""
    converter = _converter()
    place = folder / "page" / f"vega-{converter.__version__}"
    entry = store.load(place)
    if entry is None:
        _check_room()
        text = str(converter.javascript_bundle()).replace("\r", "")
        entry = store.save(place, {"vega.js": text.encode()}, {"version": converter.__version__})
    return entry.bytes("vega.js").decode()


def _check_room() -> None:
    limit = hardware.address_space()
    if limit is not None and limit < RESERVED:
        raise NoRoom(f"the charts need {RESERVED >> 30} GB of address space, and this process may have {limit >> 30}",
                     "ulimit -v unlimited, or a job without a limit of virtual memory; it is reserved, not "
                     "used")


def _converter() -> Any:
    try:
        import vl_convert
    except ImportError:
        raise MissingExtra("vl-convert-python, which draws the charts,", "report") from None
    return vl_convert
