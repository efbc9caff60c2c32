// Views by address; the browser's button goes back through them.
const VIEWS = { overview: drawMatrix, rows: drawRows, case: drawCase, history: drawHistory };
let last = "";

async function show() {
  await loadIndex();
  const here = place();
  const view = here.view in VIEWS ? here.view : "overview";
  for (const name of Object.keys(VIEWS)) document.getElementById(`view-${name}`).hidden = name !== view;
  for (const link of document.querySelectorAll(".views a")) {
    if (link.dataset.view === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  drawFilters({ ...here, view });
  if (view === "overview" && here.params.get("kind")) await loadRows();
  await VIEWS[view](here);
  const now = `${view} ${here.name}`;
  if (last && now !== last && view !== "overview") window.scrollTo(0, 0);
  last = now;
  document.body.dataset.shown = location.hash || "#/";
}

function theme(next) {
  const order = ["system", "light", "dark"];
  let kept = "system";
  try { kept = localStorage.getItem("gradparity-theme") ?? "system"; } catch { /* a page may keep nothing */ }
  if (next) {
    kept = order[(order.indexOf(kept) + 1) % 3];
    try { localStorage.setItem("gradparity-theme", kept); } catch { /* the same */ }
  }
  document.documentElement.style.colorScheme = kept === "system" ? "" : kept;
  document.getElementById("theme").textContent = `Theme: ${kept}`;
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
  arrows(event);
  const here = place();
  const next = (link) => document.querySelector(`.case-nav a[rel=${link}]`);
  const goes = { o: address("overview"), r: address("rows"), h: address("history") }[event.key];
  if (goes) location.hash = goes;
  else if (event.key === "/") { event.preventDefault(); document.getElementById("f-q").focus(); }
  else if (event.key === "?") document.getElementById("help").showModal();
  else if (here.view === "case" && event.key === "n") location.hash = next("next").hash;
  else if (here.view === "case" && event.key === "p") location.hash = next("prev").hash;
}

document.querySelector(".views").hidden = false;
document.getElementById("theme").addEventListener("click", () => theme(true));
document.getElementById("keys").addEventListener("click", () => document.getElementById("help").showModal());
window.addEventListener("hashchange", show);
window.addEventListener("keydown", onKey);
theme(false);
show().then(() => setTimeout(loadRows, 50)); // so that a case opens at once
