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
const nearestScored = (labels, b) => nearest(labels, b.budgets.filter((x) => b.advice[x.budget]));
// The number of labels that a text means, or what is wrong with it.
const askedFor = (typed) => {
  const text = typed.trim(), digits = text.replace(/(?<=\d)[,\u00a0\u202f ](?=\d{3}(?!\d))/g, "");
  const wrong = (why) => ({ problem: `${text ? `“${text.slice(0, 40)}” ${why}` : why}` });
  if (!text) return wrong("Type how many labelled texts you have, such as 100; 0 for none.");
  if (/^[-\u2212]\s*[\d.]/.test(text)) return wrong("is less than nothing: type 0 or more.");
  if (/^\d*[.,]\d+$/.test(digits)) return wrong("is not a whole number of texts.");
  if (!/^\d+$/.test(digits)) return wrong("is not a number: type it in digits, such as 100.");
  if (Number(digits) === 1) return wrong("labelled text is too few: two classes need 2. Type 0 for none at all.");
  if (Number(digits) > 1e9) return wrong("is more than any data set has.");
  return { labels: Number(digits) };
};
const labelsAsked = () => askedFor(state.labels).labels ?? Number(usual.labels);
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
