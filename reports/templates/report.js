"use strict";
// Without a script the page is whole; with one, its rows can be filtered.
const field = document.getElementById("filter");
if (field) {
  const rows = Array.from(document.querySelectorAll("tbody tr"));
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const count = document.getElementById("count");
  const sections = Array.from(document.querySelectorAll("section"));
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
