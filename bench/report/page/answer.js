// The answer: which strategy to use with so many labels, what it costs, how sure that is, and the commands.
const secondsInWords = (s) => s < 0.1 ? "under 0.1 s" : s < 9.95 ? `${s.toFixed(1)} s` : s < 90 ? `${s.toFixed(0)} s` : `${(s / 60).toFixed(0)} min`;
const unbroken = (score) => score.toFixed(3).replace(/^0/, "");
const paragraph = (text, quiet) => text ? el("p", { className: quiet ? "quiet" : "" }, text) : null;
const commandLine = (...words) => el("pre", {}, el("code", {}, words.filter(Boolean).join(" ")));
// How far the measured number of labels is from the one that was asked for.
const distanceInWords = (labels, at, b) => {
  const measured = b.budgets.filter((x) => b.advice[x.budget]).map((x) => x.n);
  const most = Math.max(...measured), least = Math.min(...measured);
  if (labels > most) return `${whole(labels)} labels are more than were measured here: the most were ${whole(most)}, and this is the answer for them. With more, nobody has measured which is best.`;
  if (labels < least) return `${whole(labels)} labels are fewer than were measured here: the fewest were ${whole(least)}, and this is the answer for them.`;
  return at.n === labels ? "" : `${whole(at.n)} is the measured number of labels nearest to ${whole(labels)}.`;
};
const costInWords = (c, b) => {
  if (c.imported) return "Cost: not known here, since its predictions were made elsewhere.";
  const base = c.pretrain ? `the base network took ${secondsInWords(c.pretrain)}, once for all targets` : "it needs no base network";
  const features = c.encode >= 0.1 ? `; ${secondsInWords(c.encode)} once to prepare the texts for it` : "";
  return `Cost: ${secondsInWords(c.adapt)} to train on the labels, ${secondsInWords(1000 * c.predict / b.n_test)} to label 1,000 texts${features}; ${base}. ` +
    `Measured on one core of ${b.processors}.`;
};
const certaintyInWords = (c, b) => c.low === null ? "" :
  `How sure: the score is ${unbroken(c.score)}, with 95% certainty between ${unbroken(c.low)} and ${unbroken(c.high)} (${b.leading}; ${c.done} label draw${c.done === 1 ? "" : "s"}, ${whole(b.n_test)} test texts).`;
const answerOf = (b, labels, alone) => {
  const at = nearestScored(labels, b);
  const head = `${b.target} from ${b.source}` + (known("engine").length > 1 ? `, ${b.engine}` : "") + (b.variant ? ` · ${b.variant}` : "");
  if (!at) return [el("p", {}, `${head}: no number of labels has a complete result.`)];
  const best = b.best[at.budget], [before, ...after] = b.advice[at.budget].split(best);
  const c = cells.find((x) => x.board === b.id && x.baseline === best && x.budget === at.budget);
  return [alone ? null : el("h3", {}, head), el("p", { className: "said" }, before, el("strong", {}, best), after.join(best)), paragraph(distanceInWords(labels, at, b)),
    paragraph(costInWords(c, b)), paragraph(certaintyInWords(c, b)), paragraph(b.details[at.budget], true), paragraph(b.sources[at.budget], true),
    ...(alone ? b.lead.map((line) => paragraph(line, true)) : []), paragraph(`Measured on ${head}: ${originOf([c])}.`, true)];
};
const answer = () => {
  const { labels, problem } = askedFor(state.labels);
  byId("labels").setAttribute("aria-invalid", String(Boolean(problem)));
  byId("wrong").textContent = problem || "";
  byId("question").textContent = problem ? "" : `For ${whole(labels)} labelled texts in a domain like ${state.target === ANY ? "any of these" : state.target}:`;
  const shown = boardsShown();
  const parts = problem ? [] : shown.slice(0, 12).flatMap((b) => answerOf(b, labels, shown.length === 1));
  if (!problem && shown.length) parts.push(...commands(shown, labels));
  if (!shown.length) parts.push(el("p", {}, "No records match these filters: set one of them to any."));
  byId("answer").replaceChildren(...parts.filter(Boolean));
};
// The commands for the reader's own file, or for the very file that was measured.
const commands = (shown, labels) => {
  const votes = new Map();
  for (const b of shown) {
    const at = nearestScored(labels, b), row = at ? b.fit.best[at.budget] : "";
    if (row) votes.set(row, (votes.get(row) || 0) + (row === "auto" ? 1.5 : 1));
  }
  const row = [...votes.keys()].sort((a, b) => votes.get(b) - votes.get(a))[0];
  if (!row) return [el("p", {}, "Nothing here can be fitted by bench: all predictions were made elsewhere.")];
  const b = shown.find((x) => row in x.fit.rows), at = nearestScored(labels, b), best = b.best[at.budget];
  const elsewhere = shown.length === 1 && best !== row ? `${best} was made elsewhere, so bench cannot fit it; of the strategies that it can fit, ${row} is the best here. ` : "";
  const { base, rows, target } = b.fit;
  if (shown.length === 1 && target) {
    return [el("p", {}, `${elsewhere}Run this in the folder of your file; it makes the model, and the second command labels a text with it:`),
      commandLine("bench fit", target, base, rows[row], at.budget === "full" ? "" : `--budget ${at.budget}`, "--out my-model"),
      commandLine("bench predict my-model \"a text\"")];
  }
  const scratch = labels && row !== "scratch" ? "--baseline scratch" : "";
  return [el("p", {}, `${elsewhere}On your own file (its name in the place of mine.csv), this measures ${row} with ${labels ? whole(labels) : "no"} labels:`),
    commandLine("bench run --target mine.csv", base, rows[row], scratch, `--budgets ${labels}`),
    el("p", {}, "This makes a model of all its labels, and labels a text with it:"),
    commandLine("bench fit --target mine.csv", base, rows[row], labels ? "" : "--budget 0", "--out my-model"),
    commandLine("bench predict my-model \"a text\"")];
};
