/**
 * Light, dark or as the system says, and projector mode. A classic script, run before the first paint, so
 * that a page never flashes in the wrong colours. What was chosen is remembered in this browser only.
 */
(() => {
  const THEMES = ["auto", "light", "dark"];
  const root = document.documentElement;

  function remembered(key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null; // storage may be blocked
    }
  }

  function remember(key, value) {
    try {
      localStorage.setItem(key, value);
    } catch {
      return; // the choice then lasts as long as the page
    }
  }

  const theme = () => root.dataset.theme ?? "auto";
  const projector = () => "projector" in root.dataset;

  function useTheme(name) {
    if (name === "light" || name === "dark") root.dataset.theme = name;
    else delete root.dataset.theme;
  }

  function useProjector(on) {
    root.toggleAttribute("data-projector", on);
  }

  /** Whether a click was on such a button, or on what it shows. */
  const isOn = (event, button) => /** @type {Element} */ (event.target).closest(button) !== null;

  function label() {
    for (const button of document.querySelectorAll("[data-theme-button]")) {
      const text = button.getAttribute(`data-${theme()}`);
      button.setAttribute("aria-label", text);
      button.setAttribute("title", text);
    }
    for (const button of document.querySelectorAll("[data-projector-button]")) {
      button.setAttribute("aria-pressed", String(projector()));
    }
  }

  root.dataset.scripts = ""; // without them a page shows all of its steps
  useTheme(remembered("theme"));
  useProjector(remembered("projector") === "on");
  document.addEventListener("DOMContentLoaded", label);
  document.addEventListener("click", (event) => {
    if (isOn(event, "[data-theme-button]")) {
      const next = THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length];
      useTheme(next);
      remember("theme", next);
    } else if (isOn(event, "[data-projector-button]")) {
      useProjector(!projector());
      remember("projector", projector() ? "on" : "off");
    } else return;
    label();
  });
})();
