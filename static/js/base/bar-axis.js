// How long the bar of a probability is, on a linear or a logarithmic axis.

const TOPS = [0.05, 0.1, 0.2, 0.3, 0.5, 0.75];
const DECADES = 8; // the logarithmic axis begins at 10^-8
const LOGARITHMIC = { scale: "log", top: 1, ticks: [1e-8, 1e-6, 1e-4, 1e-2, 1] };

/** The axis for bars up to `highest`: `{scale, top, ticks}`. */
export function barAxis(scale, highest) {
  if (scale === "log") return LOGARITHMIC;
  const top = TOPS.find((candidate) => highest <= candidate) ?? 1;
  return { scale: "linear", top, ticks: [0, top / 4, top / 2, (top * 3) / 4, top] };
}

/** The bar's share of the axis, 0 to 1. */
export function barLength(probability, { scale, top }) {
  if (!(probability > 0)) return 0;
  if (scale === "log") return Math.max(0, 1 + Math.log10(probability) / DECADES);
  return Math.min(1, probability / top);
}
