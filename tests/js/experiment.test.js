import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { ApiError } from "../../static/js/base/api.js";
import { ExperimentRun, runExperiment } from "../../static/js/base/experiment.js";
import { useCatalog } from "../../static/js/base/i18n.js";

const realFetch = globalThis.fetch;
const on = { state: { loaded: { name: "tiny" } } };
let asked;

beforeEach(() => useCatalog({}));
afterEach(() => {
  globalThis.fetch = realFetch;
});

function answer(events) {
  const body = events.map(([event, data]) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`).join("");
  globalThis.fetch = async (path, options) => {
    asked = { path, ...options };
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  };
}

/** A run whose experiment is told what to do from outside. */
function staged() {
  const stage = {};
  const ask = (_name, _request, listeners) => {
    Object.assign(stage, listeners);
    return new Promise((resolve, reject) => Object.assign(stage, { resolve, reject }));
  };
  return { run: new ExperimentRun({ ask, on }), stage };
}

test("parts and progress go where they belong, and the end resolves", async () => {
  answer([
    ["progress", { done: 1, total: 2 }],
    ["recital", { kind: "recital", exact: 71 }],
    ["done", {}],
  ]);
  const seen = [];
  await runExperiment(
    "recite",
    { text: "a" },
    {
      onPart: (kind, data) => seen.push([kind, data.exact]),
      onProgress: ({ done, total }) => seen.push([done, total]),
    },
  );
  assert.deepEqual(seen, [
    [1, 2],
    ["recital", 71],
  ]);
  assert.equal(asked.path, "/api/experiments/recite");
  assert.equal(asked.body, '{"text":"a"}');
});

test("an error event is thrown, and so is an end that was not announced", async () => {
  answer([
    ["recital", {}],
    ["error", { code: "overloaded", message: "full" }],
  ]);
  await assert.rejects(runExperiment("recite", {}), { code: "overloaded" });
  answer([["recital", {}]]);
  await assert.rejects(runExperiment("recite", {}), { code: "cut_off" });
});

test("a run tells its state, its progress and the model it began with", async () => {
  const { run, stage } = staged();
  const states = [];
  run.addEventListener("change", () => states.push([run.state, run.progress?.done ?? null]));
  const ended = run.start("recite", {});
  assert.equal(run.model, "tiny");
  stage.onProgress({ done: 3, total: 4 });
  stage.resolve();
  assert.equal(await ended, true);
  assert.deepEqual(states, [
    ["running", null],
    ["running", 3],
    ["done", 3],
  ]);
  assert.ok(run.seconds >= 0 && run.seconds < 5);
});

test("who waits is told the place in line, until something comes", async () => {
  answer([
    ["queued", { position: 2 }],
    ["queued", { position: 0 }],
    ["recital", {}],
    ["done", {}],
  ]);
  const places = [];
  await runExperiment("recite", {}, { onQueued: ({ position }) => places.push(position) });
  assert.deepEqual(places, [2, 0]);
  const { run, stage } = staged();
  const ended = run.start("recite", {});
  assert.equal(run.line.text, null);
  stage.onQueued({ position: 3 });
  assert.equal(run.line.text, "Waiting: number 3 in the queue.");
  stage.onProgress({ done: 1, total: 4 });
  assert.equal(run.line.text, null);
  stage.resolve();
  await ended;
});

test("a cancelled run is over at once and hears nothing more", async () => {
  const { run, stage } = staged();
  const parts = [];
  const ended = run.start("recite", {}, { onPart: (kind) => parts.push(kind) });
  stage.onPart("first", {});
  run.cancel();
  assert.equal(run.state, "cancelled");
  assert.ok(stage.signal.aborted);
  stage.onPart("late", {});
  stage.reject(new DOMException("aborted", "AbortError"));
  assert.equal(await ended, false);
  assert.deepEqual([run.state, run.error, parts], ["cancelled", null, ["first"]]);
});

test("the next run takes the place of the one before", async () => {
  const { run, stage } = staged();
  const first = run.start("recite", {});
  const { signal, resolve } = stage;
  const second = run.start("recite", {});
  assert.ok(signal.aborted);
  resolve();
  assert.equal(await first, false);
  assert.equal(run.state, "running");
  stage.resolve();
  assert.equal(await second, true);
});

test("what goes wrong is kept for the reader, and forgotten with the next run", async () => {
  const { run, stage } = staged();
  let ended = run.start("recite", {});
  stage.reject(new ApiError({ code: "overloaded", message: "full" }));
  assert.equal(await ended, false);
  assert.deepEqual([run.state, run.error.code], ["failed", "overloaded"]);
  ended = run.start("recite", {});
  assert.equal(run.error, null);
  run.reset();
  assert.deepEqual([run.state, run.progress, run.model], ["idle", null, null]);
  stage.resolve();
  assert.equal(await ended, false);
  assert.equal(run.state, "idle");
});

test("a page that cannot draw a part ends the work and hears of its own fault", async () => {
  const run = new ExperimentRun({ ask: async (_name, _request, { onPart }) => onPart("recital", {}), on });
  await assert.rejects(run.start("recite", {}, { onPart: () => missing.part }), ReferenceError);
  assert.deepEqual([run.state, run.error.code], ["failed", "internal"]);
});
