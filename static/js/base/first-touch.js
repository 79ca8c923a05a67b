/** Opening a link runs nothing. What it needs of the model is asked at the first touch of the page, or at none. */

let waiting = new AbortController();

/** Call `act` when a person first presses something or a key on the page; a later wish takes the place of this one. */
export function atFirstTouch(act) {
  waiting.abort();
  waiting = new AbortController();
  const { signal } = waiting;
  const touched = () => {
    waiting.abort();
    act();
  };
  for (const kind of ["pointerdown", "keydown"])
    document.querySelector("main").addEventListener(kind, touched, { signal });
}
