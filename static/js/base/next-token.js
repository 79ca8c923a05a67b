// The model's next-token distribution over its whole vocabulary, ranked, with the tokens' bytes.

import { getBytes, postBytes, postJson } from "./api.js";
import { bytesToHex } from "./bytes.js";
import { Distribution } from "./distribution.js";

const NAMED = 200; // the likeliest tokens come with their bytes

/**
 * One distribution for `{prompt: text}` or `{ids}`:
 * `{ids, tokens, bos, distribution, named: Map(id -> hex)}`.
 *
 * @param {{ prompt: string } | { ids: number[] }} prompt
 * @param {{ signal?: AbortSignal }} [options]
 */
export async function nextToken(prompt, { signal } = {}) {
  const [described, whole] = await Promise.all([
    postJson("/api/next-token", { ...prompt, top: NAMED }, { signal }),
    postBytes("/api/next-token", prompt, { signal }),
  ]);
  const { ids, tokens, bos } = described;
  const distribution = Distribution.fromLogprobs(new Float32Array(whole.buffer));
  const named = new Map([...described.top, ...tokens].map(({ id, bytes }) => [id, bytes]));
  return { ids, tokens, bos, distribution, named };
}

/**
 * The ids of a typed text, as plain text, with nothing put before it.
 *
 * @param {string} text
 * @param {{ signal?: AbortSignal }} [options]
 * @returns {Promise<number[]>}
 */
export async function typedIds(text, { signal } = {}) {
  const { tokens } = await postJson("/api/tokenize", { text, encoding: "model", special: "text" }, { signal });
  return tokens.map(({ id }) => id);
}

/** Every token's bytes: `hex(id)`. */
export class VocabularyBytes {
  #offsets;
  #bytes;

  constructor(buffer, size) {
    this.#offsets = new Uint32Array(buffer, 0, size + 1);
    this.#bytes = new Uint8Array(buffer, 4 * (size + 1));
    this.size = size;
  }

  hex(id) {
    if (!(id >= 0 && id < this.size)) return "";
    return bytesToHex(this.#bytes.subarray(this.#offsets[id], this.#offsets[id + 1]));
  }
}

/**
 * The loaded model's vocabulary; the browser keeps it until the model changes.
 *
 * @param {{ signal?: AbortSignal }} [options]
 */
export async function loadVocabulary({ signal } = {}) {
  const { buffer, headers } = await getBytes("/api/vocabulary/model", { signal });
  return new VocabularyBytes(buffer, Number(headers.get("X-Vocabulary")));
}
