// All comparisons: a table that is sorted and filtered, a hundred rows at a time.
const PAGE = 100;
const NUMBERS = [["max_abs", "error"], ["max_rel", "relative"], ["max_ulp", "ulp"], ["noise_ratio", "× noise"], ["power", "power"]];
const TEXTS = [
  ["case", "case"], ["point", "point"], ["dtype", "dtype"], ["adapter", "adapter"], ["check", "check"],
  ["tensor", "tensor"], ["step", "step"],
];
const COLUMNS = [["verdict", "verdict"], ...TEXTS, ...NUMBERS, ["kind", "kind"], ["why", "why"]];
const NUMERIC = new Set(["step", "verdict", ...NUMBERS.map(([key]) => key)]);

function valueOf(key, row) {
  const run = rows.run[row];
  switch (key) {
    case "verdict": case "step": return rows[key][row];
    case "case": return index.cases.name[index.runs.case[run]];
    case "point": return index.pointOf(run);
    case "dtype": return index.dtypeOf(run);
    case "adapter": return index.adapterOf(run);
    case "why": return rows.more("cause", row) || rows.more("reason", row);
    case "check": case "tensor": case "kind": case "proof": return rows.text(key, row);
    default: return rows[key][row];
  }
}

function fittingRows(params) {
  const find = (key, words) => params.get(key) ? words.indexOf(params.get(key)) : null;
  const verdict = find("verdict", index.verdicts);
  const check = find("check", rows.words), kind = find("kind", rows.words), tensor = find("tensor", rows.words);
  const words = wordsOf(params.get("q") ?? "");
  const found = [];
  for (const run of fittingRuns(params, { verdicts: false })) {
    const start = index.runs.start[run], end = start + index.runs.rows[run];
    const own = words.length ? `${caseText(index.runs.case[run])} ${index.adapterOf(run)} ${index.dtypeOf(run)} ${index.pointOf(run)}`.toLowerCase() : "";
    const left = words.filter((word) => !own.includes(word));
    for (let row = start; row < end; row++) {
      if (verdict !== null && rows.verdict[row] !== verdict) continue;
      if (check !== null && rows.check[row] !== check) continue;
      if (kind !== null && rows.kind[row] !== kind) continue;
      if (tensor !== null && rows.tensor[row] !== tensor) continue;
      if (left.length) {
        const text = `${rows.text("tensor", row)} ${rows.text("check", row)} ${rows.text("kind", row)} ${index.verdicts[rows.verdict[row]]} ${rows.more("reason", row)} ${rows.more("cause", row)} ${rows.more("blame", row)}`.toLowerCase();
        if (!left.every((word) => text.includes(word))) continue;
      }
      found.push(row);
    }
  }
  return found;
}

// Numbers largest first where that is asked for; what has none stands last either way.
function sorted(found, key, down) {
  if (!key) return found;
  const keys = new Map(found.map((row) => [row, valueOf(key, row)]));
  const missing = (value) => value === null || value === undefined || value === "";
  return [...found].sort((a, b) => {
    const [x, y] = [keys.get(a), keys.get(b)];
    if (missing(x) || missing(y)) return missing(x) - missing(y) || a - b;
    const order = NUMERIC.has(key) ? x - y : x < y ? -1 : x > y ? 1 : 0;
    return (down ? -order : order) || a - b;
  });
}

async function drawRows({ params }) {
  const box = document.getElementById("view-rows");
  if (!rows) box.replaceChildren(el("p", { class: "note", role: "status" }, "Unpacking the rows…"));
  await loadRows();
  if (place().view !== "rows") return;
  drawFilters(place()); // checks and kinds are known now
  const sort = params.get("sort") ?? "", down = params.get("dir") === "down", whole = params.get("digits") === "all";
  const found = sorted(fittingRows(params), sort, down);
  const shown = found.slice(0, Number(params.get("n")) || PAGE);
  const focused = document.activeElement?.dataset?.sort;
  const head = COLUMNS.map(([key, title]) => {
    const here = key === sort;
    const next = !here ? { sort: key, dir: NUMERIC.has(key) && key !== "verdict" ? "down" : "" } : down === (NUMERIC.has(key) && key !== "verdict") ? { sort: key, dir: down ? "" : "down" } : { sort: "", dir: "" };
    return el("th", { scope: "col", class: NUMERIC.has(key) && key !== "verdict" ? "number" : "text", "aria-sort": here ? (down ? "descending" : "ascending") : null },
      el("button", { type: "button", "data-sort": key, onclick: () => change(next) }, title, el("span", { "aria-hidden": "true" }, here ? (down ? " ↓" : " ↑") : "")));
  });
  const body = shown.map((row) => el("tr", {}, COLUMNS.map(([key, title]) => rowCell(key, title, row, whole))));
  const pick = el("select", { id: "sort", onchange: (e) => change({ sort: e.target.value, dir: NUMERIC.has(e.target.value) && e.target.value !== "verdict" ? "down" : "" }) },
    el("option", { value: "" }, "as they were run"), COLUMNS.map(([key, title]) => el("option", { value: key, selected: key === sort }, title)));
  const digits = el("input", { type: "checkbox", id: "digits", checked: whole, onchange: (e) => change({ digits: e.target.checked ? "all" : "" }, { quietly: true }) });
  const rounded = rows.rounded ? el("p", { class: "note" }, "Of what agrees, this page has two digits of a number, one of relative and power; of the rest all. results.parquet has all of all.") : null;
  box.replaceChildren(
    el("h2", {}, "All comparisons"),
    el("p", { class: "options" }, el("label", { class: "narrow", for: "sort" }, "Sort by ", pick), el("label", { for: "digits" }, digits, " all digits"), params.get("case") ? el("span", {}, "Of ", el("a", { href: caseAddress(params.get("case")) }, params.get("case")), params.get("tensor") ? `, ${params.get("tensor")}` : "") : null),
    rounded ?? "",
    found.length ? el("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": "Comparisons" }, el("table", { class: "rows" }, el("thead", {}, el("tr", {}, head)), el("tbody", {}, body))) : el("p", { class: "note" }, "Nothing fits the filters."),
    found.length > shown.length ? el("p", {}, el("button", { type: "button", onclick: () => change({ n: String(shown.length + PAGE) }, { quietly: true }) }, `${PAGE} more`)) : "",
  );
  if (focused) box.querySelector(`[data-sort="${focused}"]`)?.focus();
  document.getElementById("count").textContent = `${shown.length.toLocaleString("en")} of ${counted(found.length, "comparison")}`;
}

function rowCell(key, title, row, whole) {
  const value = valueOf(key, row);
  const filter = (name) => el("a", { href: address("rows", { ...Object.fromEntries(place().params), [name]: value, n: "" }) }, value);
  const attributes = { "data-head": title, class: key };
  if (NUMBERS.some(([name]) => name === key)) return el("td", { ...attributes, class: "number", title: value === null ? null : String(value) }, number(value, whole));
  switch (key) {
    case "verdict": return el("td", attributes, pill(index.verdicts[value]));
    case "case": {
      const run = rows.run[row];
      return el("td", attributes, el("a", { href: caseAddress(value, { adapter: index.adapterOf(run), dtype: index.dtypeOf(run), point: index.pointOf(run) }) }, value));
    }
    case "step": return el("td", { ...attributes, class: "number" }, value === null ? "" : String(value));
    case "dtype": case "adapter": case "check": case "kind": case "tensor": return el("td", attributes, value ? filter(key) : "");
    default: return el("td", attributes, value);
  }
}
