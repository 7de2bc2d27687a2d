"use strict";
// Before anything is painted: say that scripts run, and take up the scheme the reader chose before.
document.documentElement.classList.add("js");
try {
  const scheme = localStorage.getItem("tunebook-scheme");
  if (scheme === "light" || scheme === "dark") document.documentElement.dataset.scheme = scheme;
} catch { /* storage may be closed to pages from disk; the system's scheme is used then */ }
