// From a distribution and the settings to what the sampling page shows. Pure: numbers in, rows out.

import { binomialBand } from "./binomial.js";
import { roll } from "../../js/base/dice.js";

const STRIP = { least: 1 / 120, most: 60 }; // about 7 pixels of a wide page

/** One row for each of the `count` likeliest tokens; `hexOf(id)` gives a token's bytes, "" if unknown yet. */
export function tokenRows(distribution, processed, count, hexOf, observed = null) {
  const rows = new Array(Math.min(count, distribution.size));
  for (let index = 0; index < rows.length; index += 1) {
    const id = distribution.ids[index]; // -1: the worked example names its likeliest tokens only
    rows[index] = {
      id: id < 0 ? null : id,
      bytes: hexOf(id),
      rank: index + 1,
      raw: distribution.probability(index),
      processed: processed.probability(index),
      kept: index < processed.kept,
      observed: observed ? seen(observed, observed.counts[index], processed.probability(index)) : null,
    };
  }
  return rows;
}

/** The tokens without a row, together; null where every token has one. */
export function remainderRow(distribution, processed, listed, observed = null) {
  const count = distribution.size - listed;
  if (count <= 0) return null;
  const rest = 1 - processed.cumulative(listed);
  return {
    count,
    raw: Math.max(0, 1 - distribution.cumulative(listed)),
    processed: processed.kept > listed ? Math.max(0, rest) : 0,
    kept: processed.kept > listed,
    observed: observed ? seen(observed, observed.rolls - sum(observed.counts, listed), Math.max(0, rest)) : null,
  };
}

/** The strip's intervals with their tokens. */
export function stripIntervals(distribution, processed, hexOf) {
  return distribution.intervals(processed, STRIP).map(({ index, count, start, end }) => {
    if (count > 1) return { id: null, bytes: "", start, end, count };
    const id = distribution.ids[index];
    return { id: id < 0 ? null : id, bytes: hexOf(id), start, end, count };
  });
}

/** The number that picked: the dice's, or where the strip was touched; null where none did. */
export function rolledNumber({ pick, seed, ids }) {
  return pick?.by === "dice" ? roll(seed, pick.roll, ids.length) : (pick?.u ?? null);
}

/** The index that was picked, under the settings as they are now: the dice stay, the strip moves. */
export function pickedIndex(state, processed) {
  const { pick, pinned = null, params } = state;
  if (pick === null) return null;
  if (pinned?.pick === pick && pinned.params === params) return pinned.index;
  if (pick.by === "greedy") return 0;
  return pick.by === "hand" ? pick.index : processed.draw(rolledNumber(state));
}

/** The same dice for every setting: `rolls` numbers of one place, from roll number `first` on. */
export function rollMany(seed, first, position, rolls) {
  return Float64Array.from({ length: rolls }, (_, step) => roll(seed, first + step, position));
}

/** How often each of the `listed` likeliest tokens was drawn by those rolls. */
export function countDraws(processed, us, listed) {
  const counts = new Uint32Array(listed);
  for (const u of us) {
    const index = processed.draw(u);
    if (index < listed) counts[index] += 1;
  }
  return { counts, rolls: us.length };
}

/** How many of the rows that could be drawn lie inside their band: `{inside, rows}`. */
export function insideBand(rows) {
  const drawn = rows.filter(({ kept, observed }) => kept && observed);
  return { inside: drawn.filter(({ observed }) => observed.inside).length, rows: drawn.length };
}

function seen({ rolls }, count, probability) {
  const [low, high] = binomialBand(rolls, probability);
  return {
    count,
    share: count / rolls,
    low: low / rolls,
    high: high / rolls,
    inside: low <= count && count <= high,
    drawable: count > 0 || high > 0, // a cut token has nothing to mark
  };
}

function sum(counts, end) {
  let total = 0;
  for (let index = 0; index < Math.min(end, counts.length); index += 1) total += counts[index];
  return total;
}
