"use strict";
// The table of runs: one problem at a time; sorted, filtered, searched; rows chosen.
Tunebook.problems = {};
(() => {
  const data = JSON.parse(document.getElementById("runs-data").textContent);
  // A value of a hyper-parameter as the table of runs says it.
  const say = (table, key, value) => table.choices.get(key)?.get(written(value)) ?? written(value);
  Tunebook.say = say;
  const element = (tag, text, attributes = {}) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };
  const written = (value) => (value === undefined || value === null ? "" : String(value));

  class RunsTable extends EventTarget {
    constructor(section) {
      super();
      this.section = section;
      this.problem = section.dataset.problem;
      this.data = data.problems[this.problem];
      this.runs = new Map(this.data.runs.map((run) => [run.id, run]));
      this.choices = new Map(Object.entries(this.data.choices).map(([key, pairs]) => [key, new Map(pairs)]));
      this.chosen = new Set();
      this.form = section.querySelector("form.controls");
      this.body = section.querySelector("table.runs tbody");
      this.rows = [...this.body.rows];
      for (const run of this.data.runs) {
        const said = Object.entries(run.values).flatMap(([key, value]) => [value, say(this, key, value)]);
        run.text = [run.id, run.label, ...run.sweeps, ...said].join(" ").toLowerCase();
      }
      this.addSorting();
      this.addFilters();
      this.form.addEventListener("input", () => this.filter());
      this.form.addEventListener("submit", (event) => event.preventDefault());
      this.form.addEventListener("reset", () => setTimeout(() => this.filter()));
      this.body.addEventListener("change", (event) => {
        const row = event.target.closest("tr");
        this.choose([row.dataset.run], event.target.checked);
      });
      section.querySelector("[data-clear]").addEventListener("click", () => this.choose([...this.chosen], false));
      section.querySelector("[data-download]").addEventListener("click", () => this.download());
      this.filter();
    }

    // What can be filtered by: every hyper-parameter that varies, with its values.
    addFilters() {
      const sets = this.data.axes.filter(({ key }) => this.choices.has(key) && key !== "width").map(({ key, label }) => {
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
      const headers = [...this.section.querySelectorAll("th[data-sort]")];
      for (const header of headers) {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "sort";
        button.append(...header.childNodes);
        header.append(button);
        button.addEventListener("click", () => {
          // First the best, then the other way round.
          const before = header.getAttribute("aria-sort");
          const down = before ? before === "ascending" : header.dataset.better === "higher";
          for (const other of headers) other.removeAttribute("aria-sort");
          header.setAttribute("aria-sort", down ? "descending" : "ascending");
          this.sort(header.cellIndex, header.dataset.sort === "number", down ? -1 : 1);
        });
      }
    }

    // Cells without a value stay at the end, whichever way the rest goes.
    sort(column, numeric, direction) {
      const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
      const compare = (a, b) => {
        const [x, y] = [value(a), value(b)];
        if (x === "" || y === "") return (x === "") - (y === "");
        const [m, n] = [Number(x), Number(y)];
        if (numeric && !Number.isNaN(m) && !Number.isNaN(n)) return direction * (m - n);
        return direction * x.localeCompare(y, "en", { numeric: true });
      };
      this.rows.sort(compare);
      this.body.append(...this.rows);
    }

    wanted() {
      const sets = new Map();
      for (const fieldset of this.form.querySelectorAll("fieldset[data-key]")) {
        const values = [...fieldset.querySelectorAll("input:checked")].map(({ value }) => (value === "" || Number.isNaN(Number(value)) ? value : String(Number(value))));
        if (values.length) sets.set(fieldset.dataset.key, new Set(values));
      }
      return sets;
    }

    filter() {
      const words = this.form.elements.search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const sweep = this.form.elements.sweep.value;
      const sets = this.wanted();
      this.shown = [];
      for (const row of this.rows) {
        const run = this.runs.get(row.dataset.run);
        const fits = (!sweep || run.sweeps.includes(sweep))
          && words.every((word) => run.text.includes(word))
          && [...sets].every(([key, values]) => values.has(written(run.values[key])));
        row.hidden = !fits;
        if (fits) this.shown.push(run);
      }
      const filtered = [...sets.values()].reduce((sum, values) => sum + values.size, 0);
      this.form.querySelector("[data-filter-count]").textContent = filtered ? `(${filtered} chosen)` : "";
      const question = this.section.querySelector("[data-question]");
      question.hidden = !data.questions[sweep];
      question.textContent = data.questions[sweep] ?? "";
      this.say();
      this.dispatchEvent(new Event("filter"));
    }

    say() {
      const chosen = this.chosen.size ? `; ${this.chosen.size} chosen` : "";
      this.section.querySelector("[data-status]").textContent = `${this.shown.length} of ${this.rows.length} runs shown${chosen}.`;
    }

    choose(names, on) {
      for (const name of names) if (this.runs.has(name)) this.chosen[on ? "add" : "delete"](name);
      this.mark();
      this.say();
      this.dispatchEvent(new Event("choice"));
    }

    mark() {
      for (const row of this.rows) {
        const on = this.chosen.has(row.dataset.run);
        row.classList.toggle("chosen", on);
        row.querySelector("input").checked = on;
        row.style.setProperty("--run-colour", on ? Tunebook.colour?.(this, row.dataset.run) ?? "" : "");
      }
    }

    download() {
      const keys = this.data.axes.map((axis) => axis.key);
      const measures = this.data.measures.map((measure) => measure.key);
      const quoted = (value) => `"${written(value).replaceAll('"', '""')}"`;
      const header = ["run", "replicates", "diverged", ...keys, ...measures.flatMap((key) => [key, `${key}_low`, `${key}_high`])];
      const order = this.rows.filter((row) => !row.hidden).map((row) => this.runs.get(row.dataset.run));
      const lines = order.map((run) => [
        run.id, run.n, run.diverged, ...keys.map((key) => run.values[key]), ...measures.flatMap((key) => run.measures[key]),
      ]);
      Tunebook.save([header, ...lines].map((line) => line.map(quoted).join(",")).join("\n") + "\n", `runs-${this.problem}.csv`);
    }
  }

  for (const section of document.querySelectorAll(".explorer .problem")) {
    Tunebook.problems[section.dataset.problem] = new RunsTable(section);
  }

  // One problem at a time.
  Tunebook.showProblem = (problem) => {
    for (const table of Object.values(Tunebook.problems)) table.section.hidden = table.problem !== problem;
    const radio = document.querySelector(`input[name="problem"][value="${CSS.escape(problem)}"]`);
    if (radio) radio.checked = true;
    document.dispatchEvent(new CustomEvent("problem", { detail: problem }));
  };
  for (const radio of document.querySelectorAll('input[name="problem"]')) {
    radio.addEventListener("change", () => Tunebook.showProblem(radio.value));
  }

  // ------------------------------------------------------------------ the evidence of one run
  const pairs = (className, rows) => {
    const list = element("dl", undefined, { class: className });
    for (const [key, value] of rows) {
      const pair = element("div");
      pair.append(element("dt", key), element("dd", value));
      list.append(pair);
    }
    return list;
  };
  const number = (value, share) => {
    if (value === null || value === undefined) return "–";
    if (share) return `${(100 * value).toFixed(2)}\u202f%`;
    return Math.abs(value) >= 1000 ? value.toLocaleString("en") : String(value);
  };
  const SPLITS = { train_metric: "Training", validation_metric: "Validation", test_metric: "Test" };
  const isShare = (table, key) => Boolean(table.data.measures.find((each) => each.key === key)?.share);
  const replicates = (table, run) => {
    const made = element("table", undefined, { class: "data compact" });
    const head = made.createTHead().insertRow();
    for (const label of ["Replicate", ...Object.values(SPLITS)]) head.append(element("th", label, { scope: "col" }));
    const body = made.createTBody();
    for (let i = 0; i < run.n; i++) {
      const row = body.insertRow();
      row.append(element("th", String(i), { scope: "row" }));
      for (const key of Object.keys(SPLITS)) row.insertCell().textContent = number(run.replicates[key][i], isShare(table, key));
    }
    return made;
  };
  const interval = (run, { key, share }) => {
    const [mean, low, high] = run.measures[key];
    return low === null ? number(mean, share) : `${number(mean, share)} (${number(low, share)} to ${number(high, share)})`;
  };
  Tunebook.runEvidence = (table, name) => {
    const run = table.runs.get(name);
    const chosen = element("p");
    const button = element("button", table.chosen.has(name) ? "Take out of the charts" : "Draw its curves", { type: "button", class: "tool" });
    button.addEventListener("click", () => {
      table.choose([name], !table.chosen.has(name));
      document.getElementById("panel").close();
      if (table.chosen.has(name)) document.getElementById(`curves-${table.problem}`).scrollIntoView();
    });
    chosen.append(button);
    const place = element("p");
    place.append(element("a", "Go to its row", { href: `#run-${name}` }));
    const id = element("p");
    id.append(element("code", run.id));
    Tunebook.openPanel(run.label, [
      id, chosen,
      pairs("settings", Object.entries(run.values).map(([key, value]) => [table.data.labels[key] ?? "Trained parameters", say(table, key, value)])),
      pairs("settings", [
        ...table.data.measures.filter(({ key }) => run.measures[key][0] !== null).map((each) => [each.label, interval(run, each)]),
        ["Replicates", String(run.n)], ["Diverged", String(run.diverged)],
      ]),
      replicates(table, run),
      element("p", `Sweeps: ${run.sweeps.join(", ")}`),
      pairs("made-by", [["Rule", "train, evaluate"], ["Script", "workflow/scripts/train.py, workflow/scripts/evaluate.py"], ["Data", `${data.files[0]}/${run.id}/, ${data.files.slice(1).join(", ")}`]]),
      place,
    ]);
  };
  const owner = (name) => Object.values(Tunebook.problems).find((table) => table.runs.has(name));
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-run]");
    const table = link && owner(link.dataset.run);
    if (!table || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    Tunebook.runEvidence(table, link.dataset.run);
  });

  // A link to a row shows its problem and lifts filters that hide it.
  const reveal = () => {
    const found = /^#run-(.+)$/.exec(location.hash);
    const table = found && owner(decodeURIComponent(found[1]));
    if (!table) return;
    Tunebook.showProblem(table.problem);
    const row = document.getElementById(location.hash.slice(1));
    if (row.hidden) { table.form.reset(); table.filter(); }
    row.scrollIntoView({ block: "center" });
  };
  addEventListener("hashchange", reveal);
  const first = Object.keys(Tunebook.problems)[0];
  if (first) Tunebook.showProblem(first);
  reveal();
})();
