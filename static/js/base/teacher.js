/**
 * The teacher's secret. It comes in the fragment of the link that the server prints at its start, which never
 * reaches a server, and stays in this tab alone. `api.js` sends it along, so that the teacher's turn comes first.
 */

const KEY = "teacher";
const CARRIED = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/; // what a request's header carries unchanged

export class Teacher extends EventTarget {
  #secret = remembered();

  /** The secret, or null in a student's tab. A `change` event follows every change. */
  get secret() {
    return this.#secret;
  }

  /** Keep a secret for this tab; null forgets it. False, and nothing kept, where no server can have this one. */
  keep(secret) {
    if (secret !== null && !CARRIED.test(secret)) return false;
    this.#secret = secret;
    try {
      if (secret === null) sessionStorage.removeItem(KEY);
      else sessionStorage.setItem(KEY, secret);
    } catch {
      // storage may be blocked; the secret then lasts as long as the page
    }
    this.dispatchEvent(new Event("change"));
    return true;
  }

  /** Take the secret out of the address, where a projector would show it. */
  takeFromAddress() {
    const found = secretIn(location.hash);
    if (found === null) return;
    history.replaceState(history.state, "", location.pathname + location.search);
    this.keep(found);
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
    return sessionStorage.getItem(KEY);
  } catch {
    return null; // storage may be blocked, or there is none
  }
}

/** This tab's. */
export const teacher = new Teacher();
