// How surprising a token was: five steps of bits, the same on every page, each with its tint and its underline.

import { SURPRISE_LIMITS } from "./token-look.js";

export const SURPRISE_STEPS = ["<1", "1+", "3+", "5+", "8+"];

/** 0 to 4, or "" where there is no number. */
export function surpriseLevel(bits) {
  if (bits === null || bits === undefined) return "";
  return SURPRISE_LIMITS.filter((limit) => bits >= limit).length;
}
