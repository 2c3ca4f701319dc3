// The filters of the table and the figures.
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
    const { labels, problem } = askedFor(e.target.value);
    const among = (boardsShown()[0] || first).budgets;
    choose(problem ? { labels: e.target.value } : { labels: String(labels), budget: nearest(labels, among).budget });
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
  const palette = charts.page.range.category;
  for (const s of document.querySelectorAll(".swatch")) s.style.background = palette[Number(s.dataset.colour) % palette.length];
};
