"use strict";
// The charts of the explorer, drawn as SVG in the colours of the page. All of them are a frame with
// two scales and, in it, either curves over the epochs or marks, one a run.
(() => {
  const SHAPES = [
    "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z", "M-3.6-3.6h7.2v7.2h-7.2z", "M0-5l5 5-5 5-5-5z", "M0-4.8L4.8 3.8h-9.6z",
    "M-1.6-4.6h3.2v3h3v3.2h-3v3h-3.2v-3h-3v-3.2h3z", "M0 4.8L-4.8-3.8h9.6z", "M-5 0l2.5-4.3h5L5 0 2.5 4.3h-5z", "M-4.4-2.2h8.8v4.4h-8.8z",
  ];
  const ARROWS = { up: "M0-6l5 8h-10z", down: "M0 6l5-8h-10z" };
  const DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  const NEAR = 22; // pixels within which a mark is meant
  const FEW = 12; // values of a number that are drawn as places of their own, and runs that a tip reads
  const BANDS = 6; // runs whose bands can be told apart
  let details = null, shown = null, drawn = 0;
  const { element } = Tunebook;
  const svg = (tag, attributes, ...children) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const count = (many, thing) => `${many.toLocaleString("en")} ${thing}${many === 1 ? "" : "s"}`;
  const shortened = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

  // ------------------------------------------------------------------ numbers and scales
  // A number as the tables write one; on axes without zeros at its end.
  const say = (value, share, places = 3, zeros = places) => {
    const size = Math.abs(share ? 100 * value : value), sign = value < 0 ? "−" : "", unit = share ? "\u202f%" : "";
    if (size === 0) return `0${unit}`;
    const [mantissa, power] = size.toExponential(places - 1).split("e");
    if (power > -5 && power < 7) return sign + Number(`${mantissa}e${power}`).toLocaleString("en", { maximumSignificantDigits: places, minimumSignificantDigits: zeros }) + unit;
    const times = Number(mantissa) === 1 ? "" : `${zeros > 1 ? mantissa : Number(mantissa)} × `;
    return `${sign}${times}10${power.replace("+", "").replace("-", "⁻").replace(/\d/g, (digit) => DIGITS[digit])}${unit}`;
  };
  const quantile = (sorted, share) => sorted[Math.round(share * (sorted.length - 1))];
  // Whether numbers spread over so many decades that only a logarithmic axis shows them.
  const spread = (values) => Math.min(...values) > 0 && Math.max(...values) / Math.min(...values) >= 20;

  // From the least to the greatest value, without those three times as far from the middle half as
  // that is wide: they would leave no room to the rest.
  function middle(values, log) {
    const sorted = values.map((value) => (log ? Math.log10(value) : value)).sort((a, b) => a - b);
    const [low, high] = [quantile(sorted, .25), quantile(sorted, .75)], far = 3 * (high - low);
    const inside = sorted.length < 8 || !far ? sorted : sorted.filter((value) => value >= low - far && value <= high + far);
    return [inside[0], inside.at(-1)].map((value) => (log ? 10 ** value : value));
  }

  // A scale is {at: value -> share of the axis, ticks: [[value, words]], low, high}.
  function numeric([low, high], { log = false, share = false, room = .05, whole = false } = {}) {
    const to = log ? Math.log10 : Number;
    let [first, last] = [to(low), to(high)];
    if (first === last) [first, last] = log ? [first - .3, last + .3] : [first - (Math.abs(first) / 10 || 1), last + (Math.abs(last) / 10 || 1)];
    const edge = (last - first) * room;
    first -= edge;
    last += edge;
    const at = (value) => (to(value) - first) / (last - first);
    let ticks = [];
    const decades = last - first;
    if (log && decades > .9) {
      const step = Math.max(1, Math.ceil(decades / 7));
      for (let power = Math.ceil(first - 1); power <= last; power += 1) {
        for (const times of decades < 2 ? [1, 2, 5] : [1]) if (power % step === 0) ticks.push(times * 10 ** power);
      }
    } else {
      const [from, until] = log ? [10 ** first, 10 ** last] : [first, last];
      const rough = (until - from) / 5, power = 10 ** Math.floor(Math.log10(rough));
      const step = Math.max([1, 2, 5, 10].find((times) => times * power >= rough) * power, whole ? 1 : 0);
      for (let place = Math.ceil(from / step); place * step <= until; place++) ticks.push(place * step);
    }
    ticks = ticks.filter((value) => at(value) >= -1e-9 && at(value) <= 1 + 1e-9);
    return { at, ticks: ticks.map((value) => [value, say(value, share, 6, 1)]), low: log ? 10 ** first : first, high: log ? 10 ** last : last };
  }
  // Values as places of their own, next to each other.
  function ordinal(values, words) {
    const places = new Map(values.map((value, place) => [value, (place + .5) / values.length]));
    return { at: (value) => places.get(value), ticks: values.map((value) => [value, shortened(words(value), 18)]), band: 1 / values.length };
  }
  const inOrder = (values) => [...new Set(values)].sort((a, b) => (a === null) - (b === null)
    || (typeof a === typeof b ? (typeof a === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true })) : typeof a === "number" ? -1 : 1));

  // ------------------------------------------------------------------ the frame
  // Draws axes for `place` and gives {picture, layer, x, y, width, height, left, top}; x, y: value ->
  // pixels. height: of what the axes enclose.
  function frame(place, { height, x, y, across, up, label }) {
    const whole = Math.max(place.clientWidth, 160), size = 12;
    const wide = (text) => text.length * size * .52;
    const left = Math.ceil(Math.max(...y.ticks.map(([, text]) => wide(text)), 20)) + 10, right = 14, top = up ? 26 : 8;
    const room = (whole - left - right) * (x.band ?? 0);
    const turned = x.band && x.ticks.length > 1 && x.ticks.some(([, text]) => wide(text) > room - 4);
    const longest = Math.max(...x.ticks.map(([, text]) => wide(text)), 0);
    const bottom = (across ? 22 : 4) + (turned ? Math.ceil(longest * .64) + 16 : 22);
    const inner = { left, top, width: whole - left - right, height };
    const at = { x: (value) => left + x.at(value) * inner.width, y: (value) => top + (1 - y.at(value)) * inner.height };
    const end = top + inner.height;
    const axes = svg("g", { class: "axes" });
    for (const [value, text] of y.ticks) {
      axes.append(svg("line", { x1: left, x2: left + inner.width, y1: at.y(value), y2: at.y(value) }));
      axes.append(svg("text", { x: left - 6, y: at.y(value) + 4, "text-anchor": "end" }, text));
    }
    let free = -Infinity;
    for (const [value, text] of x.ticks) {
      const middle = at.x(value);
      if (turned) axes.append(svg("text", { transform: `translate(${middle + 4} ${end + 14}) rotate(-40)`, "text-anchor": "end" }, text));
      else if (middle - wide(text) / 2 > free) {
        axes.append(svg("text", { x: Math.min(middle, whole - wide(text) / 2), y: end + 17, "text-anchor": "middle" }, text));
        free = middle + wide(text) / 2 + 6;
      }
    }
    axes.append(svg("line", { class: "base", x1: left, x2: left + inner.width, y1: end, y2: end }));
    if (up) axes.append(svg("text", { class: "name", x: 0, y: 13 }, shortened(up, Math.floor(whole / 6.4))));
    if (across) axes.append(svg("text", { class: "name", x: left + inner.width, y: top + inner.height + bottom - 4, "text-anchor": "end" }, across));
    const clip = `clip-${++drawn}`;
    const layer = svg("g", { "clip-path": `url(#${clip})` });
    const picture = svg("svg", { role: "img", "aria-label": label, width: whole, height: end + bottom, viewBox: `0 0 ${whole} ${end + bottom}` },
      svg("clipPath", { id: clip }, svg("rect", { x: left, y: top, width: inner.width, height: inner.height })), axes, layer);
    return { ...inner, ...at, picture, layer };
  }

  // Puts a picture and what is said of it in place, with a tip that follows pointer and keys.
  function put(place, picture, note, label) {
    const tip = element("div", undefined, { class: "tip", "aria-hidden": "true" });
    const live = element("p", undefined, { class: "visually-hidden", role: "status" });
    place.replaceChildren(picture, tip, live, ...(note ? [element("p", note, { class: "chart-note" })] : []));
    place.setAttribute("role", "group");
    place.setAttribute("tabindex", "0");
    place.setAttribute("aria-label", label);
    for (const event of ["onpointermove", "onpointerleave", "onpointerdown", "onpointerup", "onkeydown", "onblur"]) place[event] = null;
    tip.hidden = true;
    return {
      hide() { tip.hidden = true; },
      show(left, top, lines) {
        tip.replaceChildren(...lines);
        tip.hidden = false;
        const beside = left + 14 + tip.offsetWidth > place.clientWidth ? left - 14 - tip.offsetWidth : left + 14;
        tip.style.left = `${Math.max(0, Math.min(beside, place.clientWidth - tip.offsetWidth))}px`;
        tip.style.top = `${Math.max(0, top - tip.offsetHeight / 2)}px`;
      },
      tell(text) { live.textContent = text; },
    };
  }
  const empty = (place, message) => {
    place.replaceChildren(element("p", message, { class: "nothing" }));
    for (const name of ["role", "tabindex", "aria-label"]) place.removeAttribute(name);
  };
  const swatch = (colour, shape = SHAPES[0]) => svg("svg", { class: "swatch", viewBox: "-6 -6 12 12", "aria-hidden": "true" }, svg("path", { d: shape, fill: colour }));
  const line = (...parts) => {
    const made = element("p");
    made.append(...parts);
    return made;
  };

  // ------------------------------------------------------------------ curves of the chosen runs
  // The numbers of a line: see `coded` in the library's explorer.py.
  const reading = new DataView(new ArrayBuffer(4));
  const numbers = (line) => {
    let sum = 0;
    return line.map((step) => {
      if (step === null) return null;
      reading.setInt32(0, (sum += step) << 12);
      return reading.getFloat32(0);
    });
  };
  const decoded = new Map();
  const curvesOf = (name) => {
    const found = details.curves[name];
    if (!found || decoded.has(name)) return decoded.get(name);
    const { epochs, ...columns } = found;
    const lines = { epochs: typeof epochs === "number" ? Array.from({ length: epochs }, (_, i) => i + 1) : epochs, thinned: typeof epochs !== "number" };
    for (const [column, [mean, low = mean, high = mean]] of Object.entries(columns)) lines[column] = [mean, low, high].map(numbers);
    decoded.set(name, lines);
    return lines;
  };

  function drawChips(table) {
    const chips = [...table.chosen].map((name) => {
      const run = table.runs.get(name), item = element("li"), button = element("button", undefined, { type: "button", "aria-label": `Take out ${run.label}` });
      const cross = svg("svg", { class: "icon", "aria-hidden": "true" }, svg("use", { href: "#icon-close" }));
      button.append(swatch(Tunebook.colour(table, name)), element("span", run.label), cross);
      button.addEventListener("click", () => table.choose([name], false));
      item.append(button);
      return item;
    });
    table.section.querySelector("[data-chips]").replaceChildren(...chips);
  }

  const PARTS = [["train", "training", ""], ["validation", "validation", "6 4"]];
  function drawCurves(table) {
    const place = table.section.querySelector('[data-chart="curves"]');
    const kind = control(table, "curves").value;
    drawChips(table);
    if (!table.chosen.size) return empty(place, "Choose runs in the table or in the charts below.");
    const parts = PARTS.filter(([, words]) => control(table, words)?.checked);
    const runs = [...table.chosen].map((name) => ({ run: table.runs.get(name), found: curvesOf(name), colour: Tunebook.colour(table, name) })).filter(({ found }) => found);
    const drawnLines = runs.flatMap(({ run, found, colour }) => parts.map(([part, words, dash]) => ({ run, found, colour, words, dash, lines: found[`${part}_${kind}`] })));
    const finite = (values) => values.filter((value) => value !== null);
    const all = finite(drawnLines.flatMap(({ lines }) => lines.flat()));
    const both = control(table, "validation") !== null; // else no run leaves rows for validation
    if (!all.length) return empty(place, parts.length ? "The chosen runs have no curves with a finite value." : `Choose training${both ? " or validation" : ""} above.`);
    const log = control(table, "log").checked && all.every((value) => value >= 0) && all.some((value) => value > 0);
    const share = kind === "metric" && table.data.measures.some((each) => each.key === table.data.judged && each.share);
    // A run whose loss grows without end must not flatten the others.
    const seen = drawnLines.map(({ lines }) => finite(lines.flat()).filter((value) => !log || value > 0)).filter((values) => values.length);
    const tops = seen.map((values) => Math.max(...values)).sort((a, b) => a - b);
    const least = Math.min(...seen.map((values) => Math.min(...values)));
    const most = Math.min(tops.at(-1), quantile(tops, .25) > 0 ? quantile(tops, .25) * 1000 : Infinity);
    const beyond = tops.filter((value) => value > most).length;
    const y = numeric([least, most], { log: log && most / least > 3, share });
    const last = Math.max(...runs.map(({ found }) => found.epochs.at(-1)));
    const x = numeric([0, Math.max(last, 1)], { room: 0, whole: true });
    const title = kind === "loss" ? "Loss" : table.data.metric[0].toUpperCase() + table.data.metric.slice(1);
    const label = `${title} of ${count(runs.length, "run")} over ${count(last, "epoch")}`;
    const at = frame(place, { height: 340, x, y, across: "Epoch", up: title, label });
    const path = (xs, ys) => ys.reduce(([text, pen], value, i) => (value === null || (log && value <= 0) ? [text, "M"] : [`${text}${pen}${at.x(xs[i]).toFixed(1)} ${at.y(value).toFixed(1)}`, "L"]), ["", "M"])[0];
    const banded = ({ run, found }) => runs.length <= BANDS && (run.n > 1 || found.thinned);
    for (const { run, found, colour, lines: [, low, high] } of drawnLines) {
      if (!banded({ run, found })) continue;
      // Where all are left out, a band ends, and the next begins.
      const floor = low.map((value) => (value === null || value > y.low ? value : y.low));
      let start = null;
      for (let i = 0; i <= low.length; i++) {
        const gap = i === low.length || low[i] === null || (log && high[i] <= 0);
        if (!gap) start ??= i;
        else if (start !== null) {
          const xs = found.epochs.slice(start, i);
          at.layer.append(svg("path", { class: "band", d: `${path(xs, high.slice(start, i))}L${path([...xs].reverse(), floor.slice(start, i).reverse()).slice(1)}Z`, fill: colour }));
          start = null;
        }
      }
    }
    for (const { found, colour, dash, lines: [mean] } of drawnLines) {
      at.layer.append(svg("path", { class: "curve", d: path(found.epochs, mean), stroke: colour, "stroke-dasharray": dash }));
      // A curve of a single epoch is a dot.
      if (found.epochs.length === 1 && mean[0] !== null) at.layer.append(svg("path", { d: SHAPES[0], fill: colour, transform: `translate(${at.x(found.epochs[0])} ${at.y(mean[0])})` }));
    }
    for (const { run, found, colour, lines: [mean] } of drawnLines.filter(({ words }) => words === parts[0][1])) {
      const end = found.epochs.at(-1), value = mean.findLast((each) => each !== null);
      if (!run.diverged || end >= run.values.epochs || value === undefined) continue;
      const height = Math.max(at.top + 5, at.y(Math.min(value, y.high)));
      at.picture.append(svg("path", { class: "ended", d: "M-4-4l8 8m0-8l-8 8", stroke: colour, transform: `translate(${at.x(end)} ${height})` }));
    }
    const guide = svg("line", { class: "guide", y1: at.top, y2: at.top + at.height, visibility: "hidden" });
    at.picture.append(guide);
    const thinned = runs.some(({ found }) => found.thinned);
    const note = [
      both ? "Solid: training. Dashed: validation." : "Of training rows.",
      thinned ? "Of long trainings not every epoch is drawn." : "Every epoch is drawn.",
      runs.length > BANDS ? `Bands are drawn of ${BANDS} runs or fewer.` : "",
      runs.some(banded)
        ? `Bands reach from the lowest to the highest ${thinned ? "value of any replicate at any epoch since the one drawn before" : "replicate"}.`
        : "",
      runs.some(({ run }) => run.diverged) ? "Where replicates diverged, the rest is drawn; a cross marks where none is left." : "",
      beyond ? `${count(beyond, "curve")} ${beyond === 1 ? "leaves" : "leave"} at the top.` : "",
    ].filter(Boolean).join(" ");
    const tip = put(place, at.picture, note, `${label}. Left and right arrow keys move over the epochs.`);
    const epochs = inOrder(runs.flatMap(({ found }) => found.epochs));
    let here = -1;
    const stop = () => { here = -1; guide.setAttribute("visibility", "hidden"); tip.hide(); };
    const go = (place, height) => {
      here = Math.max(0, Math.min(epochs.length - 1, place));
      const epoch = epochs[here];
      guide.setAttribute("visibility", "visible");
      for (const end of ["x1", "x2"]) guide.setAttribute(end, at.x(epoch));
      const told = runs.map(({ run, found, colour }) => {
        const i = found.epochs.indexOf(epoch);
        const values = parts.map(([part, words]) => [words, found[`${part}_${kind}`][0][i]]);
        return { run, colour, first: values[0][1], words: i < 0 ? "" : values.map(([words, value]) => `${words} ${value === null ? "not finite" : say(value, share)}`).join(", ") };
      }).filter(({ words }) => words).sort((a, b) => (b.first ?? Infinity) - (a.first ?? Infinity));
      const rest = told.length - FEW;
      tip.show(at.x(epoch), height ?? at.top + at.height / 2, [
        line(element("b", `Epoch ${epoch.toLocaleString("en")}`)),
        ...told.slice(0, FEW).map(({ run, colour, words }) => {
          const row = line(swatch(colour), element("b", words), ` ${run.label}`);
          row.className = "row";
          return row;
        }),
        ...(rest > 0 ? [line(`and ${count(rest, "other run")}`)] : []),
      ]);
      tip.tell(`Epoch ${epoch}: ${told.slice(0, 3).map(({ run, words }) => `${run.label}: ${words}`).join("; ")}`);
    };
    place.onpointermove = (event) => {
      const box = at.picture.getBoundingClientRect(), left = event.clientX - box.left;
      if (left < at.left - NEAR || event.clientY - box.top > at.top + at.height + NEAR) return stop();
      const nearest = epochs.reduce((best, epoch, i) => (Math.abs(at.x(epoch) - left) < Math.abs(at.x(epochs[best]) - left) ? i : best), 0);
      go(nearest, event.clientY - box.top);
    };
    place.onpointerleave = stop;
    place.onblur = stop;
    place.onkeydown = ({ key, preventDefault }) => {
      const step = { ArrowRight: 1, ArrowLeft: -1, PageUp: 10, PageDown: -10, Home: -Infinity, End: Infinity }[key];
      if (step !== undefined) go(here < 0 ? (step > 0 ? 0 : epochs.length - 1) : here + step);
      if (key === "Escape") stop();
    };
  }

  // ------------------------------------------------------------------ marks, one a run
  // marks: [{run, x, y, words, colour, shape}] with x, y in values. Those above or below the scale sit at
  // the edge as arrows. They are read and chosen by pointer and by keys, and several at once by
  // dragging around them.
  function drawMarks(place, table, marks, spec) {
    const { y } = spec, at = frame(place, spec);
    for (const mark of marks) {
      mark.edge = mark.y > y.high ? "up" : mark.y < y.low ? "down" : "";
      mark.left = at.x(mark.x);
      mark.top = mark.edge ? (mark.edge === "up" ? at.top + 6 : at.top + at.height - 6) : at.y(mark.y);
    }
    if (spec.stacked) stack(marks, at.width * spec.x.band);
    for (const points of spec.joined ?? []) {
      at.layer.append(svg("path", { class: spec.front ? "front" : "joined", d: points(marks) }));
    }
    // The chosen ones last, above the others.
    const ordered = [...marks].sort((a, b) => table.chosen.has(a.run.id) - table.chosen.has(b.run.id));
    const paths = new Map(ordered.map((mark) => {
      const chosen = table.chosen.has(mark.run.id);
      const path = svg("path", {
        class: chosen ? "mark chosen" : "mark", d: ARROWS[mark.edge] ?? mark.shape ?? SHAPES[0], "data-of": mark.run.id,
        fill: spec.byChoice ? (chosen ? Tunebook.colour(table, mark.run.id) : "var(--edge)") : mark.colour,
        transform: `translate(${mark.left.toFixed(1)} ${mark.top.toFixed(1)})${chosen ? " scale(1.5)" : ""}`,
      });
      at.picture.append(path);
      return [mark, path];
    }));
    const brush = svg("rect", { class: "brush", visibility: "hidden" });
    at.picture.append(brush);
    const tip = put(place, at.picture, spec.note, `${spec.label}. Arrow keys move from mark to mark, Enter chooses a run.`);
    const reading = [...marks].sort((a, b) => a.left - b.left || b.top - a.top);
    let here = null, start = null;
    const stop = () => { paths.get(here)?.classList.remove("here"); here = null; tip.hide(); };
    const go = (mark) => {
      stop();
      here = mark;
      paths.get(mark).classList.add("here");
      tip.show(mark.left, mark.top, [line(element("b", mark.words)), line(mark.run.label), ...(mark.run.diverged ? [line(`${mark.run.diverged} of ${mark.run.n} replicates diverged`)] : [])]);
      tip.tell(`${mark.words}: ${mark.run.label}${table.chosen.has(mark.run.id) ? ", chosen" : ""}`);
    };
    const spot = (event) => {
      const box = at.picture.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    const nearest = ([left, top]) => {
      const far = (mark) => Math.hypot(mark.left - left, mark.top - top);
      const found = marks.reduce((best, mark) => (!best || far(mark) < far(best) ? mark : best), null);
      return found && far(found) <= NEAR ? found : null;
    };
    const choose = (mark) => {
      const id = mark.run.id;
      place.dataset.here = id;
      table.choose([id], !table.chosen.has(id));
    };
    place.onpointermove = (event) => {
      const [left, top] = spot(event);
      if (start) {
        const box = { x: Math.min(left, start[0]), y: Math.min(top, start[1]), width: Math.abs(left - start[0]), height: Math.abs(top - start[1]) };
        for (const [key, value] of Object.entries({ ...box, visibility: "visible" })) brush.setAttribute(key, value);
        return;
      }
      const mark = nearest([left, top]);
      if (mark) go(mark);
      else stop();
    };
    place.onpointerleave = () => { if (!start) stop(); };
    // A finger scrolls the page; a mouse or pen draws a box.
    place.onpointerdown = (event) => {
      if (event.button || event.pointerType === "touch" || !at.picture.contains(event.target)) return;
      start = spot(event);
      place.setPointerCapture(event.pointerId);
    };
    place.onpointerup = (event) => {
      const [left, top] = spot(event), from = start ?? [left, top];
      start = null;
      brush.setAttribute("visibility", "hidden");
      if (!at.picture.contains(event.target) && event.pointerType === "touch") return;
      if (Math.hypot(left - from[0], top - from[1]) < 5) {
        const mark = nearest([left, top]);
        if (mark) choose(mark);
        return;
      }
      const between = (value, a, b) => value >= Math.min(a, b) && value <= Math.max(a, b);
      const inside = marks.filter((mark) => between(mark.left, from[0], left) && between(mark.top, from[1], top));
      if (inside.length) table.choose(inside.map((mark) => mark.run.id), true);
    };
    place.onblur = stop;
    place.onkeydown = (event) => {
      const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, Home: -Infinity, End: Infinity }[event.key];
      if (step !== undefined) {
        event.preventDefault();
        const place = here ? reading.indexOf(here) + step : step > 0 ? 0 : reading.length - 1;
        go(reading[Math.max(0, Math.min(reading.length - 1, place))]);
      } else if ((event.key === "Enter" || event.key === " ") && here) {
        event.preventDefault();
        choose(here);
      } else if (event.key === "Escape") stop();
    };
    // What was read before the chart was drawn anew is read again.
    const again = document.activeElement === place && marks.find((mark) => mark.run.id === place.dataset.here);
    if (again) go(again);
  }

  // Marks of one place side by side where they would cover each other.
  function stack(marks, band) {
    const size = 8, most = Math.max(0, Math.floor(band * .45 / size)), columns = new Map();
    for (const mark of [...marks].sort((a, b) => b.top - a.top)) {
      const column = columns.get(mark.x) ?? columns.set(mark.x, []).get(mark.x);
      const middle = mark.left;
      for (let i = 0; i <= 2 * most; i++) {
        mark.left = middle + (i % 2 ? 1 : -1) * Math.ceil(i / 2) * size;
        if (!column.some((other) => Math.abs(other.left - mark.left) < size && Math.abs(other.top - mark.top) < size)) break;
      }
      column.push(mark);
    }
  }

  const said = (table, run, key) => {
    const place = table.places.get(key);
    return `${table.data.measures[place].label}: ${details.words[run.id].measures[place]}`;
  };
  // What is not drawn where it belongs, and why.
  const left = (marks, y, without, what = "value") => {
    const outside = marks.filter((mark) => mark.y > y.high || mark.y < y.low).length;
    return [
      outside ? `${count(outside, "run")} far outside ${outside === 1 ? "sits" : "sit"} at the edge, as ${outside === 1 ? "an arrow" : "arrows"}.` : "",
      without ? `${count(without, "run")} without a finite ${what} ${without === 1 ? "is" : "are"} left out.` : "",
    ].filter(Boolean).join(" ");
  };
  const scaleOf = (values, share) => {
    const log = spread(values);
    return numeric(middle(values, log), { log, share });
  };
  const alike = (table, run, key) => (run.values[key] === undefined ? "none" : Tunebook.say(table, key, run.values[key]));

  function drawScatter(table) {
    const place = table.section.querySelector('[data-chart="scatter"]');
    const axis = table.data.axes.find(({ key }) => key === control(table, "x").value);
    const measure = table.data.measures.find(({ key }) => key === control(table, "y").value);
    const by = table.data.axes.find(({ key }) => key === control(table, "colour").value);
    if (!measure) return empty(place, "No run has a finite value.");
    if (!axis) return empty(place, "No hyper-parameter varies among these runs.");
    const runs = table.shown.filter((run) => table.measure(run, measure.key) !== null);
    if (!runs.length) return empty(place, table.shown.length ? "None of the rows shown has such a value." : "No run matches.");
    const value = (run) => run.values[axis.key] ?? null;
    const values = inOrder(runs.map(value)), places = !axis.number || values.length <= FEW || values.includes(null);
    const groups = by ? inOrder(runs.map((run) => run.values[by.key] ?? null)) : [null];
    const words = (group) => (group === null ? "none" : Tunebook.say(table, by.key, group));
    const marks = runs.map((run) => {
      const group = by ? groups.indexOf(run.values[by.key] ?? null) : 0;
      return { run, x: value(run), y: table.measure(run, measure.key), words: said(table, run, measure.key), colour: series(group), shape: SHAPES[group % SHAPES.length] };
    });
    const y = scaleOf(marks.map((mark) => mark.y), measure.share);
    const x = places ? ordinal(values, (each) => (each === null ? "none" : Tunebook.say(table, axis.key, each))) : numeric([values[0], values.at(-1)], { log: spread(values) });
    const note = [
      "One mark a run, of the rows that the table shows. Select a mark, or drag around several, to choose them.",
      places ? `The values of ${axis.label.toLowerCase()} stand evenly side by side; marks are moved sideways only where they would cover each other.` : "",
      left(marks, y, table.shown.length - runs.length),
    ].filter(Boolean).join(" ");
    drawMarks(place, table, marks, { height: 310, x, y, across: axis.label, up: measure.label, stacked: places, note, label: `${measure.label} by ${axis.label.toLowerCase()} of ${count(runs.length, "run")}` });
    if (by) legend(place, by.label, groups.map((group, i) => [words(group), series(i), SHAPES[i % SHAPES.length]]));
  }
  const series = (place) => `var(--series-${1 + place % 8})`;
  function legend(place, title, entries) {
    const list = element("ul", undefined, { class: "legend", "aria-label": title });
    for (const [words, colour, shape] of entries) {
      const item = element("li");
      item.append(swatch(colour, shape), words);
      list.append(item);
    }
    place.prepend(list);
  }

  // ------------------------------------------------------------------ time against error
  function front(points) {
    const sorted = [...points].sort((a, b) => a.x - b.x || a.y - b.y);
    let best = Infinity;
    return sorted.filter((point) => point.y < best && ((best = point.y), true));
  }

  function drawPareto(table) {
    const place = table.section.querySelector('[data-chart="pareto"]');
    const time = control(table, "time").value, higher = table.data.better === "higher", { judged } = table.data;
    if (!time) return empty(place, "No times were measured in this study.");
    const marks = table.shown.filter((run) => run[time] > 0 && table.measure(run, judged) !== null && !run.diverged).map((run) => {
      const metric = table.measure(run, judged);
      return { run, x: run[time], y: higher ? 1 - metric : metric, words: `${said(table, run, judged)} in ${say(run[time])} s` };
    });
    if (!marks.length) return empty(place, table.shown.length ? "None of the rows shown has such a time." : "No run matches.");
    const best = front(marks), optimal = new Set(best);
    for (const mark of marks) Object.assign(mark, optimal.has(mark) ? { colour: series(1), shape: SHAPES[2] } : { colour: "var(--edge)", shape: SHAPES[0] });
    const y = scaleOf(marks.map((mark) => mark.y), table.data.measures[table.places.get(judged)].share);
    const times = marks.map((mark) => mark.x), x = numeric([Math.min(...times), Math.max(...times)], { log: spread(times) });
    const steps = () => best.map((mark, i) => (i ? `H${mark.left.toFixed(1)}V${mark.top.toFixed(1)}` : `M${mark.left.toFixed(1)} ${mark.top.toFixed(1)}`)).join("");
    const note = [
      time === "alone"
        ? "Seconds of one training: median seconds per epoch, measured alone on the machine on one thread, times the epochs. Only runs that were timed are drawn."
        : "Seconds of one training as the study ran, beside other jobs and shared with the replicates of its block: a rough guide, not used for any verdict.",
      "On the Pareto front, no other run is both faster and better. Runs of which a replicate diverged are left out.",
      judged === "test_metric" ? "No run leaves rows for validation, so the error is that on the test rows: it shows what these runs reached, and is no ground to choose one." : "",
      left(marks, y, 0),
    ].filter(Boolean).join(" ");
    drawMarks(place, table, marks, { height: 310, x, y, across: "Seconds to train", up: table.data.error, joined: [steps], front: true, note, label: `${table.data.error} against seconds to train of ${count(marks.length, "run")}` });
    legend(place, "Kinds of runs", [["Pareto front", series(1), SHAPES[2]], ["dominated", "var(--edge)", SHAPES[0]]]);
  }

  // ------------------------------------------------------------------ one hyper-parameter at a time
  function drawSlices(table) {
    const whole = table.section.querySelector('[data-chart="slices"]');
    const measure = table.data.measures.find(({ key }) => key === control(table, "slices").value);
    if (!measure) return empty(whole, "No run has a finite value.");
    const shownRuns = new Set(table.shown);
    const value = (run) => table.measure(run, measure.key);
    const slices = table.data.axes.map((axis) => {
      const groups = axis.lines.map((places) => places.map((place) => table.data.runs[place]).filter((run) => shownRuns.has(run) && value(run) !== null));
      return { axis, groups: groups.filter((runs) => new Set(runs.map((run) => run.values[axis.key])).size > 1) };
    }).filter(({ groups }) => groups.length);
    if (!slices.length) return empty(whole, table.shown.length ? "No two of the rows shown differ in one hyper-parameter only." : "No run matches.");
    const values = slices.flatMap(({ groups }) => groups.flat().map(value));
    const y = scaleOf(values, measure.share);
    const cards = slices.map(({ axis, groups }) => {
      const card = element("section"), place = element("div", undefined, { class: "chart" });
      card.append(element("h5", axis.label), place);
      return { card, place, axis, groups };
    });
    const everything = [...new Set(slices.flatMap(({ groups }) => groups.flat()))].map((run) => ({ y: value(run) }));
    const note = [
      `${measure.label}, on one scale. A line joins runs that differ in that hyper-parameter only, and so shows its effect with all others fixed.`,
      left(everything, y, table.shown.filter((run) => value(run) === null).length),
    ].filter(Boolean).join(" ");
    whole.replaceChildren(...cards.map(({ card }) => card), element("p", note, { class: "chart-note" }));
    for (const { place, axis, groups } of cards) {
      const marks = groups.flatMap((runs) => runs.map((run) => ({ run, x: run.values[axis.key], y: value(run), words: said(table, run, measure.key), runs })));
      const x = ordinal(inOrder(marks.map((mark) => mark.x)), (each) => Tunebook.say(table, axis.key, each));
      const joined = groups.map((runs) => () => {
        const points = marks.filter((mark) => mark.runs === runs).sort((a, b) => a.left - b.left);
        return points.map((mark, i) => `${i ? "L" : "M"}${mark.left.toFixed(1)} ${mark.top.toFixed(1)}`).join("");
      });
      drawMarks(place, table, marks, { height: 150, x, y, joined, byChoice: true, label: `${measure.label} by ${axis.label.toLowerCase()}, all else fixed: ${count(groups.length, "line")}` });
    }
  }

  // ------------------------------------------------------------------ drawing
  const control = (table, name) => table.section.querySelector(`[data-state="${name}"]`);
  const CHARTS = [[drawCurves, ["curves", "log", "training", "validation"]], [drawScatter, ["x", "y", "colour"]], [drawPareto, ["time"]], [drawSlices, ["slices"]]];
  let waiting = 0;
  const redraw = () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => { if (details && shown) for (const [draw] of CHARTS) draw(shown); });
  };

  function prepare(table) {
    const { axes, measures, runs } = table.data;
    const fill = (name, entries) => control(table, name).replaceChildren(...entries.map(([value, words]) => new Option(words, value)));
    const varied = axes.filter(({ key }) => new Set(runs.map((run) => run.values[key])).size <= 8);
    fill("x", axes.map(({ key, label }) => [key, label]));
    fill("y", measures.map(({ key, label }) => [key, label]));
    fill("slices", measures.map(({ key, label }) => [key, label]));
    fill("colour", [["", "all alike"], ...varied.map(({ key, label }) => [key, label])]);
    const times = [];
    if (runs.some((run) => run.alone)) times.push(["alone", "alone on the machine"]);
    if (runs.some((run) => run.seconds)) times.push(["seconds", "as the study ran (rough)"]);
    fill("time", times);
    const [first, ...others] = table.data.asked;
    if (first) control(table, "x").value = first;
    const next = others.find((key) => varied.some((axis) => axis.key === key));
    if (next) control(table, "colour").value = next;
    for (const name of ["y", "slices"]) if (table.places.has(table.data.judged)) control(table, name).value = table.data.judged;
    for (const [draw, names] of CHARTS) {
      for (const name of names) control(table, name)?.addEventListener("change", () => details && draw(table));
    }
    table.addEventListener("filter", redraw);
    table.addEventListener("choice", redraw);
    for (const place of table.section.querySelectorAll("[data-chart]")) empty(place, "Unpacking the charts …");
  }

  for (const table of Object.values(Tunebook.problems)) {
    prepare(table);
    if (!table.section.hidden) shown = table;
  }
  document.addEventListener("problem", (event) => {
    shown = event.detail;
    redraw();
  });
  let width = innerWidth;
  addEventListener("resize", () => { if (width !== innerWidth) { width = innerWidth; redraw(); } });
  // The curves are unpacked once, when the explorer comes near.
  const near = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    near.disconnect();
    Tunebook.details().then((found) => {
      details = found;
      redraw();
      requestAnimationFrame(() => { document.documentElement.dataset.charts = "ready"; });
    }, () => {
      for (const place of document.querySelectorAll("[data-chart]")) empty(place, "The charts need a newer browser (one with DecompressionStream). The table works without them.");
    });
  }, { rootMargin: "600px" });
  const explorer = document.querySelector(".explorer .charts") && document.querySelector(".explorer");
  if (explorer) near.observe(explorer);
})();
