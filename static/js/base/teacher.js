/**
 * The teacher's secret. It comes in the fragment of the link that the server prints at its start, which never
 * reaches a server, and stays in this browser: each of its windows is the teacher's, the one on the projector too.
 * `api.js` sends it along, so that the teacher's turn comes first.
 */

const KEY = "teacher";
const CARRIED = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/; // what a request's header carries unchanged

export class Teacher extends EventTarget {
  #secret = remembered();

  constructor() {
    super();
    // no window hears of what it keeps itself; `key` is null where all is cleared
    globalThis.addEventListener?.("storage", ({ key }) => {
      if (key === KEY || key === null) this.#become(remembered());
    });
  }

  /** The secret, or null in a student's browser. A `change` event follows every change, in every window. */
  get secret() {
    return this.#secret;
  }

  /** Keep a secret for this browser; null forgets it. False, and nothing kept, where no server can have this one. */
  keep(secret) {
    if (secret !== null && !CARRIED.test(secret)) return false;
    try {
      if (secret === null) localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, secret);
    } catch {
      // storage may be blocked; the secret then lasts as long as the page
    }
    this.#become(secret);
    return true;
  }

  #become(secret) {
    this.#secret = secret;
    this.dispatchEvent(new Event("change"));
  }

  /** Take the secret out of the address, where a projector would show it. True where there was one to keep. */
  takeFromAddress() {
    const found = secretIn(location.hash);
    if (found === null) return false;
    history.replaceState(history.state, "", location.pathname + location.search);
    return this.keep(found);
  }
}

/** The secret at the end of a teacher's link, or null. */
export function secretIn(link) {
  const found = /#teacher=(.{1,600})$/.exec(link)?.[1];
  try {
    return found === undefined ? null : decodeURIComponent(found);
  } catch {
    return null; // a link cut off within a character
  }
}

function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // storage may be blocked, or there is none
  }
}

/** This browser's. */
export const teacher = new Teacher();
