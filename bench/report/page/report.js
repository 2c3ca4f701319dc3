"use strict";
// The page of `bench report`. Everything is shown through textContent: no text of a record is ever read as HTML.
(() => {
  const facts = JSON.parse(document.getElementById("facts").textContent);
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const boards = facts.boards;
  const cells = facts.cells.map((row) => {
    const cell = {};
    facts.columns.forEach((name, i) => { cell[name] = row[i]; });
    const b = boards[cell.board];
    for (const key of ["target", "source", "net", "engine", "device"]) cell[key] = b[key];
    return cell;
  });
  const byId = (id) => document.getElementById(id);
  const el = (tag, props, ...children) => {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(props || {})) {
      if (key === "on") for (const [event, f] of Object.entries(value)) made.addEventListener(event, f);
      else if (key in made && key !== "list") made[key] = value;
      else made.setAttribute(key, value);
    }
    made.append(...children.filter((c) => c !== null && c !== undefined));
    return made;
  };
  const short = (name) => name.split("@")[0];
  const known = (key) => [...new Set(boards.map((b) => b[key]))].sort();
  const number = (v, digits) => v === null || v === undefined ? "–" : v.toFixed(digits);
  const whole = (v) => v.toLocaleString("en");

  // --- state: what the reader chose, kept in the address ------------------------------------------------------------
  const ANY = "*";
  const KEYS = ["target", "source", "net", "engine", "device"];
  const counts = boards.map((b) => cells.filter((c) => c.board === b.id && c.score !== null).length);
  const first = boards[counts.indexOf(Math.max(...counts))];
  const budgets = [...new Map(boards.flatMap((b) => b.budgets).map((b) => [b.budget, b.n])).entries()]
    .sort((a, b) => (a[0] === "full") - (b[0] === "full") || a[1] - b[1]);
  const nearest = (labels, among) => among.reduce((best, b) =>
    Math.abs(Math.log(b.n / labels)) < Math.abs(Math.log(best.n / labels)) ? b : best, among[0]);
  const usual = { target: first.target, source: first.source, net: first.net, engine: first.engine,
    device: first.device, labels: "100", budget: nearest(100, first.budgets).budget, sort: "score", dir: "down",
    baseline: "", rows: "", base: "" };
  let state = { ...usual };
  const read = () => {
    state = { ...usual };
    for (const [key, value] of new URLSearchParams(location.hash.slice(1))) if (key in usual) state[key] = value;
    const full = (v, all) => all.includes(v) ? v : all.find((one) => short(one) === v);
    for (const key of KEYS) if (state[key] !== ANY) state[key] = full(state[key], known(key)) || usual[key];
    if (state.budget !== ANY && !budgets.some((b) => b[0] === state.budget)) state.budget = usual.budget;
    if (!(Number(state.labels) >= 1)) state.labels = usual.labels;
    if (!COLUMNS.some((c) => c.key === state.sort)) state.sort = usual.sort;
  };
  const choose = (changes) => {
    Object.assign(state, changes);
    const kept = Object.entries(state).filter(([key, value]) => value !== usual[key]);
    const hash = new URLSearchParams(kept).toString();
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
    if (Object.keys(changes).every((key) => ["sort", "dir", "rows"].includes(key))) board();
    else show();
  };
  const chosen = () => state.baseline ? state.baseline.split(",") : facts.baselines;
  const fits = (thing, keys) => keys.every((key) => state[key] === ANY || thing[key] === state[key]);
  const boardsShown = () => boards.filter((b) => fits(b, KEYS));

  // --- the answer -----------------------------------------------------------------------------------------------------
  const answer = () => {
    const labels = Number(state.labels);
    const parts = [];
    for (const board of boardsShown().slice(0, 12)) {
      const at = nearest(labels, board.budgets);
      const said = board.advice[at.budget];
      const head = `${board.target} from ${board.source}` + (known("engine").length > 1 ? `, ${board.engine}` : "");
      if (!said) {
        parts.push(el("p", {}, `${head}: no complete result near ${whole(labels)} labels.`));
        continue;
      }
      const best = board.best[at.budget];
      const [before, ...after] = said.split(best);
      parts.push(el("p", { className: "said" }, before, el("strong", {}, best), after.join(best)));
      parts.push(el("p", { className: "quiet" }, `Measured on ${head}: ${whole(board.n_test)} test texts` +
        (at.n === labels ? "." : `; ${whole(at.n)} labels is the measured budget nearest to ${whole(labels)}.`)));
      if (boardsShown().length === 1) for (const line of board.lead) parts.push(el("p", {}, line));
    }
    const one = boardsShown()[0];
    if (one) {
      const best = one.best[nearest(labels, one.budgets).budget];
      if (best) parts.push(el("p", {}, "On your own file: ",
        el("code", {}, `bench run --target mine.csv --baseline ${best} --baseline scratch --budgets ${Math.round(labels)}`),
        " measures it; ", el("code", {}, `bench fit --target mine.csv --baseline ${best} --out my-model`), " keeps a model that ",
        el("code", {}, "bench predict"), " uses."));
    } else parts.push(el("p", {}, "No records for this choice: set a filter back to any."));
    byId("answer").replaceChildren(...parts);
  };

  // --- the leaderboard -------------------------------------------------------------------------------------------------
  const between = (low, high, digits, sign) => low === null || low === undefined ? null :
    el("span", { className: "range" }, `[${(sign && low > 0 ? "+" : "") + number(low, digits)}, ` +
      `${(sign && high > 0 ? "+" : "") + number(high, digits)}]`);
  const MARKS = { helps: "▲", harms: "▼", neutral: "=", underpowered: "?" };
  const many = (key) => () => new Set(rowsShown.map((c) => c[key])).size > 1;
  const COLUMNS = [
    { key: "baseline", name: "strategy", text: true, about: "What was trained, and on what; bench list baselines describes each." },
    { key: "target", name: "target", text: true, when: many("target"), about: "The domain that is learned for, with its edition." },
    { key: "source", name: "source", text: true, when: many("source"), about: "The domain that the base network learned from." },
    { key: "n", name: "labels", when: many("budget"), about: "Labelled target texts given to the strategy.",
      cell: (c) => [whole(c.n) + (c.budget === "full" ? " (all)" : "")] },
    { key: "score", name: "score", about: "Accuracy on the exam, or balanced accuracy where classes are unlike in size: mean over seeds [95% interval over seeds and texts]. n/m: only so many of the seeds finished, no mean is shown.",
      cell: (c) => c.score === null ? [`${c.done}/${c.of}`] : [number(c.score, 3), between(c.low, c.high, 3)] },
    { key: "gain", name: "gain, points", about: "Points over training from scratch at the same labels and seeds: ▲ helps, ▼ harms, = neutral (the 90% interval lies within 2 points), ? more seeds or texts would tell.",
      cell: (c) => c.gain === null ? [""] : [el("span", { className: c.verdict }, `${c.gain > 0 ? "+" : ""}${number(c.gain, 1)} `,
        el("span", { title: c.verdict, role: "img", "aria-label": c.verdict || "no verdict" }, MARKS[c.verdict] || "")),
        between(c.gain_low, c.gain_high, 1, true)] },
    { key: "worth", name: "worth, labels", about: "How many labels training from scratch needs for the same score; > and <: beyond the largest or smallest budget measured.",
      value: (c) => c.worth !== null ? c.worth : c.worth_words.startsWith(">") ? Infinity : c.worth_words ? 0 : null,
      cell: (c) => { const [words, range] = c.worth_words.split(/ (?=\[)/); return [words, range ? el("span", { className: "range" }, range) : null]; } },
    { key: "rank", name: "rank", up: true, about: "1 unless another strategy is better for certain at these labels (Holm-corrected paired tests, 5%).",
      cell: (c) => [c.rank === null ? "–" : String(c.rank)] },
    { key: "auc", name: "AUC", about: "Area under the ROC curve [95% interval]; beyond two classes one against the rest, averaged.",
      cell: (c) => [number(c.auc, 3), between(c.auc_low, c.auc_high, 3)] },
    { key: "best", name: "best in", about: "Share of resamples of seeds and texts in which it has the highest score.",
      cell: (c) => [c.best === null ? "–" : `${Math.round(100 * c.best)}%`] },
    { key: "adapt", name: "train, s", up: true, about: "Seconds to train on the target, mean over seeds; the base's own training is not in it.",
      cell: (c) => [number(c.adapt, 2)] },
    { key: "log_loss", name: "log-loss", up: true, about: "Nats; how well the probabilities fit.", cell: (c) => [number(c.log_loss, 3)] },
    { key: "ece", name: "ECE", up: true, about: "Expected calibration error: how far stated and true certainty differ.", cell: (c) => [number(c.ece, 3)] },
    { key: "of", name: "seeds", about: "Trials that finished, of those begun.", cell: (c) => [`${c.done}/${c.of}`] },
    { key: "net", name: "net", text: true, when: many("net"), about: "The base network." },
    { key: "engine", name: "engine", text: true, when: many("engine"), about: "The framework that trained." },
    { key: "device", name: "device", text: true, when: many("device"), about: "What it ran on." },
  ];
  const SHOWN = 100;  // rows at once: more would make sorting slow
  let rowsShown = [];
  let rowShape = "";
  const rowNodes = new Map();  // a row is made once for the columns that are shown
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
        } } }, c.name + (active ? (state.dir === "up" ? " ↑" : " ↓") : "")));
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
    byId("count").textContent = `${whole(rowsShown.length)} of ${whole(cells.length)} results. Shaded: rank 1, not to be told from the best.`;
    byId("more").hidden = rowsShown.length <= most;
    byId("more").textContent = `Show ${whole(Math.min(SHOWN, rowsShown.length - most))} more rows`;
  };
  byId("more").addEventListener("click", () => choose({ rows: String((Number(state.rows) || SHOWN) + SHOWN) }));
  byId("glossary").append(...COLUMNS.flatMap((c) => [el("dt", {}, c.name), el("dd", {}, c.about)]));

  // --- filters -----------------------------------------------------------------------------------------------------------
  const option = (value, text) => el("option", { value }, text);
  const select = (key, values, text) => el("label", {}, key === "budget" ? "labels" : key,
    el("select", { id: `f-${key}`, on: { change: (e) => choose({ [key]: e.target.value,
      ...(key === "budget" && e.target.value !== ANY ? { labels: String(budgets.find((b) => b[0] === e.target.value)[1]) } : {}) }) } },
      option(ANY, "any"), ...values.map((v) => option(v, text ? text(v) : v))));
  const buildFilters = () => {
    const selects = [select("target", known("target")), select("source", known("source")),
      select("budget", budgets.map((b) => b[0]), (v) => v === "full" ? "all there are" : whole(Number(v)))];
    if (known("net").length > 1) selects.push(select("net", known("net")));
    selects.push(select("engine", known("engine")), select("device", known("device")));
    const boxes = facts.baselines.map((name, i) => el("label", {},
      el("input", { type: "checkbox", value: name, on: { change: () => {
        const on = [...document.querySelectorAll(".choices input")].filter((x) => x.checked).map((x) => x.value);
        choose({ baseline: on.length === facts.baselines.length ? "" : on.join(",") || "-" });
      } } }), el("span", { className: "swatch", "data-colour": i }), name));
    const all = el("button", { type: "button", on: { click: () => choose({ baseline: "" }) } }, "All");
    const none = el("button", { type: "button", on: { click: () => choose({ baseline: "-" }) } }, "None");
    const reset = el("button", { type: "button", id: "reset", on: { click: () => choose({ ...usual }) } }, "Reset");
    byId("filters").append(...selects, reset, el("details", { id: "which" }, el("summary", {}, "Strategies"),
      el("div", { className: "choices" }, ...boxes, all, none)));
    byId("filters").addEventListener("submit", (e) => e.preventDefault());
    byId("ask").addEventListener("submit", (e) => e.preventDefault());
    byId("domain").append(option(ANY, "any of these"), ...known("target").map((t) => option(t, t)));
    byId("domain").addEventListener("change", (e) => choose({ target: e.target.value }));
    byId("labels").addEventListener("input", (e) => {
      const labels = Number(e.target.value);
      if (!(labels >= 1)) return;
      const among = (boardsShown()[0] || first).budgets;
      choose({ labels: e.target.value, budget: nearest(labels, among).budget });
    });
  };
  const showFilters = () => {
    for (const key of [...KEYS, "budget"]) if (byId(`f-${key}`)) byId(`f-${key}`).value = state[key];
    byId("domain").value = state.target;
    if (document.activeElement !== byId("labels")) byId("labels").value = state.labels;
    const names = new Set(chosen());
    let on = 0;
    for (const box of document.querySelectorAll(".choices input")) { box.checked = names.has(box.value); on += box.checked; }
    document.querySelector("#which summary").textContent = `Strategies: ${on} of ${facts.baselines.length}`;
    const palette = theme().range.category;
    for (const s of document.querySelectorAll(".swatch")) s.style.background = palette[Number(s.dataset.colour) % palette.length];
  };

  // --- figures -----------------------------------------------------------------------------------------------------------
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const theme = () => dark.matches ? charts.dark : charts.light;
  const MOST = 6;
  const filled = (spec, values) => {
    if (Array.isArray(spec)) return spec.map((v) => filled(v, values));
    if (spec && typeof spec === "object") return Object.fromEntries(Object.entries(spec).map(([k, v]) => [k, filled(v, values)]));
    if (typeof spec !== "string" || !spec.includes("@")) return spec;
    if (spec[0] === "@" && spec.slice(1) in values) return values[spec.slice(1)];
    for (const word of Object.keys(values).sort((a, b) => b.length - a.length)) spec = spec.split(`@${word}`).join(values[word]);
    return spec;
  };
  // With no choice of strategies: those that lead somewhere, the references, then the best by mean, so many as can be told apart.
  const drawn = (own) => {
    if (state.baseline) return chosen().filter((n) => own.some((c) => c.baseline === n));
    const names = [...new Set(own.map((c) => c.baseline))];
    const score = (n) => {
      const mine = own.filter((c) => c.baseline === n && c.score !== null);
      return mine.reduce((sum, c) => sum + c.score, 0) / Math.max(mine.length, 1) + (mine.some((c) => c.rank === 1) ? 10 : 0) +
        (n === "scratch" ? 100 : n === "tfidf" ? 20 : 0);
    };
    return names.sort((a, b) => score(b) - score(a)).slice(0, 6).sort();
  };
  const at = (b) => state.budget === ANY || !b.budgets.some((x) => x.budget === state.budget) ?
    nearest(Number(state.labels), b.budgets).budget : state.budget;
  const labelsOf = (b, budget) => {
    const found = b.budgets.find((x) => x.budget === budget);
    return `${found.budget === "full" ? "all " : ""}${whole(found.n)} labels`;
  };
  const ownCells = (b) => cells.filter((c) => c.board === b.id && c.score !== null);
  const span = (rows) => rows.length ? [Math.min(...rows.map((r) => r.score)), Math.max(...rows.map((r) => r.score))] : [0, 1];
  const perBoard = (make) => () => boardsShown().map(make).filter((p) => p && p.rows.length).slice(0, MOST);
  const heading = (b, more) => `${b.target} from ${b.source}` + (known("engine").length > 1 || known("device").length > 1 ?
    `, ${b.engine} on ${b.device}` : "") + (more ? ` · ${more}` : "");
  const FIGURES = [
    { id: "curves", title: "How scores grow with labels", panels: perBoard((b) => {
      const own = ownCells(b), names = drawn(own), budget = at(b);
      if (new Set(own.map((c) => c.n)).size < 2) return null;
      const top = Math.max(...b.budgets.map((x) => x.n));
      const rows = own.filter((c) => names.includes(c.baseline)).map((c) => ({ ...c,
        marked: c.budget === budget && c.baseline === b.best[budget] && c.baseline !== "scratch",
        worth_end: c.worth !== null && c.worth > c.n ? Math.min(c.worth, top) : c.worth_words.startsWith(">") && c.n < top ? top : null,
        worth_label: `${c.worth_words.replace(/ \[.*/, "").replace(/^> /, "more than ")} labels from scratch` }));
      return { name: heading(b), data: { cells: rows }, rows, fill: { drawn: names, ticks: b.budgets.map((x) => x.n),
        leading: `${b.leading} on the exam (share right)` } };
    }), empty: "Needs two budgets or more: bench run --budgets 32,128,512", about: "Bands are 95% intervals over seeds and test texts. The dashed line leads from the best strategy at the chosen " +
      "labels to how many labels training from scratch needs for the same score." },
    { id: "pareto", title: "Quality against time", controls: () => [el("label", {}, el("input", { type: "checkbox", id: "base",
      checked: state.base === "in", on: { change: (e) => choose({ base: e.target.checked ? "in" : "" }) } }), " count the base's training in")],
      panels: perBoard((b) => {
        const own = ownCells(b), budget = at(b), names = state.baseline ? drawn(own) : [...new Set(own.map((c) => c.baseline))].sort();
        const rows = own.filter((c) => c.budget === budget && names.includes(c.baseline)).map((c) => ({ ...c,
          // below a millisecond nothing was trained: such a point stands at the axis's begin
          adapt_shown: Math.max(c.adapt, 0.001), whole: Math.max(c.adapt, 0.001) + c.pretrain }));
        const field = state.base === "in" ? "whole" : "adapt_shown";
        return { name: heading(b, labelsOf(b, budget)), data: { cells: rows }, rows, fill: { drawn: names, seconds: field,
          seconds_title: state.base === "in" ? "seconds: the base and the target (logarithmic)" : "seconds to train on the target (logarithmic)" } };
      }), about: "Up and to the left is better; the dotted line joins what nothing beats in both. Less than a millisecond is shown as one." },
    { id: "matrix", title: "Which source for which target", panels: () => {
      const names = state.baseline ? chosen() : facts.baselines;
      const fit = cells.filter((c) => c.score !== null && fits(c, ["net", "engine", "device"]) && c.pretrain > 0 && names.includes(c.baseline));
      const budget = state.budget === ANY ? usual.budget : state.budget;
      const made = [];
      for (const name of names) {
        const rows = fit.filter((c) => c.baseline === name && c.budget === budget);
        if (new Set(rows.map((c) => c.source)).size < 2) continue;
        const [low, high] = span(rows);
        made.push({ name: `${name}, ${budget === "full" ? "all" : budget} labels`, data: { cells: rows.map((c) => ({ ...c, source: short(c.source), target: short(c.target) })) },
          rows, height: 38 * new Set(rows.map((c) => c.source)).size, fill: { span: [low, high], middle: low + 0.55 * (high - low), leading: "score on the target's exam" } });
      }
      return made.slice(0, MOST);
    }, empty: "Needs records of two sources: bench run --target all --source all", about: "A row for each source, a column for each target; lighter is better. Nothing is drawn where a pair was not run." },
    { id: "ranks", title: "Over all targets", panels: () => facts.across.filter((a) => fits(a, ["source", "net", "engine", "device"]) &&
      a.budget === (state.budget === ANY ? usual.budget : state.budget)).slice(0, MOST).map((a) => ({
      name: `${a.targets.length} targets from ${a.source}, ${a.budget === "full" ? "all" : a.budget} labels; critical difference ${number(a.critical, 2)}` +
        (a.friedman === null ? "" : `; Friedman p ${a.friedman < 0.001 ? "< 0.001" : "= " + number(a.friedman, 3)}`),
      data: { places: a.places, cliques: a.cliques }, rows: a.places, height: 26 * a.places.length, fill: { order: a.places.map((p) => p.baseline) } })),
    empty: "Needs records of two targets from the same source: bench run --target A --target B",
    about: "A red bar joins strategies whose mean ranks differ by less than the critical difference (Nemenyi, 5%): they cannot be told apart." },
    { id: "distance", title: "Gain by distance", panels: () => {
      const made = [], budget = state.budget === ANY ? usual.budget : state.budget;
      for (const source of [...new Set(facts.distances.map((d) => d.source))]) {
        const own = cells.filter((c) => short(c.source) === source && c.budget === budget && c.gain_low !== null && c.pretrain > 0 &&
          fits(c, ["net", "engine", "device"]) && chosen().includes(c.baseline));
        for (const name of [...new Set(own.map((c) => c.baseline))].sort()) {
          const rows = own.filter((c) => c.baseline === name).flatMap((c) => facts.distances.filter((d) => d.source === source &&
            short(d.target) === short(c.target)).map((d) => ({ ...c, proxy_a: d.proxy_a, known: d.known, shared: d.shared, mmd: d.mmd, target: short(c.target) })));
          if (rows.length > 1) made.push({ name: `${name}, ${budget === "full" ? "all" : budget} labels, from ${source}`, data: { cells: rows }, rows,
            fill: { drawn: rows.map((r) => r.target).sort() } });
        }
      }
      return made.slice(0, MOST);
    }, empty: "Needs distances and gains of two targets: bench distance --target A --target B, after bench run", about:
      "A point for each target with the 95% interval of its gain. Distances are measured by bench distance without labels." },
    { id: "seconds", title: "Where the seconds go", panels: perBoard((b) => {
      const own = ownCells(b), budget = at(b), names = state.baseline ? drawn(own) : [...new Set(own.map((c) => c.baseline))];
      const rows = own.filter((c) => c.budget === budget && names.includes(c.baseline));
      return { name: heading(b, labelsOf(b, budget)) + (b.pretrain ? ` · the base: ${number(b.pretrain, 0)} s once` : ""),
        data: { cells: rows }, rows, height: 26 * new Set(rows.map((c) => c.baseline)).size, fill: {} };
    }), about: "Mean over seeds of one trial. The base's training is paid once for all trials and stands in the heading." },
  ];
  const save = (name, type, text) => {
    const link = el("a", { href: typeof text === "string" && text.startsWith("data:") ? text : URL.createObjectURL(new Blob([text], { type })), download: name });
    document.body.append(link);
    link.click();
    link.remove();
  };
  // A text that a spreadsheet would run begins with an apostrophe.
  const field = (v) => {
    let text = v === null || v === undefined ? "" : String(v);
    if (typeof v === "string" && /^[=+\-@\t]/.test(text)) text = `'${text}`;
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const csv = (rows) => {
    const names = [...new Set(rows.flatMap((r) => Object.keys(r)))].filter((k) => !["board", "marked", "worth_end", "worth_label"].includes(k));
    return [names, ...rows.map((r) => names.map((n) => r[n]))].map((r) => r.map(field).join(",")).join("\n") + "\n";
  };
  byId("csv").addEventListener("click", () => save("leaderboard.csv", "text/csv", csv(rowsShown)));

  const made = new Map();
  const specFor = (figure, panel, width, paper) => {
    const spec = filled(charts.specs[figure.id], { width, columns: width < 420 ? 2 : 4, height: panel.height, paper, ...panel.fill });
    spec.datasets = panel.data;
    spec.autosize = { type: "fit-x", contains: "padding" };
    return spec;
  };
  const embed = async (figure, panel, place, config, background) => {
    const found = await window.vegaEmbed(place, { ...specFor(figure, panel, Math.max(260, place.clientWidth || 640), background || (dark.matches ? "#14171c" : "#fff")), background },
    { actions: false, ast: true, logLevel: 1, renderer: "svg", config, tooltip: { theme: dark.matches ? "dark" : "light" } });
    place.querySelector("svg")?.setAttribute("aria-hidden", "true");  // the label around it says what it is
    return found;
  };
  const exported = async (figure, form) => {
    for (const [i, panel] of figure.now.entries()) {
      const place = el("div", { style: "position:absolute;left:-9999px;width:680px" });
      document.body.append(place);
      const { view } = await embed(figure, panel, place, charts.light, "white");
      const name = `${figure.id}${figure.now.length > 1 ? `-${i + 1}` : ""}.${form}`;
      if (form === "svg") save(name, "image/svg+xml", await view.toSVG());
      else save(name, "image/png", await view.toImageURL("png", 2));
      view.finalize();
      place.remove();
    }
  };
  const buildFigures = () => {
    for (const figure of FIGURES) {
      const buttons = [["CSV", () => save(`${figure.id}.csv`, "text/csv", csv(figure.now.flatMap((p) => p.rows)))],
        ["SVG", () => exported(figure, "svg")], ["PNG", () => exported(figure, "png")]].map(([name, click]) =>
        el("button", { type: "button", "aria-label": `${figure.title}: ${name}`, "data-save": name, on: { click } }, name));
      figure.place = el("div", { className: "grid" });
      figure.from = el("span", {});
      figure.section = el("section", { id: `figure-${figure.id}`, "aria-labelledby": `title-${figure.id}` },
        el("h2", { id: `title-${figure.id}` }, figure.title), el("div", { className: "controls" }, ...(figure.controls ? figure.controls() : [])),
        el("figure", {}, figure.place, figure.caption = el("figcaption", {}, figure.about, " ", figure.from, " ", el("span", {}, "Its data and picture: "), el("span", { className: "together" }, ...buttons))));
      byId("figures").append(figure.section);
      figure.dirty = true;
      figure.seen = false;
    }
    const watch = new IntersectionObserver((entries) => {
      for (const e of entries) {
        const figure = FIGURES.find((f) => f.section === e.target);
        figure.seen = e.isIntersecting;
        if (figure.seen && figure.dirty) draw(figure);
      }
    }, { rootMargin: "300px" });
    for (const figure of FIGURES) watch.observe(figure.section);
    addEventListener("beforeprint", () => FIGURES.forEach((f) => f.dirty && draw(f)));
  };
  const draw = async (figure) => {
    if (!window.vegaEmbed) return;
    figure.dirty = false;
    for (const view of made.get(figure.id) || []) view.finalize();
    figure.now = figure.panels();
    const views = [];
    made.set(figure.id, views);
    const sources = boardsShown();
    figure.from.replaceChildren("Drawn by ", el("code", {}, facts.command), sources.length ? " from records of " : "",
      ...sources.slice(0, 1).map((b) => el("code", {}, b.command)), sources.length > 1 ? " and others (below)." : ".");
    figure.caption.hidden = !figure.now.length;  // nothing is offered of a figure that is not drawn
    const all = boardsShown().length;
    if (figure.now.length === MOST && all > MOST) figure.from.append(` The first ${MOST} are drawn: the filters choose others.`);
    if (!figure.now.length) {
      figure.place.replaceChildren(el("p", { className: "quiet" }, figure.empty || "Nothing to draw for this choice."));
      return;
    }
    const places = figure.now.map((panel) => {
      const place = el("div", { className: "vega" });
      const label = `${figure.title}: ${panel.name}. The same numbers stand in the leaderboard and in the CSV file.`;
      return [el("div", { className: "chart" }, el("h3", {}, panel.name), el("div", { role: "img", "aria-label": label }, place)), place, panel];
    });
    figure.place.replaceChildren(...places.map((p) => p[0]));
    for (const [, place, panel] of places) views.push((await embed(figure, panel, place, theme(), null)).view);
    figure.section.dataset.drawn = String(views.length);
  };
  const refresh = () => {
    for (const figure of FIGURES) {
      figure.dirty = true;
      delete figure.section.dataset.drawn;
      if (figure.seen) draw(figure);
    }
    soon(rest);
  };
  const soon = (f) => window.requestIdleCallback ? requestIdleCallback(f, { timeout: 1000 }) : setTimeout(f, 100);
  const rest = async () => {  // what is out of sight, one at a time while nothing else is to be done
    const figure = FIGURES.find((f) => f.dirty);
    if (!figure || !window.vegaEmbed) return;
    await draw(figure);
    soon(rest);
  };
  const show = () => { showFilters(); answer(); board(); refresh(); };

  // --- begin ---------------------------------------------------------------------------------------------------------------
  byId("made").textContent = facts.command;
  buildFilters();
  buildFigures();
  read();
  show();
  addEventListener("hashchange", () => { read(); show(); });
  addEventListener("load", refresh);
  dark.addEventListener("change", show);
  let width = innerWidth, waiting = 0;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    clearTimeout(waiting);
    waiting = setTimeout(refresh, 150);
  });
  byId("skip").addEventListener("click", (e) => { e.preventDefault(); byId("leaderboard").focus(); });
  if (facts.live) {
    setInterval(async () => {
      try {
        const now = await (await fetch("digest", { cache: "no-store" })).json();
        if (now.digest !== facts.live) location.reload();
      } catch { /* the server has ended: the page stays as it is */ }
    }, 2000);
  }
})();
