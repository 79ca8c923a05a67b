import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { ApiError, getJson, line, postBytes, postJson, stream } from "../../static/js/base/api.js";
import { useCatalog } from "../../static/js/base/i18n.js";
import { teacher } from "../../static/js/base/teacher.js";

const realFetch = globalThis.fetch;
let asked;

beforeEach(() => useCatalog({}));
afterEach(() => {
  globalThis.fetch = realFetch;
});

function answer(body, init) {
  globalThis.fetch = async (path, options) => {
    asked = { path, ...options };
    return new Response(body, init);
  };
}

async function events(body, init) {
  answer(body, init);
  const seen = [];
  for await (const event of stream("/api/completions", {})) seen.push(event.event);
  return seen;
}

test("a question goes out as JSON, with the tab's name", async () => {
  answer('{"ok": true}');
  assert.deepEqual(await postJson("/api/score", { ids: [1] }), { ok: true });
  assert.equal(asked.body, '{"ids":[1]}');
  assert.equal(asked.headers["Content-Type"], "application/json");
  assert.match(asked.headers["X-Client"], /^[0-9a-f]{24}$/);
});

test("bytes come with their headers", async () => {
  answer(new Uint8Array(new Float32Array([-0.5]).buffer), { headers: { "X-Vocabulary": "1" } });
  const { buffer, headers } = await postBytes("/api/next-token", { prompt: "a" });
  assert.deepEqual([...new Float32Array(buffer)], [-0.5]);
  assert.equal(headers.get("X-Vocabulary"), "1");
});

test("a refusal carries the server's code, sentence, parameter and patience", async () => {
  const error = { code: "overloaded", message: "all 32 places are taken", param: "n" };
  answer(JSON.stringify({ error }), { status: 429, headers: { "Retry-After": "5" } });
  await assert.rejects(getJson("/api/models"), (caught) => {
    assert.ok(caught instanceof ApiError);
    assert.deepEqual(
      {
        code: caught.code,
        message: caught.message,
        param: caught.param,
        status: caught.status,
        retryAfter: caught.retryAfter,
      },
      { ...error, status: 429, retryAfter: 5 },
    );
    return true;
  });
});

test("a refusal that is not ours still has a sentence", async () => {
  answer("<h1>Bad gateway</h1>", { status: 502 });
  await assert.rejects(getJson("/api/models"), { code: "internal", status: 502 });
});

test("a silent server is called offline; a question taken back stays an AbortError", async () => {
  globalThis.fetch = async () => {
    throw new TypeError("fetch failed");
  };
  await assert.rejects(getJson("/api/models"), { code: "offline" });
  globalThis.fetch = realFetch;
  await assert.rejects(getJson("http://127.0.0.1:9/", { signal: AbortSignal.abort() }), { name: "AbortError" });
});

test("a stream ends with done", async () => {
  assert.deepEqual(await events("event: token\ndata: {}\n\nevent: done\ndata: {}\n\nevent: token\ndata: {}\n\n"), [
    "token",
    "done",
  ]);
});

test("a stream that ends without done was cut off", async () => {
  await assert.rejects(events("event: token\ndata: {}\n\n"), { code: "cut_off" });
  await assert.rejects(events('event: token\ndata: {"half'), { code: "cut_off" });
});

test("an error event is thrown", async () => {
  const body = 'event: error\ndata: {"code": "internal", "message": "the engine stopped"}\n\n';
  await assert.rejects(events(body), { code: "internal", message: "the engine stopped" });
});

/** Replies one after the other, and what was heard of the line meanwhile. */
function replies(...all) {
  const heard = [];
  const sent = [];
  for (const name of ["full", "held", "flowing", "lost"])
    line.addEventListener(name, ({ detail }) => heard.push([name, detail]));
  globalThis.fetch = async (_, { headers }) => {
    sent.push(headers);
    const reply = all.length > 1 ? all.shift() : all[0];
    return typeof reply === "function" ? reply() : reply;
  };
  return { heard, sent };
}

const full = () =>
  new Response('{"error": {"code": "queue_full", "message": "all places are taken"}}', {
    status: 429,
    headers: { "Retry-After": "4" },
  });

async function drain(events) {
  for await (const event of events) void event;
}

/** Let promises settle while the clock stands, then move it; again and again. */
async function pass(t, seconds) {
  for (let tenths = 0; tenths < seconds * 10; tenths += 1) {
    await new Promise(setImmediate);
    t.mock.timers.tick(100);
  }
}

test("a full server is asked again, never before it said and never by all at once", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const pauses = new Set();
  for (let i = 0; i < 20; i += 1) {
    const { heard, sent } = replies(full(), new Response('{"ok": true}'));
    const answer = postJson("/api/next-token", {});
    await pass(t, 3.9);
    assert.equal(sent.length, 1);
    await pass(t, 2.2);
    assert.deepEqual(await answer, { ok: true });
    assert.deepEqual(
      heard.map(([name]) => name),
      ["full", "flowing"],
    );
    pauses.add(heard[0][1].seconds);
  }
  assert.ok(pauses.size > 15);
});

test("a full server is not asked for ever, and not at all by who has left", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { sent } = replies(full);
  const refused = assert.rejects(postJson("/api/next-token", {}), { code: "queue_full", retryAfter: 4 });
  await pass(t, 30);
  await refused;
  assert.equal(sent.length, 5);
  const leaving = new AbortController();
  const left = assert.rejects(postJson("/api/next-token", {}, { signal: leaving.signal }), { name: "AbortError" });
  await pass(t, 1);
  leaving.abort();
  await left;
  await pass(t, 10);
  assert.equal(sent.length, 6);
});

test("a stream that is held back on its way is told after five seconds, and that it flows again", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let open;
  const { heard } = replies(() => new Promise((resolve) => (open = resolve)));
  const all = drain(stream("/api/completions", {}));
  await pass(t, 4.9);
  assert.deepEqual(heard, []);
  await pass(t, 0.2);
  assert.deepEqual(
    heard.map(([name]) => name),
    ["held"],
  );
  open(new Response("event: done\ndata: {}\n\n"));
  await all;
  assert.deepEqual(
    heard.map(([name]) => name),
    ["held", "flowing"],
  );
});

test("a line that breaks is told once", async () => {
  const { heard } = replies(() => new Response("event: token\ndata: {}\n\n"));
  await assert.rejects(drain(stream("/api/completions", {})), { code: "cut_off" });
  assert.deepEqual(
    heard.map(([name]) => name),
    ["lost"],
  );
});

test("the teacher's secret goes along, until the server says it is not its own", async () => {
  const wrong = () => new Response('{"error": {"code": "wrong_secret", "message": "no"}}', { status: 401 });
  teacher.keep("of yesterday");
  const { sent } = replies(wrong(), new Response("{}"));
  await getJson("/api/models");
  assert.deepEqual(
    sent.map((headers) => headers["X-Teacher"]),
    ["of yesterday", undefined],
  );
  assert.equal(teacher.secret, null);
  replies(wrong);
  await assert.rejects(getJson("/api/status"), { code: "wrong_secret" });
});
