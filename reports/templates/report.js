"use strict";
// Without a script the page is whole; with one, its rows can be filtered and sorted.
const field = document.getElementById("filter");
if (field) {
  const rows = Array.from(document.querySelectorAll("tbody tr"));
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const count = document.getElementById("count");
  const sections = Array.from(document.querySelectorAll("section")).filter((section) => section.querySelector("tbody"));
  const folds = Array.from(document.querySelectorAll("details"));
  field.closest("p").hidden = false;
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, at) => {
      row.hidden = !words.every((word) => texts[at].includes(word));
      shown += row.hidden ? 0 : 1;
    });
    sections.forEach((section) => {
      section.hidden = !section.querySelector("tbody tr:not([hidden])");
    });
    folds.forEach((fold) => { fold.open = words.length > 0; });
    count.textContent = words.length ? `${shown} of ${rows.length} rows` : "";
  });
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

function sort(heading) {
  const table = heading.closest("table"), body = table.tBodies[0];
  const column = Array.from(heading.parentElement.children).indexOf(heading);
  const down = heading.getAttribute("aria-sort") === "ascending";
  for (const other of table.querySelectorAll("th")) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", down ? "descending" : "ascending");
  const lines = Array.from(body.rows).map((row) => ({ row, key: value(row, column) }));
  lines.sort((a, b) => {
    const found = order(a.key, b.key);
    return found === null ? !a.key.text - !b.key.text : down ? -found : found;
  });
  body.append(...lines.map(({ row }) => row));
}

for (const heading of document.querySelectorAll("thead th")) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...heading.childNodes);
  heading.append(button);
  button.addEventListener("click", () => sort(heading));
}
document.body.dataset.shown = location.hash || "#/";
