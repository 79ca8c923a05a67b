// What a figure needs to know about its numbers, without drawing any: extents, places of labels, the nearest point.

/** Every x at which some series has a point, in order. */
export function allX(series) {
  const xs = new Set(series.flatMap(({ points }) => points.map(({ x }) => x)));
  return [...xs].sort((a, b) => a - b);
}

/** [least, greatest] of what is drawn: values and the edges of their bands; null where there is nothing. */
export function extentOf(series, axis, positive = false) {
  const values = series
    .flatMap(({ points }) => points.flatMap((point) => (axis === "x" ? [point.x] : [point.y, point.low, point.high])))
    .filter((value) => Number.isFinite(value) && (!positive || value > 0));
  return values.length ? [Math.min(...values), Math.max(...values)] : null;
}

/**
 * The domain of an axis: what was asked for, or the data's extent. Linear y axes begin at zero, so that heights
 * compare, unless the data go below; an extent of one value gets room on both sides.
 */
export function domainOf(series, axis, { scale = "linear", domain = null, rules = [] } = {}) {
  if (domain) return domain;
  const extent = extentOf(series, axis, scale === "log") ?? (scale === "log" ? [1, 10] : [0, 1]);
  const more = axis === "y" ? rules.map(({ y }) => y).filter((y) => scale !== "log" || y > 0) : [];
  let low = Math.min(extent[0], ...more);
  let high = Math.max(extent[1], ...more);
  if (axis === "y" && scale === "linear") [low, high] = [Math.min(0, low), Math.max(0, high)];
  if (low === high) return scale === "log" ? [low / 2, high * 2] : [low - (axis === "x" ? 1 : 0), high + 1];
  return [low, high];
}

/** The index of the x nearest to a place, places as given by `place(x)`. */
export function nearestIndex(xs, place, at) {
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  xs.forEach((x, index) => {
    const distance = Math.abs(place(x) - at);
    if (distance < least) [best, least] = [index, distance];
  });
  return best;
}

/**
 * Where labels of these heights stand so that none covers another: each as near to its wish (its middle) as the
 * others allow, in the wishes' order, within [0, room]. Returns the middles, in the order given.
 */
export function spread(wishes, heights, room) {
  const order = wishes.map((_, index) => index).sort((a, b) => wishes[a] - wishes[b] || a - b);
  const tops = [];
  let free = 0;
  for (const index of order) {
    tops[index] = Math.max(free, wishes[index] - heights[index] / 2);
    free = tops[index] + heights[index];
  }
  let limit = room;
  for (const index of [...order].reverse()) {
    tops[index] = Math.min(tops[index], limit - heights[index]);
    limit = tops[index];
  }
  return tops.map((top, index) => top + heights[index] / 2);
}

/** How many decimals the ticks of an axis need to differ: steps of 0.25 need two. */
export function decimalsFor(ticks) {
  if (ticks.length < 2) return 0;
  const step = Math.min(...ticks.slice(1).map((tick, index) => tick - ticks[index]));
  for (let digits = 0; digits < 6; digits += 1) {
    const scaled = step * 10 ** digits;
    if (Math.abs(scaled - Math.round(scaled)) < 1e-6 * Math.max(1, scaled)) return digits;
  }
  return 6;
}

/** Ticks of a logarithmic axis: powers of its base (2 for a short range), thinned to at most `most`. */
export function logTicks([low, high], most) {
  const base = high / low <= 300 ? 2 : 10;
  const first = Math.ceil(Math.log(low) / Math.log(base) - 1e-9);
  const last = Math.floor(Math.log(high) / Math.log(base) + 1e-9);
  const every = Math.max(1, Math.ceil((last - first + 1) / most));
  const ticks = [];
  for (let power = first; power <= last; power += every) ticks.push(base ** power);
  return ticks;
}
