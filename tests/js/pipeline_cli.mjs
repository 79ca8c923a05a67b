// The browser's pipeline for a test in Python to drive.
//   node pipeline_cli.mjs LOGPROBS < settings.json
// LOGPROBS: float32 little-endian log-probabilities by token id. settings.json: a list of
// {temperature, top_k, top_p, min_p, u}. Prints a list, one object a setting: kept, mass, entropy_bits,
// probabilities of the 50 likeliest tokens, their ids, and the id that u draws.

import { readFileSync } from "node:fs";
import { Distribution } from "../../static/js/base/distribution.js";

const bytes = readFileSync(process.argv[2]);
const logprobs = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
const settings = JSON.parse(readFileSync(0, "utf8"));
const distribution = Distribution.fromLogprobs(logprobs);
const shown = Math.min(50, distribution.size);

const answers = settings.map(({ u = 0.5, ...params }) => {
  const processed = distribution.process(params);
  return {
    kept: processed.kept,
    mass: processed.mass,
    entropy_bits: processed.entropyBits,
    ids: Array.from(distribution.ids.subarray(0, shown)),
    probabilities: Array.from({ length: shown }, (_, index) => processed.probability(index)),
    drawn: distribution.ids[processed.draw(u)],
  };
});
process.stdout.write(JSON.stringify(answers));
