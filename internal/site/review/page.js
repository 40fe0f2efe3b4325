"use strict";
(() => {
  const root = document.documentElement;
  const all = (selector) => [...document.querySelectorAll(selector)];
  const at = (id) => document.getElementById(id);

  // Without a choice, the page follows the system's.
  const theme = at("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
  const showTheme = () => theme.setAttribute("aria-pressed", String(isDark()));
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    showTheme();
  });
  dark.addEventListener("change", showTheme);
  showTheme();

  const open = (value) => () => all("details").forEach((d) => { d.open = value; });
  at("expand").addEventListener("click", open(true));
  at("collapse").addEventListener("click", open(false));

  // For browsers that can't open details by the stylesheet.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    closed.forEach((d) => { d.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((d) => { d.open = false; }));

  const buttons = all("[data-show]");
  const words = at("words");
  const statements = all(".statement");
  const filter = () => {
    const show = buttons.find((b) => b.getAttribute("aria-pressed") === "true").dataset.show;
    const text = words.value.trim().toLowerCase();
    let shown = 0;
    for (const s of statements) {
      const kept = (show === "all" || s.dataset[show] !== "0") && s.textContent.toLowerCase().includes(text);
      s.classList.toggle("filtered", !kept);
      shown += kept ? 1 : 0;
    }
    at("shown").textContent = `${shown} of ${statements.length} shown`;
  };
  buttons.forEach((b) => b.addEventListener("click", () => {
    buttons.forEach((o) => o.setAttribute("aria-pressed", String(o === b)));
    filter();
  }));
  words.addEventListener("input", filter);
  filter();

  // A link to a statement shows it, whatever the filter.
  const reveal = (hash) => {
    const target = hash && at(decodeURIComponent(hash.slice(1)));
    if (!target) return;
    target.classList.remove("filtered");
    target.querySelectorAll(":scope > details").forEach((d) => { d.open = true; });
    target.scrollIntoView();
  };
  document.addEventListener("click", (e) => reveal(e.target.closest('a[href^="#"]')?.hash));
  addEventListener("hashchange", () => reveal(location.hash));
  reveal(location.hash);

  at("controls").hidden = false;
  at("filter").hidden = statements.length === 0;
})();
