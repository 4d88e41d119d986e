// Draws macro-F1 against cost with Observable Plot, in place of the picture that stands there without scripts.
"use strict";
document.querySelectorAll("figure.chart").forEach((figure) => {
  const BELOW = 24; // pixels from a name above its point to one below it
  const { axes, points } = JSON.parse(document.getElementById(figure.dataset.chart).textContent);
  const drawing = figure.querySelector(".drawing");
  const names = Object.keys(axes);
  const families = [...new Set(points.map((point) => point.family))].sort();
  const colours = families.map((family, index) => `var(--series-${index % 7})`);

  const choice = document.createElement("select");
  choice.autocomplete = "off";
  names.forEach((name) => choice.append(new Option(axes[name], name)));
  const label = document.createElement("label");
  label.append("cost", choice);
  const controls = document.createElement("div");
  controls.className = "filters";
  controls.append(label);

  const words = (point, name) => [
    point.name,
    `macro-F1 ${point.score.toFixed(1)} %${point.low === null ? "" : ` (${point.low.toFixed(1)} to ${point.high.toFixed(1)})`}`,
    `${axes[name]}: ${point.costs[name]}`,
    point.family,
  ];

  function draw() {
    const name = choice.value;
    const known = points.filter((point) => point.costs[name] !== null);
    const cost = (point) => point.costs[name];
    const front = known.filter((point) => point.front.includes(name)).sort((a, b) => cost(a) - cost(b));
    // Without a front, as where times are of several machines, the best of each family have their names.
    const ranked = [...known].sort((a, b) => b.score - a.score);
    const best = families.map((family) => ranked.find((point) => point.family === family));
    const named = ranked.filter((point) => (front.length ? front : best).includes(point));
    const width = Math.max(300, Math.min(900, drawing.clientWidth || 900));
    const svg = Plot.plot({
      width,
      height: Math.round(Math.max(320, width * 0.5)),
      marginLeft: 48,
      marginRight: 24,
      marginBottom: 44,
      style: { fontSize: "13px", background: "none", overflow: "visible" },
      x: { type: "log", label: `${axes[name]}, logarithmic`, inset: 24, ticks: Math.max(3, Math.round(width / 110)), tickFormat: (value) => String(Number(value.toPrecision(2))) },
      y: { label: "macro-F1 (%)", grid: true, nice: true },
      color: { domain: families, range: colours },
      symbol: { domain: families },
      marks: [
        Plot.line(front, { x: cost, y: "score", stroke: "currentColor", strokeOpacity: 0.5, curve: "step-after", ariaHidden: "true" }),
        Plot.ruleX(known.filter((point) => point.low !== null), { x: cost, y1: "low", y2: "high", stroke: "family", strokeWidth: 1.5, ariaHidden: "true" }),
        Plot.dot(known, { x: cost, y: "score", fill: "family", symbol: "family", r: 5, href: (point) => `../${point.page}`, ariaLabel: (point) => words(point, name).join(", ") }),
        Plot.text(width < 500 ? [] : named, { x: cost, y: "score", text: "name", dy: -BELOW / 2, fill: "currentColor", stroke: "var(--paper)", ariaHidden: "true" }),
        Plot.tip(known, Plot.pointer({ x: cost, y: "score", title: (point) => words(point, name).join("\n"), fill: "var(--paper)", stroke: "currentColor", fontSize: 13, ariaHidden: "true" })),
      ],
    });
    svg.querySelectorAll("a").forEach((link) => {
      // Plot names the mark; the link around it is what a reader comes to.
      link.setAttribute("aria-label", link.firstElementChild.getAttribute("aria-label"));
      link.firstElementChild.removeAttribute("aria-label");
    });
    svg.setAttribute("role", "group");
    svg.setAttribute("aria-label", "Macro-F1 by cost; each point leads to its method, and the numbers are in the table below.");
    const legend = Plot.legend({ symbol: { domain: families }, color: { domain: families, range: colours }, fill: "color", style: { fontSize: "13px" } });
    drawing.replaceChildren(controls, legend, svg);
    spread(svg.querySelectorAll("g[aria-label='text'] text"));
  }

  // Names stand above their points, or below where another name is; one that has no place there is not shown.
  function spread(names) {
    const placed = [];
    const free = (box) => placed.every((other) => box.right < other.left || box.left > other.right || box.bottom < other.top || box.top > other.bottom);
    names.forEach((name) => {
      const place = name.getAttribute("transform");
      const found = [0, BELOW].some((down) => {
        name.setAttribute("transform", `${place} translate(0,${down})`);
        return free(name.getBoundingClientRect());
      });
      if (found) placed.push(name.getBoundingClientRect());
      else name.remove();
    });
  }

  choice.addEventListener("change", draw);
  let width = window.innerWidth;
  window.addEventListener("resize", () => {
    if (window.innerWidth !== width) draw();
    width = window.innerWidth;
  });
  draw();
});
