/**
 * A page's state in the fragment of its address: `#s=1.` and deflated JSON in base64url. A fragment never
 * leaves the browser. Opening such a link restores the state and runs nothing.
 */

import { t } from "./i18n.js";
import { showStep, stepNow } from "./steps.js";

const VERSION = "1";
const LONGEST = 4_000_000; // characters of JSON; a short link may unpack to far more

/** A link that cannot be read; the message says why. */
export class ShareError extends Error {
  name = "ShareError";
  code = "unreadable_link";
}

async function through(stream, bytes) {
  const piped = new Blob([bytes]).stream().pipeThrough(stream);
  return new Uint8Array(await new Response(piped).arrayBuffer());
}

function toBase64Url(bytes) {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function fromBase64Url(text) {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
}

/** Anything JSON can hold, as a short string that is safe in an address. */
export async function encodeState(state) {
  const json = new TextEncoder().encode(JSON.stringify(state));
  return `${VERSION}.${toBase64Url(await through(new CompressionStream("deflate-raw"), json))}`;
}

/** What `encodeState` was given. Throws ShareError with a sentence for the reader. */
export async function decodeState(text) {
  const [version, packed = ""] = text.split(".", 2);
  if (version !== VERSION) {
    throw new ShareError(
      t("This link was made by another version of the playground ({version}); this one reads version {known}.", {
        version: version.slice(0, 8),
        known: VERSION,
      }),
    );
  }
  let state;
  try {
    state = JSON.parse(await inflate(fromBase64Url(packed)));
  } catch {
    throw new ShareError(t("This link is damaged: part of it is missing. Ask for it again."));
  }
  return state;
}

async function inflate(bytes) {
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const decoder = new TextDecoder();
  let json = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return json + decoder.decode();
    json += decoder.decode(value, { stream: true });
    if (json.length > LONGEST) throw new RangeError("too long");
  }
}

/** The state in a fragment such as `location.hash`, or null where there is none. */
export async function readFragment(hash) {
  const text = /^#s=(.+)$/.exec(hash)?.[1];
  return text === undefined ? null : decodeState(text);
}

/** The address of this page with that state, and with the step that is on the stage. */
export async function shareLink(state, address = location.href) {
  const url = new URL(address);
  url.hash = `s=${await encodeState(withStep(state))}`;
  return url.href;
}

/**
 * Restore what the address holds: `apply(state)` gets the state; `fail(error)` a ShareError. Resolves to true where
 * there was one.
 */
export async function openFragment(apply, fail) {
  try {
    const state = await readFragment(location.hash);
    if (state === null) return false;
    showStep(state.step);
    apply(state);
    return true;
  } catch (error) {
    if (!(error instanceof ShareError)) throw error;
    fail(error);
    return false;
  }
}

/** The same, now and whenever the fragment changes. */
export function restoreFromFragment(apply, fail) {
  addEventListener("hashchange", () => openFragment(apply, fail));
  return openFragment(apply, fail);
}

let snapshot = null;
let lasting = false;

/**
 * A page says what should survive a change of language: `provideSnapshot(() => ({text, params}))`. One that remembers
 * itself (page-memory.js) has a `lasts` one, which need not travel in the address.
 */
export function provideSnapshot(take, { lasts = false } = {}) {
  snapshot = take;
  lasting = lasts;
}

/** Whether the page remembers itself. */
export const isRemembered = () => lasting;

/** The page's state now, with the step that is on the stage; null where it has none. */
export function takeSnapshot() {
  return snapshot === null ? null : withStep(snapshot());
}

function withStep(state) {
  const step = stepNow();
  return step === null ? state : { ...state, step };
}
