"""Figures of arrays: maps of words and of texts, confusion matrices; every label readable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import BenchError, MissingExtra
from bench.core.files import replacing
from bench.explore.canvas import empty_figure, in_own_settings

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe & Ito 2008: distinct with every common kind of colour blindness. Negative comes first in our labels.
COLOURS = ("#D55E00", "#0072B2", "#009E73", "#E69F00", "#CC79A7", "#56B4E9", "#000000", "#F0E442")
MARKERS = ("o", "^", "s", "D", "v", "P", "X")
FORMATS = ("png", "svg", "pdf")
DPI = 160
INK = "#333333"
REACHES = (0.1, 0.2, 0.4, 0.8)  # how far from its point a label may stand, as a share of the axes


@dataclass(frozen=True)
class Points:
    """Points in the plane, each of one group."""

    at: NDArray[np.float32]  # [n, 2]
    group: NDArray[np.int64]  # [n], index into names
    names: tuple[str, ...]  # of the groups, for the legend


@in_own_settings
def word_map(points: Points, labels: Sequence[str], title: str, size: float = 9.0) -> Figure:
    """A map of words, a colour and a marker per group; `size` is that of the labels, in points."""
    side = 7.0 + len(labels) / 60.0
    figure = empty_figure(1.25 * side, side)
    axes = figure.add_subplot()
    for number, name in enumerate(points.names):
        at = points.at[points.group == number]
        axes.scatter(at[:, 0], at[:, 1], s=14, color=_colour(number), marker=_marker(number), label=_named(name),
                     linewidths=0)
    _frame(axes, title)
    if len(points.names) > 1:
        _legend(axes, len(points.names))
    _place_labels(axes, points.at, labels, size, [_colour(g) for g in points.group])
    return figure


@in_own_settings
def shaded_word_map(at: NDArray[np.float32], values: NDArray[np.float64], labels: Sequence[str], title: str,
                 meaning: str) -> Figure:
    """A map of many words, each point shaded by a value around 0; `meaning` labels the colour bar."""
    figure = empty_figure(16.0, 12.0)
    axes = figure.add_subplot()
    figure.subplots_adjust(left=0.05, right=0.99, bottom=0.05)
    most = float(np.quantile(np.abs(values), 0.98)) or 1.0
    dots = axes.scatter(at[:, 0], at[:, 1], s=22, c=values, cmap="RdBu", vmin=-most, vmax=most, edgecolors=INK,
                         linewidths=0.3)
    _frame(axes, title)
    figure.colorbar(dots, ax=axes, label=meaning, fraction=0.05, pad=0.01, shrink=0.5, aspect=30,
                  extend="both")
    _place_labels(axes, at, labels, 7.0, [INK] * len(labels))
    return figure


@in_own_settings
def text_map(points: Points, title: str, domains: NDArray[np.int64] | None = None,
          domain_names: tuple[str, ...] = ()) -> Figure:
    """A map of texts: the colour shows the class; with `domains` [n] the marker and the shade show the domain."""
    figure = empty_figure(10.0, 8.0)
    axes = figure.add_subplot()
    domains = np.zeros(len(points.at), np.int64) if domains is None else domains
    names = domain_names or ("",)
    centres, labels, colours = [], [], []
    for domain in range(len(names)):
        for number, name in enumerate(points.names):
            at = points.at[(points.group == number) & (domains == domain)]
            if not len(at):
                continue
            colour = _lighter(_colour(number)) if domain == 0 and len(names) > 1 else _colour(number)
            label = f"{names[domain]}: {name}" if names[domain] else name
            axes.scatter(at[:, 0], at[:, 1], s=11, color=colour, marker=_marker(domain), alpha=0.55, linewidths=0,
                         label=_named(f"{label} ({len(at):,})"))
            centres.append(_densest(at))
            labels.append(label)
            colours.append(_colour(number))
    _frame(axes, title)
    _legend(axes, len(labels))
    if len(labels) <= 12:
        _place_labels(axes, np.array(centres), labels, 11.0, colours, boxed=True)
    return figure


@in_own_settings
def confusion_heat_map(matrix: NDArray[np.int64], labels: Sequence[str], title: str) -> Figure:
    """A confusion matrix [classes, classes], a row per true class: counts and shares of the row, shaded by share."""
    classes = len(labels)
    figure = empty_figure(4.0 + 0.85 * classes, 2.6 + 0.65 * classes)
    figure.set_layout_engine("constrained")
    axes = figure.add_subplot()
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(share, cmap="cividis", vmin=0.0, vmax=1.0)
    small = classes > 6
    for i, row in enumerate(matrix):
        for j, count in enumerate(row):
            text = f"{count:,}" if small else f"{count:,}\n{100 * share[i, j]:.1f}%"
            if count or not small:
                axes.text(j, i, text, ha="center", va="center", fontsize=7 if small else 11,
                          color="white" if share[i, j] < 0.55 else "black")
    axes.set_xticks(range(classes), labels, rotation=35 if classes > 2 else 0,
                    ha="right" if classes > 2 else "center", rotation_mode="anchor" if classes > 2 else "default")
    axes.set_yticks(range(classes), labels)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    figure.colorbar(image, label="share of the true class")
    figure.suptitle(title, x=0.02, ha="left", fontsize="medium")
    _fit_title(figure)
    return figure


def check_available(formats: Sequence[str]) -> None:
    """Raise `BenchError` for an unknown format or a missing library, before anything is trained."""
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        raise BenchError(f"unknown format {', '.join(unknown)!r}", f"one or more of {', '.join(FORMATS)}")
    from importlib.util import find_spec

    missing = [name for name in ("matplotlib", "openTSNE", "textalloc") if find_spec(name) is None]
    if missing:
        raise MissingExtra(f"{', '.join(missing)}, which the pictures need,", "report")


@in_own_settings
def save(figure: Figure, stem: Path, formats: Sequence[str] = ("png", "svg")) -> list[Path]:
    """Write `STEM.png` and so on, with the same bytes for the same figure; returns the paths."""
    check_available(formats)
    dates: dict[str, dict[str, Any]] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    paths = [stem.with_name(f"{stem.name}.{name}") for name in formats]
    try:
        stem.parent.mkdir(parents=True, exist_ok=True)
        for path, name in zip(paths, formats, strict=True):
            with replacing(path) as temporary:
                figure.savefig(temporary, format=name, dpi=DPI, metadata=dates.get(name))
    except OSError as error:
        raise BenchError(f"cannot write {stem.parent}: {error.strerror or error}", "choose --out") from None
    return paths


@in_own_settings
def overlapping_labels(figure: Figure) -> list[tuple[str, str]]:
    """The pairs of labels inside the axes whose boxes overlap."""
    canvas: Any = figure.canvas
    canvas.draw()
    labels = [text for axes in figure.axes for text in axes.texts if text.get_text()]
    boxes = np.array([text.get_window_extent(canvas.get_renderer()).extents for text in labels]).reshape(-1, 4)
    low, high = boxes[:, :2], boxes[:, 2:]
    overlap = np.minimum(high[:, None], high[None]) - np.maximum(low[:, None], low[None])  # [n, n, 2], pixels
    pairs = np.argwhere(np.triu((overlap > 0.5).all(axis=2), k=1))  # labels may touch
    return [(labels[i].get_text(), labels[j].get_text()) for i, j in pairs]


def _place_labels(axes: Axes, at: NDArray[np.float32], labels: Sequence[str], size: float, colours: Sequence[str], *,
                  boxed: bool = False) -> None:
    """Write a label near each point so that none covers another; a line leads to each that had to move away."""
    try:
        import textalloc
    except ImportError:
        raise MissingExtra("textalloc, which places the labels,", "report") from None
    figure: Any = axes.figure
    figure.canvas.draw()
    x, y = at[:, 0], at[:, 1]
    style: dict[str, Any] = {"fontweight": "bold", "path_effects": _halo()} if boxed else \
        {"x_scatter": x, "y_scatter": y}
    for reach in REACHES:
        for text in list(axes.texts):
            text.remove()
        for line in list(axes.lines):
            line.remove()
        textalloc.allocate(axes, x, y, list(labels), textsize=size, textcolor=list(colours), linecolor="#999999",
                           linewidth=0.5, min_distance=0.006, max_distance=reach, nbr_candidates=300, margin=0.002,
                           avoid_label_lines_overlap=len(labels) < 200, **style)
        if not overlapping_labels(figure) and len(axes.texts) == len(labels):
            return


def _halo() -> list[Any]:
    from matplotlib.patheffects import Normal, Stroke

    return [Stroke(linewidth=3.5, foreground="white"), Normal()]


def _densest(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Where a cloud is densest: the point with the most others around it."""
    sample = points[:: max(1, len(points) // 500)]
    distances = np.linalg.norm(sample[:, None] - sample[None], axis=2)
    near = distances < np.quantile(distances, 0.1)
    return np.asarray(sample[near.sum(axis=1).argmax()])


def _frame(axes: Axes, title: str) -> None:
    figure: Any = axes.figure
    lines = title.count("\n") + 1
    figure.subplots_adjust(top=1.0 - (0.17 + 0.2 * lines) / figure.get_figheight())
    figure.suptitle(title, x=0.02, y=1.0 - 0.1 / figure.get_figheight(), ha="left", va="top")
    _fit_title(figure)
    axes.set_xlabel("t-SNE 1")
    axes.set_ylabel("t-SNE 2")
    axes.margins(0.06)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize="small")


def _fit_title(figure: Figure) -> None:
    """Make the title smaller where it is wider than the figure."""
    figure.canvas.draw()
    title: Any = figure._suptitle  # type: ignore[attr-defined]  # there is no other way to it
    excess = title.get_window_extent().width / (0.96 * figure.bbox.width)
    if excess > 1.0:
        title.set_fontsize(title.get_fontsize() / excess)


def _legend(axes: Axes, groups: int) -> None:
    """Put the legend below the axes, where it covers nothing."""
    legend = axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.07), ncols=min(groups, 4), frameon=False,
                         markerscale=2.0)
    for handle in legend.legend_handles:
        if handle is not None:
            handle.set_alpha(1.0)
    axes.figure.subplots_adjust(left=0.07, right=0.98, bottom=0.09 + 0.035 * -(-groups // 4))


def _named(label: str) -> str:
    """A label as a legend shows it: Matplotlib leaves out those that begin with an underscore."""
    return f"\u200b{label}" if label.startswith("_") else label


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _marker(number: int) -> str:
    return MARKERS[number % len(MARKERS)]


def _lighter(colour: str) -> str:
    """The colour half way to white."""
    return "#" + "".join(f"{(int(colour[i : i + 2], 16) + 255) // 2:02x}" for i in (1, 3, 5))
