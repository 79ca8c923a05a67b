/** A place in a line, and how long it still takes by how the line has moved so far. Knows no DOM and no clock. */

export class WaitingLine {
  #first = null; // {position, now}
  #last = null;

  /** Told by the server: `position` 1 is next. */
  see(position, now) {
    this.#last = { position, now };
    this.#first ??= this.#last;
  }

  /** Seconds until it is this one's turn, or null while nothing has moved. */
  get seconds() {
    if (this.#last === null) return null;
    const moved = this.#first.position - this.#last.position;
    if (moved <= 0) return null;
    return (this.#last.position * (this.#last.now - this.#first.now)) / moved / 1000;
  }
}
