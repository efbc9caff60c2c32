"use strict";
// Without a script the page is whole; with one, its rows are filtered and sorted, and the address
// says how: #?q=words&sort=table-column&dir=down&at=section.
const field = document.getElementById("filter");
const tables = Array.from(document.querySelectorAll("table")).map((table) => ({
  body: table.tBodies[0],
  heads: Array.from(table.tHead.querySelectorAll("th")),
  rows: Array.from(table.tBodies[0].rows),
}));
const rows = tables.flatMap((table) => table.rows);
const texts = rows.map((row) => row.textContent.toLowerCase());
const sections = Array.from(document.querySelectorAll("section")).filter((section) => section.querySelector("tbody"));
const folds = Array.from(document.querySelectorAll("details"));
const count = document.getElementById("count");

const asked = () => new URLSearchParams(/^#\?(.*)$/.exec(location.hash)?.[1] ?? "");

function change(values, quietly = false) {
  const params = asked();
  for (const [key, text] of Object.entries(values)) text ? params.set(key, text) : params.delete(key);
  const address = params.size ? `#?${params}` : location.pathname + location.search;
  if (quietly) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  show();
}

function filter(query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  rows.forEach((row, at) => {
    row.hidden = !words.every((word) => texts[at].includes(word));
    shown += row.hidden ? 0 : 1;
  });
  sections.forEach((section) => {
    section.hidden = !section.querySelector("tbody tr:not([hidden])");
  });
  if (words.length || filter.folded) folds.forEach((fold) => { fold.open = words.length > 0; });
  filter.folded = words.length > 0;
  count.textContent = words.length ? `${shown} of ${rows.length} rows` : "";
}

// A number that begins a cell counts as one; what is empty stands last either way.
function value(row, column) {
  const text = row.children[column].textContent.trim();
  const number = Number.parseFloat(text.replace(/,/g, ""));
  return { text, number: Number.isNaN(number) ? null : number };
}

function order(a, b) {
  if (!a.text || !b.text) return null;
  if (a.number !== null && b.number !== null) return a.number - b.number;
  return a.text.localeCompare(b.text);
}

function sort(sorted, direction) {
  const down = direction === "down";
  tables.forEach((table, at) => {
    const column = table.heads.findIndex((_, k) => `${at}-${k}` === sorted);
    table.heads.forEach((head, k) => {
      if (k === column) head.setAttribute("aria-sort", down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    const lines = table.rows.map((row) => ({ row, key: column < 0 ? null : value(row, column) }));
    if (column >= 0) {
      lines.sort((a, b) => {
        const found = order(a.key, b.key);
        return found === null ? !a.key.text - !b.key.text : down ? -found : found;
      });
    }
    table.body.append(...lines.map(({ row }) => row));
  });
}

function show() {
  const params = asked();
  sort(params.get("sort") ?? "", params.get("dir"));
  if (!field) return;
  const query = params.get("q") ?? "";
  if (field.value.trim() !== query) field.value = query;
  filter(query);
}

function arrive() {
  show();
  document.getElementById(asked().get("at"))?.scrollIntoView();
}

tables.forEach((table, at) => table.heads.forEach((heading, column) => {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...heading.childNodes);
  heading.append(button);
  button.addEventListener("click", () => {
    const down = heading.getAttribute("aria-sort") === "ascending";
    change({ sort: `${at}-${column}`, dir: down ? "down" : "" });
  });
}));
if (field) {
  field.closest("p").hidden = false;
  field.addEventListener("input", () => change({ q: field.value.trim() }, true));
}
// A link to a section leaves the rest of the address as it is.
for (const link of document.querySelectorAll("nav a[href^='#']")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    change({ at: link.hash.slice(1) });
    arrive();
  });
}
window.addEventListener("popstate", arrive);
arrive();
document.body.dataset.shown = location.hash || "#/";
