/**
 * Sentences in the page's language. The English sentence is the key; the catalog is what `<link id="messages">` names.
 * A catalog entry is a sentence, or the forms that the value `n` chooses from:
 * `{"one": "{n} token", "other": "{n} tokens"}`.
 */

let catalog = await fetchCatalog(globalThis.document?.querySelector("link#messages"));

/** Asked for a second time where a network hiccups; a page that gets none speaks English. */
export async function fetchCatalog(link) {
  if (!link) return {};
  const get = async () => (await fetch(link.href)).json();
  return get()
    .catch(get)
    .catch(() => ({}));
}

/** The page's language, `en` outside a browser. */
export function language() {
  return globalThis.document?.documentElement.lang || "en";
}

/** Use this catalog instead of the page's (tests). */
export function useCatalog(messages) {
  catalog = messages;
}

function sentence(key, values) {
  const entry = Object.hasOwn(catalog, key) ? catalog[key] : key; // a server may say "constructor"
  if (typeof entry === "string") return entry;
  return entry[new Intl.PluralRules(language()).select(Number(values.n))] ?? entry.other;
}

function shown(value) {
  return typeof value === "number" ? value.toLocaleString(language(), { maximumFractionDigits: 6 }) : String(value);
}

/** The sentence for `key` with its `{name}` places filled; numbers are written as the language does. */
export function t(key, values = {}) {
  return sentence(key, values).replace(/\{(\w+)\}/g, (place, name) => (name in values ? shown(values[name]) : place));
}

/**
 * The same, cut at its places, so that an element can put more than text there.
 *
 * Example: "picked {token} at rank {n}" with {token: html`<b>a</b>`, n: 2} is
 * ["picked ", html`<b>a</b>`, " at rank ", "2"].
 */
export function tParts(key, values = {}) {
  return sentence(key, values)
    .split(/(\{\w+\})/)
    .filter((part) => part !== "")
    .map((part) => {
      const name = /^\{(\w+)\}$/.exec(part)?.[1];
      if (name === undefined || !(name in values)) return part;
      return typeof values[name] === "number" ? shown(values[name]) : values[name];
    });
}

/** A word of the glossary in the page's language: `{word, meaning}`. */
export function meaningOf(key) {
  return catalog[`term: ${key}`] ?? { word: key, meaning: "" };
}

/** Marks a sentence in a table for translation; the table's reader passes it to `t`. */
export function msg(key) {
  return key;
}
