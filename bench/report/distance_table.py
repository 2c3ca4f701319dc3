"""The table, the sentences and the picture of domain distances."""

from __future__ import annotations

from pathlib import Path

from bench.analysis.domain_distance import FEWEST, NAMES, DistanceTable


def title(found: DistanceTable) -> str:
    """One line that says what is compared."""
    return f"distance from {found.source}, and gain of {found.baseline} at {found.budget} labels"


def table(found: DistanceTable) -> tuple[list[str], list[list[str]]]:
    """Headers and rows of text, the nearest target first."""
    head = ["target", "proxy A", "known words", "shared words", "MMD²", "gain [95%]"]
    body = []
    for r in sorted(found.rows, key=lambda r: r.distance.proxy_a):
        d = r.distance
        gain = "–" if r.gain is None else f"{r.gain.estimate:+.1f} [{r.gain.low:+.1f} {r.gain.high:+.1f}]"
        body.append([d.target, f"{d.proxy_a:.2f}", f"{d.known:.1%}", f"{d.shared:.1%}", f"{d.mmd:.4f}", gain])
    return head, body


def notes(found: DistanceTable) -> list[str]:
    """What the columns mean, and whether the distance tells the gain."""
    lines = ["proxy A: 0 the sides look alike, 2 a linear classifier always tells them apart; known words: share of "
             "the target's running words that the source has; MMD²: of the base's features."]
    with_gain = sum(r.gain is not None for r in found.rows)
    for name, r in found.correlations.items():
        if r is not None:
            sure = "" if 0.0 not in r else ": not told from none"
            lines.append(f"Spearman of the gain with {NAMES[name]}: {r.estimate:+.2f} [{r.low:+.2f} {r.high:+.2f}] "
                         f"over {with_gain} targets{sure}.")
    if with_gain < FEWEST:
        lines.append(f"{with_gain} target(s) with a gain at these labels: a rank correlation needs {FEWEST} or more.")
    return lines


MARKERS = "os^DvP<>X*"


def draw(found: DistanceTable, stem: Path) -> list[Path]:
    """Gain over proxy A-distance, a point a target, as .png, .svg and .pdf."""
    from bench.report.diagrams import canvas, save

    figure, axes = canvas(6.6, 4.0)
    for i, r in enumerate(r for r in found.rows if r.gain is not None):
        assert r.gain is not None
        error = [[r.gain.estimate - r.gain.low], [r.gain.high - r.gain.estimate]]
        axes.errorbar(r.distance.proxy_a, r.gain.estimate, error, fmt=MARKERS[i % len(MARKERS)], color=f"C{i % 10}",
                      elinewidth=0.8, label=r.distance.target.split("@")[0])
    # names beside the points collide
    axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    axes.axhline(0.0, color="0.7", linewidth=1)
    axes.set(xlabel="proxy A-distance from the source", ylabel="gain in points [95%]")
    axes.set_title(title(found), fontsize="medium", loc="left")
    return save(figure, stem)
