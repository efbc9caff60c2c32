"use strict";
// Without a script the page is whole; with one, its entries can be searched, the best first.
const field = document.getElementById("filter");
const entries = Array.from(document.querySelectorAll("article"));
const lower = (element) => (element ? element.textContent.toLowerCase() : "");
const found = document.getElementById("found");
const count = document.getElementById("count");
const parts = Array.from(document.querySelectorAll("section.class, #matrix, #functions"));
const lines = Array.from(document.querySelectorAll(".functions li, #matrix tbody tr"));

// Where a word counts for how much: a name and a function before a class, that before a reason.
const FIELDS = [
  [8, (entry) => entry.id.toLowerCase()],
  [6, (entry) => entry.dataset.functions.toLowerCase()],
  [4, (entry) => lower(entry.querySelector(".facts-line"))],
  [3, (entry) => lower(entry.querySelector("h3 + p"))],
  [1, lower],
];
const texts = entries.map((entry) => FIELDS.map(([weight, text]) => [weight, text(entry)]));

const called = entries.map((entry) => entry.dataset.functions.toLowerCase().split(" "));

// As gradparity atlas NAME ranks them: the function of that name, the entry's own name, the rest.
function rank(at, words) {
  const last = words.join("").split(".").pop();
  const dashed = words.join("-").replaceAll("_", "-").split(".").pop();
  const name = entries[at].id;
  if (called[at].some((f) => f === last || f.split(".").pop() === last)) return 0;
  if (name === dashed || name.startsWith(`${dashed}-`)) return 1;
  return name.includes(dashed) ? 2 : 3;
}

const begins = (text, word) => new RegExp(`(^|[^a-z0-9])${word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`).test(text);
const whole = (text, word) => text.split(/[^a-z0-9]+/).includes(word);

// A word that is there as a whole counts twice as much as one that begins there, that as one inside.
function score(held, words) {
  let sum = 0;
  for (const word of words) {
    let best = 0;
    for (const [weight, text] of held) {
      if (!text.includes(word)) continue;
      best = Math.max(best, weight * (whole(text, word) ? 4 : begins(text, word) ? 2 : 1));
    }
    if (!best) return 0;
    sum += best;
  }
  return sum;
}

function search() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  const hits = words.length
    ? entries.map((entry, at) => ({ entry, at, points: score(texts[at], words) })).filter(({ points }) => points)
      .sort((a, b) => rank(a.at, words) - rank(b.at, words) || b.points - a.points || a.at - b.at)
    : [];
  for (const part of parts) part.hidden = words.length > 0;
  found.hidden = !words.length;
  // What was found stands above, in its order; the entries go back where they were.
  document.querySelectorAll("#found article").forEach((entry) => entry.remove());
  const list = document.getElementById("hits");
  list.replaceChildren(...hits.map(({ entry }) => {
    const shown = entry.cloneNode(true);
    shown.removeAttribute("id");
    return shown;
  }));
  lines.forEach((line) => { line.hidden = words.length > 0 && !words.every((word) => lower(line).includes(word)); });
  if (words.length) for (const part of parts) if (part.querySelector("li:not([hidden]), tbody tr:not([hidden])") && !part.classList.contains("class")) part.hidden = false;
  count.textContent = words.length ? `${hits.length} of ${entries.length} entries` : "";
}

function remember() {
  const query = field.value.trim();
  history.replaceState(null, "", query ? `#?q=${encodeURIComponent(query)}` : location.pathname + location.search);
}

// The address keeps what is searched for; a link to an entry shows it, whatever that is.
function arrive() {
  const asked = /^#\?q=(.*)$/.exec(location.hash);
  field.value = asked ? decodeURIComponent(asked[1]) : "";
  search();
  if (!asked && location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
}

// Whoever comes from the page of a run finds the way back to each case of it.
const report = new URLSearchParams(location.search).get("report");
if (report && /^(?!\/\/)[\w.%/-]+\.html$/.test(report)) {
  for (const entry of entries) {
    const link = document.createElement("a");
    link.href = `${report}#/case/${encodeURIComponent(entry.id)}`;
    link.textContent = "in the report";
    entry.lastElementChild.append(" · ", link);
  }
}

field.closest("p").hidden = false;
field.addEventListener("input", () => { search(); remember(); });
window.addEventListener("hashchange", arrive);
window.addEventListener("keydown", (event) => {
  if (event.key === "/" && event.target !== field) { event.preventDefault(); field.focus(); }
});
arrive();
document.body.dataset.shown = "yes";
