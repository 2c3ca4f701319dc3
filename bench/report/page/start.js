// Build the page, and follow the address, the window and a run that goes on.
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
    } catch { /* the server has stopped: the page stays as it is */ }
  }, 2000);
}
