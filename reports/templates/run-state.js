// The address keeps the state: #/view/name?filter=value&sort=column.
const FILTERS = ["q", "area", "adapter", "dtype", "check", "verdict", "kind", "op", "tag"];
const LABELS = { q: "Search", op: "operation" };

function place() {
  const found = /^#\/([^?]*)\??(.*)$/s.exec(location.hash);
  if (!found) return { view: "overview", name: "", params: new URLSearchParams() };
  const [view, ...rest] = found[1].split("/");
  return {
    view: view || "overview",
    name: decodeURIComponent(rest.join("/")),
    params: new URLSearchParams(found[2]),
  };
}

function address(view, params = {}, name = "") {
  const held = new URLSearchParams();
  const pairs = params instanceof URLSearchParams ? params : Object.entries(params);
  for (const [key, value] of pairs) if (value !== "" && value !== null) held.set(key, value);
  const query = held.toString();
  const path = view === "overview" ? "" : view + (name ? `/${encodeURIComponent(name)}` : "");
  return `#/${path}${query ? `?${query}` : ""}`;
}

function caseAddress(name, params = {}) { return address("case", params, name); }

// A change of what is shown; typing and folding leave no steps for the browser's button.
function change(changes, { quietly = false } = {}) {
  const { view, name, params } = place();
  for (const [key, value] of Object.entries(changes)) {
    if (value === "" || value === null) params.delete(key);
    else params.set(key, value);
  }
  const to = address(view, params, name);
  if (quietly) {
    history.replaceState(null, "", to);
    show();
  } else {
    location.hash = to;
  }
}

const wordsOf = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);

function caseText(number) {
  const { cases, word } = index;
  cases.searched ??= [];
  cases.searched[number] ??= [
    cases.name[number], word(cases.area[number]), cases.about[number],
    ...cases.tags[number].map(word), ...cases.operations[number].map(word),
  ].join(" ").toLowerCase();
  return cases.searched[number];
}

function caseFits(number, params) {
  const { cases, word } = index;
  const one = params.get("case");
  if (one && cases.name[number] !== one) return false;
  const area = params.get("area");
  if (area && word(cases.area[number]) !== area) return false;
  const op = params.get("op");
  if (op && !cases.operations[number].some((k) => word(k) === op)) return false;
  const tag = params.get("tag");
  return !tag || cases.tags[number].some((k) => word(k) === tag);
}

// The runs that the filters let through; a word may be the case's, the adapter's or the dtype's.
function fittingRuns(params, { verdicts = true } = {}) {
  const { runs, verdictOf, adapterOf, dtypeOf, pointOf } = index;
  const adapter = params.get("adapter"), dtype = params.get("dtype");
  const verdict = verdicts ? params.get("verdict") : null;
  const words = verdicts ? wordsOf(params.get("q") ?? "") : [];
  const fits = index.cases.name.map((_, number) => caseFits(number, params));
  const kinds = verdicts && rows && params.get("kind") ? runsOfKind(params.get("kind")) : null;
  const found = [];
  for (let run = 0; run < runs.case.length; run++) {
    if (!fits[runs.case[run]]) continue;
    if (adapter && adapterOf(run) !== adapter) continue;
    if (dtype && dtypeOf(run) !== dtype) continue;
    if (verdict && verdictOf(run) !== verdict) continue;
    if (kinds && !kinds.has(run)) continue;
    if (words.length) {
      const own = `${adapterOf(run)} ${dtypeOf(run)} ${pointOf(run)} ${verdictOf(run)}`.toLowerCase();
      const text = caseText(runs.case[run]);
      if (!words.every((word) => text.includes(word) || own.includes(word))) continue;
    }
    found.push(run);
  }
  return found;
}

function runsOfKind(kind) {
  const number = rows.words.indexOf(kind);
  const found = new Set();
  rows.kind.forEach((held, row) => { if (held === number) found.add(rows.run[row]); });
  return found;
}

function choices(key) {
  const { cases, word } = index;
  const sorted = (numbers) => [...new Set(numbers)].map(word).sort();
  switch (key) {
    case "area": return sorted(cases.area);
    case "adapter": return index.adapters;
    case "dtype": return index.dtypes;
    case "verdict": return [...new Set(rows ? rows.verdict : index.runs.verdict)].sort((a, b) => a - b).map((k) => index.verdicts[k]);
    case "op": return sorted(cases.operations.flat());
    case "tag": return sorted(cases.tags.flat());
    case "check": case "kind":
      return rows ? [...new Set(rows[key])].map((k) => rows.words[k]).filter(Boolean).sort() : [];
    default: return [];
  }
}

// The form of filters, made once; shown as the address says.
function drawFilters({ view, params }) {
  const form = document.getElementById("filters");
  form.hidden = !["overview", "rows"].includes(view);
  if (form.hidden) return;
  if (!form.firstChild) {
    form.addEventListener("submit", (event) => event.preventDefault());
    for (const key of FILTERS) {
      const field = key === "q"
        ? el("input", { type: "search", id: "f-q", autocomplete: "off", placeholder: "words, such as: gelu torch", oninput: (e) => change({ q: e.target.value, n: "" }, { quietly: true }) })
        : el("select", { id: `f-${key}`, onchange: (e) => change({ [key]: e.target.value, n: "" }) });
      form.append(el("label", { for: `f-${key}`, class: `f-${key}` }, el("span", {}, LABELS[key] ?? key), field));
    }
    form.append(el("button", { type: "button", id: "clear", onclick: () => { location.hash = address(place().view); } }, "Clear"));
    form.append(el("output", { id: "count", "aria-live": "polite" }));
  }
  for (const key of FILTERS) {
    const field = document.getElementById(`f-${key}`);
    const value = params.get(key) ?? "";
    if (key === "q") {
      if (field.value !== value) field.value = value;
      continue;
    }
    const options = ["", ...choices(key)];
    if (value && !options.includes(value)) options.push(value);
    if (field.options.length !== options.length) {
      field.replaceChildren(...options.map((text) => el("option", { value: text }, text || "any")));
    }
    field.value = value;
    field.closest("label").hidden = options.length < 3 && !value;
  }
  document.getElementById("clear").hidden = !FILTERS.some((key) => params.get(key)) && !params.get("case");
}
