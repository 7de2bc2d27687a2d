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
  const wide = matchMedia("(min-width: 75rem)");
  const fold = () => { contents.open = wide.matches; };
  wide.addEventListener("change", fold);
  fold();
  const links = [...contents.querySelectorAll("a[href^='#']")];
  const headings = links.map((link) => document.getElementById(link.hash.slice(1))).filter(Boolean);
  let waiting = false;
  const follow = () => {
    waiting = false;
    const line = innerHeight / 3;
    let current = headings[0];
    for (const heading of headings) if (heading.getBoundingClientRect().top <= line) current = heading;
    for (const link of links) {
      const here = current && link.hash === `#${current.id}`;
      if (here && !link.hasAttribute("aria-current")) {
        link.setAttribute("aria-current", "location");
        const nav = contents.parentElement;
        const place = link.getBoundingClientRect(), frame = nav.getBoundingClientRect();
        if (wide.matches && (place.top < frame.top || place.bottom > frame.bottom)) nav.scrollTop += place.top - frame.top - frame.height / 2;
      } else if (!here) link.removeAttribute("aria-current");
    }
  };
  addEventListener("scroll", () => { if (!waiting) { waiting = true; requestAnimationFrame(follow); } }, { passive: true });
  follow();
  contents.addEventListener("click", (event) => { if (event.target.closest("a") && !wide.matches) contents.open = false; });

  // ------------------------------------------------------------------ evidence
  const panel = document.getElementById("panel");
  const title = document.getElementById("panel-title");
  const body = document.getElementById("panel-body");
  Tunebook.openPanel = (heading, content, place) => {
    title.textContent = heading;
    body.replaceChildren(...content);
    if (place) {
      const link = document.createElement("a");
      link.href = `#${place}`;
      link.textContent = "Go to its place in the article";
      const line = document.createElement("p");
      line.append(link);
      body.append(line);
    }
    if (!panel.open) panel.showModal();
    body.scrollTop = 0;
    title.focus();
  };
  document.getElementById("panel-close").addEventListener("click", () => panel.close());
  panel.addEventListener("click", (event) => {
    if (event.target === panel) panel.close();
    const link = event.target.closest("a[href^='#']");
    if (link && !link.hasAttribute("data-evidence")) panel.close();
  });

  const open = (id) => {
    const details = document.getElementById(id);
    if (!details || !details.matches("details.evidence")) return false;
    const copy = details.querySelector(".evidence-body").cloneNode(true);
    for (const element of copy.querySelectorAll("[id]")) element.removeAttribute("id");
    for (const element of copy.querySelectorAll("[aria-labelledby]")) element.removeAttribute("aria-labelledby");
    const content = [copy];
    const claim = details.closest(".claim");
    if (claim) {
      const said = document.createElement("p");
      said.className = "panel-quote";
      said.textContent = claim.querySelector(".claim-text").firstChild.textContent;
      content.unshift(said);
    }
    const place = details.closest(".claim, .figure")?.id ?? details.id;
    Tunebook.openPanel(details.dataset.title, content, place);
    return true;
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-evidence]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && open(link.hash.slice(1))) event.preventDefault();
  });

  // A link to a folded place unfolds it.
  const reveal = () => {
    let target = null;
    try { target = document.getElementById(decodeURIComponent(location.hash.slice(1))); } catch { return; }
    if (target?.matches("details")) target.open = true;
    if (target?.matches(".claim, .trap, details")) {
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
