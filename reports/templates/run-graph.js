// The computation as a graph, from what is given on the left to the output on the right.
const BOX = { width: 168, gapX: 44, gapY: 14, line: 15, pad: 7 };
const TRIM = 23; // characters that a box holds

const trimmed = (text, most = TRIM) => text.length > most ? `${text.slice(0, most - 1)}…` : text;

function layered(nodes) {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const depth = new Map();
  for (const node of nodes) { // in the order of the text: what a node is made of comes first
    const from = (node.sources ?? []).map((name) => depth.get(name) ?? 0);
    depth.set(node.name, from.length ? Math.max(...from) + 1 : 0);
  }
  for (const node of nodes) { // what is given stands beside its first use
    if (node.sources?.length) continue;
    const uses = nodes.filter((other) => other.sources?.includes(node.name)).map((other) => depth.get(other.name));
    if (uses.length) depth.set(node.name, Math.min(...uses) - 1);
  }
  const layers = [];
  for (const node of nodes) (layers[depth.get(node.name)] ??= []).push(node);
  const full = layers.filter(Boolean);
  const where = new Map();
  const note = () => full.forEach((layer) => layer.forEach((node, k) => where.set(node.name, k - layer.length / 2)));
  note();
  const mean = (names) => names.length ? names.reduce((sum, name) => sum + where.get(name), 0) / names.length : 0;
  const uses = new Map(nodes.map((node) => [node.name, []]));
  for (const node of nodes) for (const name of node.sources ?? []) uses.get(name)?.push(node.name);
  for (let sweep = 0; sweep < 4; sweep++) {
    const around = (node) => sweep % 2 ? uses.get(node.name) : (node.sources ?? []).filter((name) => byName.has(name));
    for (const layer of full) {
      const keys = new Map(layer.map((node) => [node, around(node).length ? mean(around(node)) : where.get(node.name)]));
      layer.sort((a, b) => keys.get(a) - keys.get(b));
    }
    note();
  }
  return full;
}

// What stands around the drawing in its frame, in pixels.
const MARGIN = 16;

function drawGraph(sheet, blamed) {
  const { nodes } = sheet;
  const order = new Map(nodes.filter((node) => node.operation).map((node, k) => [node.name, k + 1]));
  const lines = (node) => [
    trimmed(node.label || node.name),
    node.operation ? `${order.get(node.name)}. ${trimmed(node.operation, 19)}` : node.role,
    node.value ? trimmed(`= ${node.value}`) : null,
    node.cotangent ? trimmed(`∂ ${node.cotangent}`) : null,
  ].filter(Boolean);
  const layers = layered(nodes);
  const spots = new Map();
  let height = 0;
  const tall = Math.max(...layers.map((layer) => layer.reduce((sum, node) => sum + lines(node).length * BOX.line + 2 * BOX.pad + BOX.gapY, 0)));
  layers.forEach((layer, k) => {
    const sum = layer.reduce((total, node) => total + lines(node).length * BOX.line + 2 * BOX.pad + BOX.gapY, 0);
    let y = (tall - sum) / 2 + BOX.gapY / 2;
    for (const node of layer) {
      const size = lines(node).length * BOX.line + 2 * BOX.pad;
      spots.set(node.name, { x: 2 + k * (BOX.width + BOX.gapX), y, size });
      y += size + BOX.gapY;
    }
    height = Math.max(height, y);
  });
  const width = layers.length * (BOX.width + BOX.gapX) - BOX.gapX + 4;
  const edges = nodes.flatMap((node) => (node.sources ?? []).filter((name) => spots.has(name)).map((name) => {
    const from = spots.get(name), to = spots.get(node.name);
    const [x1, y1, x2, y2] = [from.x + BOX.width, from.y + from.size / 2, to.x, to.y + to.size / 2];
    const bend = Math.max(24, (x2 - x1) / 2);
    return el("svg:path", { class: "edge", d: `M${x1},${y1} C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`, "marker-end": "url(#arrow)" });
  }));
  const boxes = nodes.map((node) => {
    const { x, y, size } = spots.get(node.name);
    const said = [node.label || node.name, node.operation || node.role, node.value && `value ${node.value}`, node.cotangent && `cotangent ${node.cotangent}`].filter(Boolean).join(", ");
    return el("svg:g", { class: `node ${node.role}${blamed.has(node.name) ? " blamed" : ""}` },
      el("svg:title", {}, said),
      el("svg:rect", { x, y, width: BOX.width, height: size, rx: 6 }),
      lines(node).map((text, k) => el("svg:text", { x: x + BOX.pad, y: y + BOX.pad + (k + 1) * BOX.line - 4, class: k ? "small" : "name" }, text)));
  });
  const svg = el("svg:svg", { class: "graph", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": `The computation of ${sheet.name}: ${nodes.length} variables` },
    el("svg:defs", {}, el("svg:marker", { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" }, el("svg:path", { d: "M0,0 L8,4 L0,8 z" }))),
    edges, boxes);
  const room = document.getElementById("main").clientWidth - MARGIN;
  const fitted = width > room && width < 1.4 * room ? " fitted" : "";
  return el("div", { class: `scroll${fitted}`, role: "region", tabindex: "0", "aria-label": "Computation graph" }, svg);
}
