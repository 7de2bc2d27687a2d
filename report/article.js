"use strict";
// The article: scheme switch, contents that follow the reader, evidence panel, packed downloads.
const Tunebook = {
  // Text that was packed as gzip in base64 -> text. The browser's own unpacking, no library.
  async unpack(id) {
    const bytes = Uint8Array.from(atob(document.getElementById(id).textContent), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  },
  save(text, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  },
  panels: [], // see below, under evidence
  dark() {
    const chosen = document.documentElement.dataset.scheme;
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  },
};

(() => {
  // ------------------------------------------------------------------ light and dark
  const button = document.getElementById("scheme");
  const name = document.getElementById("scheme-name");
  const show = () => {
    name.textContent = Tunebook.dark() ? "Light" : "Dark";
    button.setAttribute("aria-label", `Change to the ${name.textContent.toLowerCase()} scheme`);
    button.removeAttribute("aria-pressed");
    document.dispatchEvent(new Event("scheme"));
  };
  button.addEventListener("click", () => {
    document.documentElement.dataset.scheme = Tunebook.dark() ? "light" : "dark";
    try { localStorage.setItem("tunebook-scheme", document.documentElement.dataset.scheme); } catch { /* see theme.js */ }
    show();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  show();

  // ------------------------------------------------------------------ contents
  const contents = document.getElementById("contents");
  const here = document.getElementById("here");
  const wide = matchMedia("(min-width: 75rem)");
  const links = [...contents.querySelectorAll("a[href^='#']")];
  const headings = links.map((link) => document.getElementById(link.hash.slice(1))).filter(Boolean);
  const map = [...contents.querySelectorAll("[data-claim]")];
  for (const mark of map) mark.addEventListener("click", () => { location.hash = mark.dataset.claim; });
  let waiting = false;
  const follow = () => {
    waiting = false;
    const line = innerHeight / 3;
    for (const mark of map) {
      const place = document.getElementById(mark.dataset.claim)?.getBoundingClientRect();
      mark.classList.toggle("in-sight", Boolean(place) && place.bottom > 0 && place.top < innerHeight);
    }
    let current = headings[0];
    for (const heading of headings) if (heading.getBoundingClientRect().top <= line) current = heading;
    for (const link of links) {
      const reached = current && link.hash === `#${current.id}`;
      if (reached && !link.hasAttribute("aria-current")) {
        link.setAttribute("aria-current", "location");
        here.textContent = link.textContent;
        const place = link.getBoundingClientRect(), frame = contents.getBoundingClientRect();
        if (wide.matches && (place.top < frame.top || place.bottom > frame.bottom)) contents.scrollTop += place.top - frame.top - frame.height / 2;
      } else if (!reached) link.removeAttribute("aria-current");
    }
  };
  addEventListener("scroll", () => { if (!waiting) { waiting = true; requestAnimationFrame(follow); } }, { passive: true });
  follow();
  // Where it lies over the article: begins at the place the reader is at, and goes once it has led away.
  contents.addEventListener("toggle", (event) => { if (event.newState === "open") contents.querySelector("[aria-current]")?.focus(); });
  contents.addEventListener("click", (event) => { if (event.target.closest("a")) contents.hidePopover?.(); });
  wide.addEventListener("change", () => contents.hidePopover?.());

  // ------------------------------------------------------------------ the strip of claims
  // A finger has no way to hover: its first tap says what a cell is, the second goes there.
  const strip = document.querySelector(".claims-strip");
  let finger = false, told = null;
  strip?.addEventListener("pointerdown", (event) => { finger = event.pointerType === "touch"; });
  strip?.addEventListener("click", (event) => {
    const cell = event.target.closest(".cell");
    if (!cell || !finger || cell === told) return;
    event.preventDefault();
    told?.classList.remove("told");
    (told = cell).classList.add("told");
  });

  // ------------------------------------------------------------------ evidence
  // A panel has an address, `#evidence-…`, and an entry of the browser's history: Back closes it,
  // or goes back to the panel before. Who can make one adds a function to `Tunebook.panels`: from an
  // id to {title, content, place, back}, or nothing where it does not know the id; place: the id of
  // the part of the page that the panel is about, back: the words of the link to it.
  const panel = document.getElementById("panel");
  const title = document.getElementById("panel-title");
  const body = document.getElementById("panel-body");
  const idOf = (hash) => { try { return decodeURIComponent(hash.slice(1)); } catch { return ""; } };
  const made = (id) => Tunebook.panels.map((make) => make(id)).find(Boolean);
  const behind = () => history.state?.panels ?? 0; // entries of panels, this one too
  let place = "", leaving = false, opener = null;

  const fill = (found) => {
    title.textContent = found.title;
    place = found.place;
    const line = document.createElement("p"), link = document.createElement("a");
    link.href = `#${encodeURIComponent(place)}`;
    link.textContent = found.back;
    line.append(link);
    body.replaceChildren(...found.content, line);
    if (!panel.open) {
      opener = document.activeElement;
      panel.showModal();
    }
    body.scrollTop = 0;
    title.focus();
  };
  Tunebook.open = (id) => {
    const found = made(id);
    if (!found) return false;
    if (idOf(location.hash) !== id) history.pushState({ panels: (panel.open ? behind() : 0) + 1 }, "", `#${encodeURIComponent(id)}`);
    fill(found);
    return true;
  };
  // For what leads elsewhere itself.
  Tunebook.leave = () => {
    leaving = panel.open;
    opener = null;
    panel.close();
  };

  document.getElementById("panel-close").addEventListener("click", () => panel.close());
  panel.addEventListener("close", () => {
    if (!leaving && location.hash.startsWith("#evidence-")) {
      if (behind()) history.go(-behind());
      else history.replaceState(null, "", `#${encodeURIComponent(place)}`);
    }
    leaving = false;
  });
  panel.addEventListener("click", (event) => {
    if (event.target === panel) panel.close();
    const link = event.target.closest("a[href^='#']");
    if (link && !link.matches("[data-evidence], [data-run]")) Tunebook.leave();
  });
  addEventListener("popstate", () => {
    const found = made(idOf(location.hash));
    if (found) return fill(found);
    panel.close();
    // The browser would go on where the address leads; the reader goes on where the panel came from.
    const from = opener;
    opener = null;
    if (from) setTimeout(() => from.focus({ preventScroll: true }));
  });
  // Whoever opens such an address finds the place behind the panel, and Back leads there.
  addEventListener("DOMContentLoaded", () => {
    const id = idOf(location.hash), found = made(id);
    if (!found) return;
    if (!behind()) {
      history.replaceState(null, "", `#${encodeURIComponent(found.place)}`);
      history.pushState({ panels: 1 }, "", `#${encodeURIComponent(id)}`);
    }
    document.getElementById(found.place)?.scrollIntoView({ block: "center" });
    fill(found);
  });

  Tunebook.panels.push((id) => {
    const details = document.getElementById(id);
    if (!details?.matches("details.evidence")) return null;
    const copy = details.querySelector(".evidence-body").cloneNode(true);
    for (const element of copy.querySelectorAll("[id]")) element.removeAttribute("id");
    for (const element of copy.querySelectorAll("[aria-labelledby]")) element.removeAttribute("aria-labelledby");
    const content = [copy], claim = details.closest(".claim")?.querySelector(".claim-text");
    if (claim) {
      const said = document.createElement("p");
      said.className = "panel-quote";
      said.textContent = claim.firstChild.textContent;
      content.unshift(said);
    }
    const place = details.closest(".claim, .figure")?.id ?? details.id;
    return { title: details.dataset.title, content, place, back: "Go to its place in the article" };
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-evidence]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && Tunebook.open(idOf(link.hash))) event.preventDefault();
  });

  // A link to a folded place unfolds it.
  const reveal = (event) => {
    if (location.hash.startsWith("#evidence-") || event?.oldURL.includes("#evidence-")) return;
    const target = document.getElementById(idOf(location.hash));
    if (target?.matches("details")) target.open = true;
    if (target?.matches(".claim, .trap, .figure, caption, details")) {
      target.classList.remove("flash");
      void target.offsetWidth;
      target.classList.add("flash");
    }
  };
  addEventListener("hashchange", reveal);
  reveal();

  // ------------------------------------------------------------------ downloads
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-packed]");
    if (!link || typeof DecompressionStream === "undefined") return;
    event.preventDefault();
    Tunebook.save(await Tunebook.unpack(link.dataset.packed), link.download);
  });
})();
