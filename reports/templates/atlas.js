"use strict";
// Without a script the page is whole; with one, its entries can be searched.
const field = document.getElementById("filter");
const entries = Array.from(document.querySelectorAll("article"));
const texts = entries.map((entry) => entry.textContent.toLowerCase());
const called = entries.map((entry) => entry.dataset.functions.toLowerCase().split(" "));
const count = document.getElementById("count");
const nearest = document.getElementById("nearest");
const classes = Array.from(document.querySelectorAll("section.class"));
const functions = Array.from(document.querySelectorAll(".functions li"));
// As gradparity atlas NAME ranks them: the function of that name, the entry's own name, the rest.
function rank(at, words) {
  const last = words.join("").split(".").pop();
  const dashed = words.join("-").replaceAll("_", "-").split(".").pop();
  const name = entries[at].id;
  if (called[at].some((f) => f === last || f.split(".").pop() === last)) return 0;
  if (name === dashed || name.startsWith(`${dashed}-`)) return 1;
  return name.includes(dashed) ? 2 : 3;
}
function search() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  const hit = (text) => words.every((word) => text.includes(word));
  let shown = 0;
  entries.forEach((entry, at) => {
    entry.hidden = !hit(texts[at]);
    shown += entry.hidden ? 0 : 1;
  });
  classes.forEach((part) => { part.hidden = !part.querySelector("article:not([hidden])"); });
  functions.forEach((line) => { line.hidden = !hit(line.textContent.toLowerCase()); });
  const found = entries.map((_, at) => at).filter((at) => words.length && !entries[at].hidden);
  found.sort((a, b) => rank(a, words) - rank(b, words) || called[a].length - called[b].length);
  nearest.replaceChildren(...found.slice(0, 10).map((at) => {
    const item = document.createElement("li");
    const link = item.appendChild(document.createElement("a"));
    link.href = `#${entries[at].id}`;
    link.textContent = entries[at].id;
    return item;
  }));
  count.textContent = words.length ? `${shown} of ${entries.length} entries` : "";
}
field.closest("p").hidden = false;
field.addEventListener("input", search);
// A link to an entry must show it, whatever is searched for.
window.addEventListener("hashchange", () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target && target.closest("[hidden]")) {
    field.value = "";
    search();
    target.scrollIntoView();
  }
});
