// Where the numbers of a figure or a sentence come from: which trials, how many seeds, whose, measured on what.
const several = (count, one) => `${whole(count)} ${one}${count === 1 ? "" : "s"}`;
const originOf = (rows) => {
  const sum = (f) => rows.reduce((total, c) => total + f(c), 0);
  const trials = sum((c) => c.trials), imported = sum((c) => c.imported ? c.trials : 0), published = sum((c) => c.published), own = trials - imported - published;
  const elsewhere = [...new Set(rows.filter((c) => c.imported).map((c) => c.baseline.replace(" (imported)", "")))];
  const whose = [[published, "published with transferbench"], [own, "of your own"], [imported, `imported: ${elsewhere.join(", ")}`]].filter((part) => part[0]);
  const words = whose.length === 1 ? ` ${whose[0][1]}` : ` (${whose.map(([count, of]) => `${whole(count)} ${of}`).join(", ")})`;
  const measured = [...new Set(rows.filter((c) => !c.imported).map((c) => boards[c.board].processors))];
  const seeds = rows.map((c) => c.done), least = Math.min(...seeds), most = Math.max(...seeds);
  return `${several(trials, "trial")}${words}, ${least === most ? several(most, "seed") : `${least} to ${most} seeds`}` + (measured.length ? `, on ${measured.join(" or ")}` : "");
};
const placeOf = (b) => `${b.target} from ${b.source}` + (known("engine").length > 1 || known("device").length > 1 ? `, ${b.engine} on ${b.device}` : "") + (b.variant ? ` · ${b.variant}` : "");
const noCommand = "No command is shown: its target was not a file, or these records do not say which.";
// What a caption says of the cells behind its figure.
const provenanceOf = (rows) => {
  const of = [...new Set(rows.map((c) => c.board))].sort((a, b) => a - b).map((id) => boards[id]);
  const one = of.length === 1;
  return [`From ${originOf(rows)}${one ? `: ${placeOf(of[0])}` : `, on ${of.length} leaderboards`}. `, el("details", { className: "on-screen" },
    el("summary", {}, one ? "The command that made these records" : "Which, and the commands that made their records"), el("ul", {}, ...of.map((b) =>
      el("li", {}, one ? "" : `${placeOf(b)}: `, b.command ? el("code", {}, b.command) : noCommand))))];
};
