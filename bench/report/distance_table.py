"""The table, the sentences and the picture of domain distances."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.analysis.domain_distance import FEWEST, NAMES, Distance, DistanceTable
from bench.core import files
from bench.core.names import TaskRef


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
                      elinewidth=0.8, label=TaskRef.parse(r.distance.target).task)
    # names beside the points collide
    axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    axes.axhline(0.0, color="0.7", linewidth=1)
    axes.set(xlabel="proxy A-distance from the source", ylabel="gain in points [95%]")
    axes.set_title(title(found), fontsize="medium", loc="left")
    return save(figure, stem)


def save_distances(folder: Path, source: str, found: Sequence[Distance]) -> Path:
    """Write the distances from a source into `distances/SOURCE.json` of a results folder, beside those kept before."""
    import json
    import re
    from dataclasses import asdict

    name = re.sub(r"[^A-Za-z0-9.-]+", "-", TaskRef.parse(source).task)
    before = {d.target: d for d in load_distances(folder).get(source, ())}
    rows = {**before, **{d.target: d for d in found}}
    body = {"source": source, "distances": [asdict(rows[t]) for t in sorted(rows)]}
    return files.save_text(folder / "distances" / f"{name}.json", json.dumps(body, indent=1) + "\n")


def load_distances(folder: Path) -> dict[str, list[Distance]]:
    """The distances kept in a results folder, by source; a file that does not hold any is left out."""
    import json

    out: dict[str, list[Distance]] = {}
    for path in sorted((folder / "distances").glob("*.json")):
        try:
            body = json.loads(path.read_text(encoding="utf-8"))
            rows = [Distance(str(r["target"]), *(float(r[k]) for k in NAMES)) for r in body["distances"]]
            out[str(body["source"])] = rows
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    return out
