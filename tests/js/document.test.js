import assert from "node:assert/strict";
import test from "node:test";

import {
  EMPTY_DOCUMENT,
  appendTokens,
  changedRange,
  draftsOf,
  editDocument,
  endsSentence,
  entriesBefore,
  entryBefore,
  idsOf,
  keepFirst,
  modelToken,
  piecesOf,
  settleDraft,
  startToken,
  startWith,
  swapToken,
  textOf,
  typedToken,
  unusualCuts,
  withScores,
} from "../../static/pages/playground/document.js";

const hex = (text) => Buffer.from(text, "utf8").toString("hex");
const typed = (id, text) => typedToken({ id, bytes: hex(text) });
const model = (id, text, run = null) => modelToken({ id, bytes: hex(text), raw_logprob: -1, top: [] }, run);
const raw = (id, bytes) => modelToken({ id, bytes, raw_logprob: -1, top: [] }, null);
const START = startToken({ id: 2, bytes: hex("<bos>") });

/** A server that cuts a text into letters: the id of a token is its character code. */
function settleAll(entries) {
  return draftsOf(entries).reduce(
    (settled, draft) =>
      settleDraft(
        settled,
        draft,
        Array.from(draft.draft, (c) => ({ id: c.codePointAt(0), bytes: hex(c) })),
      ),
    entries,
  );
}

test("typing into an empty document makes one draft, which becomes typed tokens", () => {
  const drafted = editDocument(EMPTY_DOCUMENT, 0, 0, "ab");
  assert.equal(textOf(drafted), "ab");
  assert.throws(() => idsOf(drafted));
  const settled = settleAll(drafted);
  assert.deepEqual(idsOf(settled), [97, 98]);
  assert.ok(settled.every((entry) => entry.by === "typed"));
  assert.equal(EMPTY_DOCUMENT.length, 0);
});

test("typing at the end of typed text cuts the whole typed run anew", () => {
  const drafted = editDocument([typed(1, "Hel"), typed(2, "lo")], 5, 5, "!");
  assert.deepEqual(
    drafted.map((entry) => entry.draft),
    ["Hello!"],
  );
});

test("typing after the model's words leaves them as they are", () => {
  const written = [typed(1, "Once"), model(2, " upon"), model(3, " a")];
  const drafted = editDocument(written, 11, 11, " dog");
  assert.deepEqual(drafted.slice(0, 3), written);
  assert.equal(drafted[3].draft, " dog");
});

test("an edit inside the model's words re-cuts from the first changed token to the end of the edited run", () => {
  const written = [typed(1, "Once"), model(2, " upon"), model(3, " a"), model(4, " time")];
  const drafted = editDocument(written, 6, 11, "X"); // " u[pon a] time"
  assert.equal(textOf(drafted), "Once uX time");
  assert.deepEqual(
    drafted.map((entry) => entry.id ?? entry.draft),
    ["Once uX", 4],
  );
});

test("what stands after an edit keeps its id and loses its numbers", () => {
  const drafted = editDocument([model(1, "a"), model(2, "b"), model(3, "c")], 1, 2, "");
  assert.deepEqual(idsOf(drafted), [1, 3]);
  assert.ok(drafted[0].step);
  assert.equal(drafted[1].step, undefined);
  assert.equal(drafted[1].moved, true);
});

test("an insertion between two of the model's tokens touches neither", () => {
  const drafted = editDocument([model(1, "ab"), model(2, "cd")], 2, 2, "-");
  assert.deepEqual(
    drafted.map((entry) => entry.id ?? entry.draft),
    [1, "-", 2],
  );
});

test("the token that starts the document has no text and cannot be typed before", () => {
  const drafted = editDocument([START, model(5, "x")], 0, 0, "y");
  assert.equal(drafted[0], START);
  assert.equal(textOf(drafted), "yx");
});

test("a character cut over two tokens is drawn once", () => {
  const pieces = piecesOf([raw(1, "f09f98"), raw(2, "80"), model(3, "!")]);
  assert.deepEqual(
    pieces.map(({ from, to, text }) => [from, to, text]),
    [
      [0, 2, "😀"],
      [2, 3, "!"],
    ],
  );
});

test("half a character at the end is held back while streaming, and shown as hex afterwards", () => {
  const half = [model(1, "a"), raw(2, "62f09f")];
  assert.deepEqual(
    piecesOf(half, { hold: true }).map(({ shown }) => shown),
    ["a", "b"],
  );
  assert.deepEqual(
    piecesOf(half).map(({ shown }) => shown),
    ["a", "b⟨F0⟩⟨9F⟩"],
  );
});

test("a typed replacement character is text", () => {
  const pieces = piecesOf([typed(1, "\ufffd")]);
  assert.equal(pieces[0].text, "\ufffd");
  assert.equal(pieces[0].opaque, false);
});

test("half a character is removed as a whole", () => {
  const half = [model(1, "a"), raw(2, "f0"), model(3, "b")];
  const edited = editDocument(half, 4, 5, "");
  assert.deepEqual(idsOf(edited), [1, 3]);
});

test("carriage returns are shown and kept", () => {
  const pieces = piecesOf([model(1, "a\r\n")]);
  assert.equal(pieces[0].shown, "a␍\n");
  assert.equal(pieces[0].text, "a\r\n");
});

test("text settled again keeps the numbers of its unchanged beginning", () => {
  const scored = withScores(
    [typed(97, "a"), typed(98, "b")],
    [
      { id: 97, raw_logprob: null },
      { id: 98, raw_logprob: -2 },
    ],
  );
  const settled = settleAll(editDocument(scored, 2, 2, "c"));
  assert.deepEqual(idsOf(settled), [97, 98, 99]);
  assert.equal(settled[1].score.raw_logprob, -2);
  assert.equal(settled[2].score, undefined);
});

test("a draft that is no longer there is not settled", () => {
  const drafted = editDocument(EMPTY_DOCUMENT, 0, 0, "a");
  assert.equal(settleDraft(EMPTY_DOCUMENT, drafted[0], []), EMPTY_DOCUMENT);
});

test("a fork keeps the ids before it", () => {
  const entries = [model(1, "a"), model(2, "b"), model(3, "c")];
  assert.deepEqual(idsOf(swapToken(entries, 1, model(9, "x"))), [1, 9]);
  const kept = swapToken(entries, 1, model(9, "x"), { keep: true });
  assert.deepEqual(idsOf(kept), [1, 9, 3]);
  assert.equal(kept[2].step, undefined);
  assert.deepEqual(idsOf(keepFirst(entries, 2)), [1, 2]);
  assert.deepEqual(idsOf(appendTokens(entries, [model(4, "d")])), [1, 2, 3, 4]);
});

test("the caret finds its token and the place to cut", () => {
  const pieces = piecesOf([START, typed(1, "ab"), model(2, "cd")]);
  assert.equal(entryBefore(pieces, 0), -1);
  assert.equal(entryBefore(pieces, 1), 1);
  assert.equal(entryBefore(pieces, 2), 1);
  assert.equal(entryBefore(pieces, 3), 2);
  assert.equal(entriesBefore(pieces, 0), 1);
  assert.equal(entriesBefore(pieces, 3), 2);
  assert.equal(entriesBefore(pieces, 4), 3);
});

test("the changed range is the edit the person made", () => {
  assert.deepEqual(changedRange("abc", "abXc", 3), { start: 2, end: 2, text: "X" });
  assert.deepEqual(changedRange("aaa", "aaaa", 1), { start: 0, end: 0, text: "a" });
  assert.deepEqual(changedRange("aaa", "aa", 1), { start: 1, end: 2, text: "" });
  assert.deepEqual(changedRange("hello", "help", 4), { start: 3, end: 5, text: "p" });
});

test("any series of edits gives the same text as editing a string", () => {
  let seed = 7;
  const random = (n) => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % n;
  let entries = EMPTY_DOCUMENT;
  let text = "";
  for (let i = 0; i < 400; i += 1) {
    const start = random(text.length + 1);
    const end = Math.min(text.length, start + random(4));
    const inserted = ["", "a", "bc", " ", "é"][random(5)];
    entries = editDocument(entries, start, end, inserted);
    text = text.slice(0, start) + inserted + text.slice(end);
    assert.equal(textOf(entries), text);
    if (random(3) === 0) entries = settleAll(entries);
    if (random(4) === 0) {
      entries = appendTokens(settleAll(entries), [model(1, "xyz"), model(2, " w")]);
      text += "xyz w";
    }
  }
});

test("cuts that tokenising would not make are found", () => {
  const entries = [START, model(1, "a"), model(2, "b"), model(3, " c")];
  const spans = [
    { id: 12, start: 0, end: 2 },
    { id: 3, start: 2, end: 4 },
  ];
  assert.deepEqual([...unusualCuts(entries, spans)], [1, 2]);
});

test("the end of a sentence is not the number of a list", () => {
  for (const text of ["It rained.", "Really?”", "他走了。", "a line\n"]) assert.ok(endsSentence(text), text);
  for (const text of ["1.", "The U.S.", "and then", "3.5"]) assert.ok(!endsSentence(text), text);
});

test("the token that starts a document can be left out; what it was expected to lead to no longer holds", () => {
  const scored = Object.freeze({
    ...typedToken({ id: 5, bytes: hex("Hi") }),
    score: { id: 5, raw_logprob: -1, top: [] },
  });
  const without = startWith([START, scored], null);
  assert.deepEqual(without, [typedToken({ id: 5, bytes: hex("Hi") })]);
  assert.deepEqual(startWith(without, START), [START, ...without]);
  assert.deepEqual(startWith([START, ...without], START), [START, ...without]);
});
