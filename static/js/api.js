/** The one place that talks to the server. Knows no page and no DOM. */

import { readEvents } from "./event-stream.js";
import { t } from "./i18n.js";

/** What went wrong, for programs (`code`) and for people (`message`). */
export class ApiError extends Error {
  constructor({ code, message, status = 0, param = null, retryAfter = null }) {
    super(message);
    this.name = "ApiError";
    Object.assign(this, { code, status, param, retryAfter });
  }
}

/** The JSON of `GET path`. */
export async function getJson(path, { signal } = {}) {
  const response = await request(path, { signal });
  return response.json();
}

/** The JSON answer to a JSON question. */
export async function postJson(path, body, { signal } = {}) {
  const response = await request(path, { method: "POST", body: JSON.stringify(body), signal });
  return response.json();
}

/** The bytes of `GET path`: `{buffer, headers}`. */
export async function getBytes(path, { signal } = {}) {
  return bytes(await request(path, { signal, accept: "application/octet-stream" }));
}

/** The bytes that answer a JSON question: `{buffer, headers}`. */
export async function postBytes(path, body, { signal } = {}) {
  const accept = "application/octet-stream";
  return bytes(await request(path, { method: "POST", body: JSON.stringify(body), signal, accept }));
}

/**
 * The events that answer a JSON question, each `{event, data}`, the last one `done`.
 * An `error` event is thrown; so is a stream that ends without `done` (code "cut_off").
 * Leaving the loop, or aborting the signal, ends the work on the server too.
 */
export async function* stream(path, body, { signal } = {}) {
  const accept = "text/event-stream";
  const response = await request(path, { method: "POST", body: JSON.stringify(body), signal, accept });
  try {
    for await (const { event, data } of readEvents(response.body)) {
      if (event === "error") throw new ApiError({ ...data, ...data.error, status: response.status });
      yield { event, data };
      if (event === "done") return;
    }
  } catch (error) {
    if (error instanceof ApiError || error.name === "AbortError") throw error;
    throw cutOff();
  }
  throw cutOff();
}

function cutOff() {
  return new ApiError({ code: "cut_off", message: t("The answer broke off before its end. What came is kept.") });
}

async function request(path, { method = "GET", body, signal, accept = "application/json" }) {
  const headers = { Accept: accept, "X-Client": clientId() };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, body, headers, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError({ code: "offline", message: t("The server does not answer. Your text is safe here.") });
  }
  if (!response.ok) throw await refusal(response);
  return response;
}

async function refusal(response) {
  const { error } = await response.json().catch(() => ({}));
  return new ApiError({
    code: error?.code ?? "internal",
    message: error?.message ?? t("The server answered with an error ({status}).", { status: response.status }),
    param: error?.param ?? null,
    status: response.status,
    retryAfter: Number(response.headers.get("Retry-After")) || null,
  });
}

async function bytes(response) {
  return { buffer: await response.arrayBuffer(), headers: response.headers };
}

let client = null;

/** A random name for this tab, so that turns are fair; it identifies nobody. */
export function clientId() {
  if (client !== null) return client;
  try {
    client = sessionStorage.getItem("client");
  } catch {
    client = null; // storage may be blocked; the name then lasts as long as the page
  }
  if (client === null) {
    const random = crypto.getRandomValues(new Uint8Array(12));
    client = Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
    try {
      sessionStorage.setItem("client", client);
    } catch {
      return client;
    }
  }
  return client;
}
