// Links, reloads and files: the document leaves the page with its ids, and comes back without running anything.

import { postJson } from "../../js/base/api.js";
import { settingsOf, toCsv, toCurl, toJson, toPython, toText } from "./export.js";
import { t } from "../../js/base/i18n.js";
import { showError, showNote } from "../../js/base/page.js";
import { packDocument, readSettings, unpackDocument } from "./state.js";
import { ShareError, shareLink } from "../../js/base/share.js";
import { DEFAULT_PARAMS } from "./session.js";

const AUTOSAVE = "playground";
const AUTOSAVE_PAUSE = 500;
const LONGEST_LINK = 8000;

export function snapshotOf(session, { whole = false } = {}) {
  const { params, maxTokens, stops, ignoreEos, startless, count, seed, locked, view, model } = session.state;
  return {
    version: 1,
    view: "playground",
    model,
    document: packDocument(session.entries, { whole }),
    settings: { params, maxTokens, stops, ignoreEos, startless, count, seed, locked, colour: view },
  };
}

/** Put a snapshot on the page. Nothing is generated. */
export function restore(session, snapshot) {
  if (snapshot?.version !== 1 || snapshot.view !== "playground") {
    throw new ShareError(t("This link holds no playground document this version can read."));
  }
  let entries;
  try {
    entries = unpackDocument(snapshot.document);
  } catch {
    throw new ShareError(t("This link is damaged: part of it is missing. Ask for it again."));
  }
  const settings = readSettings(snapshot.settings, { ...session.state, params: DEFAULT_PARAMS });
  session.open(entries, { ...settings, model: String(snapshot.model ?? ""), outcome: null, rows: [] });
  session.keep(entries);
}

/** What a link claims about its tokens is compared with the loaded model's own vocabulary. */
export async function checkOpened(session) {
  const { loaded, state, entries } = session;
  if (loaded && state.model && state.model !== loaded.name) {
    showNote(
      t(
        "Made with {made}; {loaded} is loaded. The text is shown as it was written. If you continue, it is cut again for {loaded}.",
        { made: state.model, loaded: loaded.name },
      ),
    );
    return;
  }
  if (!loaded || entries.length === 0) return;
  try {
    const { tokens } = await postJson("/api/detokenize", { ids: entries.map(({ id }) => id), encoding: "model" });
    const wrong = tokens.findIndex(({ bytes }, i) => entries[i].step && bytes !== entries[i].bytes);
    if (wrong !== -1)
      showNote(t("The link’s text and its token ids do not agree at token {n}: someone changed it.", { n: wrong }));
  } catch (error) {
    showError(error);
  }
}

export function autosave(session) {
  let timer;
  session.store.watch((state, previous) => {
    if (state.history === previous.history && state.params === previous.params && state.view === previous.view) return;
    clearTimeout(timer);
    timer = setTimeout(() => save(session), AUTOSAVE_PAUSE);
  });
  addEventListener("pagehide", () => save(session));
}

function save(session) {
  // Alternatives take the most room: where everything is too large, they can be asked for again.
  for (const whole of [true, false]) {
    try {
      const branches = session.state.branches.map(({ entries, ...rest }) => ({
        ...rest,
        document: packDocument(entries, { whole }),
      }));
      sessionStorage.setItem(AUTOSAVE, JSON.stringify({ ...snapshotOf(session, { whole }), branches }));
      return;
    } catch {}
  }
}

/** What a reload, a look at another page or the other language left behind; true where there was something. */
export function restoreAutosave(session) {
  try {
    const saved = JSON.parse(sessionStorage.getItem(AUTOSAVE));
    if (!saved) return false;
    restore(session, saved);
    restoreBranches(session, saved);
    return session.entries.length > 0;
  } catch {
    return false; // an older version's save: the example stands
  }
}

/** A link to the document this tab has open (a change of language) keeps the tab's branches. */
export function restoreOwnBranches(session) {
  try {
    const saved = JSON.parse(sessionStorage.getItem(AUTOSAVE));
    if (saved && saved.document.ids.join() === packDocument(session.entries).ids.join())
      restoreBranches(session, saved);
  } catch {
    return; // without storage there are no branches to keep
  }
}

function restoreBranches(session, { branches }) {
  session.store.update({
    branches: branches.map(({ document, ...rest }) => ({ ...rest, entries: unpackDocument(document) })),
  });
}

async function exhibit(session) {
  await session.settle();
  const { entries, state } = session;
  return {
    entries,
    model: state.model ?? "",
    source: session.loaded?.source ?? "",
    ...settingsOf(entries, state),
    origin: location.origin,
    date: new Date().toISOString(),
  };
}

const FILES = {
  json: { make: toJson, type: "application/json", extension: "json" },
  csv: { make: toCsv, type: "text/csv", extension: "csv" },
  text: { make: toText, type: "text/plain", extension: "txt" },
};

export async function download(session, kind) {
  const { make, type, extension } = FILES[kind];
  const url = URL.createObjectURL(new Blob([make(await exhibit(session))], { type: `${type};charset=utf-8` }));
  const link = Object.assign(document.createElement("a"), { href: url, download: `playground.${extension}` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** Copy text; where the browser forbids it, return it to be shown and copied by hand. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** {text, copied, note}: what was put on the clipboard, and shown beside in any case. */
export async function copyAs(session, kind) {
  const text =
    kind === "link"
      ? await shareLink(snapshotOf(session))
      : { python: toPython, curl: toCurl }[kind](await exhibit(session));
  const copied = await copy(text);
  const long = kind === "link" && text.length > LONGEST_LINK;
  return {
    text,
    copied,
    note: long ? t("A long link: some programs cut it. The JSON file always holds everything.") : "",
  };
}
