// What each figure shows of the cells that the reader chose.
const dark = matchMedia("(prefers-color-scheme: dark)");
const MOST = 6;  // panels of a figure, and strategies without a choice
// The strategies to draw. Without a choice: training from scratch, auto, what is recommended, tfidf, those at rank 1
// somewhere, then the best means.
const drawn = (all) => {
  if (state.baseline) return chosen().filter((n) => all.some((c) => c.baseline === n));
  const names = [...new Set(all.map((c) => c.baseline))];
  const priority = (n) => {
    const scored = all.filter((c) => c.baseline === n && c.score !== null);
    const advised = scored.filter((c) => boards[c.board].best[c.budget] === n);
    return scored.reduce((sum, c) => sum + c.score, 0) / Math.max(scored.length, 1) + (scored.some((c) => c.rank === 1) ? 10 : 0) + advised.length +
      (n === "scratch" ? 500 : isAuto(n) ? 400 : advised.some((c) => c.budget === at(boards[c.board])) ? 300 : n === "tfidf" ? 200 : advised.length ? 100 : 0);
  };
  return names.sort((a, b) => priority(b) - priority(a)).slice(0, MOST).sort();
};
const isAuto = (name) => /^auto($|[[ ])/.test(name);
const at = (b) => state.budget === ANY || !b.budgets.some((x) => x.budget === state.budget) ?
  nearest(labelsAsked(), b.budgets).budget : state.budget;
const manyLabels = (budget) => `${budget === "full" ? "all" : budget === "0" ? "no" : budget} labels`;
const labelsOf = (b, budget) => {
  const { n } = b.budgets.find((x) => x.budget === budget);
  return `${budget === "full" ? "all " : ""}${n ? whole(n) : "no"} labels`;
};
const cellsOf = (b) => cells.filter((c) => c.board === b.id && c.score !== null);
const leadingOf = (rows) => {
  const names = new Set(rows.map((c) => boards[c.board].leading));
  return names.size === 1 ? [...names][0] : "score";
};
const span = (rows) => rows.length ? [Math.min(...rows.map((r) => r.score)), Math.max(...rows.map((r) => r.score))] : [0, 1];
const perBoard = (make) => () => boardsShown().map(make).filter((p) => p && p.rows.length).slice(0, MOST);
const heading = (b, more) => placeOf(b) + (more ? ` · ${more}` : "");
const named = (c) => short(c.source) + (boards[c.board].variant ? ` · ${boards[c.board].variant}` : "");
// A matrix with the targets side by side, or below each other where they have no room; wider than the page if it must be.
const matrixShape = (targets, sources, width) => {
  const turned = 36 * targets + 150 > width && sources < targets, [columns, lines] = turned ? [sources, targets] : [targets, sources];
  return { height: 38 * lines, least: 36 * columns + 150, fill: { across: turned ? "source" : "target", down: turned ? "target" : "source" } };
};
const FIGURES = [
  { id: "curves", title: "How scores grow with labels", panels: perBoard((b) => {
    const all = cellsOf(b), names = drawn(all), budget = at(b);
    if (new Set(all.map((c) => c.n)).size < 2) return null;
    const top = Math.max(...b.budgets.map((x) => x.n));
    const rows = all.filter((c) => names.includes(c.baseline)).map((c) => ({ ...c,
      marked: c.budget === budget && c.baseline === b.best[budget] && c.baseline !== "scratch",
      worth_end: c.worth !== null && c.worth > c.n ? Math.min(c.worth, top) : c.worth_words.startsWith(">") && c.n < top ? top : null,
      worth_label: `${c.worth_words.replace(/ \[.*/, "").replace(/^> /, "more than ")} labels from scratch` }));
    return { name: heading(b), data: { cells: rows }, rows, fill: { drawn: names, ticks: b.budgets.map((x) => x.n),
      labels_scale: rows.every((c) => c.n > 0) ? "log" : "symlog",
      leading: `${b.leading} on the test set` } };
  }), empty: "Needs two numbers of labels or more: bench run --budgets 32,128,512", about: "Bands are 95% intervals over seeds and test texts. The dashed line starts at the best strategy for the chosen " +
    "number of labels and ends at the number that training from scratch needs for the same score." },
  { id: "pareto", title: "Quality against time", controls: () => [el("label", {}, el("input", { type: "checkbox", id: "base",
    checked: state.base === "in", on: { change: (e) => choose({ base: e.target.checked ? "in" : "" }) } }), " include the training of the base")],
    panels: perBoard((b) => {
      const all = cellsOf(b), budget = at(b), names = state.baseline ? drawn(all) : [...new Set(all.map((c) => c.baseline))].sort();
      const rows = all.filter((c) => c.budget === budget && names.includes(c.baseline) && !c.imported).map((c) => ({ ...c,
        // less than a millisecond means that nothing was trained: such a point is drawn at the start of the axis
        adapt_shown: Math.max(c.adapt, 0.001), whole: Math.max(c.adapt, 0.001) + c.pretrain }));
      const field = state.base === "in" ? "whole" : "adapt_shown";
      return { name: heading(b, labelsOf(b, budget)), data: { cells: rows }, rows, fill: { drawn: names.filter((name) => rows.some((c) => c.baseline === name)), seconds: field,
        seconds_title: state.base === "in" ? "seconds to train the base and on the target (logarithmic)" : "seconds to train on the target (logarithmic)" } };
    }), about: "Up and to the left is better. The dotted line joins the strategies that no other beats in both. Less than a millisecond is shown as one. What was predicted elsewhere is left out: its time is not known." },
  { id: "matrix", title: "Which source for which target", panels: () => {
    const names = state.baseline ? chosen() : [...facts.baselines].sort((a, b) => isAuto(b) - isAuto(a));
    const fit = cells.filter((c) => c.score !== null && fits(c, ["net", "engine", "device"]) && c.pretrain > 0 && names.includes(c.baseline));
    const budget = state.budget === ANY ? usual.budget : state.budget;
    const panels = [];
    for (const name of names) {
      const rows = fit.filter((c) => c.baseline === name && c.budget === budget);
      if (new Set(rows.map((c) => c.source)).size < 2) continue;
      const [low, high] = span(rows);
      panels.push({ name: `${name}, ${manyLabels(budget)}`, data: { cells: rows.map((c) => ({ ...c, source: named(c), target: short(c.target) })) },
        rows, shape: (width) => matrixShape(new Set(rows.map((c) => short(c.target))).size, new Set(rows.map(named)).size, width), fill: { span: [low, high], middle: low + 0.55 * (high - low), leading: `${leadingOf(rows)} on the target's test set` } });
    }
    return panels.slice(0, MOST);
  }, empty: "Needs records of two sources: bench run --target all --source all", about: "Sources by targets; lighter is better. A pair that was not run is left empty." },
  { id: "ranks", title: "Ranks over all targets", panels: () => facts.across.filter((a) => fits(a, ["source", "engine", "device"]) && (state.net === ANY || a.nets.includes(state.net)) &&
    a.budget === (state.budget === ANY ? usual.budget : state.budget)).slice(0, MOST).map((a) => ({
    from: cells.filter((c) => a.boards.includes(c.board) && c.budget === a.budget && a.places.some((p) => p.baseline === c.baseline)),
    note: [a.about, a.without.length ? `Left out: ${a.without.map(short).join(", ")}, where not all of these strategies have a complete result.` : ""].filter(Boolean).join(" "),
    name: `${a.targets.length} ${a.role ? `${a.role} ` : ""}targets from ${a.source}${a.variant ? ` · ${a.variant}` : ""}, ${manyLabels(a.budget)}; critical difference ${number(a.critical, 2)}` +
      (a.friedman === null ? "" : `; Friedman p ${a.friedman < 0.001 ? "< 0.001" : "= " + number(a.friedman, 3)}`),
    data: { places: a.places, cliques: a.cliques }, rows: a.places, height: 26 * a.places.length, fill: { order: a.places.map((p) => p.baseline), ranks: a.places.map((_, i) => i + 1) } })),
  empty: "Needs records of two targets from the same source, not cut out of one corpus: bench run --target amazon --target hotels",
  about: "The strategies that are recommended, and those to compare them with. A red bar joins strategies whose mean ranks do not differ significantly: they are closer than the critical difference (Nemenyi, 5%)." },
  { id: "distance", title: "Gain by distance from the source", more: ["proxy_a", "known", "shared", "mmd"].map((name) => [name, name]), panels: () => {
    const panels = [], budget = state.budget === ANY ? usual.budget : state.budget;
    for (const source of [...new Set(facts.distances.map((d) => d.source))]) {
      const all = cells.filter((c) => short(c.source) === source && c.budget === budget && c.gain_low !== null && c.pretrain > 0 &&
        fits(c, ["net", "engine", "device"]) && chosen().includes(c.baseline));
      for (const name of [...new Set(all.map((c) => c.baseline))].sort()) {
        const rows = all.filter((c) => c.baseline === name).flatMap((c) => facts.distances.filter((d) => d.source === source &&
          short(d.target) === short(c.target)).map((d) => ({ ...c, proxy_a: d.proxy_a, known: d.known, shared: d.shared, mmd: d.mmd,
            target: short(c.target) + (boards[c.board].variant ? ` · ${boards[c.board].variant}` : "") })));
        if (rows.length > 1) panels.push({ name: `${name}, ${manyLabels(budget)}, from ${source}`, data: { cells: rows }, rows,
          fill: { drawn: rows.map((r) => r.target).sort() } });
      }
    }
    return panels.slice(0, MOST);
  }, empty: "Needs distances and gains of two targets: bench run --target amazon --target hotels, then bench distance --target amazon --target hotels", about:
    "One point per target, with the 95% interval of its gain. The proxy A-distance says how well a classifier tells texts of the target from those of the source: 0 not at all, 2 always. bench distance measures the distances; it uses no labels." },
  { id: "seconds", title: "Where the seconds go", more: [["load_seconds", "load"], ["encode_seconds", "encode"], ["predict_seconds", "predict"], ["pretrain_seconds", "pretrain"]], panels: perBoard((b) => {
    const all = cellsOf(b), budget = at(b), names = state.baseline ? drawn(all) : [...new Set(all.map((c) => c.baseline))];
    const rows = all.filter((c) => c.budget === budget && names.includes(c.baseline) && !c.imported);
    return { name: heading(b, labelsOf(b, budget)) + (b.pretrain ? ` · base: ${number(b.pretrain, 0)} s once` : ""),
      data: { cells: rows }, rows, height: 26 * new Set(rows.map((c) => c.baseline)).size, shape: (width) => ({ fill: { columns: width < 420 ? 2 : 4 } }), fill: {} };
  }), about: "One trial, mean over seeds. The base is trained once for all trials; its seconds are in the heading." },
];
