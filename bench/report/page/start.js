// Build the page, and follow the address, the window and a run that goes on.
byId("made").textContent = facts.command;
buildFilters();
buildFigures();
read();
show();
addEventListener("hashchange", () => { read(); show(); });
addEventListener("load", refresh);
dark.addEventListener("change", show);
// On paper: the meaning of the columns and where the numbers shown come from are opened, the rest is left out.
let opened = [];
addEventListener("beforeprint", () => {
  const shown = new Set(boardsShown().map((b) => String(b.id)));
  for (const of of document.querySelectorAll("[data-board]")) of.classList.toggle("on-screen", !shown.has(of.dataset.board));
  opened = [...document.querySelectorAll("details[data-board]:not(.on-screen), #meaning")].filter((d) => !d.open);
  for (const d of opened) d.open = true;
  byId("left-out").textContent = boards.length > shown.size ? `${several(boards.length - shown.size, "other leaderboard")}: in the page itself.` : "";
  FIGURES.forEach((f) => f.dirty && draw(f));
});
addEventListener("afterprint", () => { for (const d of opened) d.open = false; });
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
    } catch { /* the server has stopped: the page stays as it is */ }
  }, 2000);
}
