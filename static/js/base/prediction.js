/**
 * How near a guess came: "right", "close" or "off". Values of choices are compared as texts, those of a slider by
 * their distance to the answer, edges included.
 */
export function judge(choice, answer, { close = [], rightWithin = null, closeWithin = null } = {}) {
  if (rightWithin === null) {
    if (choice === String(answer)) return "right";
    return close.includes(choice) ? "close" : "off";
  }
  const distance = Math.abs(Number(choice) - Number(answer)) - 1e-9;
  if (distance <= rightWithin) return "right";
  return distance <= closeWithin ? "close" : "off";
}
