// The facts of the page, and small functions that all parts use. Everything is shown through textContent: no text of a
// record is ever parsed as HTML.
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
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props || {})) {
    if (key === "on") for (const [event, f] of Object.entries(value)) node.addEventListener(event, f);
    else if (key in node && key !== "list") node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children.filter((c) => c !== null && c !== undefined));
  return node;
};
const short = (name) => name.split("@")[0];
const known = (key) => [...new Set(boards.map((b) => b[key]))].sort();
const number = (v, digits) => v === null || v === undefined ? "–" : v.toFixed(digits);
// The values of `bench leaderboard --format csv` for a cell, by their names there.
const lineOf = (c) => {
  const { names, several, same } = boards[c.board].csv, left = [...c.csv], shared = [...same], among = new Set(several);
  return Object.fromEntries(names.map((name, i) => [name, (among.has(i) ? left : shared).shift()]));
};
const whole = (v) => v.toLocaleString("en");
