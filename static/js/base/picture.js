/**
 * A figure as one SVG file: its drawings where they stand, with their looks written into them, and its words as text.
 * What is only for reading aloud, or folded away, stays out. A line at the foot says where it is from.
 */

const LOOKS = [
  "fill",
  "fill-opacity",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "stroke-linecap",
  "stroke-linejoin",
  "opacity",
  "paint-order",
  "vector-effect",
  "font-family",
  "font-size",
  "font-weight",
  "text-anchor",
  "dominant-baseline",
];
const LEFT_OUT = "details, button, input, .visually-hidden, [hidden]";
const NAMESPACE = "http://www.w3.org/2000/svg";
const MARGIN = 16; // pixels on every side
const FOOT = 28;

/**
 * The SVG of `element` as text; `foot` is written under it.
 *
 * @param {Element} element
 * @param {string} foot
 */
export function pictureOf(element, foot) {
  const box = element.getBoundingClientRect();
  const at = (rect) => ({ x: rect.left - box.left + MARGIN, y: rect.top - box.top + MARGIN });
  const drawings = [...element.querySelectorAll("svg")].filter((svg) => !svg.closest(LEFT_OUT));
  const bottom = Math.max(
    0,
    ...[...drawings, ...wordsIn(element)].map((one) => one.getBoundingClientRect().bottom - box.top),
  );
  const width = Math.ceil(box.width + 2 * MARGIN);
  const height = Math.ceil(bottom + 2 * MARGIN + FOOT);
  const root = make("svg", { xmlns: NAMESPACE, width, height, viewBox: `0 0 ${width} ${height}` });
  root.append(make("rect", { width, height, fill: getComputedStyle(document.body).backgroundColor }));
  for (const svg of drawings) root.append(placed(svg, at(svg.getBoundingClientRect())));
  for (const range of wordsIn(element)) root.append(written(range, at(range.getBoundingClientRect())));
  const quiet = {
    x: MARGIN,
    y: height - MARGIN,
    "font-family": "sans-serif",
    "font-size": 11,
    fill: getComputedStyle(element).color,
  };
  root.append(Object.assign(make("text", quiet), { textContent: foot }));
  return new XMLSerializer().serializeToString(root);
}

/**
 * The same as the bytes of a PNG, `scale` pixels to each of the screen's.
 *
 * @param {string} svgText
 * @returns {Promise<Blob>}
 */
export async function pngOf(svgText, scale = 2) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svgText)}`;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), {
    width: image.width * scale,
    height: image.height * scale,
  });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

function make(name, attributes) {
  const element = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function placed(svg, { x, y }) {
  const copy = svg.cloneNode(true);
  const originals = [svg, ...svg.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((element, index) => {
    const looks = getComputedStyle(originals[index]);
    for (const attribute of ["class", "style"]) element.removeAttribute(attribute);
    for (const name of LOOKS) element.setAttribute(name, looks.getPropertyValue(name));
  });
  const { width, height } = svg.getBoundingClientRect();
  for (const [name, value] of Object.entries({ x, y, width, height, overflow: "visible" }))
    copy.setAttribute(name, value);
  return copy;
}

/** A range for each line of words outside the drawings. */
function wordsIn(element) {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const ranges = [];
  while (walker.nextNode()) {
    const node = /** @type {Text} */ (walker.currentNode);
    const parent = node.parentElement;
    if (
      node.data.trim() === "" ||
      parent.closest(`svg, ${LEFT_OUT}`) ||
      !parent.checkVisibility({ visibilityProperty: true })
    )
      continue;
    ranges.push(...linesOf(node));
  }
  return ranges;
}

/** Words that stand at the same height are one line. */
function linesOf(node) {
  const lines = [];
  let top = null;
  for (const { index, 0: word } of node.data.matchAll(/\S+/g)) {
    const range = document.createRange();
    range.setStart(node, index);
    range.setEnd(node, index + word.length);
    const rect = range.getBoundingClientRect();
    if (top === null || Math.abs(rect.top - top) > rect.height / 2) lines.push(range);
    else lines.at(-1).setEnd(node, index + word.length);
    top = rect.top;
  }
  return lines;
}

function written(range, { x, y }) {
  const looks = getComputedStyle(range.startContainer.parentElement);
  const { height, width } = range.getBoundingClientRect();
  const attributes = {
    x,
    y: y + height * 0.76,
    textLength: width,
    fill: looks.color,
    "font-family": looks.fontFamily,
    "font-size": looks.fontSize,
    "font-weight": looks.fontWeight,
  };
  return Object.assign(make("text", attributes), { textContent: range.toString().replace(/\s+/g, " ") });
}
