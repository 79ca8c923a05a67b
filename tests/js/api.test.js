import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { ApiError, getJson, postBytes, postJson, stream } from "../../static/js/api.js";
import { useCatalog } from "../../static/js/i18n.js";

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
      { code: caught.code, message: caught.message, param: caught.param, status: caught.status, retryAfter: caught.retryAfter },
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
  assert.deepEqual(await events('event: token\ndata: {}\n\nevent: done\ndata: {}\n\nevent: token\ndata: {}\n\n'), ["token", "done"]);
});

test("a stream that ends without done was cut off", async () => {
  await assert.rejects(events("event: token\ndata: {}\n\n"), { code: "cut_off" });
  await assert.rejects(events('event: token\ndata: {"half'), { code: "cut_off" });
});

test("an error event is thrown", async () => {
  const body = 'event: error\ndata: {"code": "internal", "message": "the engine stopped"}\n\n';
  await assert.rejects(events(body), { code: "internal", message: "the engine stopped" });
});
