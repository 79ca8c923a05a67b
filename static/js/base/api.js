/** The one place that talks to the server. Knows no page and no DOM. */

/** @import * as contract from "contract" */

import { readEvents } from "./event-stream.js";
import { t } from "./i18n.js";
import { teacher } from "./teacher.js";

const ATTEMPTS = 5; // how often a question is put to a server that is full
const FULL = new Set(["overloaded", "queue_full", "client_limit"]);
const HELD_AFTER = 5; // seconds without the first event of a stream

/**
 * What a page may want to tell of the line to the server: `full` ({seconds} until it is asked again), `held`
 * (nothing has come of a stream so far), `flowing` (neither holds any longer), `lost` (it broke).
 */
export const line = new EventTarget();

function tell(name, detail = {}) {
  line.dispatchEvent(new CustomEvent(name, { detail }));
}

/**
 * What went wrong, for programs (`code`) and for people (`message`). The server's messages are English; `sentence` is
 * the message's key in the catalog, with places that `values` fill.
 */
export class ApiError extends Error {
  constructor({ code, message, sentence = message, values = {}, status = 0, param = null, retryAfter = null }) {
    super(message);
    this.sentence = sentence;
    this.values = values;
    this.name = "ApiError";
    this.code = code;
    this.status = status;
    this.param = param;
    this.retryAfter = retryAfter;
  }
}

/**
 * The JSON of `GET path`.
 *
 * @param {string} path
 * @param {{ signal?: AbortSignal }} [options]
 * @returns {Promise<any>}
 */
export async function getJson(path, { signal } = {}) {
  const response = await request(path, { signal });
  return response.json();
}

/**
 * The JSON answer to a JSON question.
 *
 * @template {keyof contract.Requests} Path
 * @param {Path} path
 * @param {contract.Requests[Path]} body
 * @param {{ signal?: AbortSignal }} [options]
 * @returns {Promise<any>}
 */
export async function postJson(path, body, { signal } = {}) {
  const response = await request(path, { method: "POST", body: JSON.stringify(body), signal });
  return response.json();
}

/**
 * The bytes of `GET path`.
 *
 * @param {string} path
 * @param {{ signal?: AbortSignal }} [options]
 * @returns {Promise<{ buffer: ArrayBuffer, headers: Headers }>}
 */
export async function getBytes(path, { signal } = {}) {
  return bytes(await request(path, { signal, accept: "application/octet-stream" }));
}

/**
 * The bytes that answer a JSON question.
 *
 * @template {keyof contract.Requests} Path
 * @param {Path} path
 * @param {contract.Requests[Path]} body
 * @param {{ signal?: AbortSignal }} [options]
 * @returns {Promise<{ buffer: ArrayBuffer, headers: Headers }>}
 */
export async function postBytes(path, body, { signal } = {}) {
  const accept = "application/octet-stream";
  return bytes(await request(path, { method: "POST", body: JSON.stringify(body), signal, accept }));
}

/**
 * The events that answer a JSON question, each `{event, data}`, the last one `done`.
 * An `error` event is thrown; so is a stream that ends without `done` (code "cut_off").
 * Leaving the loop, or aborting the signal, ends the work on the server too.
 *
 * @template {keyof contract.Requests} Path
 * @param {Path} path
 * @param {contract.Requests[Path]} body
 * @param {{ signal?: AbortSignal }} [options]
 * @returns {AsyncGenerator<{ event: string, data: any }, void>}
 */
export async function* stream(path, body, { signal } = {}) {
  const accept = "text/event-stream";
  const watch = new FirstEvent();
  try {
    const response = await request(path, { method: "POST", body: JSON.stringify(body), signal, accept, watch });
    for await (const { event, data } of readEvents(response.body)) {
      watch.end();
      if (event === "error") throw new ApiError({ ...data, ...data.error, status: response.status });
      yield { event, data };
      if (event === "done") return;
    }
  } catch (error) {
    if (error instanceof ApiError || error.name === "AbortError") throw error;
    throw cutOff();
  } finally {
    watch.end();
  }
  throw cutOff();
}

function cutOff() {
  tell("lost");
  return new ApiError({ code: "cut_off", message: t("The answer broke off before its end. What came is kept.") });
}

/** Tells when the beginning of a stream is long in coming: a filter on its way may hold it back until it is whole. */
class FirstEvent {
  #timer = null;
  #told = false;

  begin() {
    this.#timer = setTimeout(() => {
      this.#told = true;
      tell("held");
    }, HELD_AFTER * 1000);
  }

  end() {
    clearTimeout(this.#timer);
    if (this.#told) tell("flowing");
    this.#told = false;
  }
}

/** An answer that is no refusal. A server that is full is asked again when it says so, never by all at once. */
async function request(path, options) {
  for (let attempt = 1; ; attempt += 1) {
    const { secret } = teacher;
    const response = await ask(path, options);
    if (response.ok) return response;
    options.watch?.end();
    const error = await refusal(response);
    if (error.code === "wrong_secret" && secret !== null) {
      if (teacher.secret === secret) teacher.keep(null); // of a server that has started anew since
      continue;
    }
    if (!mayWait(error, options) || attempt === ATTEMPTS) throw error;
    const seconds = error.retryAfter * (1 + Math.random() / 2);
    tell("full", { seconds });
    try {
      await pause(seconds, options.signal);
    } finally {
      tell("flowing");
    }
  }
}

function mayWait({ code, retryAfter }, { method }) {
  return method === "POST" && FULL.has(code) && retryAfter !== null;
}

function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const timer = setTimeout(resolve, seconds * 1000);
    signal?.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        reject(signal.reason);
      },
      { once: true },
    );
  });
}

async function ask(path, { method = "GET", body, signal, accept = "application/json", watch }) {
  const headers = { Accept: accept, "X-Client": clientId() };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (teacher.secret !== null) headers["X-Teacher"] = teacher.secret;
  watch?.begin();
  try {
    return await fetch(path, { method, body, headers, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    if (method === "POST") tell("lost");
    throw new ApiError({ code: "offline", message: t("The server does not answer. Your text is safe here.") });
  }
}

async function refusal(response) {
  const { error } = await response.json().catch(() => ({}));
  return new ApiError({
    code: error?.code ?? "internal",
    message: error?.message ?? t("The server answered with an error ({status}).", { status: response.status }),
    sentence: error?.sentence,
    values: error?.values,
    param: error?.param ?? null,
    status: response.status,
    retryAfter: Number(response.headers.get("Retry-After")) || null,
  });
}

async function bytes(response) {
  return { buffer: await response.arrayBuffer(), headers: response.headers };
}

let client = null;

/** A random name for this tab, so that turns are fair; it identifies no person. */
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
