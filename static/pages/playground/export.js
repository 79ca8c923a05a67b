// What leaves the page: always labelled as written by a model, always with what it takes to have it again.

import { idsOf, textOf } from "./document.js";
import { decodeVisibly } from "../../js/base/utf8.js";
import { hexToBytes } from "../../js/base/bytes.js";

const round = (value) => (value === null || value === undefined ? null : Number(value.toFixed(5)));

/** Which numbers a token carries: those of its own draw, or of a later score. */
export function numbersOf(entry) {
  return entry.step ?? entry.score ?? null;
}

function label(model, entries) {
  const written = entries.filter((entry) => entry.by === "model").length;
  const made = `${written} of ${entries.length} tokens were written by a language model (${model}), a machine.`;
  return `${made} Not checked, not true by being fluent.`;
}

/** The exhibit: what a share link, an export and a test all hold. */
export function exhibitOf({ entries, model, params, seed }) {
  return { version: 1, view: "playground", model, ids: idsOf(entries), params, seed };
}

export function toJson({ entries, model, params, seed, date }) {
  const tokens = entries.map((entry, position) => {
    const { u, kept, processed_logprob } = entry.step ?? {};
    const numbers = numbersOf(entry);
    return {
      position,
      id: entry.id,
      bytes: entry.bytes,
      by: entry.by,
      raw_logprob: round(numbers?.raw_logprob),
      rank: numbers?.rank ?? null,
      entropy_bits: round(numbers?.entropy_bits),
      ...(entry.step ? { processed_logprob: round(processed_logprob), u, kept } : {}),
      ...(numbers?.top ? { top: numbers.top } : {}),
    };
  });
  const note = label(model, entries);
  const exhibit = exhibitOf({ entries, model, params, seed });
  return `${JSON.stringify({ note, date, ...exhibit, text: textOf(entries), tokens }, null, 1)}\n`;
}

function csvCell(value) {
  if (value === null || value === undefined) return "";
  // A leading sign or "=" would run as a formula in a spreadsheet; a quoted apostrophe keeps it text.
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const COLUMNS = [
  "position",
  "id",
  "bytes",
  "text",
  "by",
  "probability",
  "rank",
  "bits",
  "entropy_bits",
  "probability_after_sampler",
  "roll",
  "kept",
];

export function toCsv({ entries, model }) {
  const rows = entries.map((entry, position) => {
    const numbers = numbersOf(entry);
    const logprob = numbers?.raw_logprob ?? null;
    return [
      position,
      entry.id,
      entry.bytes,
      decodeVisibly(hexToBytes(entry.bytes)),
      entry.by,
      logprob === null ? null : Math.exp(logprob).toPrecision(6),
      numbers?.rank,
      logprob === null ? null : round(-logprob / Math.LN2),
      round(numbers?.entropy_bits),
      (entry.step?.processed_logprob ?? null) === null ? null : Math.exp(entry.step.processed_logprob).toPrecision(6),
      entry.step?.u,
      entry.step?.kept,
    ];
  });
  const lines = [[`# ${label(model, entries)}`], COLUMNS, ...rows];
  return lines.map((line) => `${line.map(csvCell).join(",")}\r\n`).join("");
}

export function toText({ entries, model }) {
  return `${textOf(entries)}\n\n-- \n${label(model, entries)}\n`;
}

/** Where the last thing the model wrote begins, and where it ends. */
function lastWritten(entries) {
  const last = entries.findLastIndex((entry) => entry.by === "model");
  if (last === -1) return { start: entries.length, end: entries.length };
  let start = last;
  while (start > 0 && entries[start - 1].by === "model" && entries[start - 1].run === entries[last].run) start -= 1;
  return { start, end: last + 1 };
}

/** How much comes before the last thing the model wrote: it is the prompt to have that again. */
export function promptLength(entries) {
  return lastWritten(entries).start;
}

/** What made the last thing the model wrote; where no run is known, the settings as they stand. */
export function settingsOf(entries, state) {
  const written = entries.slice(promptLength(entries)).filter(({ by }) => by === "model");
  const run = written[0]?.run?.params ? written[0].run : null;
  const { params, seed, ignoreEos, stops = [] } = run ?? state;
  return {
    params: {
      ...params,
      max_tokens: written.length || state.maxTokens,
      stop: stops,
      ignore_eos: ignoreEos,
      n: run ? run.sequence + 1 : state.count,
    },
    seed,
  };
}

function pythonList(ids) {
  const lines = [];
  for (let i = 0; i < ids.length; i += 16) lines.push(`    ${ids.slice(i, i + 16).join(", ")},`);
  return ids.length > 0 ? `[\n${lines.join("\n")}\n]` : "[]";
}

/** What transformers calls the model: its name on the hub, else the folder this site keeps it in. */
function nameForTransformers(model, source) {
  return source?.startsWith("huggingface.co/") ? source.slice("huggingface.co/".length) : `models/weights/${model}`;
}

/** A script for transformers: the same ids, the model's probability of each, and the greedy continuation. */
export function toPython({ entries, model, source }) {
  const { start, end } = lastWritten(entries);
  const ids = idsOf(entries);
  const written = end - start;
  const typed = ids.slice(end);
  return `# pip install torch transformers
# The token ids are the document: nothing is tokenised again, so nothing can shift.
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

NAME = ${JSON.stringify(nameForTransformers(model, source))}  # on the hub, or a folder
prompt_ids = ${pythonList(ids.slice(0, start))}
written_ids = ${pythonList(ids.slice(start, end))}  # by the model, on the page
typed_ids = ${pythonList(typed)}  # by a person, after it

tokenizer = AutoTokenizer.from_pretrained(NAME)
model = AutoModelForCausalLM.from_pretrained(NAME, dtype=torch.float32).eval()
ids = torch.tensor([prompt_ids + written_ids + typed_ids])

with torch.no_grad():
    logprobs = model(ids).logits[0].log_softmax(-1)
for position in range(max(1, len(prompt_ids)), ids.shape[1]):
    token_id = ids[0, position]
    print(f"{logprobs[position - 1, token_id].exp():8.4%}  {tokenizer.decode(token_id)!r}")

greedy = model.generate(torch.tensor([prompt_ids]), max_new_tokens=${Math.max(1, written || 40)}, do_sample=False)
print(tokenizer.decode(greedy[0]))
`;
}

/** The same request to this server's OpenAI-compatible interface. */
export function toCurl({ entries, model, params, seed, origin }) {
  const start = promptLength(entries);
  const body = {
    model,
    prompt: idsOf(entries).slice(0, start),
    max_tokens: params.max_tokens,
    temperature: params.temperature,
    top_k: params.top_k,
    top_p: params.top_p,
    min_p: params.min_p,
    repetition_penalty: params.repetition_penalty,
    frequency_penalty: params.frequency_penalty,
    presence_penalty: params.presence_penalty,
    ignore_eos: params.ignore_eos,
    n: params.n,
    ...(params.stop.length > 0 ? { stop: params.stop } : {}),
    ...(seed === null ? {} : { seed }),
  };
  const quoted = JSON.stringify(body).replaceAll("'", "'\\''");
  return `curl ${origin}/v1/completions \\\n  -H 'Content-Type: application/json' \\\n  -d '${quoted}'\n`;
}
