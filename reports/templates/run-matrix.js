// The matrix: cases, grouped by area, by adapter and dtype.
const BOUND = 12; // how many times the noise an error may be
const MANY = 150; // more cases than this begin folded
const SHORT = { float64: "f64", float32: "f32", float16: "f16", bfloat16: "bf16", complex128: "c128", complex64: "c64" };
const MARKS = { error: "!", differs: "✗", stale: "≠", blind: "?", known: "K", unsupported: "–", skipped: "·" };
const MEANING = {
  error: "ended in an error", differs: "differs", stale: "a record is stale", blind: "blind: a zero would pass",
  known: "off, as recorded", unsupported: "cannot do it", skipped: "skipped", agree: "agrees",
};

const empty = () => ({ verdict: 99, noise: 0, blind: 0, runs: 0, off: {} });

// Case and column → what its runs come to.
function summed(runs) {
  const cells = new Map();
  const { runs: all } = index;
  const agree = index.verdicts.length - 1;
  for (const run of runs) {
    const verdict = all.verdict[run];
    const key = `${all.case[run]} ${index.adapterOf(run)} ${index.dtypeOf(run)}`;
    let cell = cells.get(key);
    if (!cell) cells.set(key, cell = empty());
    const noise = verdict === agree ? all.noise[run] ?? 0 : 0; // a ratio tells how near what agrees is
    merge(cell, { verdict, noise, blind: all.blind[run], runs: 1, off: { [verdict]: 1 } });
  }
  return cells;
}

function merge(cell, other) {
  cell.verdict = Math.min(cell.verdict, other.verdict);
  cell.noise = Math.max(cell.noise, other.noise);
  cell.blind += other.blind;
  cell.runs += other.runs;
  for (const [k, n] of Object.entries(other.off)) cell.off[k] = (cell.off[k] ?? 0) + n;
  return cell;
}

const level = (noise) => noise === 0 ? 0 : noise < BOUND / 32 ? 1 : noise < BOUND / 8 ? 2 : noise < BOUND / 3 ? 3 : 4;

function cellOf(cell, column, href, who, many) {
  if (!cell) return el("td", { class: "none" });
  const verdict = index.verdicts[cell.verdict];
  const [adapter, dtype] = column.split(" ");
  const near = verdict === "agree" ? `, at most ${number(cell.noise)} times the noise` : "";
  const blind = cell.blind && verdict !== "blind" ? `, ${counted(cell.blind, "element")} blind` : "";
  const off = cell.off[cell.verdict];
  const label = `${who}, ${adapter} ${dtype}: ${MEANING[verdict]}${near}${blind}; ${counted(cell.runs, "task")}`;
  const mark = verdict === "agree" ? short(cell.noise) : MARKS[verdict] + (many && off > 1 ? off : "");
  const kind = verdict === "agree" ? `m${level(cell.noise)}` : verdict;
  return el("td", {}, el("a", {
    class: `cell ${kind}${blind ? " partly" : ""}`, href, title: label, "aria-label": label, "data-at": `${adapter} ${SHORT[dtype] ?? dtype}`,
  }, mark));
}

const short = (noise) => noise === 0 ? "0" : noise < 0.1 ? "<.1" : noise < 10 ? noise.toFixed(1).replace(/^0/, "") : String(Math.round(noise));

function drawMatrix({ params }) {
  const box = document.getElementById("matrix");
  const runs = fittingRuns(params);
  const cells = summed(runs);
  const used = new Set(runs.map((run) => `${index.adapterOf(run)} ${index.dtypeOf(run)}`));
  const columns = index.adapters.flatMap((a) => index.dtypes.map((d) => `${a} ${d}`)).filter((c) => used.has(c));
  const byArea = new Map();
  for (const number of new Set(runs.map((run) => index.runs.case[run]))) {
    const area = index.word(index.cases.area[number]);
    if (!byArea.has(area)) byArea.set(area, []);
    byArea.get(area).push(number);
  }
  const total = [...byArea.values()].reduce((sum, held) => sum + held.length, 0);
  const folded = total > MANY;
  const toggled = new Set((params.get("open") ?? "").split("|").filter(Boolean));
  const isOpen = (area) => folded === toggled.has(area);
  const keep = new URLSearchParams();
  for (const key of ["adapter", "dtype"]) if (params.get(key)) keep.set(key, params.get(key));

  const table = el("table", { class: "matrix" });
  table.append(el("caption", {}, `${counted(total, "case")} in ${counted(byArea.size, "area")}; a number is the largest error over the noise, of which ${BOUND} times is the bound.`));
  const spans = index.adapters.map((a) => [a, columns.filter((c) => c.startsWith(`${a} `)).length]).filter(([, n]) => n);
  table.append(el("thead", {},
    el("tr", {}, el("td", { rowspan: 2 }), spans.map(([a, n]) => el("th", { scope: "colgroup", colspan: n }, el("a", { href: address("overview", { adapter: a }) }, a)))),
    el("tr", {}, columns.map((c) => { const d = c.split(" ")[1]; return el("th", { scope: "col" }, el("abbr", { title: d }, SHORT[d] ?? d)); })),
  ));
  for (const [area, numbers] of byArea) {
    const body = el("tbody");
    const sums = columns.map((column) => {
      const found = numbers.map((n) => cells.get(`${n} ${column}`)).filter(Boolean);
      return found.length ? found.reduce(merge, empty()) : null;
    });
    const open = isOpen(area);
    const flip = () => {
      if (toggled.has(area)) toggled.delete(area); else toggled.add(area);
      change({ open: [...toggled].join("|") }, { quietly: true });
      [...document.querySelectorAll(".matrix .area button")].find((b) => b.dataset.area === area)?.focus();
    };
    body.append(el("tr", { class: "area" },
      el("th", { scope: "rowgroup" }, el("button", { type: "button", "aria-expanded": String(open), "data-area": area, onclick: flip }, area || "cases"), el("span", { class: "note" }, ` ${numbers.length}`)),
      columns.map((column, k) => { const [adapter, dtype] = column.split(" "); return cellOf(sums[k], column, address("rows", { area, adapter, dtype, verdict: worstOf(sums[k]) }), area, true); }),
    ));
    if (open) {
      for (const number of numbers) {
        const name = index.cases.name[number];
        body.append(el("tr", {},
          el("th", { scope: "row" }, el("a", { href: caseAddress(name, keep) }, name)),
          columns.map((column) => { const [adapter, dtype] = column.split(" "); return cellOf(cells.get(`${number} ${column}`), column, caseAddress(name, { adapter, dtype }), name, false); }),
        ));
      }
    }
    table.append(body);
  }
  const scroll = el("div", { class: "scroll", role: "region", tabindex: "0", "aria-labelledby": "title-matrix" }, table);
  box.replaceChildren(legend(), total ? scroll : el("p", { class: "note" }, "Nothing fits the filters."));
  document.getElementById("matrix-section").hidden = false;
  document.getElementById("count").textContent = `${counted(total, "case")}, ${counted(runs.length, "run")}`;
}

const worstOf = (cell) => cell && index.verdicts[cell.verdict] !== "agree" ? index.verdicts[cell.verdict] : "";

function legend() {
  const present = new Set(index.runs.verdict.map((k) => index.verdicts[k]));
  const parts = [["m0", "0", "exact"], ["m1", ".1", `under ${number(BOUND / 32)}`], ["m2", "1", `under ${BOUND / 8}`], ["m3", "3", `under ${BOUND / 3}`], ["m4", "9", "near the bound"]];
  const marks = Object.entries(MARKS).filter(([verdict]) => present.has(verdict)).map(([verdict, mark]) => [verdict, mark, MEANING[verdict]]);
  return el("ul", { class: "legend", "aria-label": "Legend" }, [...parts, ...marks].map(([kind, mark, text]) => el("li", {}, el("span", { class: `cell ${kind}`, "aria-hidden": "true" }, mark), ` ${text}`)));
}

// Arrows go from cell to cell.
function arrows(event) {
  const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
  const from = event.target.closest?.(".matrix td, .matrix th");
  if (!step || !from) return;
  const lines = [...document.querySelectorAll(".matrix tbody tr")];
  let row = lines.indexOf(from.parentElement), column = [...from.parentElement.children].indexOf(from);
  for (;;) {
    row += step[0]; column += step[1];
    const target = lines[row]?.children[column];
    if (!target) return;
    const link = target.querySelector("a, button");
    if (link) { link.focus(); event.preventDefault(); return; }
  }
}
