"""Pictures are the same bytes whatever the user's settings of matplotlib are, and labels are shown as they are."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from bench.core import places
from bench.explore import canvas, drawing

pytest.importorskip("matplotlib")
MATRIX = np.array([[3, 1], [2, 5]])
DRAW = f"""
import sys
from pathlib import Path
import numpy as np
from bench.explore import drawing
figure = drawing.confusion_heat_map(np.array({MATRIX.tolist()}), ["$$", "$10-$20"], "a_b^c $x_1$")
drawing.save(figure, Path(sys.argv[1]), ("svg",))
"""
RC = "text.usetex: True\nfont.size: 40\nbackend: TkAgg\nsavefig.dpi: 300\nno.such.key: 1\naxes.prop_cycle: nonsense\n"


def drawn(folder: Path, **variables: str) -> bytes:
    folder.mkdir(exist_ok=True)
    done = subprocess.run([sys.executable, "-c", DRAW, str(folder / "x")], cwd=folder, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(places.ROOT), **variables}, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return (folder / "x.svg").read_bytes()


def test_settings_of_the_user_change_no_picture(tmp_path: Path):
    usual = drawn(tmp_path / "usual")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "matplotlibrc").write_text(RC)
    assert drawn(tmp_path / "own") == usual
    assert drawn(tmp_path / "notebook", MPLBACKEND="module://matplotlib_inline.backend_inline") == usual
    assert drawn(tmp_path / "unknown", MPLBACKEND="no such backend", MPLCONFIGDIR="/proc/nowhere",
                 MATPLOTLIBRC=str(tmp_path / "own")) == usual


def test_settings_of_a_notebook_change_no_picture_and_stay_as_they_are(tmp_path: Path):
    import matplotlib

    drawing.save(drawing.confusion_heat_map(MATRIX, ["a", "b"], "t"), tmp_path / "usual", ("svg",))
    with matplotlib.rc_context({"text.usetex": True, "font.size": 40, "svg.fonttype": "none"}):
        drawing.save(drawing.confusion_heat_map(MATRIX, ["a", "b"], "t"), tmp_path / "styled", ("svg",))
        assert matplotlib.rcParams["font.size"] == 40
    assert (tmp_path / "usual.svg").read_bytes() == (tmp_path / "styled.svg").read_bytes()


@pytest.mark.parametrize("label", ["$$", "$10-$20", "a_b^c", "\\frac", "_hidden", "100%", "{", "#", "& ~"])
def test_a_label_is_shown_as_it_is(tmp_path: Path, label: str):
    at = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32)
    figure = drawing.text_map(drawing.Points(at, np.arange(40) % 2, (label, "other")), label)
    names = [text.get_text().lstrip("\u200b") for text in figure.axes[0].get_legend().get_texts()]
    assert names == [f"{label} (20)", "other (20)"]
    assert not any(text.get_parse_math() or text.get_usetex() for text in figure.axes[0].texts)
    drawing.save(figure, tmp_path / "x", ("png", "pdf"))
    drawing.save(drawing.confusion_heat_map(MATRIX, [label, "other"], label), tmp_path / "y", ("png",))


def test_characters_without_a_font_are_named_and_nothing_warns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(canvas, "_installed", list)
    canvas._fonts.cache_clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = drawing.confusion_heat_map(MATRIX, ["好的", "עברית"], "é")
        drawing.save(figure, tmp_path / "x", ("png",))
    assert canvas.characters_without_font(figure) == "好的"
    canvas._fonts.cache_clear()


def test_a_font_of_this_machine_draws_what_the_usual_one_lacks(monkeypatch: pytest.MonkeyPatch):
    from matplotlib import font_manager

    mathematics = font_manager.findfont("STIXGeneral")  # any font that has a character which DejaVu Sans lacks
    only_there = sorted(canvas._drawn_by(mathematics) - canvas._drawn_by(font_manager.findfont(canvas.FONT)))
    sign = next(sign for sign in only_there if sign.isprintable() and not sign.isspace())
    monkeypatch.setattr(canvas, "_installed", lambda: [mathematics])
    canvas._fonts.cache_clear()
    figure = drawing.confusion_heat_map(MATRIX, [sign, "b"], "t")
    label = figure.axes[0].get_xticklabels()[0]
    assert label.get_fontfamily() == [canvas.FONT, "STIXGeneral"]
    assert canvas.characters_without_font(figure) == ""
    canvas._fonts.cache_clear()


def test_characters_without_a_font_are_found_inside_a_chart(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(canvas, "_installed", lambda: [])
    canvas._fonts.cache_clear()
    chart = {"title": "отзывы", "data": {"values": [{"target": "好 comments", "score": 0.5}, {"target": "的"}]}}
    assert canvas.without_font([chart]) == "好的"
    canvas._fonts.cache_clear()
