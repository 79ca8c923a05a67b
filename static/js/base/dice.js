// Counter-based dice: one uniform number per (seed, sequence, position), the same in every browser and on
// the server. The exact twin of app/engine/sampling/dice.py: Threefry-2x32 with 20 rounds, of Salmon, Moraes, Dror
// and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).

const PARITY = 0x1bd11bda; // the key schedule's constant in Threefry-2x32
const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24];

export const MAX_SEED = Number.MAX_SAFE_INTEGER;

/**
 * Two 32-bit words from a key and a counter of two 32-bit words each.
 *
 * @param {number[]} key
 * @param {number[]} counter
 * @returns {[number, number]}
 */
export function threefry2x32([key0, key1], [counter0, counter1]) {
  const keys = [key0 >>> 0, key1 >>> 0, (PARITY ^ key0 ^ key1) >>> 0];
  let x0 = (counter0 + keys[0]) >>> 0;
  let x1 = (counter1 + keys[1]) >>> 0;
  for (let round = 0; round < 20; round += 1) {
    const rotation = ROTATIONS[round % 8];
    x0 = (x0 + x1) >>> 0;
    x1 = ((x1 << rotation) | (x1 >>> (32 - rotation))) ^ x0;
    if (round % 4 === 3) {
      const injection = (round >> 2) + 1;
      x0 = (x0 + keys[injection % 3]) >>> 0;
      x1 = (x1 + keys[(injection + 1) % 3] + injection) >>> 0;
    }
  }
  return [x0 >>> 0, x1 >>> 0];
}

/**
 * A uniform number in [0, 1) with 53 random bits.
 *
 * `position` is the token's index in the whole document; `sequence` tells apart rolls for the same place.
 *
 * @param {number} seed
 * @param {number} sequence
 * @param {number} position
 */
export function roll(seed, sequence, position) {
  const key = [Math.floor(seed / 2 ** 32) >>> 0, seed >>> 0];
  const [high, low] = threefry2x32(key, [sequence >>> 0, position >>> 0]);
  return ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53;
}

/** A fresh seed that a person can read aloud. */
export function randomSeed() {
  return crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000;
}

/**
 * The seed that a person typed, or null where it is none: a whole number from 0 to 2^53 - 1.
 *
 * @param {string} text
 */
export function parseSeed(text) {
  const digits = text.trim();
  if (!/^\d{1,16}$/.test(digits)) return null;
  const seed = Number(digits);
  return Number.isSafeInteger(seed) ? seed : null;
}
