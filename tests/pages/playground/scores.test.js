import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Scorer } from "../../../static/pages/playground/scores.js";
import { Store } from "../../../static/js/base/store.js";

const PAUSE = 400; // milliseconds of calm before a question
const typed = (id) => Object.freeze({ id, bytes: "61", by: "typed" });
const SCORED = {
  scores: [
    { id: 1, logprob: null, rank: null, top: [] },
    { id: 2, logprob: -1, rank: 1, top: [{ id: 2 }] },
  ],
};

const realFetch = globalThis.fetch;
let answers;

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout"] });
  answers = [];
  globalThis.fetch = () =>
    new Promise((resolve) => answers.push((body) => resolve(new Response(JSON.stringify(body)))));
});

afterEach(() => {
  mock.timers.reset();
  globalThis.fetch = realFetch;
});

/** A playground whose every change, also those the scorer makes itself, has the scorer look again. */
function playground(entries) {
  const store = new Store({
    entries,
    view: "surprise",
    selected: -1,
    running: null,
    scoring: false,
    unusual: new Set(),
  });
  const session = {
    store,
    loaded: null,
    ready: true,
    limit: 0,
    get state() {
      return store.state;
    },
    get entries() {
      return store.state.entries;
    },
    prepare: async () => store.state.entries,
    amend: (changed) => store.update({ entries: changed }),
  };
  const scorer = new Scorer(session);
  scorer.idle = false;
  store.watch(() => scorer.look());
  return store;
}

async function calm() {
  mock.timers.tick(PAUSE);
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

test("a slow answer is waited for: the same text is asked about once", async () => {
  const store = playground(Object.freeze([typed(1), typed(2)]));
  for (let waited = 0; waited < 10; waited += 1) await calm();
  assert.equal(answers.length, 1);
  assert.equal(store.state.scoring, true);
  answers[0](SCORED);
  await new Promise(setImmediate);
  assert.equal(store.state.scoring, false);
  assert.ok(store.state.entries.every(({ score }) => score));
});

test("a changed text is asked about anew, and the older answer is not waited for", async () => {
  const store = playground(Object.freeze([typed(1), typed(2)]));
  await calm();
  store.update({ entries: Object.freeze([typed(1), typed(3)]) });
  await calm();
  assert.equal(answers.length, 2);
});
