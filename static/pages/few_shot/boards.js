/**
 * A board: one task, what came of it, and how far that was looked at. Three stand behind the steps: the task of the
 * story, its counterpart, and the reader's own. Pure.
 */

import { LINES, NOTHING, packed, pointsOf, resultOf, unpacked } from "./result.js";
import { emptyTask, fullQueries, requestOf, sharedTask, shotsOf, taskOf } from "./task.js";

export const BOARDS = ["story", "strict", "own"];
const NAMES = LINES.map(({ line }) => line);

/** What a result is of. A task that was changed has none; changed back, it has it again. */
const keyOf = (task) => JSON.stringify(requestOf(task));

/**
 * A preset with what was measured. `drawn` says for each line up to how many examples it was drawn: nothing at first.
 *
 * @param {{ id: string, request: object }} preset
 * @param {{ model: string, measured_on: string, results: Record<string, any[]> } | null} measurement
 */
export function boardOf({ id, request }, measurement) {
  const parts = measurement?.results[id] ?? [];
  const task = taskOf(request);
  return {
    preset: id,
    task,
    stop: 0,
    query: 0,
    line: "true",
    drawn: {},
    result: resultOf(parts),
    of: keyOf(task),
    source: parts.length > 0 ? { model: measurement.model, measured_on: measurement.measured_on } : null,
  };
}

/** A board with rows to fill in. */
export function emptyBoard(task = emptyTask()) {
  return { preset: null, task, stop: 0, query: 0, line: "true", drawn: {}, result: NOTHING, of: "", source: null };
}

/** What came of the task as it stands now. */
export function resultNow(board) {
  return board.of === keyOf(board.task) ? board.result : NOTHING;
}

/** Whether there is a result, but of what the task was before. */
export function isStale(board) {
  return board.result !== NOTHING && resultNow(board) === NOTHING;
}

/** The numbers of examples that the slider stops at. */
export const stopsOf = (board) => shotsOf(board.task);

/** The number of examples that the slider stands on. */
export function shotsAt(board) {
  const stops = stopsOf(board);
  return stops[Math.min(board.stop, stops.length - 1)];
}

/** The slider somewhere else: the lines are drawn as it goes, the true one first of all. */
export function moved(board, stop) {
  const at = { ...board, stop };
  const shots = shotsAt(at);
  const drawn = Object.fromEntries(
    ["true", ...Object.keys(board.drawn)].map((line) => [line, Math.max(board.drawn[line] ?? 0, shots)]),
  );
  return { ...at, drawn };
}

/** The board with all of its true line drawn. */
export function wholeLine(board) {
  return { ...board, drawn: { ...board.drawn, true: stopsOf(board).at(-1) } };
}

/** As a step before the surprise shows it: the true line and nothing else. */
export function unbroken(board) {
  return { ...board, line: "true", drawn: "true" in board.drawn ? { true: board.drawn.true } : {} };
}

/** One line more, from its beginning, or that line away again. */
export function withLine(board, line) {
  const { [line]: before, ...others } = board.drawn;
  if (before !== undefined) return { ...board, line: "true", drawn: others };
  return { ...board, line, stop: 0, drawn: { ...others, [line]: 0 } };
}

/** Other rows, questions or separators: the board is the reader's from then on. */
export function edited(board, changes) {
  const task = { ...board.task, ...changes };
  const before = shotsAt(board);
  const query = Math.min(board.query, Math.max(0, fullQueries(task).length - 1));
  const next = { ...board, preset: null, task, query, line: "true" };
  const stops = stopsOf(next);
  const atEnd = before === stopsOf(board).at(-1);
  return { ...next, stop: atEnd ? stops.length - 1 : nearest(stops, before) };
}

/** The index of the stop next to a number of examples. */
export function nearest(stops, shots) {
  return stops.reduce(
    (best, stop, index) => (Math.abs(stop - shots) < Math.abs(stops[best] - shots) ? index : best),
    0,
  );
}

/** How many questions came out right along each line that is drawn: [{line, rights}], as far as it is drawn. */
export function linesOf(board) {
  const result = resultNow(board);
  return LINES.filter(({ line }) => board.drawn[line] !== undefined).map(({ line, name, style }) => {
    const points = pointsOf(result, line).filter(({ shots }) => shots <= board.drawn[line]);
    return { line, name, style, rights: points.map(({ right }) => right) };
  });
}

/** A board for a link or for this tab. */
export function packBoard(board) {
  const { preset, task, stop, query, line, drawn, source } = board;
  const result = resultNow(board);
  const parts = result === NOTHING ? null : packed(result);
  return { preset, task: preset === null ? task : undefined, stop, query, line, drawn, parts, source };
}

/**
 * The same, read back; anyone may have written it. Null where it is none, or of a preset that is not known here.
 *
 * @param {any} kept
 * @param {{ id: string, request: object }[]} presets
 */
export function unpackBoard(kept, presets) {
  if (typeof kept !== "object" || kept === null) return null;
  const preset = presets.find(({ id }) => id === kept.preset);
  if (kept.preset && !preset) return null;
  const board = preset ? boardOf(preset, null) : emptyBoard(sharedTask(kept.task));
  const last = stopsOf(board).length - 1;
  const found = {
    ...board,
    stop: Math.min(whole(kept.stop), last),
    query: Math.min(whole(kept.query), Math.max(0, fullQueries(board.task).length - 1)),
    line: NAMES.includes(kept.line) ? kept.line : "true",
    drawn: drawnFrom(kept.drawn),
  };
  try {
    if (!kept.parts) return found;
    const { model, measured_on } = kept.source;
    return {
      ...found,
      result: unpacked(kept.parts),
      of: keyOf(found.task),
      source: { model: String(model), measured_on: String(measured_on) },
    };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return found; // the task at least
  }
}

function drawnFrom(drawn) {
  return Object.fromEntries(
    NAMES.filter((line) => Number.isSafeInteger(drawn?.[line])).map((line) => [line, drawn[line]]),
  );
}

const whole = (value) => (Number.isSafeInteger(value) && value >= 0 ? value : 0);

/** A link made before pages were told in steps: it held one task and where one looked, and no results. */
export function boardOfOldLink(shared, presets, measurement) {
  const preset = presets.find(({ id }) => id === shared.preset);
  const board = preset ? boardOf(preset, measurement) : emptyBoard(sharedTask(shared.task));
  const last = stopsOf(board).at(-1);
  const line = NAMES.includes(shared.line) ? shared.line : "true";
  return {
    ...board,
    stop: Math.min(whole(shared.stop), stopsOf(board).length - 1),
    query: Math.min(whole(shared.query), Math.max(0, fullQueries(board.task).length - 1)),
    line,
    drawn: board.source === null ? {} : { true: last, [line]: last },
  };
}
