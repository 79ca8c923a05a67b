/** Motion that explains: a slider on its way, rolls that pour in. */

const still = globalThis.matchMedia?.("(prefers-reduced-motion: reduce)");

/**
 * Call `draw(share)` once a frame, from 0 to 1 in the given time; at once with 1 where motion is unwelcome. Resolves
 * when it is over, or broken off by the signal.
 *
 * @param {number} milliseconds
 * @param {(share: number) => void} draw
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export function over(milliseconds, draw, signal) {
  if (still?.matches) {
    draw(1);
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    const start = performance.now();
    const frame = (time) => {
      if (signal.aborted) return resolve();
      const share = Math.min(1, Math.max(0, (time - start) / milliseconds));
      draw(share);
      if (share < 1) requestAnimationFrame(frame);
      else resolve();
    };
    requestAnimationFrame(frame);
  });
}
