"""The charts as Vega-Lite specifications without data: the page and the saved pictures draw the same ones.

A specification reads the columns of the page's cells (`CELL` in page_facts.py). What depends on the reader's choice is
a word with an `@` before it; `filled` in vega.py and `filled` in page/drawing.js replace these words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Spec = dict[str, Any]
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
PHASE_COLOURS = ("#8c96a3", "#4f9d8f", "#c98a1b", "#8f6fd1")
FEW = 16  # labels below which an axis that shows a budget of 0 is about linear
PHASES = ("load", "encode", "adapt", "predict")
# Okabe and Ito's colours for the colour-blind, and similar ones, with enough contrast on white and on near black.
LIGHT = ("#0072b2", "#b85400", "#00795a", "#a3387a", "#6b5900", "#374f9e", "#c0262d", "#3c7d22", "#5b5b5b", "#7a4fa3",
         "#00798a", "#8a4b2b", "#004d40", "#5d1049")
DARK = ("#56b4e9", "#f0a04b", "#2fc79a", "#e08cc0", "#e0cf4e", "#9db1ff", "#ff8a80", "#a3d977", "#c4c4c4", "#c9a6f0",
        "#5fd3e0", "#e0b090", "#b2dfdb", "#f8bbd0")
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-left", "triangle-right")


def theme() -> Spec:
    """Colours and fonts of a chart on white."""
    return _theme("#1b1f24", "#57606a", "#d8dee4", LIGHT)


def page_theme() -> Spec:
    """The same with the page's own colours, so that a chart is light or dark as the page is, and light on paper."""
    return _theme("var(--ink)", "var(--soft)", "var(--line)", [f"var(--chart-{i})" for i in range(len(LIGHT))])


def page_colours(*, dark: bool) -> str:
    """The definitions of the colours of `page_theme`, as CSS."""
    return "".join(f"--chart-{i}:{colour};" for i, colour in enumerate(DARK if dark else LIGHT))


def _theme(ink: str, soft: str, grid: str, colours: Sequence[str]) -> Spec:
    axis = {"labelColor": soft, "titleColor": ink, "gridColor": grid, "domainColor": soft, "tickColor": soft,
            "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "titlePadding": 8}
    return {"background": "transparent", "aria": False, "font": "system-ui, sans-serif",
            "view": {"stroke": None}, "axis": axis, "title": {"color": ink, "anchor": "start", "fontSize": 13},
            "legend": {"labelColor": ink, "titleColor": ink, "labelFontSize": 12, "symbolSize": 90,
                       "symbolOpacity": 1, "title": None, "columnPadding": 14},
            "text": {"color": ink, "fontSize": 12}, "rule": {"color": soft},
            "range": {"category": list(colours), "symbol": list(SHAPES),
                      "heatmap": {"scheme": "cividis"}}}


def specs(baselines: Sequence[str]) -> dict[str, Spec]:
    """Every chart of the report by name; a baseline has the same colour and shape in all of them."""
    names = list(baselines)
    return {"curves": _curves(names), "pareto": _pareto(names), "matrix": _matrix(), "ranks": _ranks(),
            "seconds": _seconds(), "distance": _distance()}


def _layers(*layers: Spec, data: str = "cells", height: Any = 300, **more: Any) -> Spec:
    return {"$schema": SCHEMA, "data": {"name": data}, "width": "@width", "height": height, "layer": list(layers),
            **more}


def _q(field: str, title: str | None = None, form: str = "", scale: Spec | None = None, **axis: Any) -> Spec:
    """An axis of numbers."""
    return {"field": field, "type": "quantitative", "title": title, "scale": scale or {"zero": False},
            "axis": {**({"format": form} if form else {}), **axis}}


def _n(field: str, title: str | None = None, sort: Any = "ascending", **axis: Any) -> Spec:
    """An axis of names."""
    return {"field": field, "type": "nominal", "title": title, "sort": sort,
            "axis": {"labelLimit": "@names_limit", **axis}}


# A name of more than `@names_chars` characters stands on two lines: up to its last hyphen among the first of them.
CUT = "(lastindexof(slice(datum.label, 0, @names_chars), '-') + 1 || @names_chars)"
TWO_LINES = (f"length(datum.label) <= @names_chars ? datum.label : [slice(datum.label, 0, {CUT}), "
             f"length(datum.label) <= {CUT} + @names_chars ? slice(datum.label, {CUT}) : "
             f"slice(datum.label, {CUT}, {CUT} + @names_chars - 1) + '…']")
LEGEND_LINES = TWO_LINES.replace("@names_chars", "@legend_chars")


def _who(names: list[str]) -> Spec:
    """The colour or shape of a baseline, with one legend for those drawn."""
    return _category("baseline", names)


def _category(field: str, domain: Any, title: str | None = None) -> Spec:
    """A colour or shape by name, with a legend below the chart."""
    return {"field": field, "type": "nominal", "scale": {"domain": domain}, "legend": {
        "orient": "bottom", "values": "@drawn", "columns": "@columns", "title": title, "labelLimit": 0,
        "labelExpr": LEGEND_LINES}}


def _tips(*fields: tuple[str, str, str]) -> list[Spec]:
    return [{"field": f, "title": title, **({"format": form, "type": "quantitative"} if form else {"type": "nominal"})}
            for f, title, form in fields]


def _curves(names: list[str]) -> Spec:
    """Score by labels with 95% bands; a dashed line leads from a cell to the labels that scratch needs.

    The axis of the labels is logarithmic. Where a budget is 0, which has no logarithm, it is log(1 + labels / `FEW`).
    """
    x = _q("n", "labelled target texts (logarithmic)", ",d", {"type": "@labels_scale", "nice": False, "padding": 14},
           grid=False, labelOverlap="greedy", values="@ticks")
    x["scale"]["constant"] = FEW
    y, who = _q("score", "@leading", ".2f"), _who(names)
    end = {"field": "worth_end", "type": "quantitative"}
    tips = _tips(("baseline", "strategy", ""), ("n", "labels", ",d"), ("score", "score", ".3f"),
                 ("low", "95% from", ".3f"), ("high", "to", ".3f"), ("worth_words", "labels from scratch", ""))
    words, where = {"type": "text", "align": "right", "dy": -11, "dx": -4}, {
        "x": end, "y": y, "text": {"field": "worth_label"}}
    marked = [{"filter": "datum.marked && datum.worth_end != null"}]
    return _layers(
        {"transform": [{"filter": "datum.low != null"}], "mark": {"type": "area", "opacity": 0.17},
         "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}, "color": who}},
        {"mark": {"type": "line", "strokeWidth": 2}, "encoding": {"x": x, "y": y, "color": who}},
        {"transform": marked, "mark": {"type": "rule", "strokeDash": [5, 4], "strokeWidth": 1.5},
         "encoding": {"x": x, "x2": {"field": "worth_end"}, "y": y, "color": who}},
        {"transform": marked, "mark": {"type": "tick", "thickness": 2, "size": 12, "orient": "vertical"},
         "encoding": {"x": end, "y": y, "color": who}},
        {"mark": {"type": "point", "filled": True, "size": 64, "opacity": 1},
         "encoding": {"x": x, "y": y, "color": who, "shape": who, "tooltip": tips}},
        {"transform": marked, "mark": {**words, "stroke": "@paper", "strokeWidth": 5, "strokeJoin": "round"},
         "encoding": where},
        {"transform": marked, "mark": words, "encoding": where})


def _pareto(names: list[str]) -> Spec:
    """Quality by time; the step line joins what nothing beats in both (the Pareto front)."""
    x = _q("@seconds", "@seconds_title", "~r", {"type": "log", "nice": False, "padding": 16}, grid=False,
           labelOverlap=True, tickCount=5)
    y, who = _q("auc", "AUC on the test set", ".2f"), _who(names)
    tips = _tips(("baseline", "strategy", ""), ("auc", "AUC", ".3f"), ("auc_low", "95% from", ".3f"),
                 ("auc_high", "to", ".3f"), ("adapt", "seconds on the target", ".2f"),
                 ("pretrain", "seconds of the base", ".0f"))
    best = {"window": [{"op": "max", "field": "auc", "as": "best"}], "frame": [None, 0],
            "sort": [{"field": "@seconds", "order": "ascending"}]}
    return _layers(
        {"transform": [best, {"filter": "datum.auc == datum.best"}], "encoding": {"x": x, "y": y},
         "mark": {"type": "line", "interpolate": "step-after", "strokeDash": [2, 3], "color": "#888"}},
        {"mark": {"type": "rule", "strokeWidth": 1.5, "opacity": 0.6},
         "encoding": {"x": x, "y": {**y, "field": "auc_low"}, "y2": {"field": "auc_high"}, "color": who}},
        {"mark": {"type": "point", "filled": True, "size": 110, "opacity": 1},
         "encoding": {"x": x, "y": y, "color": who, "shape": who, "tooltip": tips}},
        transform=[{"filter": "datum.auc != null"}])


def _matrix() -> Spec:
    """Sources by targets, or the other way round, each cell with its score."""
    where = {"x": _n("@across", "@across", labelAngle=-35), "y": _n("@down", "@down", labelExpr=TWO_LINES)}
    tips = _tips(("source", "source", ""), ("target", "target", ""), ("score", "score", ".3f"),
                 ("low", "95% from", ".3f"), ("high", "to", ".3f"), ("gain", "points over scratch", "+.1f"))
    colour = {"field": "score", "type": "quantitative", "title": "@leading",
              "scale": {"scheme": "cividis", "domain": "@span"},
              "legend": {"orient": "bottom", "gradientLength": 200, "tickCount": 3, "format": ".3f", "titleLimit": 400}}
    return _layers(
        {"mark": "rect", "encoding": {**where, "tooltip": tips, "color": colour}},
        {"transform": [{"calculate": "replace(format(datum.score, '.3f'), regexp('^0'), '')", "as": "text"}],
         "mark": {"type": "text", "fontSize": 12}, "encoding": {
            **where, "text": {"field": "text", "type": "nominal"},
            "color": {"condition": {"test": "datum.score < @middle", "value": "#fff"}, "value": "#000"}}},
        height="@height")


def _ranks() -> Spec:
    """Mean ranks over targets; a vertical bar joins baselines within the critical difference of each other."""
    x = _q("mean_rank", "mean rank over targets (1 is best)", "d", {"domainMin": 1, "nice": False, "padding": 20},
           values="@ranks")
    names = _n("baseline", sort=None, grid=True, labelExpr=TWO_LINES)
    y = {**names, "scale": {"domain": "@order"}}  # bars join neighbours in rank
    tips = _tips(("baseline", "strategy", ""), ("mean_rank", "mean rank", ".2f"), ("wins", "pairings won", ".0%"),
                 ("normalised", "score above chance", ".3f"))
    return _layers(
        {"mark": {"type": "point", "filled": True, "size": 110, "opacity": 1},
         "encoding": {"x": x, "y": y, "tooltip": tips}},
        {"mark": {"type": "text", "dy": -11, "fontSize": 11}, "encoding": {
            "x": x, "y": y, "text": {"field": "mean_rank", "type": "quantitative", "format": ".2f"}}},
        {"data": {"name": "cliques"}, "mark": {"type": "rule", "strokeWidth": 4, "strokeCap": "round",
                                               "color": "#c0262d"},
         "encoding": {"x": {"field": "at", "type": "quantitative"}, "y": {**y, "field": "first"},
                      "y2": {"field": "last"}}},
        data="places", height="@height")


def _seconds() -> Spec:
    """Seconds per trial by phase, stacked."""
    phases = list(PHASES)
    tips = _tips(("baseline", "strategy", ""), ("phase", "phase", ""), ("seconds", "seconds", ".3f"))
    bars = {"mark": "bar", "encoding": {
        "x": {**_q("seconds", "seconds per trial, mean over seeds", "~r", {"zero": True}), "stack": True},
        "y": _n("baseline", sort={"field": "seconds", "op": "sum", "order": "descending"}, labelExpr=TWO_LINES),
        "color": {"field": "phase", "type": "nominal", "scale": {"domain": phases, "range": list(PHASE_COLOURS)},
                  "legend": {"orient": "bottom", "title": None, "columns": "@columns"}},
        "order": {"field": "phase_order", "type": "quantitative"}, "tooltip": tips}}
    return _layers(bars, height="@height", transform=[
        {"fold": phases, "as": ["phase", "seconds"]},
        {"calculate": f"indexof({phases!r}, datum.phase)", "as": "phase_order"}])


def _distance() -> Spec:
    """Gain by distance, one point per target."""
    x = _q("proxy_a", "proxy A-distance: 0 alike, 2 told apart", ".2f",
           {"zero": False, "nice": False, "padding": 30}, labelOverlap=True)
    y = _q("gain", "points over scratch", "+.0f", {"zero": True, "padding": 12})
    tips = _tips(("target", "target", ""), ("proxy_a", "proxy A-distance", ".2f"), ("known", "known words", ".1%"),
                 ("gain", "gain, points", "+.1f"), ("gain_low", "95% from", "+.1f"), ("gain_high", "to", "+.1f"))
    who = _category("target", "@drawn")
    return _layers(
        {"data": {"values": [{}]}, "mark": {"type": "rule", "strokeDash": [2, 3]}, "encoding": {"y": {"datum": 0}}},
        {"mark": {"type": "rule", "strokeWidth": 1.5, "opacity": 0.6},
         "encoding": {"x": x, "y": {**y, "field": "gain_low"}, "y2": {"field": "gain_high"}, "color": who}},
        {"mark": {"type": "point", "filled": True, "size": 90, "opacity": 1},
         "encoding": {"x": x, "y": y, "color": who, "shape": who, "tooltip": tips}}, height=280)


def reliability() -> Spec:
    """Share of right answers by stated probability; on the dashed diagonal the two agree."""
    x = _q("confidence", "predicted probability of the answer", ".1f", {"domain": "@confidence", "nice": False},
           tickMinStep=0.1)
    y = _q("accuracy", "share of these answers that are right", ".1f", {"domain": "@accuracy", "nice": False},
           tickMinStep=0.1)
    who = _category("label", "@labels", "expected calibration error")
    tips = _tips(("label", "strategy", ""), ("confidence", "probability", ".3f"), ("accuracy", "right", ".3f"),
                 ("texts", "texts", ",d"))
    return _layers(
        {"data": {"values": [{"confidence": 0, "accuracy": 0}, {"confidence": 1, "accuracy": 1}]},
         "mark": {"type": "line", "strokeDash": [2, 3], "color": "#888", "clip": True}, "encoding": {"x": x, "y": y}},
        {"mark": {"type": "line", "strokeWidth": 1.5}, "encoding": {"x": x, "y": y, "color": who}},
        {"mark": {"type": "point", "filled": True, "size": 40, "opacity": 1},
         "encoding": {"x": x, "y": y, "color": who, "shape": who, "tooltip": tips}}, data="bins", height=420)
