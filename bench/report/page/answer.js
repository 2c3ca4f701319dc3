// The answer: which strategy to use with so many labels.
const answer = () => {
  const labels = Number(state.labels);
  const parts = [];
  for (const board of boardsShown().slice(0, 12)) {
    const at = nearest(labels, board.budgets);
    const sentence = board.advice[at.budget];
    const head = `${board.target} from ${board.source}` + (known("engine").length > 1 ? `, ${board.engine}` : "") +
      (board.variant ? ` · ${board.variant}` : "");
    if (!sentence) {
      parts.push(el("p", {}, `${head}: no complete result near ${whole(labels)} labels.`));
      continue;
    }
    const best = board.best[at.budget];
    const [before, ...after] = sentence.split(best);
    parts.push(el("p", { className: "said" }, before, el("strong", {}, best), after.join(best)));
    if (board.details[at.budget]) parts.push(el("p", { className: "quiet" }, board.details[at.budget]));
    parts.push(el("p", { className: "quiet" }, `Measured on ${head}: ${whole(board.n_test)} test texts` +
      (at.n === labels ? "." : `; ${whole(at.n)} is the measured number of labels nearest to ${whole(labels)}.`)));
    if (boardsShown().length === 1) for (const line of board.lead) parts.push(el("p", {}, line));
  }
  const one = boardsShown()[0];
  if (one) {
    const best = one.best[nearest(labels, one.budgets).budget];
    const few = labels < 1, beside = few ? "--budgets 0" : `--baseline scratch --budgets ${Math.max(2, Math.round(labels))}`;
    if (best) parts.push(el("p", {}, "On your own file: ",
      el("code", {}, `bench run --target mine.csv --baseline ${best} ${beside}`),
      " measures this; ", el("code", {}, `bench fit --target mine.csv --baseline ${best}${few ? " --budget 0" : ""} --out my-model`), " saves a model for ",
      el("code", {}, "bench predict"), "."));
  } else parts.push(el("p", {}, "No records match these filters: set one of them to any."));
  byId("answer").replaceChildren(...parts);
};
