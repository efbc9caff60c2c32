"use strict";
// Without a script the page is whole; with one, its entries can be searched.
const field = document.getElementById("filter");
const entries = Array.from(document.querySelectorAll("article"));
const texts = entries.map((entry) => entry.textContent.toLowerCase());
const count = document.getElementById("count");
const classes = Array.from(document.querySelectorAll("section.class"));
const functions = Array.from(document.querySelectorAll(".functions li"));
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
