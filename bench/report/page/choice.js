// What the reader chose, stored in the address.
const ANY = "*";
const KEYS = ["target", "source", "net", "engine", "device"];
const counts = boards.map((b) => cells.filter((c) => c.board === b.id && c.score !== null).length);
const first = boards[counts.indexOf(Math.max(...counts))];
const budgets = [...new Map(boards.flatMap((b) => b.budgets).map((b) => [b.budget, b.n])).entries()]
  .sort((a, b) => (a[0] === "full") - (b[0] === "full") || a[1] - b[1]);
// The budget nearest to a number of labels, by ratio; none at all counts as half a label, since 0 has no ratio.
const apart = (b, labels) => Math.abs(Math.log(Math.max(b.n, 0.5) / Math.max(labels, 0.5)));
const nearest = (labels, among) => among.reduce((best, b) => apart(b, labels) < apart(best, labels) ? b : best, among[0]);
const usual = { target: first.target, source: first.source, net: first.net, engine: first.engine,
  device: first.device, labels: "100", budget: nearest(100, first.budgets).budget, sort: "score", dir: "down",
  baseline: "", rows: "", base: "" };
let state = { ...usual };
const read = () => {
  state = { ...usual };
  for (const [key, value] of new URLSearchParams(location.hash.slice(1))) if (key in usual) state[key] = value;
  const full = (v, all) => all.includes(v) ? v : all.find((name) => short(name) === v);
  for (const key of KEYS) if (state[key] !== ANY) state[key] = full(state[key], known(key)) || usual[key];
  if (state.budget !== ANY && !budgets.some((b) => b[0] === state.budget)) state.budget = usual.budget;
  if (!(state.labels !== "" && Number(state.labels) >= 0)) state.labels = usual.labels;
  if (!COLUMNS.some((c) => c.key === state.sort)) state.sort = usual.sort;
};
const choose = (changes) => {
  Object.assign(state, changes);
  const changed = Object.entries(state).filter(([key, value]) => value !== usual[key]);
  const hash = new URLSearchParams(changed).toString();
  history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
  if (Object.keys(changes).every((key) => ["sort", "dir", "rows"].includes(key))) board();
  else show();
};
const chosen = () => state.baseline ? state.baseline.split(",") : facts.baselines;
const fits = (thing, keys) => keys.every((key) => state[key] === ANY || thing[key] === state[key]);
const boardsShown = () => boards.filter((b) => fits(b, KEYS));
