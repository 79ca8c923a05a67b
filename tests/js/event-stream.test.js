import assert from "node:assert/strict";
import { test } from "node:test";
import { readEvents } from "../../static/js/base/event-stream.js";

const REPLY = [
  ": keep-alive\n\n",
  'event: queued\ndata: {"position": 0}\n\n',
  'event: token\r\ndata: {"text": "草莓 😀"}\r\n\r\n',
  'data: {"text": "a\\nb"}\n\n',
  'event: done\ndata: {"finish_reasons": ["length"]}\n\n',
].join("");
const EVENTS = [
  { event: "queued", data: { position: 0 } },
  { event: "token", data: { text: "草莓 😀" } },
  { event: "message", data: { text: "a\nb" } },
  { event: "done", data: { finish_reasons: ["length"] } },
];

async function read(...chunks) {
  const events = [];
  for await (const event of readEvents(ReadableStream.from(chunks))) events.push(event);
  return events;
}

test("a reply cut in two anywhere, even inside a character, reads the same", async () => {
  const bytes = new TextEncoder().encode(REPLY);
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    assert.deepEqual(await read(bytes.slice(0, cut), bytes.slice(cut)), EVENTS, `cut at ${cut}`);
  }
});

test("a reply that comes byte by byte reads the same", async () => {
  assert.deepEqual(await read(...Array.from(new TextEncoder().encode(REPLY), (byte) => Uint8Array.of(byte))), EVENTS);
});

test("[DONE] ends the stream", async () => {
  const text = 'data: {"n": 1}\n\ndata: [DONE]\n\ndata: {"n": 2}\n\n';
  assert.deepEqual(await read(new TextEncoder().encode(text)), [{ event: "message", data: { n: 1 } }]);
});

test("an event that was cut off is not given out", async () => {
  assert.deepEqual(await read(new TextEncoder().encode('data: {"n": 1}\n\ndata: {"n"')), [
    { event: "message", data: { n: 1 } },
  ]);
});

test("leaving the loop lets go of the reply", async () => {
  let released = false;
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(new TextEncoder().encode('data: {"n": 1}\n\n')),
    cancel: () => {
      released = true;
    },
  });
  for await (const { data } of readEvents(body)) {
    assert.equal(data.n, 1);
    break;
  }
  assert.ok(released);
});
