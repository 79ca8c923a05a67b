// What is known already comes as if it were happening: a slider that glides, a text that is written.

import { over } from "../../js/base/motion.js";

const TOKEN = 28; // milliseconds
const LONGEST = 1600;
const GLIDE = 600;

/** Call `tell(n)` with n from 0 to `count`, at a pace one can read. Gives a function that ends it where it is. */
export function play(count, tell) {
  return run(Math.min(LONGEST, count * TOKEN), (share) => tell(Math.floor(share * count)));
}

/** Call `tell(value)` on the way from one whole number to another, and `then` when it is there. */
export function glide(from, to, tell, then) {
  const eased = (share) => 1 - (1 - share) ** 3;
  return run(GLIDE, (share) => {
    tell(Math.round(from + (to - from) * eased(share)));
    if (share === 1) then();
  });
}

function run(milliseconds, draw) {
  const controller = new AbortController();
  over(milliseconds, draw, controller.signal);
  return () => controller.abort();
}
