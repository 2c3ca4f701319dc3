"""Pictures: labels that do not collide, files in every format, the same picture for the same seed, the command."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import toy
from numpy.typing import NDArray
from typer.testing import CliRunner

from bench.cli.app import app
from bench.core.errors import BenchError, MissingExtra
from bench.explore import canvas, drawing, projection
from bench.explore.drawing import Points
from bench.explore.word_lists import NEGATIVE, POSITIVE, SIMILAR_WORDS, neighbour_agreement, separation
from bench.learning.features.glove import WordVectors
from bench.learning.networks import architectures
from bench.runs.options import Options

pytest.importorskip("matplotlib")
pytest.importorskip("textalloc")
pytest.importorskip("openTSNE")


def clouds(n: int, d: int = 2, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    group = np.arange(n) % 2
    return (rng.normal(size=(n, d)) + 4.0 * group[:, None]).astype(np.float32), group


def texts_picture(domains: int, classes: int = 2) -> drawing.Figure:
    at, _ = clouds(600)
    group = np.arange(600) % classes
    domain = (np.arange(600) // classes) % domains
    names = tuple(f"class {c}" for c in range(classes))
    return drawing.text_map(Points(at, group, names), "two lines\nof title", domain if domains > 1 else None,
                            tuple(f"domain {d}" for d in range(domains)) if domains > 1 else ())


def words_picture(n: int) -> drawing.Figure:
    at, group = clouds(n)
    return drawing.word_map(Points(at, group, ("negative", "positive")), [f"word{i}" for i in range(n)], "a title")


def frequent_picture(n: int = 500) -> drawing.Figure:
    at = projection.project(clouds(n, 16)[0])
    return drawing.shaded_word_map(at, np.linspace(-1, 1, n), [f"word{i}" for i in range(n)], "a title " * 60, "lean")


DRAWN: dict[str, Callable[[], drawing.Figure]] = {
    "100 words": lambda: words_picture(100),
    "500 words": frequent_picture,
    "texts of one domain": lambda: texts_picture(1),
    "texts of two domains": lambda: texts_picture(2),
    "texts of five classes": lambda: texts_picture(1, 5),
    "confusion of two": lambda: drawing.confusion_heat_map(np.array([[40, 3], [5, 52]]), ["no", "yes"], "a title"),
    "confusion of 20": lambda: drawing.confusion_heat_map(np.arange(400).reshape(20, 20) * 7,
                                                          [f"label.{i}" for i in range(20)], "a title"),
}


@pytest.mark.parametrize("name", DRAWN)
def test_no_label_of_a_picture_covers_another_and_the_title_fits(name: str) -> None:
    drawn = DRAWN[name]()
    assert drawing.overlapping_labels(drawn) == []
    assert sum(len(axes.texts) for axes in drawn.axes) >= 2
    whole = drawn.get_tightbbox()  # inches
    assert min(whole.x0, whole.y0) >= 0
    assert np.all(np.array([whole.x1, whole.y1]) <= drawn.get_size_inches() + 0.01), "something is cut off"
    box = drawn._suptitle.get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= drawn.bbox.x1 + 1
    assert all(axes.get_window_extent().y1 <= box.y0 + 1 for axes in drawn.axes)


def test_labels_on_one_spot_overlap() -> None:
    drawn = canvas.empty_figure(4.0, 4.0)
    axes = drawn.add_subplot()
    axes.text(0.5, 0.5, "one")
    axes.text(0.5, 0.5, "two")
    axes.text(0.1, 0.1, "three")
    assert drawing.overlapping_labels(drawn) == [("one", "two")]


def test_a_picture_is_written_in_every_format_to_the_same_bytes(tmp_path: Path) -> None:
    first = drawing.save(words_picture(20), tmp_path / "a.b", drawing.FORMATS)
    again = drawing.save(words_picture(20), tmp_path / "again", drawing.FORMATS)
    assert [p.name for p in first] == ["a.b.png", "a.b.svg", "a.b.pdf"]
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in again]
    assert first[0].read_bytes().startswith(b"\x89PNG")
    assert ET.parse(first[1]).getroot().tag.endswith("svg")
    assert first[2].read_bytes().startswith(b"%PDF")


def test_an_unknown_format_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"gif.*png, svg, pdf"):
        drawing.save(words_picture(4), tmp_path / "x", ["gif"])


def test_a_missing_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "textalloc" else object())
    with pytest.raises(MissingExtra, match=r"textalloc.*transferbench\[report\]"):
        drawing.check_available(["png"])


def test_components_explain_what_those_of_scikit_learn_explain() -> None:
    from sklearn.decomposition import PCA

    x = clouds(80, 12)[0] * np.arange(1, 13, dtype=np.float32)
    ours, theirs = projection.principal_components(x, 5), PCA(5, svd_solver="full").fit(x)
    assert ours.explained == pytest.approx(theirs.explained_variance_ratio_.sum(), abs=1e-5)
    assert np.abs(ours.points) == pytest.approx(np.abs(theirs.transform(x)), abs=1e-3)
    assert projection.principal_components(x, 50).explained == pytest.approx(1.0)


def test_the_plane_keeps_clouds_apart_and_repeats_itself() -> None:
    x, group = clouds(120, 10)
    at = projection.project(x, seed=3)
    assert at.shape == (120, 2)
    assert neighbour_agreement(at, group) > 0.95
    assert np.array_equal(at, projection.project(x, seed=3))
    assert not np.array_equal(at, projection.project(x, seed=4))


def test_the_word_lists_are_fifty_of_each_and_no_word_stands_twice() -> None:
    assert (len(set(POSITIVE)), len(set(NEGATIVE))) == (50, 50)
    assert not set(POSITIVE) & set(NEGATIVE)
    grouped = [word for group in SIMILAR_WORDS for word in group]
    assert len(grouped) == len(set(grouped))


def test_two_clouds_can_be_separated_and_shuffled_lists_cannot() -> None:
    x, y = clouds(100, 64)
    shares = separation(x, y)
    assert shares.left_out == 1.0
    assert shares.shuffled_left_out < 0.75
    assert shares.shuffled_plain > 0.9, "any 100 points in 64 dimensions can be separated: so each is left out in turn"


def test_leaving_a_word_out_by_formula_is_leaving_it_out() -> None:
    from sklearn.linear_model import Ridge

    from bench.explore.word_lists import RIDGE

    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, 8)).astype(np.float32)
    y = (x[:, 0] + rng.normal(size=30) > 0).astype(np.int64)
    scaled = (x - x.mean(axis=0)) / x.std()
    right = [Ridge(alpha=RIDGE).fit(np.delete(scaled, i, 0), 2.0 * np.delete(y, i) - 1).predict(scaled[i : i + 1])[0]
             * (2 * y[i] - 1) > 0 for i in range(30)]
    assert separation(x, y).left_out == pytest.approx(np.mean(right))


@pytest.fixture
def draw_map(workshop: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., object]:
    data = workshop / "data"
    glove = WordVectors(data / "glove_6B_50d_emb.npy", data / "glove_6B_index.parquet", "toy")
    monkeypatch.setattr("bench.runs.inputs.find_glove", lambda access: glove)
    monkeypatch.setattr("bench.explore.maps.POSITIVE", toy.SIGNALS["positive"])
    monkeypatch.setattr("bench.explore.maps.NEGATIVE", toy.SIGNALS["negative"])
    monkeypatch.setitem(architectures.ARCHITECTURES, Options.net, toy.NET)  # type: ignore[arg-type]
    monkeypatch.chdir(workshop)

    def call(what: str, *more: str) -> object:
        return CliRunner().invoke(app, ["map", what, "--source", "toy-source", "--tasks", "cards", "--data-dir", "data",
                                        "--offline", "--device", "cpu", "--epochs", "2", "--out", "maps", *more])

    return call


@pytest.mark.parametrize(("what", "more", "stems"), [
    ("words", (), {"words-toy-source-gru-learned", "words-toy-source-gru-glove"}),
    ("words", ("--target", "toy-target", "--labels", "16"), {"words-toy-source-toy-target-gru-16-learned",
                                                             "words-toy-source-toy-target-gru-16-glove"}),
    ("frequent", (), {"frequent-toy-source-gru-learned", "frequent-toy-source-gru-glove"}),
    ("features", ("--format", "pdf"), {"features-toy-source-gru"}),
    ("features", ("--target", "toy-target", "--labels", "16"), {"features-toy-source-toy-target-gru-16"}),
    ("features", ("--target", "toy-three"), {"features-toy-source-toy-three-gru"}),
    ("confusion", (), {"confusion-toy-source-gru"}),
    ("confusion", ("--target", "toy-three", "--labels", "32"), {"confusion-toy-source-toy-three-gru-32"}),
])
def test_every_map_is_drawn_and_its_facts_lie_beside_it(draw_map, workshop: Path, what: str, more: tuple[str, ...],
                                                        stems: set[str]) -> None:
    done = draw_map(what, *more)
    assert done.exit_code == 0, (done.output, done.exception)
    written = {p.name for p in (workshop / "maps").iterdir()}
    formats = ("pdf", "txt") if "pdf" in more else ("png", "svg", "txt")
    assert written == {f"{stem}.{f}" for stem in stems for f in formats}
    for stem in stems:
        assert (workshop / "maps" / f"{stem}.txt").read_text().splitlines()[0] in done.stdout


def test_the_report_beside_a_confusion_matrix_counts_the_test_set(draw_map, workshop: Path) -> None:
    assert draw_map("confusion").exit_code == 0
    report = (workshop / "maps" / "confusion-toy-source-gru.txt").read_text()
    assert "precision" in report
    assert " 100\n" in report  # the test set is a quarter of 400


@pytest.mark.parametrize(("arguments", "message"), [
    (("wrods",), "words"),
    (("features", "--labels", "16"), "--target"),
    (("confusion", "--target", "toy-three"), "--labels"),
    (("features", "--format", "gif"), "png, svg, pdf"),
    (("features", "--texts", "3"), "50"),
])
def test_wrong_input_to_map_is_one_line(draw_map, arguments: tuple[str, ...], message: str) -> None:
    done = draw_map(*arguments)
    assert done.exit_code == 2
    last = done.stderr.splitlines()[-1]
    assert last.startswith("bench: ")
    assert message in last
