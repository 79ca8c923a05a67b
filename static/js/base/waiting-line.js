/** A place in a line, and how long it still takes by how the line has moved so far. Knows no DOM and no clock. */

import { formatNumber, formatSeconds } from "./format.js";
import { t } from "./i18n.js";

export class WaitingLine {
  #first = null; // {position, now}
  #last = null;

  /** Told by the server: `position` 1 is next. */
  see(position, now) {
    this.#last = { position, now };
    this.#first ??= this.#last;
  }

  /** 1 is next; 0 in no line, or at its end. */
  get position() {
    return this.#last?.position ?? 0;
  }

  /** The sentence for a waiting student; null where nothing waits. */
  get text() {
    const { position: n, seconds } = this;
    if (n === 0) return null;
    if (seconds) return t("Waiting: number {n} in the queue, about {time}.", { n, time: roughly(seconds) });
    return t("Waiting: number {n} in the queue.", { n });
  }

  /** Seconds until it is this one's turn, or null while nothing has moved. */
  get seconds() {
    if (this.#last === null) return null;
    const moved = this.#first.position - this.#last.position;
    if (moved <= 0) return null;
    return (this.#last.position * (this.#last.now - this.#first.now)) / moved / 1000;
  }
}

/** In steps of five seconds: a line does not move more evenly than that. */
function roughly(seconds) {
  const steps = 5 * Math.ceil(seconds / 5);
  return steps < 60 ? t("{seconds} s", { seconds: formatNumber(steps) }) : formatSeconds(steps);
}
