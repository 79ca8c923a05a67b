import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { keep, keptFor, madeHere } from "../../static/js/base/kept.js";

function storage({ room = Infinity } = {}) {
  const items = new Map();
  return {
    getItem: (name) => items.get(name) ?? null,
    removeItem: (name) => items.delete(name),
    setItem: (name, text) => {
      if (text.length > room) throw new DOMException("full", "QuotaExceededError");
      items.set(name, text);
    },
  };
}

afterEach(() => delete globalThis.sessionStorage);

test("results are kept for the state they stood beside, and for no other", () => {
  globalThis.sessionStorage = storage();
  keep("page", { prompt: "a", own: undefined }, [1]);
  assert.deepEqual(keptFor("page", { prompt: "a" }), [1]);
  assert.equal(keptFor("page", { prompt: "b" }), null);
  assert.equal(keptFor("other", { prompt: "a" }), null);
});

test("where there is no room or no storage nothing is kept, not even what was kept before", () => {
  globalThis.sessionStorage = storage({ room: 60 });
  keep("page", {}, [1]);
  keep("page", {}, "x".repeat(60));
  assert.equal(keptFor("page", {}), null);
  delete globalThis.sessionStorage;
  keep("page", {}, [1]);
  assert.equal(keptFor("page", {}), null);
});

test("what was computed here is dated today", () => {
  assert.deepEqual(madeHere({ model: "tiny", state: "done" }), {
    model: "tiny",
    measured_on: new Date().toISOString().slice(0, 10),
  });
});
