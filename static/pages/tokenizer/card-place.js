/** Where a floating card goes: beside what it is about, never over it, never out of the view. */

const GAP = 8;

/**
 * `anchor` is the box of the token, `card` the card's size, `view` the window's; all in px. Below where there is room,
 * else above; on whichever side has more room when neither is enough, with `height` cut to fit.
 */
export function placeCard(anchor, card, view) {
  const below = view.height - anchor.bottom - 2 * GAP;
  const above = anchor.top - 2 * GAP;
  const under = card.height <= below || below >= above;
  const height = Math.min(card.height, Math.max(0, under ? below : above));
  const x = Math.max(GAP, Math.min(anchor.left, view.width - card.width - GAP));
  return { x, y: under ? anchor.bottom + GAP : anchor.top - GAP - height, height };
}
