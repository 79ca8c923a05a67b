/** How a roll looks whose outcome is known already: the pointer runs, the bar lights, the word flies into the text. */

const RUN = 300; // milliseconds
const FLY = 220; // with what the bars need to grow anew, a roll is over within 600
const still = globalThis.matchMedia?.("(prefers-reduced-motion: reduce)");

/**
 * Show it, and call `settle` once: at the end, at once where motion is unwelcome, or when the function that this gives
 * back is called. So a second roll never waits for the first.
 *
 * @param {{ pointer: HTMLElement, u: number, word: string, land: () => HTMLElement | undefined,
 *   target: () => DOMRect | undefined, settle: () => void }} roll `land` lights the bar and says where it is; `word`
 *   flies from there to the target
 */
export function showRoll({ pointer, u, word, land, target, settle }) {
  const animations = [];
  let ghost = null;
  let over = false;
  const finish = () => {
    if (over) return;
    over = true;
    for (const animation of animations) animation.cancel();
    ghost?.remove();
    settle();
  };
  const play = (node, frames, options) => {
    const animation = node.animate(frames, options);
    animations.push(animation);
    return animation.finished;
  };
  const run = async () => {
    const at = (share) => ({ transform: `translateX(${share * 100}cqi)` });
    await play(pointer, [at(0), { ...at(1), offset: 0.45 }, at(u)], { duration: RUN, easing: "ease-out" });
    const from = land()?.getBoundingClientRect();
    const to = target();
    if (from && to) {
      ghost = flying(word, from);
      const far = `${to.x - from.x}px ${to.y - from.y}px`;
      await play(ghost, [{ translate: "0 0" }, { translate: far }], { duration: FLY, easing: "ease-in" });
    }
    finish();
  };
  if (still?.matches) {
    land();
    finish();
  } else run().catch(finish); // a cancelled animation rejects, and has settled
  return finish;
}

function flying(word, { x, y }) {
  const ghost = document.createElement("span");
  ghost.className = "flying-word";
  ghost.setAttribute("aria-hidden", "true");
  ghost.translate = false;
  ghost.textContent = word;
  ghost.style.setProperty("--x", `${x}px`);
  ghost.style.setProperty("--y", `${y}px`);
  document.body.append(ghost);
  return ghost;
}
