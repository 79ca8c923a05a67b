// What happens between the model's log-probabilities and the roll: temperature, top_k, top_p, min_p, over
// the whole vocabulary. Twin of app/engine/sampling/distribution.py. `index` counts from 0 in the ranked order
// (likeliest first, ties by id); people see the rank, index + 1. No allocation while a slider moves.

/** Token ids ordered by descending value, equal values by id: a radix sort of the float's bits. */
export function rankIds(values) {
  const size = values.length;
  const bits = new Uint32Array(size);
  const floats = new Float32Array(bits.buffer);
  for (let id = 0; id < size; id += 1) {
    if (Number.isNaN(values[id])) throw new RangeError(`log-probability of token ${id} is not a number`);
    floats[id] = values[id] + 0; // + 0 makes -0 and 0 one value
    // Ascending order of these words is descending order of the floats.
    bits[id] = bits[id] >>> 31 ? bits[id] : ~bits[id] ^ 0x80000000;
  }
  let from = new Uint32Array(size);
  for (let id = 0; id < size; id += 1) from[id] = id;
  let to = new Uint32Array(size);
  for (const shift of [0, 11, 22]) {
    const starts = new Uint32Array(2048);
    for (let id = 0; id < size; id += 1) starts[(bits[id] >>> shift) & 2047] += 1;
    for (let digit = 0, start = 0; digit < 2048; digit += 1) {
      const count = starts[digit];
      starts[digit] = start;
      start += count;
    }
    for (let place = 0; place < size; place += 1) {
      const id = from[place];
      const digit = (bits[id] >>> shift) & 2047;
      to[starts[digit]] = id;
      starts[digit] += 1;
    }
    [from, to] = [to, from];
  }
  return from;
}

/** The first index in [0, end) for which `test` holds, or end; `test` must be false, then true. */
function firstWhere(end, test) {
  let low = 0;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (test(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Prefix sums of a ranked distribution at one temperature: every truncation is then a binary search. */
class Tempered {
  #logprobs;

  constructor(logprobs) {
    this.#logprobs = logprobs;
    this.temperature = Number.NaN;
    this.weights = new Float64Array(logprobs.length); // exp((l - l0) / T): the likeliest weighs 1
    this.masses = new Float64Array(logprobs.length); // their running sum
    this.moments = new Float64Array(logprobs.length); // running sum of weight * log(weight), for entropy
  }

  set(temperature) {
    if (temperature === this.temperature) return this;
    this.temperature = temperature;
    const { weights, masses, moments } = this;
    const logprobs = this.#logprobs;
    const size = logprobs.length;
    const best = logprobs[0];
    let mass = 0;
    let moment = 0;
    let index = 0;
    for (; index < size; index += 1) {
      const scaled = (logprobs[index] - best) / temperature; // 0 or negative: exp cannot overflow
      const weight = Math.exp(scaled);
      if (weight === 0) break; // and so is every weight after it
      mass += weight;
      moment += weight * scaled;
      weights[index] = weight;
      masses[index] = mass;
      moments[index] = moment;
    }
    weights.fill(0, index);
    masses.fill(mass, index);
    moments.fill(moment, index);
    return this;
  }

  /** Shannon entropy, in bits, of the first `count` tokens renormalised. */
  entropyBits(count) {
    const mass = this.masses[count - 1];
    return Math.max(0, (Math.log(mass) - this.moments[count - 1] / mass) / Math.LN2);
  }
}

/** What is left to pick from under some sampling parameters. Good until the next `process` call. */
class Processed {
  #tempered;
  #total;

  constructor(tempered, { temperature, afterTopK, afterTopP, kept, mass }) {
    this.#tempered = tempered;
    this.#total = tempered.masses[kept - 1];
    this.temperature = temperature;
    this.afterTopK = afterTopK; // tokens left after each step, each a prefix of the ranked order
    this.afterTopP = afterTopP;
    this.kept = kept; // after min_p, the last step
    this.mass = mass; // the kept tokens' share of the whole vocabulary, after temperature
    this.entropyBits = tempered.entropyBits(kept);
    this.choices = 2 ** this.entropyBits; // as uncertain as a fair die with that many sides
  }

  /** Probability of the token at `index`, after everything; 0 when it was cut. */
  probability(index) {
    return index < this.kept ? this.#tempered.weights[index] / this.#total : 0;
  }

  /** Probability of the first `count` tokens together. */
  cumulative(count) {
    if (count <= 0) return 0;
    return count < this.kept ? this.#tempered.masses[count - 1] / this.#total : 1;
  }

  /** Index of the token whose interval of [0, 1), likeliest first, contains u. */
  draw(u) {
    const target = u * this.#total;
    const masses = this.#tempered.masses;
    return Math.min(
      firstWhere(this.kept, (index) => masses[index] > target),
      this.kept - 1,
    );
  }
}

/** One next-token distribution, ranked once; `process` answers for any sampling parameters. */
export class Distribution {
  #own;
  #tempered;

  /** From tokens in ranked order: their ids and natural log-probabilities. */
  constructor(ids, logprobs) {
    this.size = ids.length;
    this.ids = ids;
    this.logprobs = logprobs;
    this.#own = new Tempered(logprobs).set(1);
    this.#tempered = new Tempered(logprobs);
    this.entropyBits = this.#own.entropyBits(this.size);
    this.choices = 2 ** this.entropyBits;
  }

  /** From log-probabilities by token id (Float32Array, the whole vocabulary). */
  static fromLogprobs(logprobs) {
    const ids = rankIds(logprobs);
    const ranked = new Float64Array(ids.length);
    for (let index = 0; index < ids.length; index += 1) ranked[index] = logprobs[ids[index]];
    return new Distribution(ids, ranked);
  }

  /** The model's own probability of the token at `index`. */
  probability(index) {
    return this.#own.weights[index] / this.#own.masses[this.size - 1];
  }

  /** The model's own probability of the first `count` tokens together. */
  cumulative(count) {
    if (count <= 0) return 0;
    return this.#own.masses[Math.min(count, this.size) - 1] / this.#own.masses[this.size - 1];
  }

  /** Temperature, top_k, top_p, min_p, in this order; each is off at its default. */
  process({ temperature = 1, top_k: topK = 0, top_p: topP = 1, min_p: minP = 0 } = {}) {
    const { size, logprobs } = this;
    if (temperature === 0) {
      const greedy = { temperature, afterTopK: 1, afterTopP: 1, kept: 1, mass: 1 };
      return new Processed(this.#own, greedy);
    }
    const tempered = temperature === 1 ? this.#own : this.#tempered.set(temperature);
    const { weights, masses } = tempered;

    let afterTopK = size;
    if (topK > 0 && topK < size) {
      const least = logprobs[topK - 1]; // every token as likely as the k-th stays
      afterTopK = topK + firstWhere(size - topK, (step) => logprobs[topK + step] < least);
    }
    let afterTopP = afterTopK;
    if (topP < 1) {
      const target = topP * masses[afterTopK - 1];
      afterTopP = 1 + firstWhere(afterTopK - 1, (index) => masses[index] >= target);
    }
    let kept = afterTopP;
    if (minP > 0)
      kept = Math.max(
        1,
        firstWhere(afterTopP, (index) => weights[index] < minP),
      );
    const mass = masses[kept - 1] / masses[size - 1];
    return new Processed(tempered, { temperature, afterTopK, afterTopP, kept, mass });
  }

  /**
   * The kept tokens as intervals of the strip [0, 1): one for each token at least `least` wide, and the
   * thin ones together as the last, `{ index, count, start, end }`.
   */
  intervals(processed, { least = 1 / 250, most = 200 } = {}) {
    const found = [];
    let index = 0;
    for (; index < Math.min(processed.kept, most); index += 1) {
      if (processed.probability(index) < least) break;
      found.push({ index, count: 1, start: processed.cumulative(index), end: processed.cumulative(index + 1) });
    }
    const count = processed.kept - index;
    if (count > 0) found.push({ index, count, start: processed.cumulative(index), end: 1 });
    return found;
  }
}
