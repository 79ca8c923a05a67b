// Stop strings as people type them in one line.

const MOST_STOPS = 4; // as app/engine/contract/params.py

/**
 * "\n\n | END" -> ["\n\n", "END"]; spaces around the bars do not count; `\|` is a bar, `\\` a backslash, `\ ` a space.
 */
export function parseStops(text) {
  const parts = text.match(/(?:\\.|[^|\\])+|\\$/g) ?? [];
  const plain = { n: "\n", t: "\t" };
  return parts
    .map((part) =>
      part
        .trimStart()
        .replace(/(?<!\\)\s+$/, "")
        .replace(/\\(.)/g, (_, letter) => plain[letter] ?? letter),
    )
    .filter((stop) => stop !== "")
    .slice(0, MOST_STOPS);
}

/** The line that reads as these stop strings. */
export function writeStops(stops) {
  const escapes = { "\n": "\\n", "\t": "\\t", "|": "\\|", "\\": "\\\\" };
  const written = (stop) => stop.replace(/[\n\t|\\]/g, (letter) => escapes[letter]).replace(/^ | $/g, "\\ ");
  return stops.map(written).join(" | ");
}
