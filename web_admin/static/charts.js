// The reports' chart: two figures by hour, day, person … as uPlot draws them, and always as a table beside it.
"use strict";
addEventListener("DOMContentLoaded", () => {
  document.querySelector("[data-print]")?.addEventListener("click", () => print());
  const card = document.querySelector(".chart");
  if (!card) return;
  const [a, b, by] = ["chart-a", "chart-b", "chart-by"].map((id) => document.getElementById(id));
  const place = card.querySelector(".plot");
  const table = card.querySelector(".plot-table");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  let plot;
  const shown = (value, unit) => value === null || value === undefined ? "–"
    : unit === "share" ? `${(100 * value).toFixed(1)} %` : Number(value.toFixed(2)).toLocaleString(document.documentElement.lang);
  function fill(reply) {
    table.replaceChildren();
    const head = table.createTHead().insertRow();
    head.insertCell().outerHTML = "<th></th>";
    for (const figure of reply.figures) { const cell = document.createElement("th"); cell.className = "right"; cell.textContent = figure.name; head.append(cell); }
    const body = table.createTBody();
    reply.groups.forEach((group, i) => {
      const row = body.insertRow();
      row.insertCell().textContent = group || "–";
      for (const figure of reply.figures) { const cell = row.insertCell(); cell.className = "right figures"; cell.textContent = shown(figure.values[i], figure.unit); }
    });
  }
  function draw(reply) {
    if (plot) { plot.destroy(); plot = null; }
    place.replaceChildren();
    if (!globalThis.uPlot || !reply.groups.length) return;
    const colours = [colour("--amber"), colour("--green"), colour("--blue"), colour("--red")];
    const units = [...new Set(reply.figures.map((one) => one.unit))];
    const ink = colour("--soft"), edge = colour("--edge");
    const bars = uPlot.paths.bars({ size: [0.7, 40] });
    const series = reply.figures.map((one, i) => ({
      label: one.name, scale: one.unit, stroke: colours[i], width: i ? 2.5 : 1, fill: i ? undefined : `${colours[i]}66`,
      paths: i ? undefined : bars, points: { show: Boolean(i) && reply.groups.length < 40, size: 7 },
      value: (_, value) => shown(value, one.unit),
    }));
    plot = new uPlot({
      width: place.clientWidth, height: 260,
      scales: { x: { time: false, range: [-0.6, reply.groups.length - 0.4] }, ...Object.fromEntries(units.map((unit) => [unit, { range: (_, low, high) => [0, high > 0 ? high * 1.08 : 1] }])) },
      axes: [
        { stroke: ink, grid: { show: false }, values: (_, splits) => splits.map((at) => Number.isInteger(at) ? (reply.groups[at] ?? "").replace(/^\d{4}-/, "") : "") },
        ...units.map((unit, i) => ({ scale: unit, side: i ? 1 : 3, stroke: ink, size: 62, grid: { show: !i, stroke: edge, width: 1 }, values: (_, splits) => splits.map((at) => shown(at, unit)) })),
      ],
      series: [{ label: by.selectedOptions[0].text, value: (_, at) => reply.groups[at] ?? "–" }, ...series],
    }, [reply.groups.map((_, i) => i), ...reply.figures.map((one) => one.values)], place);
  }
  let asked = 0;
  let last;
  async function show() {
    const mine = ++asked;
    const figures = [a.value, b.value].filter((one, i, all) => one && all.indexOf(one) === i).join(",");
    const answer = await fetch(`${card.dataset.values}&by=${by.value}&figures=${figures}`).catch(() => null);
    if (!answer || !answer.ok || mine !== asked) return;
    last = await answer.json();
    fill(last);
    draw(last);
  }
  for (const choice of [a, b, by]) choice.addEventListener("change", show);
  let resizing;
  addEventListener("resize", () => { clearTimeout(resizing); resizing = setTimeout(() => last && draw(last), 150); });
  show();
});
