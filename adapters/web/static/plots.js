// Draws the plots of a page from their data, in the colours of the page. The tables beside them
// hold the same figures; without this script they stand alone.
(() => {
  "use strict";
  const Chart = globalThis.Chart;
  if (!Chart) return;
  const MARKS = { 1: "circle", 2: "rect", 3: "triangle", 4: "rectRot", 5: "rectRounded", 6: "line" };
  const drawn = new Map();
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const paper = matchMedia("print");

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const faint = (hex, share) => hex + Math.round(255 * share).toString(16).padStart(2, "0");

  const said = (value, unit, brief = false) => {
    if (value === null || value === undefined || !Number.isFinite(value)) return "–";
    const digits = (n) => ({ maximumFractionDigits: n });
    if (unit === "share") return `${(100 * value).toLocaleString("en", digits(brief && Math.abs(value) >= 0.05 ? 0 : 1))}%`;
    if (unit === "score") return value.toLocaleString("en", digits(2));
    if (unit === "loss") return value.toLocaleString("en", digits(brief ? 3 : 4));
    if (unit === "milliseconds") {
      if (value < 1000) return `${value.toLocaleString("en", digits(0))} ms`;
      return `${(value / 1000).toLocaleString("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 })} s`;
    }
    if (unit === "dollars") {
      const most = Math.abs(value) >= 1 ? 2 : 6;
      return `$${value.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: most })}`;
    }
    return value.toLocaleString("en", digits(brief ? 1 : 0));
  };

  const ends = (point, unit) => {
    const many = point.n ? `, ${point.n.toLocaleString("en")} cases` : "";
    const spread = point.low === null || point.low === undefined
      ? "" : ` (${said(point.low, unit)} to ${said(point.high, unit)})`;
    return `${said(point.y, unit)}${spread}${many}`;
  };

  // Without an interval there is nothing to draw around a figure.
  const ranged = (point, label) => {
    const whole = { ...point };
    if (point.low !== null && point.low !== undefined && point.y !== null) {
      whole.yMin = point.low;
      whole.yMax = point.high;
    }
    return label === undefined ? whole : { ...whole, x: label };
  };

  const whiskers = () => ({
    errorBarColor: colour("--ink"),
    errorBarWhiskerColor: colour("--ink"),
    errorBarLineWidth: 1.25,
    errorBarWhiskerLineWidth: 1.25,
    errorBarWhiskerSize: 7,
  });

  const axis = (more = {}) => ({
    border: { display: false },
    grid: { color: colour("--line"), drawTicks: false },
    ...more,
    ticks: { color: colour("--soft"), padding: 6, maxRotation: 0, ...more.ticks },
    title: { color: colour("--soft"), font: { size: 12 }, ...more.title },
  });

  const upright = (data, more = {}) => axis({
    beginAtZero: true,
    max: data.top ?? undefined,
    ...more,
    ticks: { maxTicksLimit: 6, callback: (value) => said(value, data.unit, true) },
    title: { display: Boolean(data.yTitle), text: data.yTitle },
  });

  // Long words under a group of bars break; they lean over only where many groups are on a phone.
  const broken = (label) => label.split(/\s+/).reduce((lines, word) => {
    const last = lines.at(-1);
    if (last !== undefined && `${last} ${word}`.length <= 13) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
    return lines;
  }, []);

  const leaning = (data) => data.kind !== "trend" && data.labels.length > 6 && innerWidth < 600
    ? { minRotation: 60, maxRotation: 60 } : {};

  const worded = (data) => axis({
    type: "category",
    grid: { display: false },
    ticks: {
      ...leaning(data),
      autoSkip: data.kind === "trend",
      font: (context) => ({ size: context.chart.width < 420 ? 10 : 11 }),
      callback(value) {
        const label = this.getLabelForValue(value);
        return this.options.ticks.minRotation ? label : broken(label);
      },
    },
  });

  // On paper nobody points at a bar: where there is room, its figure stands above it.
  const figures = (data) => ({
    id: "figures",
    afterDatasetsDraw(chart) {
      const pen = chart.ctx;
      pen.save();
      pen.font = `500 10px ${getComputedStyle(document.body).fontFamily}`;
      pen.fillStyle = colour("--soft");
      pen.textAlign = "center";
      // All of them or none: a single one would look as if it meant something.
      const labels = data.series.flatMap((series, place) =>
        chart.getDatasetMeta(place).data.flatMap((bar, n) => {
          const point = series.points[n];
          if (point.y === null) return [];
          return [{ bar, words: said(point.y, data.unit, true), top: point.high ?? point.y }];
        }));
      if (labels.every(({ bar, words }) => pen.measureText(words).width <= bar.width + 6)) {
        for (const { bar, words, top } of labels) {
          pen.fillText(words, bar.x, chart.scales.y.getPixelForValue(top) - 5);
        }
      }
      pen.restore();
    },
  });

  const bars = (data, together) => ({
    type: together ? "bar" : "barWithErrorBars",
    data: {
      labels: data.labels,
      datasets: data.series.map((series) => ({
        label: series.name,
        backgroundColor: faint(colour(`--tone-${series.tone}`), together ? 0.85 : 0.6),
        borderColor: colour(`--tone-${series.tone}`),
        borderWidth: together ? 0 : { top: 1.5, left: 1.5, right: 1.5, bottom: 0 },
        borderRadius: together ? 0 : 2,
        maxBarThickness: 44,
        categoryPercentage: 0.76,
        barPercentage: 0.86,
        data: together ? series.points.map((p) => p.y)
          : series.points.map((p, n) => ranged(p, data.labels[n])),
        ...whiskers(),
      })),
    },
    plugins: together ? [] : [figures(data)],
    padding: together ? 0 : { top: 16 },
    scales: {
      x: { ...worded(data), stacked: together },
      y: { ...upright(data), stacked: together },
    },
    tooltip: (item) => {
      const point = data.series[item.datasetIndex].points[item.dataIndex];
      return `${item.dataset.label}: ${ends(point, data.unit)}`;
    },
  });

  // The band of a line is two lines without ink, the upper one filled down to the lower one.
  const trend = (data) => {
    const datasets = [];
    for (const series of data.series) {
      const ink = colour(`--tone-${series.tone}`);
      const edge = (name, fill) => ({
        label: series.name, band: true, data: series.points.map((p) => p[name] ?? null),
        borderWidth: 0, pointRadius: 0, pointHitRadius: 0, fill,
        backgroundColor: faint(ink, 0.14), order: 2,
      });
      datasets.push(edge("low", false), edge("high", "-1"), {
        label: series.name, series, data: series.points.map((p) => p.y), borderColor: ink, clip: 8,
        backgroundColor: ink, borderWidth: 2, pointStyle: MARKS[series.tone],
        pointRadius: 4, pointHoverRadius: 6, order: 1,
      });
    }
    return {
      type: "line",
      data: { labels: data.labels, datasets },
      padding: { top: 4 },
      scales: { x: { ...worded(data), offset: true }, y: upright(data) },
      only: (item) => !item.dataset.band,
      tooltip: (item) =>
        `${item.dataset.label}: ${ends(item.dataset.series.points[item.dataIndex], data.unit)}`,
    };
  };

  const marks = (data, size) => data.series.map((series) => ({
    label: series.name,
    backgroundColor: faint(colour(`--tone-${series.tone}`), 0.85),
    clip: 16, // a mark on the edge is whole
    borderColor: colour(`--tone-${series.tone}`),
    pointStyle: MARKS[series.tone],
    radius: (context) => (context.raw ? size(context.raw) : 0),
    hoverRadius: (context) => (context.raw ? size(context.raw) + 2 : 0),
    data: series.points.filter((p) => p.x !== null && p.y !== null).map((p) => ranged(p)),
    order: 1,
    ...whiskers(),
    errorBarColor: colour(`--tone-${series.tone}`),
    errorBarWhiskerColor: colour(`--tone-${series.tone}`),
  }));

  const reliability = (data) => ({
    type: "scatterWithErrorBars",
    data: {
      datasets: [
        ...marks(data, (p) => 4 + 8 * (p.size ?? 0)),
        { type: "line", label: "", ideal: true, data: [{ x: 0, y: 0 }, { x: 1, y: 1 }], order: 2,
          borderColor: colour("--line-strong"), borderDash: [5, 5], borderWidth: 1, pointRadius: 0, pointHitRadius: 0 },
      ],
    },
    scales: {
      x: axis({
        type: "linear", min: 0, max: 1,
        ticks: { maxTicksLimit: 6, callback: (value) => said(value, "share", true) },
        title: { display: true, text: data.xTitle },
      }),
      y: upright(data, { min: 0 }),
    },
    only: (item) => !item.dataset.ideal,
    tooltip: (item) => {
      const point = item.raw;
      return `${item.dataset.label}: said ${said(point.x, "share")}, right ${ends(point, "share")}`;
    },
  });

  // On a logarithmic axis no mark may sit on the edge either.
  const room = (data) => {
    const there = data.series.flatMap((s) => s.points.map((p) => p.x)).filter((x) => x !== null);
    if (!data.log) return { beginAtZero: true, grace: "8%" };
    return { min: Math.min(...there) / 1.8, max: Math.max(...there) * 1.8 };
  };

  const against = (data) => ({
    type: "scatterWithErrorBars",
    data: { datasets: marks(data, () => 7) },
    scales: {
      x: axis({
        type: data.log ? "logarithmic" : "linear",
        ...room(data),
        ticks: { maxTicksLimit: 5, callback: (value) => said(value, data.xUnit, true) },
        title: { display: true, text: data.xTitle },
      }),
      y: upright(data),
    },
    tooltip: (item) =>
      `${item.dataset.label}: ${ends(item.raw, data.unit)} for ${said(item.raw.x, data.xUnit)}`,
  });

  // Lines through places of their own; marks where there are few.
  const curves = (data) => ({
    type: "line",
    data: {
      datasets: data.series.map((series) => ({
        label: series.name,
        data: series.points.filter((p) => p.y !== null),
        borderColor: colour(`--tone-${series.tone}`),
        backgroundColor: colour(`--tone-${series.tone}`),
        borderWidth: 2,
        pointStyle: MARKS[series.tone],
        pointRadius: series.points.length > 30 ? 0 : 4,
        pointHoverRadius: 6,
        pointHitRadius: 8,
        clip: 8,
      })),
    },
    padding: { top: 4 },
    scales: {
      x: axis({
        type: "linear", grid: { display: false },
        ticks: { maxTicksLimit: 8, precision: 0, callback: (value) => said(value, data.xUnit, true) },
        title: { display: true, text: data.xTitle },
      }),
      y: upright(data, { beginAtZero: false, grace: "5%" }),
    },
    tooltip: (item) =>
      `${item.dataset.label}: ${said(item.raw.y, data.unit)} after ${data.xTitle} ${said(item.raw.x, data.xUnit)}`,
  });

  const KINDS = {
    bars: (data) => bars(data, false),
    stacked: (data) => bars(data, true),
    trend, reliability, against, curves,
  };

  const draw = (canvas, data) => {
    drawn.get(canvas)?.destroy();
    const plan = KINDS[data.kind](data);
    drawn.set(canvas, new Chart(canvas, {
      type: plan.type,
      data: plan.data,
      plugins: plan.plugins ?? [],
      options: {
        animation: false,
        responsive: true,
        maintainAspectRatio: false,
        devicePixelRatio: Math.max(2, devicePixelRatio),
        font: { family: getComputedStyle(document.body).fontFamily },
        layout: { padding: plan.padding ?? 0 },
        scales: plan.scales,
        plugins: {
          legend: { display: false },
          tooltip: {
            backgroundColor: colour("--ink"), titleColor: colour("--paper"), bodyColor: colour("--paper"),
            boxPadding: 4, padding: 10, filter: plan.only,
            callbacks: { label: plan.tooltip, title: (items) => items[0]?.label ?? "" },
          },
        },
      },
    }));
  };

  const all = (root = document) => {
    for (const [canvas, chart] of drawn) {
      if (canvas.isConnected) continue;
      chart.destroy();
      drawn.delete(canvas);
    }
    for (const figure of root.querySelectorAll("figure.plotted")) {
      const data = figure.querySelector("script.plotted-data");
      if (data) draw(figure.querySelector("canvas"), JSON.parse(data.textContent));
    }
  };

  // A piece of a page that is loaded again and again keeps the tables open that were open.
  const open = new Set();
  const title = (details) => details.closest("figure").querySelector(".plotted-title").textContent;
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    for (const details of event.target.querySelectorAll(".plotted-figures")) {
      if (details.open) open.add(title(details));
      else open.delete(title(details));
    }
  });

  all();
  dark.addEventListener("change", () => all());
  paper.addEventListener("change", () => all());
  document.body.addEventListener("htmx:load", (event) => {
    if (event.target === document.body) return;
    for (const details of event.target.querySelectorAll(".plotted-figures")) {
      if (open.has(title(details))) details.open = true;
    }
    all(event.target);
  });
})();
