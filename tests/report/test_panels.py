"""The charts that commands draw from an analysis: what they hold, and what is said where they cannot be drawn."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from made import grid, results

from bench.analysis.across_targets import cliques, rank_across_targets
from bench.analysis.domain_distance import DomainDistance, distances_and_gains
from bench.analysis.study import studies
from bench.analysis.transfer_matrix import transfer_matrix
from bench.core.errors import BenchError, MissingExtra
from bench.report import page_facts, panels, paper_figures, target_files, target_tables, vega

SOURCES = [*grid(("alpha", "beta"), ("imdb@official",), ("scratch", "frozen")),
           *grid(("alpha",), ("beta@v1",), ("scratch", "frozen"))]


def test_the_matrix_of_a_command_and_of_the_report_are_the_same_picture():
    matrix = panels.matrix_panel(transfer_matrix(SOURCES, "frozen", 128))
    every = dict(paper_figures.named_panels(page_facts.facts(SOURCES)))
    of_report = every["matrix-frozen-128-gru-64-64-glove-torch-cpu"]
    assert {k: v for k, v in matrix.items() if k not in ("datasets", "layer")} == {
        k: v for k, v in of_report.items() if k not in ("datasets", "layer")}
    scores = [{(r["source"], r["target"]): r["score"] for r in m["datasets"]["cells"]} for m in (matrix, of_report)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-5)
    assert set(scores[0]) == {("imdb", "alpha"), ("imdb", "beta"), ("beta", "alpha")}
    assert matrix["layer"][0]["encoding"]["color"]["title"] == "accuracy on the target's test set"


def test_the_matrix_names_the_targets_on_which_another_score_leads():
    balanced = [replace(r, leading="balanced_accuracy") if r.task == "beta" else r for r in SOURCES]
    matrix = transfer_matrix(balanced, "frozen", 128)
    assert target_tables.matrix_title(matrix) == (
        "frozen, 128 target labels: accuracy (balanced accuracy for beta) on the target's test set")
    assert panels.matrix_panel(matrix)["layer"][0]["encoding"]["color"]["title"] == "score on the target's test set"
    assert "| – " in target_files.matrix_markdown(matrix)


def test_the_matrix_is_written_as_markdown_and_as_a_heat_map(tmp_path: Path):
    pytest.importorskip("vl_convert")
    matrix = replace(transfer_matrix(SOURCES, "frozen", 128), baseline="my.module:fit")
    paths = [target_files.write_matrix(tmp_path, matrix), *target_files.draw_matrix(tmp_path, matrix)]
    assert [p.name for p in paths] == [f"matrix-my.module_fit-128{s}" for s in (".md", ".png", ".svg")]
    assert all(p.stat().st_size > 100 for p in paths)


def test_ranks_are_drawn_in_their_order_and_bars_join_what_does_not_differ(tmp_path: Path):
    pytest.importorskip("vl_convert")
    of_imdb = [s for s in studies(results()) if s.board.source == "imdb@official"]
    ranking = rank_across_targets(of_imdb, 128)
    data = panels.ranks_data(ranking)
    assert [p["baseline"] for p in data["places"]] == [p.baseline for p in ranking.places]
    rank = {p["baseline"]: p["mean_rank"] for p in data["places"]}
    assert data["cliques"]
    assert all(rank[bar["last"]] - rank[bar["first"]] <= ranking.critical for bar in data["cliques"])
    assert all(p.stat().st_size > 100 for p in vega.save(panels.ranks_panel(ranking), tmp_path / "across-128"))
    with pytest.raises(BenchError, match="needs two baselines"):
        panels.ranks_panel(replace(ranking, places=ranking.places[:1]))


def test_cliques_are_the_longest_runs_within_the_critical_difference():
    assert cliques([1.0, 1.5, 3.0, 3.2, 9.0], 1.6) == [(0, 1), (1, 2), (2, 3)]
    assert cliques([1.0, 1.5, 3.0, 3.2], 2.0) == [(0, 2), (1, 3)]
    assert cliques([1.0, 5.0], 2.0) == []


def test_the_reliability_diagram_has_every_bin_and_each_error(tmp_path: Path):
    pytest.importorskip("vl_convert")
    at = [c for c in studies(results())[0].calibrations if c.budget == 128]
    chart = panels.reliability_panel(at, "alpha, 128 labels")
    assert len(chart["datasets"]["bins"]) == sum(len(c.bins) for c in at)
    svg = vega.save(chart, tmp_path / "calibration-alpha-128", ("svg",))[0].read_text(encoding="utf-8")
    assert all(f"{c.baseline} {c.error:.3f}" in svg for c in at)


def test_distances_are_drawn_for_the_targets_with_a_gain(tmp_path: Path):
    pytest.importorskip("vl_convert")
    distances = [DomainDistance(f"{name}@v1", far, 0.9, 0.3, 0.01) for name, far in (("alpha", 0.1), ("beta", 0.6),
                                                                                    ("new", 1.1))]
    chart = panels.distance_panel(distances_and_gains(distances, studies(results()), "imdb", "frozen", 128))
    assert [r["target"] for r in chart["datasets"]["cells"]] == ["alpha", "beta"]
    assert all(p.stat().st_size > 100 for p in vega.save(chart, tmp_path / "distance-frozen-128"))


def test_without_the_extra_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(MissingExtra, match=r"vl-convert-python.*pip install 'transferbench\[report\]'"):
        target_files.draw_matrix(tmp_path, transfer_matrix(SOURCES, "frozen", 128))


def test_a_limit_of_address_space_is_said_and_does_not_end_the_process(tmp_path: Path):
    pytest.importorskip("vl_convert")
    script = f"""if True:
        import resource
        from pathlib import Path
        resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
        from bench.core.errors import NoRoom
        from bench.report import vega
        folder = Path({str(tmp_path)!r})
        for draw in (lambda: vega.save({{}}, folder / "x"), lambda: vega.script(folder)):
            try:
                draw()
            except NoRoom as error:
                print(error)
    """
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=200)
    assert done.stdout.count("need 72 GB of address space, and this process may have 8") == 2


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path):
    pytest.importorskip("vl_convert")
    (tmp_path / "leaderboards").write_text("a file")
    with pytest.raises(BenchError, match="cannot write"):
        target_files.draw_matrix(tmp_path, transfer_matrix(SOURCES, "frozen", 128))
