/**
 * What the server says about a refusal, in the page's language. Its messages are English, for programs and logs; the
 * ones a person can bring about on these pages are known here by their wording, and tests/test_templates.py looks each
 * of them up in the server's source. Any other stays as it is. Pure.
 */

import { msg, t } from "./i18n.js";

const SENTENCES = [
  msg("prompt is {given} tokens; {model} reads at most {limit}"),
  msg("the prompt has no tokens; at least 1 is needed"),
  msg("after this prompt there is room for {room} tokens; {asked} were asked for"),
  msg("the text is {given} tokens; after a prefix of {prefix} nothing is left to recite"),
  msg("the prefix ends in the middle of a character; take one token more"),
  msg("nothing of the prefix is left; at least one token is needed"),
  msg("{asked} is {given}; at most {limit} run at once"),
  msg("max_tokens is {given}; this server allows at most {limit}"),
  msg("{field}: only blanks are not enough"),
  msg("this site runs the scripted engine; start it without --engine fake to load a model"),
  msg("{model} is being loaded; wait until that has ended"),
  msg("{model} is not on this machine; `python -m app fetch {name}` gets it"),
  msg("{model} took longer than this server gives one request"),
  msg("the request body is too large"),
  msg("something went wrong on the server; the request was not completed"),
];

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** "{a} is {b}" as the pattern that finds a and b. */
function patternOf(sentence) {
  const parts = sentence.split(/\{(\w+)\}/).map((part, index) => (index % 2 ? `(?<${part}>.+)` : escaped(part)));
  return new RegExp(`^${parts.join("")}$`, "s");
}

const PATTERNS = SENTENCES.map((sentence) => [sentence, patternOf(sentence)]);

/** The message in the page's language where it is known, otherwise as it came. */
export function inPageLanguage(message) {
  for (const [sentence, pattern] of PATTERNS) {
    const found = pattern.exec(message);
    if (found) return t(sentence, found.groups);
  }
  return message;
}
