"use strict";
// The table of runs: one problem at a time; sorted, filtered, searched; rows chosen.
Tunebook.problems = {};
(() => {
  const data = JSON.parse(document.getElementById("runs-data").textContent);
  const written = (value) => (value === undefined || value === null ? "" : String(value));

  class RunsTable extends EventTarget {
    constructor(section) {
      super();
      this.section = section;
      this.problem = section.dataset.problem;
      this.data = data[this.problem];
      this.runs = new Map(this.data.runs.map((run) => [run.id, run]));
      this.chosen = new Set();
      this.form = section.querySelector("form.controls");
      this.body = section.querySelector("table.runs tbody");
      this.rows = [...this.body.rows];
      for (const run of this.data.runs) {
        run.text = [run.id, run.label, ...run.sweeps, ...Object.values(run.values)].join(" ").toLowerCase();
      }
      this.addSorting();
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

    addSorting() {
      const headers = [...this.section.querySelectorAll("th[data-sort]")];
      for (const header of headers) {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "sort";
        button.append(...header.childNodes);
        header.append(button);
        button.addEventListener("click", () => {
          const down = header.getAttribute("aria-sort") === "ascending";
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
        const values = [...fieldset.querySelectorAll("input:checked")].map((input) => input.value);
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
  const element = (tag, text, attributes = {}) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };
  const pairs = (className, rows) => {
    const list = element("dl", undefined, { class: className });
    for (const [key, value] of rows) {
      const pair = element("div");
      pair.append(element("dt", key), element("dd", value));
      list.append(pair);
    }
    return list;
  };
  const number = (value, metric) => {
    if (value === null || value === undefined) return "–";
    return metric === "accuracy" ? `${(100 * value).toFixed(2)}\u202f%` : String(value);
  };
  const replicates = (run, metric) => {
    const table = element("table", undefined, { class: "data compact" });
    const head = table.createTHead().insertRow();
    for (const label of ["Replicate", "Training", "Validation", "Test"]) head.append(element("th", label, { scope: "col" }));
    const body = table.createTBody();
    const columns = ["train_metric", "validation_metric", "test_metric"].map((key) => run.replicates[key]);
    for (let i = 0; i < run.n; i++) {
      const row = body.insertRow();
      row.append(element("th", String(i), { scope: "row" }));
      for (const column of columns) row.insertCell().textContent = number(column[i], metric);
    }
    return table;
  };
  const interval = (run, key, metric) => {
    const [mean, low, high] = run.measures[key] ?? [];
    return low === null || low === undefined ? number(mean, metric) : `${number(mean, metric)} (${number(low, metric)} to ${number(high, metric)})`;
  };
  Tunebook.runEvidence = (table, name) => {
    const run = table.runs.get(name);
    const metric = table.data.metric;
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
      pairs("settings", Object.entries(run.values).map(([key, value]) => [data.labels[key], written(value)])),
      pairs("settings", [
        ["Training", interval(run, "train_metric", metric)], ["Validation", interval(run, "validation_metric", metric)],
        ["Test", interval(run, "test_metric", metric)], ["Replicates", String(run.n)], ["Diverged", String(run.diverged)],
      ]),
      replicates(run, metric),
      element("p", `Sweeps: ${run.sweeps.join(", ")}`),
      pairs("made-by", [["Rule", "train, evaluate"], ["Script", "workflow/scripts/train.py, workflow/scripts/evaluate.py"], ["Data", `results/runs/${run.id}/, results/runs.csv, results/history.parquet`]]),
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
