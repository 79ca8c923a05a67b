/** Server-sent events read from the body of any reply (`EventSource` cannot POST). */

import { createParser } from "../../vendor/eventsource-parser.js";

/** Each event of a byte stream as `{event, data}`, data parsed from JSON; `[DONE]` ends the stream. */
export async function* readEvents(body) {
  const ready = [];
  const parser = createParser({ onEvent: (event) => ready.push(event) });
  const reader = body.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      parser.feed(done ? decoder.decode() : decoder.decode(value, { stream: true }));
      for (const { event, data } of ready.splice(0)) {
        if (data === "[DONE]") return;
        yield { event: event ?? "message", data: JSON.parse(data) };
      }
      if (done) return;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
