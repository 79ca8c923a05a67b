import assert from "node:assert/strict";
import { test } from "node:test";
import { Store } from "../../static/js/base/store.js";

test("a state is replaced, never changed", () => {
  const store = new Store({ text: "a", seed: 1 });
  const before = store.state;
  store.update({ text: "b" });
  assert.deepEqual(before, { text: "a", seed: 1 });
  assert.deepEqual(store.state, { text: "b", seed: 1 });
  assert.throws(() => {
    store.state.text = "c";
  }, TypeError);
});

test("a watcher hears the state now and after every change, with the one before", () => {
  const heard = [];
  const store = new Store({ n: 0 });
  store.watch(({ n }, previous) => heard.push([n, previous.n]));
  store.update({ n: 1 });
  store.update({ n: 1 }); // no news
  assert.deepEqual(heard, [
    [0, 0],
    [1, 0],
  ]);
});

test("a watcher ends with its signal", () => {
  let heard = 0;
  const store = new Store({ n: 0 });
  const end = new AbortController();
  store.watch(() => (heard += 1), { signal: end.signal });
  end.abort();
  store.update({ n: 1 });
  assert.equal(heard, 1);
});
