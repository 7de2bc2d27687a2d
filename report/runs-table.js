"use strict";
// The runs: a table that is sorted, filtered and searched, rows that are chosen, the panel of one
// run, and the page's address, which carries all of it.
Tunebook.problems = {};
(() => {
  const data = JSON.parse(document.getElementById("runs-data").textContent);
  const element = (tag, text, attributes = {}) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };
  const written = (value) => (value === undefined || value === null ? "" : String(value));
  // A value as it is compared: 1e-08 in a configuration is 1e-8 here.
  const same = (value) => (value === "" || Number.isNaN(Number(value)) ? written(value) : String(Number(value)));
  // A value of a hyper-parameter as the table of runs says it.
  const say = (table, key, value) => table.choices.get(key)?.get(same(written(value))) ?? (typeof value === "number" ? value.toLocaleString("en") : written(value));
  Object.assign(Tunebook, { say, element });

  // What only charts and panels need, unpacked when the first asks for it: {curves, words}.
  let unpacking = null;
  Tunebook.details = () => (unpacking ??= Tunebook.unpack("charts-data").then(JSON.parse));

  class RunsTable extends EventTarget {
    constructor(section) {
      super();
      this.section = section;
      this.problem = section.dataset.problem;
      this.data = data.problems[this.problem];
      for (const run of this.data.runs) {
        run.values = { ...this.data.shared, ...run.values };
        run.sweeps = run.sweeps.map((place) => this.data.sweeps[place]);
      }
      this.runs = new Map(this.data.runs.map((run) => [run.id, run]));
      this.byKey = new Map(this.data.runs.map((run) => [run.key, run]));
      this.choices = new Map(Object.entries(this.data.choices).map(([key, pairs]) => [key, new Map(pairs.map(([value, words]) => [same(value), words]))]));
      this.places = new Map(this.data.measures.map(({ key }, place) => [key, place]));
      this.chosen = new Set();
      this.form = section.querySelector("form.controls");
      this.table = section.querySelector("table.runs");
      this.rows = [...this.table.tBodies[0].rows];
      for (const row of this.rows) row.run = this.runs.get(row.id.slice("run-".length));
      for (const run of this.data.runs) {
        const said = Object.entries(run.values).flatMap(([key, value]) => [value, say(this, key, value)]);
        run.text = [run.id, run.label, ...run.sweeps, ...said].join(" ").toLowerCase();
      }
      this.hiding = new CSSStyleSheet();
      document.adoptedStyleSheets = [...document.adoptedStyleSheets, this.hiding];
      this.addBoxes();
      this.addSorting();
      this.addFilters();
      this.form.addEventListener("input", () => this.filter());
      this.form.addEventListener("submit", (event) => event.preventDefault());
      this.form.addEventListener("reset", () => setTimeout(() => this.filter()));
      section.querySelector("[data-lift]").addEventListener("click", () => {
        this.form.reset();
        this.form.elements.search.focus();
      });
      section.querySelector("[data-clear]").addEventListener("click", () => this.choose([...this.chosen], false));
      section.querySelector("[data-download]").addEventListener("click", () => this.download());
      this.choose(this.data.first, true);
      this.filter();
    }

    measure(run, key) {
      return run.measures[this.places.get(key)]?.[0] ?? null;
    }

    // What stands in a row under a column.
    value(row, key) {
      if (key === "label") return row.querySelector("th").textContent;
      if (this.places.has(key)) return this.measure(row.run, key);
      return row.run.values[key] ?? row.run[key] ?? null;
    }

    addBoxes() {
      for (const row of this.rows) row.cells[0].prepend(element("input", undefined, { type: "checkbox", "aria-label": `Choose ${row.run.label}` }));
      this.table.tBodies[0].addEventListener("change", (event) => this.choose([event.target.closest("tr").run.id], event.target.checked));
    }

    // What can be filtered by: every hyper-parameter that varies, with its values.
    addFilters() {
      const sets = this.data.axes.filter(({ key }) => this.choices.has(key)).map(({ key, label }) => {
        const set = element("fieldset", undefined, { "data-key": key });
        set.append(element("legend", label));
        for (const [value, words] of this.choices.get(key)) {
          const line = element("label", undefined, { class: "check" });
          line.append(element("input", undefined, { type: "checkbox", value }), element("span", words));
          set.append(line);
        }
        return set;
      });
      this.section.querySelector("[data-filters]").append(...sets);
    }

    addSorting() {
      this.headers = [...this.table.querySelectorAll("th[data-key]")];
      for (const header of this.headers) {
        const button = element("button", undefined, { type: "button", class: "sort" });
        button.append(...header.childNodes);
        header.append(button);
        button.addEventListener("click", () => {
          // First the best, then the other way round.
          const before = header.getAttribute("aria-sort");
          const best = header.dataset.key.endsWith("_metric") && this.data.better === "higher";
          this.sort(header.dataset.key, before ? before === "ascending" : best);
        });
      }
    }

    // Rows without a value stay at the end, whichever way the rest goes. No key: the first order.
    sort(key, down) {
      for (const header of this.headers) {
        if (header.dataset.key === key) header.setAttribute("aria-sort", down ? "descending" : "ascending");
        else header.removeAttribute("aria-sort");
      }
      this.sorted = key ? (down ? "-" : "") + key : "";
      const place = new Map(this.data.runs.map((run, place) => [run, place]));
      const direction = down ? -1 : 1;
      const order = this.rows.map((row) => [row, key ? this.value(row, key) : place.get(row.run)]).sort(([, x], [, y]) => {
        if (x === null || y === null) return (x === null) - (y === null);
        return direction * (typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), "en", { numeric: true }));
      });
      this.rows = order.map(([row]) => row);
      this.table.tBodies[0].append(...this.rows);
    }

    wanted() {
      const sets = new Map();
      for (const fieldset of this.form.querySelectorAll("fieldset[data-key]")) {
        const values = [...fieldset.querySelectorAll("input:checked")].map(({ value }) => value);
        if (values.length) sets.set(fieldset.dataset.key, values);
      }
      return sets;
    }

    filter() {
      const words = this.form.elements.search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const sweep = this.form.elements.sweep.value;
      const sets = this.wanted();
      const allowed = [...sets].map(([key, values]) => [key, new Set(values.map(same))]);
      this.shown = [];
      for (const row of this.rows) {
        const run = row.run;
        const fits = (!sweep || run.sweeps.includes(sweep))
          && words.every((word) => run.text.includes(word))
          && allowed.every(([key, values]) => values.has(same(written(run.values[key]))));
        row.hidden = !fits;
        if (fits) this.shown.push(run);
      }
      const filtered = [...sets.values()].reduce((sum, values) => sum + values.length, 0);
      this.form.querySelector("[data-filter-count]").textContent = filtered ? `(${filtered} chosen)` : "";
      const question = this.section.querySelector("[data-question]");
      question.hidden = !data.questions[sweep];
      question.textContent = data.questions[sweep] ?? "";
      this.section.querySelector("[data-none]").hidden = this.shown.length > 0;
      this.fold();
      this.tell();
      this.dispatchEvent(new Event("filter"));
    }

    // Columns in which the rows shown are all alike are not shown, but told.
    fold() {
      this.alike = [];
      const rules = [];
      this.headers.forEach((header, place) => {
        const { key } = header.dataset;
        if (key === "label" || this.places.has(key) || this.shown.length < 2) return;
        const values = new Set(this.shown.map((run) => run.values[key] ?? run[key]));
        if (values.size > 1) return;
        const [value] = values;
        if (value !== undefined && this.choices.has(key)) this.alike.push(`${this.data.labels[key].toLowerCase()} ${say(this, key, value)}`);
        if (key !== "n") rules.push(`#${CSS.escape(this.table.id)} tr > :nth-child(${place + 1}) { display: none; }`);
      });
      this.hiding.replaceSync(rules.join("\n"));
    }

    tell() {
      const chosen = this.chosen.size ? `; ${this.chosen.size} chosen` : "";
      const alike = this.alike?.length ? ` Alike in all of them: ${this.alike.join(", ")}.` : "";
      this.section.querySelector("[data-status]").textContent = `${this.shown?.length ?? 0} of ${this.rows.length} runs shown${chosen}.${alike}`;
    }

    choose(names, on) {
      for (const name of names) if (this.runs.has(name)) this.chosen[on ? "add" : "delete"](name);
      for (const row of this.rows) {
        const chosen = this.chosen.has(row.run.id);
        row.classList.toggle("chosen", chosen);
        row.querySelector("input").checked = chosen;
        row.style.setProperty("--run-colour", chosen ? Tunebook.colour(this, row.run.id) : "");
      }
      this.tell();
      this.dispatchEvent(new Event("choice"));
    }

    download() {
      const keys = Object.keys(this.data.labels);
      const quoted = (value) => `"${written(value).replaceAll('"', '""')}"`;
      const header = ["run", "replicates", "diverged", ...keys, ...this.data.measures.flatMap(({ key }) => [key, `${key}_low`, `${key}_high`])];
      const lines = this.rows.filter((row) => !row.hidden).map(({ run }) => [
        run.id, run.n, run.diverged, ...keys.map((key) => run.values[key]), ...run.measures.flat(),
      ]);
      Tunebook.save([header, ...lines].map((line) => line.map(quoted).join(",")).join("\n") + "\n", `runs-${this.problem}.csv`);
    }

    // ---------------------------------------------------------------- state
    controls() {
      return [...this.section.querySelectorAll("[data-state]")].map((control) => [control.dataset.state, control]);
    }

    // Once every control has been filled: what it is when nobody touches it.
    settle() {
      this.usual = new Map(this.controls().map(([name, control]) => [name, setting(control)]));
    }

    // The state as parameters of an address: what is not as it was at first.
    state() {
      const found = new URLSearchParams();
      for (const [name, control] of this.controls()) if (setting(control) !== this.usual.get(name)) found.set(name, setting(control));
      for (const [key, values] of this.wanted()) for (const value of values) found.append("only", `${key}:${value}`);
      if (this.sorted) found.set("sort", this.sorted);
      if ([...this.chosen].join() !== this.data.first.join()) found.set("runs", [...this.chosen].map((name) => this.runs.get(name).key).join());
      return found;
    }

    restore(found) {
      for (const [name, control] of this.controls()) {
        const value = found.get(name) ?? this.usual.get(name);
        if (control.type === "checkbox") control.checked = value === "yes";
        else if (control.tagName !== "SELECT" || [...control.options].some((option) => option.value === value)) control.value = value;
      }
      const only = new Set(found.getAll("only"));
      for (const fieldset of this.form.querySelectorAll("fieldset[data-key]")) {
        for (const box of fieldset.querySelectorAll("input")) box.checked = only.has(`${fieldset.dataset.key}:${box.value}`);
      }
      const sort = found.get("sort") ?? "", key = sort.replace(/^-/, "");
      this.sort(this.headers.some((header) => header.dataset.key === key) ? key : "", sort.startsWith("-"));
      this.chosen.clear();
      const runs = found.get("runs");
      const names = runs === null ? this.data.first : runs.split(",").map((key) => this.byKey.get(key)?.id);
      this.choose(names.filter(Boolean), true);
      this.filter();
    }
  }
  const setting = (control) => (control.type === "checkbox" ? (control.checked ? "yes" : "no") : control.value);

  // The same colour for a run as long as it is chosen.
  const taken = new Map();
  Tunebook.colour = (table, name) => {
    const places = taken.get(table) ?? taken.set(table, new Map()).get(table);
    for (const other of [...places.keys()]) if (!table.chosen.has(other)) places.delete(other);
    if (!places.has(name)) {
      const used = new Set(places.values());
      let place = 0;
      while (used.has(place)) place++;
      places.set(name, place);
    }
    return `var(--series-${1 + places.get(name) % 8})`;
  };

  for (const section of document.querySelectorAll(".explorer .problem")) {
    Tunebook.problems[section.dataset.problem] = new RunsTable(section);
  }
  const tables = Object.values(Tunebook.problems);
  const owner = (name) => tables.find((table) => table.runs.has(name));

  // One problem at a time.
  let shown = null;
  Tunebook.showProblem = (problem) => {
    shown = Tunebook.problems[problem];
    for (const table of tables) table.section.hidden = table !== shown;
    const radio = document.querySelector(`input[name="problem"][value="${CSS.escape(problem)}"]`);
    if (radio) radio.checked = true;
    document.dispatchEvent(new CustomEvent("problem", { detail: shown }));
  };
  for (const radio of document.querySelectorAll('input[name="problem"]')) {
    radio.addEventListener("change", () => Tunebook.showProblem(radio.value));
  }
  if (tables.length) Tunebook.showProblem(tables[0].problem);

  // ------------------------------------------------------------------ the address
  // `#explorer?problem=…&runs=…`: what a reader changes goes into the address, and what stands in
  // the address is shown when the page opens, on Back, and after a link.
  const STATE = "#explorer?";
  const address = () => {
    const found = shown.state();
    if (shown !== tables[0]) found.set("problem", shown.problem);
    return `${STATE}${String(found).replaceAll("%2C", ",").replaceAll("%3A", ":")}`;
  };
  let known = "";
  const remember = () => {
    if (!shown || document.getElementById("panel").open) return;
    const now = address();
    if (now === known) return;
    known = now;
    // The first change leaves the place the reader came from behind it.
    history[location.hash.startsWith("#explorer") ? "replaceState" : "pushState"](null, "", now);
  };
  const restore = () => {
    if (!location.hash.startsWith(STATE) || !tables.length) return false;
    const found = new URLSearchParams(location.hash.slice(STATE.length));
    const table = Tunebook.problems[found.get("problem")] ?? tables[0];
    Tunebook.showProblem(table.problem);
    table.restore(found);
    known = address();
    return true;
  };
  let waiting = 0;
  const changed = () => {
    clearTimeout(waiting);
    waiting = setTimeout(remember, 250);
  };
  for (const event of ["input", "change", "click", "pointerup", "keyup"]) document.querySelector(".explorer")?.addEventListener(event, changed);
  addEventListener("popstate", restore);

  const toCurves = () => document.getElementById(`curves-${shown.problem}`).scrollIntoView();
  for (const link of document.querySelectorAll("a[data-draw]")) link.href = STATE + link.dataset.draw;
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-draw]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    Tunebook.leave();
    history.pushState(null, "", STATE + link.dataset.draw);
    restore();
    toCurves();
  });

  // ------------------------------------------------------------------ the panel of one run
  const pairs = (className, rows) => {
    const list = element("dl", undefined, { class: className });
    for (const [key, value] of rows) {
      const pair = element("div");
      pair.append(element("dt", key), element("dd", value));
      list.append(pair);
    }
    return list;
  };
  const numbers = (table, run, words) => {
    const made = element("table", undefined, { class: "data compact" });
    const head = made.createTHead().insertRow();
    for (const label of ["Replicate", ...table.data.splits]) head.append(element("th", label, { scope: "col" }));
    const body = made.createTBody();
    for (const [replicate, ...values] of words.replicates) {
      const row = body.insertRow();
      row.append(element("th", replicate, { scope: "row" }));
      for (const value of values) row.insertCell().textContent = value;
    }
    return [
      pairs("settings measures", [
        ...table.data.measures.map(({ label }, place) => [label, words.measures[place]]).filter(([, said]) => said),
        ["Replicates", String(run.n)], ["Diverged", String(run.diverged)],
      ]),
      made,
    ];
  };
  // The claims and figures that use a run: those that have a link to it.
  const users = (name) => {
    const found = new Map();
    for (const link of document.querySelectorAll(`main a[data-run="${CSS.escape(name)}"]`)) {
      const place = link.closest(".claim, .figure");
      const words = place?.querySelector(".claim-title, figcaption > p");
      if (place && words) found.set(place.id, words);
    }
    const list = element("ul", undefined, { class: "run-list" });
    for (const [id, words] of found) {
      const line = element("li"), copy = words.cloneNode(true);
      for (const extra of copy.querySelectorAll(".footnote-mark, .caption")) extra.remove();
      line.append(element("a", copy.textContent.trim(), { href: `#${encodeURIComponent(id)}` }));
      list.append(line);
    }
    return found.size ? [element("p", "Used by:", { class: "evidence-label" }), list] : [];
  };
  const PANEL = "evidence-run-";
  Tunebook.panels.push((id) => {
    const name = id.startsWith(PANEL) ? id.slice(PANEL.length) : "";
    const table = owner(name);
    if (!table) return null;
    if (table !== shown) Tunebook.showProblem(table.problem);
    const run = table.runs.get(name);
    const chosen = element("p");
    const button = element("button", table.chosen.has(name) ? "Take out of the charts" : "Draw its curves", { type: "button", class: "tool" });
    button.addEventListener("click", () => {
      table.choose([name], !table.chosen.has(name));
      Tunebook.leave();
      remember();
      toCurves();
    });
    chosen.append(button);
    const line = element("p");
    line.append(element("code", run.id));
    const said = element("div");
    Tunebook.details().then(({ words }) => said.replaceChildren(...numbers(table, run, words[name])), () => {});
    return {
      title: run.label,
      place: `run-${name}`,
      back: "Go to its row",
      content: [
        line, chosen,
        pairs("settings", Object.entries(table.data.labels).filter(([key]) => run.values[key] !== undefined).map(([key, label]) => [label, say(table, key, run.values[key])])),
        said, ...users(name),
        element("p", `Sweeps: ${run.sweeps.join(", ")}`),
        pairs("made-by", [["Rule", "train, evaluate"], ["Script", "workflow/scripts/train.py, workflow/scripts/evaluate.py"], ["Data", `${data.files[0]}/${run.id}/, ${data.files.slice(1).join(", ")}`]]),
      ],
    };
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-run]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (Tunebook.open(PANEL + link.dataset.run)) event.preventDefault();
  });

  // A link to a row shows its problem and lifts filters that hide it.
  const reveal = (event) => {
    const found = /^#run-(.+)$/.exec(location.hash);
    const table = found && owner(decodeURIComponent(found[1]));
    if (!table || event?.oldURL.includes("#evidence-")) return;
    Tunebook.showProblem(table.problem);
    const row = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (row.hidden) { table.form.reset(); table.filter(); }
    row.scrollIntoView({ block: "center" });
  };
  addEventListener("hashchange", reveal);
  reveal();

  // Once the charts have filled their controls.
  addEventListener("DOMContentLoaded", () => {
    for (const table of tables) table.settle();
    if (tables.length) known = address();
    if (!restore()) return;
    toCurves();
    // A page that is loaded again goes back to where it was; to its very top, its address goes before.
    addEventListener("load", () => setTimeout(() => { if (!scrollY) toCurves(); }));
  });
})();
