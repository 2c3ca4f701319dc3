// The leaderboard: its columns, its rows, and how they are sorted.
const between = (low, high, digits, sign) => low === null || low === undefined ? null :
  el("span", { className: "range" }, `[${(sign && low > 0 ? "+" : "") + number(low, digits)}, ` +
    `${(sign && high > 0 ? "+" : "") + number(high, digits)}]`);
const MARKS = { helps: "▲", harms: "▼", level: "=", unresolved: "?" };
const perThousand = (c) => c.predict === null || c.imported ? null : 1000 * c.predict / boards[c.board].n_test;
const many = (key) => () => new Set(rowsShown.map((c) => c[key])).size > 1;
const COLUMNS = [
  { key: "baseline", name: "strategy", text: true, about: "How the labels and the base are used; bench list baselines describes each strategy." },
  { key: "target", name: "target", text: true, when: many("target"), about: "The domain whose texts are to be classified, with its edition." },
  { key: "source", name: "source", text: true, when: many("source"), about: "The domain that the base network was trained on." },
  { key: "n", name: "labels", when: many("budget"), about: "Labelled target texts that the strategy gets.",
    cell: (c) => [whole(c.n) + (c.budget === "full" ? " (all)" : "")] },
  { key: "score", name: "score", about: "Accuracy on the test set, or balanced accuracy where the classes differ much in size: mean over seeds [95% interval over seeds and texts]. n/m: only n of the m seeds finished, so no mean is shown.",
    cell: (c) => c.score === null ? [`${c.done}/${c.of}`] : [number(c.score, 3), between(c.low, c.high, 3)] },
  { key: "gain", name: "gain, points", about: "Points over training from scratch with the same labels and seeds: ▲ helps, ▼ harms, = level (an equivalence test within ±1 point), ? cannot be decided by these seeds and texts. 5% false calls for all gains at a budget together.",
    cell: (c) => c.gain === null ? [""] : [el("span", { className: c.verdict }, `${c.gain > 0 ? "+" : ""}${number(c.gain, 1)} `,
      el("span", { title: c.verdict, role: "img", "aria-label": c.verdict || "no verdict" }, MARKS[c.verdict] || "")),
      between(c.gain_low, c.gain_high, 1, true)] },
  { key: "adapt", name: "train, s", up: true, about: "Cost: seconds to train on the target, mean over seeds, without the training of the base.",
    value: (c) => c.imported ? null : c.adapt, cell: (c) => [number(c.imported ? null : c.adapt, 2)] },
  { key: "predict", name: "1,000 texts, s", up: true, about: "Cost: seconds to label 1,000 texts, mean over seeds.",
    value: (c) => perThousand(c), cell: (c) => [number(perThousand(c), 2)] },
  { key: "worth", name: "worth, labels", about: "How many labels training from scratch needs for the same score; > and <: more than the largest, or fewer than the smallest number measured.",
    value: (c) => c.worth !== null ? c.worth : c.worth_words.startsWith(">") ? Infinity : c.worth_words ? 0 : null,
    cell: (c) => { const [words, range] = c.worth_words.split(/ (?=\[)/); return [words, range ? el("span", { className: "range" }, range) : null]; } },
  { key: "rank", name: "rank", up: true, about: "1: may be the best; others are behind the first (Hsu's comparison with the best, 5% for each number of labels).",
    cell: (c) => [c.rank === null ? "–" : String(c.rank)] },
  { key: "behind", name: "behind the first", about: "Points minus those of the first [interval of Hsu's comparison with the best]: where it lies below 0, the strategy is not the best.",
    cell: (c) => !c.behind ? ["–"] : [number(c.behind, 1), between(c.behind_low, c.behind_high, 1, true)] },
  { key: "source_gain", name: "vs source, points", about: "Points over source-only, which uses no label of the target [95% interval]: what the labels bring on top of the source.",
    cell: (c) => c.source_gain === null ? [""] : [`${c.source_gain > 0 ? "+" : ""}${number(c.source_gain, 1)}`, between(c.source_low, c.source_high, 1, true)] },
  { key: "auc", name: "AUC", about: "Area under the ROC curve [95% interval]; with more than two classes the mean of one class against the rest.",
    cell: (c) => [number(c.auc, 3), between(c.auc_low, c.auc_high, 3)] },
  { key: "best", name: "best in", about: "Share of the resamples of seeds and texts in which this strategy has the highest score.",
    cell: (c) => [c.best === null ? "–" : `${Math.round(100 * c.best)}%`] },
  { key: "log_loss", name: "log-loss", up: true, about: "How well the predicted probabilities fit, in nats; lower is better.", cell: (c) => [number(c.log_loss, 3)] },
  { key: "ece", name: "ECE", up: true, about: "Expected calibration error: how far the predicted probabilities are from the share of right answers.", cell: (c) => [number(c.ece, 3)] },
  { key: "of", name: "seeds", about: "Trials that finished, out of those that were started.", cell: (c) => [`${c.done}/${c.of}`] },
  { key: "net", name: "net", text: true, when: many("net"), about: "The base network, and what else tells leaderboards of one target and source apart: contents, epochs." },
  { key: "engine", name: "engine", text: true, when: many("engine"), about: "The framework that trained the networks." },
  { key: "device", name: "device", text: true, when: many("device"), about: "The processor that the trial ran on." },
];
const SHOWN = 100;  // rows at once; more would make sorting slow
let rowsShown = [];
let rowShape = "";
const rowNodes = new Map();  // rows are reused while the same columns are shown
const row = (c, columns) => el("tr", { className: c.rank === 1 ? "first" : "" },
  ...columns.map((k) => el(k.key === "baseline" ? "th" : "td",
    { className: (k.text ? "" : "n") + (k.key === "baseline" ? " name" : ""), ...(k.key === "baseline" ? { scope: "row" } : {}) },
    ...(k.cell ? k.cell(c).filter((x) => x !== null) : [String(c[k.key])]))));
const sorted = (rows) => {
  const column = COLUMNS.find((c) => c.key === state.sort);
  const value = column.value || ((c) => c[column.key]);
  const way = state.dir === "up" ? 1 : -1;
  const keyed = rows.map((row, i) => [value(row), i, row]);
  keyed.sort(([a, i], [b, j]) => {
    const none = (a === null) - (b === null);
    if (none) return none;
    return (a < b ? -way : a > b ? way : 0) || i - j;
  });
  return keyed.map((k) => k[2]);
};
const board = () => {
  const names = new Set(chosen());
  rowsShown = sorted(cells.filter((c) => fits(c, KEYS) && names.has(c.baseline) &&
    (state.budget === ANY || c.budget === state.budget)));
  const columns = COLUMNS.filter((c) => !c.when || c.when());
  byId("head").replaceChildren(...columns.map((c) => {
    const active = c.key === state.sort;
    const th = el("th", { scope: "col", className: (c.text ? "" : "n") + (c.key === "baseline" ? " name" : "") },
      el("button", { type: "button", title: c.about, "data-sort": c.key, on: { click: () => {
        const begin = c.text || c.up ? "up" : "down";
        choose({ sort: c.key, dir: active ? (state.dir === "up" ? "down" : "up") : begin });
        document.querySelector(`[data-sort="${c.key}"]`).focus();
      } } }, c.name + (active ? (state.dir === "up" ? " ↑" : " ↓") : "")),
    el("span", { className: "on-paper" }, c.name));  // what stands in a button is not repeated on the next sheet
    if (active) th.setAttribute("aria-sort", state.dir === "up" ? "ascending" : "descending");
    return th;
  }));
  const most = Number(state.rows) || SHOWN;
  const shape = columns.map((c) => c.key).join();
  if (shape !== rowShape) rowNodes.clear();
  rowShape = shape;
  byId("body").replaceChildren(...rowsShown.slice(0, most).map((c) => {
    if (!rowNodes.has(c)) rowNodes.set(c, row(c, columns));
    return rowNodes.get(c);
  }));
  const chosenNow = [...KEYS.filter((key) => state[key] !== ANY).map((key) => state[key]), ...(state.budget === ANY ? [] : [manyLabels(state.budget)])];
  byId("count").textContent = `${whole(rowsShown.length)} of ${whole(cells.length)} results: ${chosenNow.join(" · ") || "all"}. Shaded: rank 1, may be the best.`;
  const table = byId("leaderboard");
  byId("aside").textContent = table.scrollWidth > table.clientWidth + 1 ? "The table goes on to the right: scroll or swipe it sideways for rank, AUC and more." : "";
  byId("more").hidden = rowsShown.length <= most;
  byId("more").textContent = `Show ${whole(Math.min(SHOWN, rowsShown.length - most))} more rows`;
};
byId("more").addEventListener("click", () => choose({ rows: String((Number(state.rows) || SHOWN) + SHOWN) }));
byId("glossary").append(...COLUMNS.flatMap((c) => [el("dt", {}, c.name), el("dd", {}, c.about)]));
