// The runs that this folder has seen.
async function drawHistory() {
  const box = document.getElementById("view-history");
  const { runs } = (await held("history")) ?? { runs: [] };
  if (place().view !== "history") return;
  const line = (name, value) => ({ name, points: runs.map((run, k) => [k + 1, value(run)]).filter(([, y]) => y !== null) });
  const failing = (run) => run.verdicts.error + run.verdicts.differs + run.verdicts.stale;
  const plots = runs.length < 2 ? [] : [
    drawPlot("Runs of tasks by verdict", [line("failing", failing), line("known", (run) => run.verdicts.known), line("blind", (run) => run.verdicts.blind)], { log: false, across: "run" }),
    drawPlot("Comparisons", [line("comparisons", (run) => run.comparisons)], { log: false, across: "run" }),
    drawPlot("Seconds in frameworks", [line("seconds", (run) => run.seconds)], { log: false, across: "run" }),
    drawPlot("The largest error of what agrees, over noise", [line("noise", (run) => run.noise_ratio)], { across: "run" }),
  ];
  const heads = ["run", "date", "cases", "comparisons", "agree", "known", "blind", "failing", "largest over noise", "seconds", "versions", "failing cases"];
  const body = runs.map((run, k) => [run, k]).reverse().map(([run, k]) => el("tr", {}, [
    k + 1, run.date, run.cases, run.comparisons, run.verdicts.agree, run.verdicts.known, run.verdicts.blind, failing(run), number(run.noise_ratio), number(run.seconds),
  ].map((text, at) => el("td", { class: at === 1 ? "text" : "number" }, typeof text === "number" ? text.toLocaleString("en") : text)),
  el("td", {}, Object.entries(run.versions).map(([a, v]) => `${a} ${v}`).join(", ")),
  el("td", {}, run.failing.flatMap((name) => [el("a", { href: caseAddress(name) }, name), " "]))));
  box.replaceChildren(
    el("h2", {}, "History"),
    el("p", { class: "note" }, runs.length > 1 ? "The runs that were written into this folder, the newest first. What changed between two: gradparity diff." : "Runs that are written into this folder later stand beside this one."),
    el("div", { class: "plots" }, plots),
    runs.length ? el("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": "Runs" }, el("table", {}, el("thead", {}, el("tr", {}, heads.map((text) => el("th", { scope: "col" }, text)))), el("tbody", {}, body))) : "",
  );
}
