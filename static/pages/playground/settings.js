// The settings of the next continuation: sliders, seed, stop strings, how many and how long.

import { parseSeed } from "../../js/base/dice.js";
import { models } from "../../js/base/models.js";
import { showError } from "../../js/base/page.js";
import { parseStops, writeStops } from "./stops.js";

const PENALTIES = ["repetition_penalty", "frequency_penalty", "presence_penalty"];

export function bindSettings(session) {
  const { store } = session;
  const $ = (selector) => document.querySelector(selector);
  const sliders = [$("#sampling"), $("#penalties")];
  const boxes = {
    most: $("#max-tokens"),
    seed: $("#seed"),
    locked: $("#locked"),
    stops: $("#stops"),
    ignoreEos: $("#ignore-eos"),
    startless: $("#startless"),
  };
  sliders[1].shown = PENALTIES;
  for (const slider of sliders)
    slider.addEventListener("params-changed", ({ detail }) =>
      store.update({ params: { ...store.state.params, ...detail.params } }),
    );
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-count]"))) {
    button.addEventListener("click", () => store.update({ count: Number(button.dataset.count) }));
  }
  boxes.most.addEventListener("change", () => {
    const value = boxes.most.valueAsNumber;
    if (Number.isInteger(value)) store.update({ maxTokens: Math.min(Number(boxes.most.max), Math.max(1, value)) });
    draw(store.state);
  });
  // A seed typed by hand is meant to be used, also where it stood there already: "change" would not tell of that.
  // An empty box rolls a new one each time.
  boxes.seed.addEventListener("input", () => {
    const seed = parseSeed(boxes.seed.value);
    const empty = boxes.seed.value.trim() === "";
    boxes.seed.setAttribute("aria-invalid", String(seed === null && !empty));
    if (seed !== null || empty) store.update({ seed, locked: seed !== null });
  });
  boxes.locked.addEventListener("change", () => store.update({ locked: boxes.locked.checked }));
  boxes.stops.addEventListener("change", () => store.update({ stops: parseStops(boxes.stops.value) }));
  boxes.ignoreEos.addEventListener("change", () => store.update({ ignoreEos: boxes.ignoreEos.checked }));
  boxes.startless.addEventListener("change", () => {
    store.update({ startless: boxes.startless.checked });
    if (models.ready && !store.state.running && session.entries.length > 0) session.prepare().catch(showError);
  });

  const write = (box, value) => {
    if (box.value !== value && document.activeElement !== box) box.value = value;
  };
  function draw(state) {
    for (const slider of sliders) {
      slider.params = state.params;
      slider.vocabulary = session.loaded?.vocabulary || slider.vocabulary;
    }
    if (boxes.most !== document.activeElement || state.maxTokens !== boxes.most.valueAsNumber)
      boxes.most.value = String(state.maxTokens);
    write(boxes.seed, state.seed === null ? "" : String(state.seed));
    boxes.locked.checked = state.locked;
    boxes.locked.disabled = state.seed === null;
    write(boxes.stops, writeStops(state.stops));
    boxes.ignoreEos.checked = state.ignoreEos;
    boxes.startless.checked = state.startless;
  }
  store.watch(draw);
  models.addEventListener("change", () => draw(store.state));
}
