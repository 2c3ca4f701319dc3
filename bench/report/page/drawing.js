// Drawing the figures, and saving them and their data as files.
const save = (name, type, text) => {
  const link = el("a", { href: typeof text === "string" && text.startsWith("data:") ? text : URL.createObjectURL(new Blob([text], { type })), download: name });
  document.body.append(link);
  link.click();
  link.remove();
};
// An apostrophe is put before a text that a spreadsheet would run; bench has put it into the lines of the leaderboard.
const inert = (v) => typeof v === "string" && /^[=+\-@\t]/.test(v) ? `'${v}` : v;
const quoted = (v) => {
  const text = v === null || v === undefined ? "" : String(v);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
const csv = (rows, more = []) => {
  const lines = rows.map((r) => r.csv ? { ...lineOf(r), ...Object.fromEntries(more.map(([name, key]) => [name, r[key]])) } :
    Object.fromEntries(Object.entries(r).map(([name, v]) => [name, inert(v)])));
  const names = [...new Set(lines.flatMap(Object.keys))];
  return [names, ...lines.map((line) => names.map((n) => line[n]))].map((line) => line.map(quoted).join(",")).join("\n") + "\n";
};
byId("csv").addEventListener("click", () => save("leaderboard.csv", "text/csv", csv(rowsShown)));

const viewsOf = new Map();
// As `filled` in vega.py: a specification with its @words replaced.
const filled = (spec, values) => {
  if (Array.isArray(spec)) return spec.map((v) => filled(v, values));
  if (spec && typeof spec === "object") return Object.fromEntries(Object.entries(spec).map(([k, v]) => [k, filled(v, values)]));
  if (typeof spec !== "string" || !spec.includes("@")) return spec;
  if (spec[0] === "@" && spec.slice(1) in values) return values[spec.slice(1)];
  for (const word of Object.keys(values).sort((a, b) => b.length - a.length)) spec = spec.split(`@${word}`).join(values[word]);
  return spec;
};
// As `legend_room` in panels.py: in how many columns a legend of these names stands without cutting any.
const legendRoom = (names, width) => {
  const widest = 6.5 * Math.max(1, ...names.map((name) => name.length)) + 26;
  return { columns: Math.max(1, Math.min(6, Math.floor((width - 60) / widest))), legend_chars: Math.floor((width - 90) / 6.5) };
};
const specFor = (figure, panel, width, paper) => {
  const shape = panel.shape ? panel.shape(width) : {}, narrow = width < 420, chars = narrow ? 20 : 34;
  const twoLines = panel.rows.some((r) => String(r.baseline).length > chars) ? 1.25 : 1;
  const spec = filled(charts.specs[figure.id], { width: Math.max(width, shape.least || 0), height: shape.height || panel.height * twoLines, paper,
    names_limit: narrow ? 150 : 250, names_chars: chars, ...legendRoom(panel.fill.drawn || ["predict"], width), ...shape.fill, ...panel.fill });
  spec.datasets = panel.data;
  spec.autosize = { type: "fit-x", contains: "padding" };
  return spec;
};
const embed = async (figure, panel, place, config, background) => {
  const embedded = await window.vegaEmbed(place, { ...specFor(figure, panel, Math.max(260, place.clientWidth || 640), background || "var(--paper)"), background },
  { actions: false, ast: true, logLevel: 1, renderer: "svg", config, tooltip: { theme: dark.matches ? "dark" : "light" } });
  place.querySelector("svg")?.setAttribute("aria-hidden", "true");  // the label around it describes it
  return embedded;
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
    const buttons = [["CSV", () => save(`${figure.id}.csv`, "text/csv", csv(figure.now.flatMap((p) => p.rows), figure.more))],
      ["SVG", () => exported(figure, "svg")], ["PNG", () => exported(figure, "png")]].map(([name, click]) =>
      el("button", { type: "button", "aria-label": `${figure.title}: ${name}`, "data-save": name, on: { click } }, name));
    figure.place = el("div", { className: "grid" });
    figure.from = el("div", {});
    figure.section = el("section", { id: `figure-${figure.id}`, "aria-labelledby": `title-${figure.id}` },
      el("h2", { id: `title-${figure.id}` }, figure.title), el("div", { className: "controls" }, ...(figure.controls ? figure.controls() : [])),
      el("figure", {}, figure.place, figure.caption = el("figcaption", {}, figure.about, " ", figure.from, " ",
        el("span", { className: "together on-screen" }, "Download: ", ...buttons))));
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
};
const draw = async (figure) => {
  if (!window.vegaEmbed) return;
  figure.dirty = false;
  for (const view of viewsOf.get(figure.id) || []) view.finalize();
  figure.now = figure.panels();
  const views = [];
  viewsOf.set(figure.id, views);
  figure.from.replaceChildren(...(figure.now.length ? provenanceOf(figure.now.flatMap((p) => p.from || p.rows)) : []));
  figure.section.classList.toggle("on-screen", !figure.now.length);
  figure.caption.hidden = !figure.now.length;  // a figure that is not drawn offers no downloads
  const all = boardsShown().length;
  if (figure.now.length === MOST && all > MOST) figure.from.append(` Only the first ${MOST} are drawn; the filters select others.`);
  if (!figure.now.length) {
    figure.place.replaceChildren(el("p", { className: "quiet" }, figure.empty || "Nothing to draw with these filters."));
    return;
  }
  const places = figure.now.map((panel) => {
    const place = el("div", { className: "vega" });
    const label = `${figure.title}: ${panel.name}. The same numbers are in the leaderboard and in the CSV file.`;
    return [el("div", { className: "chart" }, el("h3", {}, panel.name), el("div", { role: "img", "aria-label": label }, place),
      panel.note ? el("p", { className: "quiet" }, panel.note) : null), place, panel];
  });
  figure.place.replaceChildren(...places.map((p) => p[0]));
  for (const [, place, panel] of places) views.push((await embed(figure, panel, place, charts.page, null)).view);
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
const rest = async () => {  // draws what is out of sight, one figure at a time while the browser is idle
  const figure = FIGURES.find((f) => f.dirty);
  if (!figure || !window.vegaEmbed) return;
  await draw(figure);
  soon(rest);
};
const show = () => { showFilters(); answer(); board(); refresh(); };
