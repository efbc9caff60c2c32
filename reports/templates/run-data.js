"use strict";
// What the page holds: compressed JSON, unpacked when it is first asked for.
const unpacking = {};

function held(name) {
  unpacking[name] ??= unpack(document.getElementById(`data-${name}`));
  return unpacking[name];
}

async function unpack(element) {
  if (!element) return null;
  const text = atob(element.textContent.trim());
  const bytes = new Uint8Array(text.length);
  for (let k = 0; k < text.length; k++) bytes[k] = text.charCodeAt(k);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

// The index: runs by number, each with the place of its first row.
let index = null;

async function loadIndex() {
  if (index) return index;
  const found = await held("index");
  const { runs, words, cases } = found;
  let place = 0;
  runs.start = runs.rows.map((count) => { const start = place; place += count; return start; });
  found.count = place;
  found.numbers = new Map(cases.name.map((name, k) => [name, k]));
  found.runsOf = cases.name.map(() => []);
  runs.case.forEach((number, k) => found.runsOf[number].push(k));
  found.word = (number) => words[number];
  found.adapterOf = (run) => words[runs.adapter[run]];
  found.dtypeOf = (run) => words[runs.dtype[run]];
  found.pointOf = (run) => words[runs.point[run]];
  found.verdictOf = (run) => found.verdicts[runs.verdict[run]];
  index = found;
  return index;
}

// The rows, and which run each is of.
let rows = null;

async function loadRows() {
  if (rows) return rows;
  await loadIndex();
  const found = await held("rows");
  found.run = new Uint32Array(index.count);
  index.runs.start.forEach((start, run) => found.run.fill(run, start, start + index.runs.rows[run]));
  found.maps = {};
  for (const [name, { at, is, text }] of Object.entries(found.sparse)) {
    const map = new Map();
    at.forEach((row, k) => map.set(row, text ? found.words[is[k]] : is[k]));
    found.maps[name] = map;
  }
  found.text = (name, row) => found.words[found[name][row]];
  found.more = (name, row) => found.maps[name].get(row) ?? "";
  rows = found;
  return rows;
}

// Characters that move the cursor or reorder the text around them are shown as escapes.
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const plain = (text) => text.replace(UNSAFE, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);

// Elements; texts are only ever texts.
function el(tag, attributes = {}, ...children) {
  const made = tag.startsWith("svg:")
    ? document.createElementNS("http://www.w3.org/2000/svg", tag.slice(4))
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined).map((child) => typeof child === "string" ? plain(child) : child));
  return made;
}

function number(value, whole) {
  if (value === null || value === undefined || value === "") return "";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (whole || value === 0) return String(value);
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3) return value.toExponential(1).replace("e+", "e");
  return String(Number(value.toPrecision(3)));
}

function pill(verdict) {
  return el("span", { class: "verdict" }, el("span", { class: verdict }, verdict));
}

function counted(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}
