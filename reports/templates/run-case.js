// A case: what failed and why, its text, its graph, its numbers, its derivation.
let sheets = null;

async function drawCase({ name, params }) {
  const box = document.getElementById("view-case");
  await loadRows();
  sheets ??= (await held("sheets")) ?? {};
  const here = place();
  if (here.view !== "case" || here.name !== name) return;
  const number_ = index.numbers.get(name);
  if (number_ === undefined) {
    box.replaceChildren(el("h2", {}, name), el("p", { class: "note" }, "This run has no such case."));
    return;
  }
  const sheet = { name, nodes: [], records: [], derivation: [], ...sheets[name] };
  const runs = index.runsOf[number_];
  const tasks = tasksOf(runs);
  const chosen = choose(tasks, params);
  box.replaceChildren(...[
    head(number_, sheet), why(runs), text(sheet), graph(sheet, runs), tables(name, tasks, chosen, params),
    steps(chosen, params), records(sheet), derived(sheet),
  ].flat().filter(Boolean));
  document.getElementById("main").focus({ preventScroll: true });
}

// The tasks of a case: its points, dtypes and drawings, each with its runs by adapter.
function tasksOf(runs) {
  const found = new Map();
  for (const run of runs) {
    const draw = index.runs.draw[run], point = index.pointOf(run), dtype = index.dtypeOf(run);
    const key = [draw > 1 ? `#${draw}` : "", point, dtype].filter(Boolean).join(" ");
    if (!found.has(key)) found.set(key, { key, point, dtype, draw, runs: [], verdict: 99 });
    const task = found.get(key);
    task.runs.push(run);
    task.verdict = Math.min(task.verdict, index.runs.verdict[run]);
  }
  return [...found.values()];
}

function choose(tasks, params) {
  const fits = (task) => (!params.has("dtype") || task.dtype === params.get("dtype")) && (!params.has("point") || task.point === params.get("point"));
  const fitting = tasks.filter(fits);
  const asked = tasks.find((task) => task.key === params.get("task"));
  return asked ?? [...(fitting.length ? fitting : tasks)].sort((a, b) => a.verdict - b.verdict)[0];
}

const block = (title, ...children) => el("section", { "aria-label": title }, el("h3", {}, title), ...children.flat());

function head(number_, sheet) {
  const { cases, word } = index;
  const names = cases.name, at = (k) => names[(k + names.length) % names.length];
  const links = (numbers, key) => numbers.map(word).map((text) => el("li", {}, el("a", { href: address("overview", { [key]: text }) }, text)));
  return [
    el("h2", {}, sheet.name),
    el("p", { class: "case-nav" }, el("a", { href: caseAddress(at(number_ - 1)), rel: "prev" }, "← previous"), el("a", { href: caseAddress(at(number_ + 1)), rel: "next" }, "next →"), el("a", { href: address("rows", { case: sheet.name }) }, "all its comparisons"), el("a", { href: address("overview", { area: word(cases.area[number_]) }) }, word(cases.area[number_]))),
    sheet.about ? el("p", { class: "about" }, sheet.about) : null,
    cases.where[number_] ? el("p", { class: "note" }, el("code", {}, cases.where[number_])) : null,
    cases.operations[number_].length ? el("div", { class: "chips" }, el("span", { class: "note" }, "operations"), el("ul", {}, links(cases.operations[number_], "op"))) : null,
    cases.tags[number_].length ? el("div", { class: "chips" }, el("span", { class: "note" }, "tags"), el("ul", {}, links(cases.tags[number_], "tag"))) : null,
  ];
}

// What is not an agreement, each cause once, the worst first.
function why(runs) {
  const groups = new Map();
  const agree = index.verdicts.length - 1;
  for (const run of runs) {
    const start = index.runs.start[run];
    for (let row = start; row < start + index.runs.rows[run]; row++) {
      if (rows.verdict[row] === agree) continue;
      const reason = rows.more("cause", row) || rows.more("blame", row) || rows.more("reason", row);
      const key = `${rows.verdict[row]} ${index.adapterOf(run)} ${reason}`;
      if (!groups.has(key)) groups.set(key, { row, run, count: 0 });
      groups.get(key).count += 1;
    }
  }
  if (!groups.size) return null;
  const found = [...groups.values()].sort((a, b) => rows.verdict[a.row] - rows.verdict[b.row] || a.row - b.row);
  const failing = rows.verdict[found[0].row] < 3;
  return block(failing ? "What failed, and why" : "What is not an agreement", el("ol", { class: "failures" }, found.slice(0, 12).map(one)), found.length > 12 ? el("p", { class: "note" }, `and ${found.length - 12} more; see all comparisons`) : []);
}

function one({ row, run, count }) {
  const more = (key) => rows.more(key, row);
  const said = (title, value) => value ? el("p", {}, el("b", {}, `${title}: `), value) : null;
  const tensor = rows.text("tensor", row), step = rows.step[row];
  const where = tensor ? ` ${rows.text("check", row)} ${tensor}${step ? ` at step ${step}` : ""}` : "";
  const got = more("got"), want = more("want");
  const complex = (real, imag) => imag ? `${real}${imag < 0 ? "" : "+"}${imag}i` : String(real);
  const numbers = got !== "" && want !== "" ? `got ${complex(got, more("got_imag"))}, truth ${complex(want, more("want_imag"))}${more("worst_index") && more("worst_index") !== "()" ? ` at ${more("worst_index")}` : ""}, largest error ${number(rows.max_abs[row])}${more("tolerance") !== "" ? `, bound ${number(more("tolerance"))}` : ""}` : "";
  return el("li", {},
    el("p", { class: "head" }, pill(index.verdicts[rows.verdict[row]]), " ", el("a", { href: address("rows", { adapter: index.adapterOf(run), case: index.cases.name[index.runs.case[run]] }) }, index.adapterOf(run)), `${where} (${index.dtypeOf(run)})${count > 1 ? `, and ${counted(count - 1, "more row")}` : ""}`),
    said("Cause", more("cause")), said("To agree", more("remedy")), said("Reason", more("reason")), said("Numbers", numbers),
    said("Blamed", more("blame")), said("Its way", more("path") === more("blame") ? "" : more("path")), said("Off alone", more("outlier")), said("Kink", more("kink")), said("Not compared", more("uncompared")),
    more("snippet") ? el("details", {}, el("summary", {}, "A program that shows it"), el("pre", { tabindex: "0" }, more("snippet"))) : null);
}

function text(sheet) {
  if (!sheet.text) return null;
  const marked = new Set(sheet.marks ?? []);
  const lines = sheet.text.split("\n").map((line, k) => el("span", { class: marked.has(k + 1) ? "line marked" : "line" },
    el("span", { class: "no", "aria-hidden": "true" }, String(sheet.line + k)), line, marked.has(k + 1) ? el("span", { class: "flag" }, " ◀ off here") : ""));
  return block("The case", el("pre", { class: "source", tabindex: "0" }, lines));
}

function graph(sheet, runs) {
  if (sheet.nodes.length < 2) return null;
  const blamed = new Set();
  for (const run of runs) for (let row = index.runs.start[run]; row < index.runs.start[run] + index.runs.rows[run]; row++) if (rows.verdict[row] < 3 && rows.more("blame", row)) blamed.add(rows.more("blame", row));
  const told = sheet.at ? `Values, and below them cotangents (∂), at ${sheet.at}; operations are numbered as the derivation takes them, cotangents go the other way.` : `Operations in the order of the text. Its numbers: gradparity explain ${sheet.name}`;
  return block("Computation", el("p", { class: "note" }, told), drawGraph(sheet, blamed));
}

const UNITS = [["max_abs", "absolute"], ["max_ulp", "ulp"], ["noise_ratio", "over noise"], ["max_rel", "relative"]];

// Tensor by adapter at one task: the worst step of each.
function tables(name, tasks, chosen, params) {
  const unit = params.get("unit") ?? "max_abs", whole = params.get("digits") === "all";
  const adapters = [...new Set(chosen.runs.map(index.adapterOf))];
  const lines = new Map();
  for (const run of chosen.runs) {
    const start = index.runs.start[run];
    for (let row = start; row < start + index.runs.rows[run]; row++) {
      const tensor = rows.text("tensor", row), check = rows.text("check", row);
      const key = `${check} ${tensor}`;
      if (!lines.has(key)) lines.set(key, { check, tensor, cells: {} });
      const cells = lines.get(key).cells;
      const adapter = index.adapterOf(run);
      const worse = (a, b) => rows.verdict[a] - rows.verdict[b] || (rows.noise_ratio[b] ?? 0) - (rows.noise_ratio[a] ?? 0);
      if (!(adapter in cells) || worse(row, cells[adapter]) < 0) cells[adapter] = row;
    }
  }
  const cell = (row) => {
    if (row === undefined) return el("td", {}, "");
    const value = rows[unit][row];
    const step = rows.step[row] ? el("span", { class: "note" }, ` step ${rows.step[row]}`) : "";
    return el("td", { title: value === null ? rows.more("reason", row) : `${value}; ${rows.text("proof", row) || "end-to-end"}` }, pill(index.verdicts[rows.verdict[row]]), " ", el("span", { class: "figure" }, number(value, whole)), step);
  };
  const pick = (title, key, options, value) => el("label", {}, `${title} `, el("select", { onchange: (e) => change({ [key]: e.target.value }) }, options.map(([v, t]) => el("option", { value: v, selected: v === value }, t))));
  return block("Tensors by adapter",
    el("p", { class: "options" },
      tasks.length > 1 ? pick("Task", "task", tasks.map((task) => [task.key, `${task.key}${task.verdict < index.verdicts.length - 1 ? ` (${index.verdicts[task.verdict]})` : ""}`]), chosen.key) : el("span", {}, chosen.key),
      pick("Errors", "unit", UNITS, unit),
      el("label", {}, el("input", { type: "checkbox", checked: whole, onchange: (e) => change({ digits: e.target.checked ? "all" : "" }, { quietly: true }) }), " all digits")),
    el("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": "Tensors by adapter" }, el("table", {},
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "check"), el("th", { scope: "col" }, "tensor"), adapters.map((a) => el("th", { scope: "col" }, el("a", { href: address("overview", { adapter: a }) }, a))))),
      el("tbody", {}, [...lines.values()].map(({ check, tensor, cells }) => el("tr", {}, el("td", {}, check), el("td", { class: "code" }, tensor ? el("a", { href: address("rows", { case: name, tensor }) }, tensor) : ""), adapters.map((a) => cell(cells[a]))))))));
}

function steps(chosen, params) {
  const unit = params.get("unit") ?? "max_abs";
  const series = [];
  for (const run of chosen.runs) {
    const most = new Map();
    const start = index.runs.start[run];
    for (let row = start; row < start + index.runs.rows[run]; row++) {
      if (rows.text("check", row) !== "update" || rows.step[row] === null || rows[unit][row] === null) continue;
      most.set(rows.step[row], Math.max(most.get(rows.step[row]) ?? 0, rows[unit][row]));
    }
    if (most.size > 1) series.push({ name: index.adapterOf(run), points: [...most].sort((a, b) => a[0] - b[0]) });
  }
  const called = UNITS.find(([key]) => key === unit)?.[1] ?? unit;
  return series.length ? block("Errors over steps", drawPlot(`The largest error of any updated tensor, ${called}, at ${chosen.key}`, series)) : null;
}

function records(sheet) {
  if (!sheet.records.length) return null;
  const shown = sheet.records.map((record) => el("li", {},
    el("p", { class: "head" }, el("a", { href: address("rows", { kind: record.kind }) }, record.kind), `: ${record.adapters.join(", ")}, ${record.check} ${record.tensor}`),
    el("p", {}, record.because),
    record.agree_by ? el("p", { class: "pre" }, el("b", {}, "To agree: "), record.agree_by) : null,
    record.see ? el("p", {}, "See ", record.see.split(/\s+/).map((url) => /^https?:/.test(url) ? [el("a", { href: url, rel: "noreferrer" }, url), " "] : `${url} `).flat()) : null));
  const { atlas, back } = document.getElementById("main").dataset;
  const entry = atlas && sheet.entry ? el("p", {}, el("a", { href: `${atlas}?report=${encodeURIComponent(back)}#${encodeURIComponent(sheet.name)}` }, "its entry in the atlas")) : [];
  return block("The atlas: what is recorded", el("ol", { class: "failures" }, shown), entry);
}

function derived(sheet) {
  const told = el("p", { class: "note" }, "Every framework's numbers beside it: ", el("code", {}, `gradparity explain ${sheet.name}`));
  if (!sheet.derivation.length) return block("Derivation", told);
  const parts = sheet.derivation.map((part) => [
    el("h4", {}, part.title), part.prose ? el("p", {}, part.prose) : null,
    part.lines?.length ? el("pre", { tabindex: "0" }, part.lines.join("\n")) : null,
    part.table?.length ? el("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": part.title }, el("table", {}, el("thead", {}, el("tr", {}, part.table[0].map((t) => el("th", { scope: "col" }, t)))), el("tbody", {}, part.table.slice(1).map((line) => el("tr", {}, line.map((t) => el("td", {}, t))))))) : null,
  ]);
  return block(`Derivation at ${sheet.at}`, parts.flat().filter(Boolean), told);
}
