// Lines on a scale: errors over the steps of a training, and a folder's runs.
const PLOT = { width: 560, height: 220, left: 58, right: 96, top: 14, bottom: 30 };

// series: [{name, points: [[x, y], …]}]; what is zero stands on the floor of a logarithmic scale.
function drawPlot(title, series, { log = true, across = "step" } = {}) {
  const points = series.flatMap((one) => one.points).filter(([, y]) => Number.isFinite(y));
  const over = points.map(([, y]) => y).filter((y) => !log || y > 0);
  const xs = points.map(([x]) => x);
  const [least, most] = [Math.min(...xs), Math.max(...xs)];
  let [low, high] = over.length ? [Math.min(...over), Math.max(...over)] : [log ? 0.1 : 0, 1];
  if (log) [low, high] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  else low = Math.min(0, low);
  if (high <= low) high = low + 1;
  const { width, height, left, right, top, bottom } = PLOT;
  const x = (value) => left + (width - left - right) * (most > least ? (value - least) / (most - least) : 0);
  const y = (value) => {
    const at = log ? (value > 0 ? Math.log10(value) : low) : value;
    return height - bottom - (height - top - bottom) * Math.min(1, Math.max(0, (at - low) / (high - low)));
  };
  const marks = [];
  const every = log ? Math.max(1, Math.ceil((high - low) / 5)) : (high - low) / 4;
  for (let tick = low; tick <= high + every / 1e6; tick += every) marks.push(tick);
  let lowest = -Infinity;
  const labels = series.map((one, k) => ({ one, k, last: one.points.at(-1) })).filter(({ last }) => last)
    .map((held) => ({ ...held, at: y(held.last[1]) })).sort((a, b) => a.at - b.at)
    .map((held) => { lowest = Math.max(held.at, lowest + 12); return { ...held, at: lowest }; });
  return el("figure", {},
    el("figcaption", {}, title),
    el("svg:svg", { viewBox: `0 0 ${width} ${height}`, class: "plot", role: "img", "aria-label": `${title}: ${series.map((one) => one.name).join(", ")}` },
      marks.map((tick) => { const at = log ? y(10 ** tick) : y(tick); return [
        el("svg:line", { class: "grid", x1: left, x2: width - right, y1: at, y2: at }),
        el("svg:text", { class: "tick", x: left - 6, y: at + 4, "text-anchor": "end" }, log ? `1e${tick}` : number(tick)),
      ]; }).flat(),
      el("svg:text", { class: "tick", x: left, y: height - 8 }, `${across} ${least}`),
      el("svg:text", { class: "tick", x: width - right, y: height - 8, "text-anchor": "end" }, String(most)),
      series.map((one, k) => one.points.length > 1
        ? el("svg:polyline", { class: `series s${k % 4}`, points: one.points.filter(([, v]) => Number.isFinite(v)).map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(" ") })
        : one.points.map(([a, b]) => el("svg:circle", { class: `dot s${k % 4}`, cx: x(a), cy: y(b), r: 3 }))).flat(),
      labels.map(({ one, last, at }) => el("svg:text", { class: "label", x: x(last[0]) + 6, y: at + 4 }, `${one.name} ${number(last[1])}`)),
    ));
}
