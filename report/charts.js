"use strict";
// The charts of the explorer. The charting library is unpacked when the explorer comes near.
(() => {
  const COLOURS = ["#1f7fc4", "#d9662b", "#17926a", "#b94454", "#8e65ee", "#a5830f", "#12928a", "#c2458f"];
  const MARKS = ["circle", "square", "diamond", "triangle-up", "cross", "x", "star", "pentagon"];
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  let library = null, curves = null, shown = null;

  // The same colour for a run as long as it is chosen.
  const places = new Map();
  Tunebook.colour = (table, name) => {
    const taken = places.get(table) ?? places.set(table, new Map()).get(table);
    for (const other of [...taken.keys()]) if (!table.chosen.has(other)) taken.delete(other);
    if (!taken.has(name)) {
      const used = new Set(taken.values());
      let place = 0;
      while (used.has(place)) place++;
      taken.set(name, place);
    }
    return COLOURS[taken.get(name) % COLOURS.length];
  };

  const layout = (extra) => ({
    font: { family: style("--sans"), size: 13, color: style("--ink") },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: 64, r: 16, t: 8, b: 52 }, hovermode: "closest", showlegend: false,
    hoverlabel: { bgcolor: style("--ground"), bordercolor: style("--edge"), font: { color: style("--ink"), family: style("--sans"), size: 12 }, align: "left" },
    transition: { duration: still ? 0 : 150 },
    ...extra,
  });
  const axis = (title, extra) => ({
    title: { text: title, standoff: 8 }, gridcolor: style("--line"), zeroline: false, linecolor: style("--edge"),
    tickcolor: style("--edge"), automargin: true, exponentformat: "power", ...extra,
  });
  const options = { displaylogo: false, responsive: true, modeBarButtonsToRemove: ["autoScale2d"], showTips: false };
  const lines = (text, width = 42) => text.split(/, /).reduce((all, part) => {
    if ((all.at(-1) + part).length > width) all.push(part); else all[all.length - 1] += (all.at(-1) ? ", " : "") + part;
    return all;
  }, [""]).map((line) => line.replace(/[<>&]/g, (c) => ({ "<": "&lt;", ">": "&gt;", "&": "&amp;" })[c])).join("<br>");
  const shortened = (text, most = 60) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

  // A logarithmic axis with as many labels as it has room for, and numbers as people write them.
  const scaleOf = (values, logarithmic, share = false) => {
    const tickformat = share ? ".4~%" : "~g";
    const known = values.filter((value) => value > 0);
    const decades = Math.log10(Math.max(...known) / Math.min(...known));
    // Within half a decade a logarithmic axis would carry one label, and looks linear anyway.
    if (!logarithmic || !(decades > 0.5)) return { type: "linear", tickformat: share ? ".4~%" : "" };
    return { type: "log", tickformat, dtick: decades > 8 ? Math.ceil(decades / 6) : decades > 1.6 ? 1 : "D2", minor: { showgrid: false } };
  };

  // ------------------------------------------------------------------ curves of the chosen runs
  function drawChips(table) {
    const chips = [...table.chosen].map((name) => {
      const run = table.runs.get(name), item = document.createElement("li"), button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-label", `Take out ${run.label}`);
      const dot = document.createElement("i");
      dot.style.background = Tunebook.colour(table, name);
      const words = document.createElement("span");
      words.textContent = run.label;
      const cross = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      cross.setAttribute("class", "icon");
      cross.setAttribute("aria-hidden", "true");
      const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
      use.setAttribute("href", "#icon-close");
      cross.append(use);
      button.append(dot, words, cross);
      button.addEventListener("click", () => table.choose([name], false));
      item.append(button);
      return item;
    });
    table.section.querySelector("[data-chips]").replaceChildren(...chips);
  }

  function drawCurves(table) {
    const place = table.section.querySelector('[data-chart="curves"]');
    const control = (name) => table.section.querySelector(`[data-curve="${name}"]`);
    const kind = control("kind").value;
    drawChips(table);
    if (!table.chosen.size) return empty(place, "Choose runs in the table or in the charts below.");
    const traces = [];
    let positive = true;
    for (const name of table.chosen) {
      const found = curves[name];
      if (!found) continue;
      const colour = Tunebook.colour(table, name), run = table.runs.get(name);
      for (const [part, words, dash] of [["train", "training", "solid"], ["validation", "validation", "dash"]]) {
        if (!control(part).checked) continue;
        const [mean, low, high] = found[`${part}_${kind}`];
        if (low.some((value) => value !== null && value <= 0)) positive = false;
        const band = { x: found.epochs, mode: "lines", line: { width: 0 }, hoverinfo: "skip", showlegend: false };
        if (run.n > 1) {
          traces.push({ ...band, y: high });
          traces.push({ ...band, y: low, fill: "tonexty", fillcolor: `${colour}26` });
        }
        traces.push({
          x: found.epochs, y: mean, mode: "lines", line: { color: colour, width: 2, dash },
          connectgaps: false,
          hovertemplate: `%{y:.4~g} after epoch %{x}<extra>${lines(`${run.label}, ${words}`)}</extra>`,
        });
      }
      const last = found.epochs.at(-1);
      if (run.diverged && last < run.values.epochs) {
        const seen = found[`train_${kind}`][0].findLast((value) => value !== null);
        traces.push({ x: [last], y: [seen ?? null], mode: "markers", marker: { symbol: "x", size: 10, color: colour }, showlegend: false, hovertemplate: `diverged at epoch ${last}<extra>${lines(run.label)}</extra>` });
      }
    }
    const logarithmic = control("log").checked && positive;
    const metric = table.data.measures.find((each) => each.key === "validation_metric");
    const title = kind === "loss" ? "Loss" : table.data.metric;
    const share = kind === "metric" && Boolean(metric?.share);
    draw(place, traces, layout({
      height: 400, xaxis: axis("Epoch", { rangemode: "tozero" }), yaxis: axis(title, scaleOf(traces.flatMap((trace) => trace.y), logarithmic, share)),
    }));
  }

  // ------------------------------------------------------------------ scatter, linked to the table
  const linked = (extra) => layout({ height: 400, dragmode: "select", legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 }, ...extra });
  // The marks of some runs: those that are chosen are larger, and have an edge.
  const marker = (table, names, extra) => ({
    size: names.map((name) => (table.chosen.has(name) ? 13 : 8)),
    line: { color: style("--ink"), width: names.map((name) => (table.chosen.has(name) ? 2 : 0)) },
    ...extra,
  });
  const jitter = (text) => {
    let hash = 0;
    for (const letter of text) hash = (hash * 31 + letter.charCodeAt(0)) | 0;
    return ((hash >>> 0) % 1000) / 1000 - 0.5;
  };
  const logged = (values) => {
    const numbers = values.filter((value) => typeof value === "number");
    return numbers.length > 1 && Math.min(...numbers) > 0 && Math.max(...numbers) / Math.min(...numbers) >= 20;
  };

  function drawScatter(table) {
    const place = table.section.querySelector('[data-chart="scatter"]');
    const control = (name) => table.section.querySelector(`[data-scatter="${name}"]`).value;
    const x = table.data.axes.find((each) => each.key === control("x"));
    const y = table.data.measures.find((each) => each.key === control("y"));
    const by = control("color");
    if (!x || !y) return empty(place, "No hyper-parameter varies among these runs.");
    const runs = table.shown.filter((run) => run.measures[y.key]?.[0] != null);
    if (!runs.length) return empty(place, "None of the rows shown has such a value.");
    const said = (run, key) => (run.values[key] === undefined ? null : Tunebook.say(table, key, run.values[key]));
    const known = runs.map((run) => (x.number ? run.values[x.key] ?? null : said(run, x.key)));
    const ordinal = !x.number || new Set(known).size <= 12;
    const order = [...new Set(known)].sort((a, b) => (a === null) - (b === null) || (typeof a === "number" && typeof b === "number" ? a - b : (typeof a === "number") ? -1 : (typeof b === "number") ? 1 : String(a).localeCompare(String(b), "en", { numeric: true })));
    const xs = runs.map((run, i) => (ordinal ? order.indexOf(known[i]) + jitter(run.id) * .5 : known[i]));
    const ys = runs.map((run) => run.measures[y.key][0]);
    const groups = by ? [...new Set(runs.map((run) => (said(run, by) ?? "none")))].sort((a, b) => a.localeCompare(b, "en", { numeric: true })) : [""];
    const traces = groups.map((group, g) => {
      const members = runs.map((run, i) => i).filter((i) => !by || (said(runs[i], by) ?? "none") === group);
      return {
        x: members.map((i) => xs[i]), y: members.map((i) => ys[i]), mode: "markers", type: "scatter", name: group,
        customdata: members.map((i) => runs[i].id),
        text: members.map((i) => lines(runs[i].label)),
        hovertemplate: `%{text}<br><b>%{y:.4~g}</b><extra></extra>`,
        marker: marker(table, members.map((i) => runs[i].id), { color: COLOURS[g % COLOURS.length], symbol: MARKS[g % MARKS.length], opacity: .85 }),
      };
    });
    draw(place, traces, linked({
      showlegend: Boolean(by),
      xaxis: axis(x.label, ordinal
        ? { tickmode: "array", tickvals: order.map((_, i) => i), ticktext: order.map((value) => shortened(value === null ? "none" : String(value), 18)), showgrid: false }
        : scaleOf(known, logged(known))),
      yaxis: axis(y.label, scaleOf(ys, logged(ys), y.share)),
    }), table);
  }

  // ------------------------------------------------------------------ time against error
  function front(points) {
    const sorted = [...points].sort((a, b) => a.time - b.time || a.error - b.error);
    let best = Infinity;
    return sorted.filter((point) => point.error < best && ((best = point.error), true));
  }

  function drawPareto(table) {
    const place = table.section.querySelector('[data-chart="pareto"]');
    const note = table.section.querySelector("[data-pareto-note]");
    const select = table.section.querySelector("[data-pareto]");
    if (!select.options.length) return empty(place, "No times were measured in this study.");
    const time = select.value, higher = table.data.better === "higher";
    const points = table.shown
      .filter((run) => run[time] > 0 && run.measures.validation_metric?.[0] != null && !run.diverged)
      .map((run) => ({ run, time: run[time], error: higher ? 1 - run.measures.validation_metric[0] : run.measures.validation_metric[0] }));
    note.textContent = `${time === "alone"
      ? "Seconds of one training: median seconds per epoch, measured alone on the machine on one thread, times the epochs. Only runs that were timed are drawn."
      : "Seconds of one training as the study ran, beside other jobs and shared with the replicates of its block: a rough guide, not used for any verdict."} On the Pareto front, no other run is both faster and better.`;
    if (!points.length) return empty(place, "None of the rows shown has such a time.");
    const best = front(points);
    const optimal = new Set(best.map((point) => point.run.id));
    const marks = (members, name, colour, symbol) => ({
      x: members.map((point) => point.time), y: members.map((point) => point.error), mode: "markers", name,
      customdata: members.map((point) => point.run.id), text: members.map((point) => lines(point.run.label)),
      hovertemplate: "%{text}<br><b>%{y:.4~g}</b> in %{x:.3~g} s<extra></extra>",
      marker: marker(table, members.map((point) => point.run.id), { color: colour, symbol }),
    });
    draw(place, [
      { x: best.map((point) => point.time), y: best.map((point) => point.error), mode: "lines", line: { color: COLOURS[1], width: 1.5, shape: "hv" }, hoverinfo: "skip", showlegend: false },
      marks(points.filter((point) => !optimal.has(point.run.id)), "dominated", style("--edge"), "circle"),
      marks(best, "Pareto front", COLOURS[1], "diamond"),
    ], linked({
      showlegend: true,
      xaxis: axis("Seconds to train", scaleOf(points.map((point) => point.time), true)),
      yaxis: axis(table.data.error, scaleOf(points.map((point) => point.error), points.every((point) => point.error > 0), table.data.measures.some((each) => each.key === "validation_metric" && each.share))),
    }), table);
  }

  // ------------------------------------------------------------------ drawing
  // An empty chart that says why.
  function empty(place, message) {
    const none = { visible: false, fixedrange: true };
    const words = { text: message.replace(/(.{20,40}) /g, "$1<br>"), showarrow: false, xref: "paper", yref: "paper", x: .5, y: .5, font: { color: style("--muted") } };
    draw(place, [], layout({ height: 220, xaxis: none, yaxis: none, annotations: [words] }));
  }

  function draw(place, traces, shape, table) {
    library.react(place, traces, shape, options);
    if (!table || place.dataset.linked) return;
    place.dataset.linked = "yes";
    place.on("plotly_click", ({ points }) => {
      const name = points[0].customdata;
      if (name) table.choose([name], !table.chosen.has(name));
    });
    place.on("plotly_selected", (event) => {
      const names = (event?.points ?? []).map((point) => point.customdata).filter(Boolean);
      if (names.length) table.choose(names, true);
    });
  }

  const redraw = (table) => {
    if (!library || table.problem !== shown) return;
    drawCurves(table);
    drawScatter(table);
    drawPareto(table);
  };

  function fill(select, entries) {
    select.replaceChildren(...entries.map(([value, words]) => new Option(words, value)));
  }

  function prepare(table) {
    const { axes, measures, runs } = table.data;
    const find = (name) => table.section.querySelector(name);
    fill(find('[data-scatter="x"]'), axes.map((each) => [each.key, each.label]));
    fill(find('[data-scatter="y"]'), measures.map((each) => [each.key, each.label]));
    fill(find('[data-scatter="color"]'), [["", "all alike"], ...axes.filter((each) => new Set(runs.map((run) => run.values[each.key])).size <= 8).map((each) => [each.key, each.label])]);
    const times = [];
    if (runs.some((run) => run.alone)) times.push(["alone", "alone on the machine"]);
    if (runs.some((run) => run.seconds)) times.push(["seconds", "as the study ran (rough)"]);
    fill(find("[data-pareto]"), times);
    const rate = axes.find((each) => each.key === "learning_rate");
    if (rate) find('[data-scatter="x"]').value = rate.key;
    const colour = ["loss", "optimizer", "model"].find((key) => axes.some((each) => each.key === key));
    if (colour) find('[data-scatter="color"]').value = colour;
    const validation = measures.find((each) => each.key === "validation_metric");
    if (validation) find('[data-scatter="y"]').value = validation.key;
    for (const select of table.section.querySelectorAll("[data-curve]")) select.addEventListener("change", () => library && drawCurves(table));
    for (const select of table.section.querySelectorAll("[data-scatter]")) select.addEventListener("change", () => library && drawScatter(table));
    find("[data-pareto]").addEventListener("change", () => library && drawPareto(table));
    table.addEventListener("filter", () => redraw(table));
    table.addEventListener("choice", () => redraw(table));
    for (const place of table.section.querySelectorAll(".chart")) place.dataset.message = "Unpacking the charts …";
    if (table.data.first.length) table.choose(table.data.first, true);
  }

  // Unpacked once. What it evaluates came with this page, as text that the browser did not run.
  let loading = null;
  Tunebook.loadCharts = () => (loading ??= (async () => {
    try {
      const [source, text] = await Promise.all([Tunebook.unpack("library"), Tunebook.unpack("curves-data")]);
      const script = document.createElement("script");
      script.textContent = source;
      document.head.append(script);
      script.remove();
      [library, curves] = [window.Plotly, JSON.parse(text)];
    } catch (error) {
      for (const place of document.querySelectorAll(".chart")) place.dataset.message = "The charts need a newer browser (one with DecompressionStream). The table works without them.";
      return;
    }
    for (const table of Object.values(Tunebook.problems)) redraw(table);
    document.documentElement.dataset.charts = "ready";
  })());

  for (const table of Object.values(Tunebook.problems)) prepare(table);
  document.addEventListener("problem", (event) => {
    shown = event.detail;
    redraw(Tunebook.problems[shown]);
  });
  document.addEventListener("scheme", () => { if (shown) redraw(Tunebook.problems[shown]); });
  shown = Object.values(Tunebook.problems).find((table) => !table.section.hidden)?.problem ?? null;
  const near = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    near.disconnect();
    Tunebook.loadCharts();
  }, { rootMargin: "600px" });
  const explorer = document.querySelector(".explorer .charts") && document.querySelector(".explorer");
  if (explorer) near.observe(explorer);
})();
