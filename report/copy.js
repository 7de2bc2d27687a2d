"use strict";
// What a reader takes away: tables as plain numbers, by button or by hand, and the citation.
(() => {
  const words = (text) => text.replace(/\s+/g, " ").trim();
  // A number as the page writes it, and its unit: "+1.20 points", "$24,300", "3.2 × 10⁻⁷", "97.10 %".
  const NUMBER = /^([+−-]?)([$€£¥]?)(\d[\d,]*(?:\.\d+)?)(?: × 10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?(?: ([^\d]+))?$/;
  const number = (text) => {
    const found = NUMBER.exec(text);
    if (!found) return null;
    const [, sign, currency, numerals, power, unit] = found;
    const raised = power ? `e${[...power].map((c) => (c === "⁻" ? "-" : "⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(c))).join("")}` : "";
    return { text: (/[−-]/.test(sign) ? "-" : "") + numerals.replaceAll(",", "") + raised, unit: currency || unit || "" };
  };

  // The parts of a cell by name: "" itself, "low" and "high" of its interval, "n"; and its unit.
  // Where an end has another unit than the mean (900 ms to 1.1 s), the words stay.
  const read = (cell, plain) => {
    const copy = cell.cloneNode(true), said = {};
    for (const span of copy.querySelectorAll(".interval, .n")) {
      const [text, label = ""] = words(span.textContent).split(": ").reverse();
      const [low, high] = text.split(" to ");
      if (high === undefined) said[words(`${label} n`)] = text.replace(/^n = /, "");
      else Object.assign(said, { [words(`${label} low`)]: low, [words(`${label} high`)]: high });
      span.remove();
    }
    for (const line of copy.querySelectorAll("br")) line.replaceWith(" ");
    const text = words(copy.textContent);
    const own = { "": cell.dataset.value ?? (text === "–" ? "" : text), ...said };
    const unit = cell.dataset.unit ?? (plain ? "" : number(own[""])?.unit ?? "");
    const parts = Object.entries(own).map(([name, each]) => {
      const found = plain ? null : number(each);
      const alike = found && (found.unit === unit || !found.unit);
      return [name, alike ? found.text : each];
    });
    return { unit, number: !plain && number(own[""]) !== null, parts: new Map(parts) };
  };

  // [{row, cells}] of a table. A unit that a whole column shares stands in its header, others have a
  // column of their own.
  const plain = (table) => {
    const rows = [...table.rows], head = table.tHead?.rows[0];
    const read_rows = rows.map((row) => [...row.cells].map((cell) => read(cell, row === head || !head)));
    const columns = [...(head ?? rows[0]).cells].map((cell, place) => {
      const cells = rows.flatMap((row, i) => (row === head ? [] : [read_rows[i][place]])).filter(Boolean);
      const units = new Set(cells.filter((each) => each.number).map((each) => each.unit));
      const names = [...new Set(["", ...cells.flatMap((each) => [...each.parts.keys()])])];
      const label = head ? words(cell.textContent) : "";
      const [unit] = units.size === 1 ? units : [""];
      return { names, label, header: unit && !label.includes(`(${unit})`) ? ` (${unit})` : "", own: units.size > 1 };
    });
    return rows.map((row, i) => ({
      row,
      cells: columns.flatMap(({ names, label, header, own }, place) => {
        const found = read_rows[i][place];
        if (row === head) return [...names.map((name) => words(`${label} ${name}`) + (/\bn$/.test(name) ? "" : header)), ...(own ? [`${label} unit`] : [])];
        return [...names.map((name) => found?.parts.get(name) ?? ""), ...(own ? [found?.unit ?? ""] : [])];
      }),
    }));
  };

  const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const escaped = (text) => text.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);
  const onto = (clipboard, lines) => {
    clipboard.setData("text/plain", lines.map((line) => line.join("\t")).join("\n"));
    const html = lines.map((line) => `<tr>${line.map((text) => `<td>${escaped(text)}</td>`).join("")}</tr>`).join("");
    clipboard.setData("text/html", `<table>${html}</table>`);
  };

  // Lines of cells that a button wants copied; null while a reader copies by hand.
  let wanted = null;
  const selected = () => {
    const selection = getSelection();
    if (!selection.rangeCount || selection.isCollapsed) return null;
    const around = selection.getRangeAt(0).commonAncestorContainer;
    const table = (around.closest ? around : around.parentElement).closest("table.data:not(.runs)");
    // Within a cell the words are meant, not the table.
    if (!table || around.parentElement.closest("td, th, caption") || around.matches?.("td, th, caption")) return null;
    return plain(table).filter(({ row }) => selection.containsNode(row, true)).map(({ cells }) => cells);
  };
  document.addEventListener("copy", (event) => {
    const lines = wanted ?? selected();
    if (!lines?.length) return;
    event.preventDefault();
    onto(event.clipboardData, lines);
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy], [data-csv]");
    if (!button) return;
    const source = document.getElementById(button.dataset.copy ?? button.dataset.csv);
    const table = source.closest("table");
    const lines = table ? plain(table).map(({ cells }) => cells) : source.textContent.trim().split("\n").map((line) => [line]);
    if (button.dataset.csv) {
      Tunebook.save(lines.map((line) => line.map(quoted).join(",")).join("\n") + "\n", `${source.id}.csv`);
      return;
    }
    wanted = lines;
    // The older way, since it asks for no permission and works in a page from disk everywhere.
    const done = document.execCommand("copy");
    wanted = null;
    const name = button.querySelector("[data-name]");
    name.textContent = done ? "Copied" : "Could not copy";
    setTimeout(() => { name.textContent = "Copy"; }, 2000);
  });
})();
