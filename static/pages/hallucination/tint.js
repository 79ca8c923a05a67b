/** Colours by answer: a style sheet reads the hue that an element carries in `data-hue`. */
export function tint(element) {
  /** @type {NodeListOf<HTMLElement | SVGElement>} */
  const tinted = element.querySelectorAll("[data-hue]");
  for (const { style, dataset } of tinted) style.setProperty("--hue", dataset.hue);
}
