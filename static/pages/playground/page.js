// The playground: joins the document, the model, the branches and the settings.

import "./branch-tree.js";
import "./context-meter.js";
import "./continuation-list.js";
import "./document-editor.js";
import "../../js/elements/predict-reveal.js";
import "../../js/elements/sampling-controls.js";
import "./step-card.js";
import { hexToBytes } from "../../js/base/bytes.js";
import { changeBranch, deleteBranches, treeOf } from "./branches.js";
import { draftsOf, entriesBefore, entryBefore, textOf } from "./document.js";
import { canRedo, canUndo } from "./history.js";
import { models } from "../../js/base/models.js";
import { pageData, showError } from "../../js/base/page.js";
import { provideSnapshot, restoreFromFragment } from "../../js/base/share.js";
import { decodeVisibly } from "../../js/base/utf8.js";
import { Brancher } from "./branching.js";
import { Comparison } from "./compare.js";
import { bindKeys } from "./keys.js";
import { outcomeText, drawLegend } from "./words.js";
import { Scorer } from "./scores.js";
import { Session } from "./session.js";
import { bindSettings } from "./settings.js";
import { autosave, checkOpened, restore, restoreAutosave, restoreOwnBranches, snapshotOf } from "./sharing.js";
import { SpaceHint } from "./space.js";
import { bindTakeaway } from "./takeaway.js";
import { bindTrace } from "./trace.js";
import { LONGEST_SENTENCE, Writer } from "./writing.js";

const $ = (selector) => document.querySelector(selector);
/** @type {(selector: string) => NodeListOf<HTMLElement>} */
const all = (selector) => document.querySelectorAll(selector);

const session = new Session();
const { store } = session;
const writer = new Writer(session);
const scorer = new Scorer(session);
const brancher = new Brancher(session, writer);
const editor = $("document-editor");
const card = $("step-card");
const sheet = $(".playground-card");
const tree = $("branch-tree");
const lines = $("continuation-list");
const hint = new SpaceHint(session, $("#space-hint"));
let comparison = null;
let drawnBranches = null;

function select(index) {
  if (index !== store.state.selected) store.update({ selected: index, probe: null });
}

function draw(state, previous) {
  const { entries } = session;
  const busy = state.running !== null;
  const pieces = session.pieces();
  Object.assign(editor, { entries, pieces, view: state.view, selected: state.selected, unusual: state.unusual, busy });
  const entry = entries[state.selected] ?? null;
  Object.assign(card, {
    entry,
    index: state.selected,
    vocabulary: session.vocabulary,
    params: state.params,
    scoring: state.scoring,
    unusual: state.unusual.has(state.selected),
    followed: entries.slice(state.selected + 1).some(({ by }) => by === "typed"),
    probe: state.probe,
    canWrite: !busy,
  });
  if (state.branches !== drawnBranches || entries !== tree.current) {
    if (state.branches !== drawnBranches) tree.root = state.branches.length > 1 ? treeOf(state.branches) : null;
    drawnBranches = state.branches;
    tree.current = entries;
    $("#branch-count").textContent = state.branches.length > 1 ? String(state.branches.length) : "";
  }
  Object.assign($("context-meter"), { used: entries.length, limit: session.limit, asked: state.maxTokens });
  $("#outcome").textContent = outcomeText(session) ?? $("#outcome").textContent;
  drawStart(entries[0]);
  drawButtons(state, busy, pieces);
  drawLines(state, entries);
  hint.look();
  comparison?.refresh();
  if (state.view !== previous.view) drawLegend($("#legend"), state.view);
  if (
    state.history !== previous.history ||
    state.view !== previous.view ||
    state.selected !== previous.selected ||
    !busy
  )
    scorer.look();
}

function drawButtons(state, busy, pieces) {
  const end = pieces.at(-1)?.end ?? 0;
  $("#stop").disabled = !busy;
  $("#undo").disabled = !canUndo(state.history);
  $("#redo").disabled = !canRedo(state.history);
  $("#again").disabled = busy || !session.entries.some(({ by }) => by === "model");
  $("#continue-here").disabled = busy || state.caret >= end;
  for (const button of all("[data-view]"))
    button.setAttribute("aria-pressed", String(button.dataset.view === state.view));
  for (const button of all("[data-count]"))
    button.setAttribute("aria-pressed", String(Number(button.dataset.count) === state.count));
}

/** The token that begins every document has no text of its own, so it stands beside the count. */
function drawStart(first) {
  const chip = $("#start-chip");
  chip.hidden = first?.by !== "start";
  if (!chip.hidden) chip.firstElementChild.textContent = decodeVisibly(hexToBytes(first.bytes));
}

function drawLines(state, entries) {
  $("#lines").hidden = state.rows.length === 0;
  if (state.rows.length === 0) return;
  const { rows, total } = brancher.continuations(entries);
  Object.assign(lines, { rows, total });
}

function focusEditor() {
  editor.textArea.focus();
}

const actions = {
  continue: () => writer.write({ tokens: store.state.maxTokens }),
  sentence: () => writer.write({ tokens: LONGEST_SENTENCE, until: "sentence", n: 1 }),
  here: () => {
    const { caret, maxTokens } = store.state;
    return writer.write({ tokens: maxTokens, from: () => entriesBefore(session.pieces(), caret), kind: "here", n: 1 });
  },
  again: () => writer.again(),
  stop: () => writer.stop(),
  undo: () => {
    writer.stop();
    session.undo();
  },
  redo: () => {
    writer.stop();
    session.redo();
  },
  openCard: () => {
    select(entryBefore(session.pieces(), editor.caret));
    showSheet();
    (card.querySelector(".bars-pick[tabindex='0']") ?? card.querySelector("input, button"))?.focus();
  },
  closeCard: () => {
    const open = sheet.hasAttribute("data-open");
    sheet.removeAttribute("data-open");
    return open;
  },
  focusEditor,
};

/** Where the card is a sheet, it comes up, and the token it tells of stays in sight above it. */
function showSheet() {
  sheet.setAttribute("data-open", "");
  Promise.all([editor.updateComplete, card.updateComplete]).then(() => {
    const box = editor.selectedBox;
    const hidden =
      box && getComputedStyle(sheet).position === "fixed"
        ? box.bottom + box.height - sheet.getBoundingClientRect().top
        : 0;
    if (hidden > 0) scrollBy(0, hidden);
  });
}

function bindEditor() {
  editor.addEventListener("text-edited", ({ detail }) => {
    writer.stop();
    session.edit(detail);
    store.update({ caret: detail.caret });
  });
  editor.addEventListener("caret-moved", ({ detail }) => {
    store.update({ caret: detail.offset });
    if (detail.start === detail.offset && !writer.running) select(entryBefore(session.pieces(), detail.offset));
  });
  editor.addEventListener("token-rested", ({ detail }) => select(detail.index));
  editor.addEventListener("token-tapped", ({ detail }) => {
    select(detail.index);
    if (detail.touch && !store.state.running) showSheet();
  });
  editor.addEventListener("undo-asked", actions.undo);
  editor.addEventListener("redo-asked", actions.redo);
  card.addEventListener("card-closed", () => {
    actions.closeCard();
    focusEditor();
  });
  card.addEventListener("alternative-chosen", ({ detail }) => {
    actions.closeCard();
    brancher.fork(detail);
  });
  card.addEventListener("own-token-asked", ({ detail }) => brancher.probe(detail).catch(showError));
}

function bindButtons() {
  for (const [id, action] of [
    ["continue", "continue"],
    ["sentence", "sentence"],
    ["stop", "stop"],
    ["undo", "undo"],
    ["redo", "redo"],
    ["again", "again"],
    ["continue-here", "here"],
  ]) {
    $(`#${id}`).addEventListener("click", () => actions[action]());
  }
  for (const button of all("[data-write]")) {
    button.addEventListener("click", () => writer.write({ tokens: Number(button.dataset.write) }));
  }
  for (const button of all("[data-view]"))
    button.addEventListener("click", () => store.update({ view: button.dataset.view }));
  $("#start-chip").addEventListener("click", () => select(0));
  for (const button of all("[data-tree]")) {
    button.addEventListener("click", () => {
      tree.view = button.dataset.tree;
      for (const other of all("[data-tree]")) other.setAttribute("aria-pressed", String(other === button));
    });
  }
  tree.addEventListener("branch-opened", ({ detail }) => brancher.open(detail.key));
  tree.addEventListener("branch-changed", ({ detail }) =>
    store.update({ branches: changeBranch(store.state.branches, detail.key, detail.changes) }),
  );
  tree.addEventListener("branches-deleted", ({ detail }) =>
    store.update({ branches: deleteBranches(store.state.branches, detail.keys) }),
  );
  lines.addEventListener("continuation-chosen", ({ detail }) => brancher.takeRow(detail.index));
  $("#compare").addEventListener("toggle", () => (comparison ??= new Comparison(session, $("compare-panes"))));
}

function caretToEnd() {
  editor.updateComplete.then(() => {
    const end = textOf(session.entries).length;
    editor.placeCaret(end);
    store.update({ caret: end });
  });
}

/** A caret that stood at the end goes along with the text, once the model has ended. */
function followCaret() {
  let atEnd = false;
  store.watch((state, previous) => {
    if (state.running && !previous.running) {
      const { textArea } = editor;
      atEnd = textArea.selectionStart === textArea.selectionEnd && textArea.selectionEnd === textArea.value.length;
    }
    if (!state.running && previous.running && atEnd) caretToEnd();
  });
}

/** Closing the tab would lose the document; reloading it or following a link here does not. */
function guardLeaving() {
  let staying = false;
  addEventListener("click", (event) => {
    /** @type {HTMLAnchorElement} */
    const link = /** @type {Element} */ (event.target).closest?.("a[href]");
    staying = link !== null && link !== undefined && link.origin === location.origin && !link.target;
  });
  addEventListener("beforeunload", (event) => {
    if (!staying && canUndo(store.state.history) && session.entries.length > 0) event.preventDefault();
  });
}

async function start() {
  const example = pageData.example;
  const shared = await restoreFromFragment((state) => {
    writer.stop();
    restore(session, state);
    restoreOwnBranches(session);
    checkOpened(session);
    if (editor.hasUpdated) caretToEnd();
  }, showError);
  const own = shared || restoreAutosave(session);
  if (!own && example.document) {
    restore(session, example);
    store.update({ selected: example.card.index, branches: [] });
    session.keep(session.entries);
  }
  store.watch(draw);
  drawLegend($("#legend"), store.state.view);
  caretToEnd();
  followCaret();
  autosave(session);
  guardLeaving();
  provideSnapshot(() => snapshotOf(session));
}

bindEditor();
bindButtons();
bindSettings(session);
bindKeys(editor, writer, actions);
bindTakeaway(session, writer);
bindTrace(session);
for (const kind of ["pointerdown", "keydown"]) {
  $("main").addEventListener(kind, () => {
    if (!scorer.idle) return;
    scorer.idle = false;
    scorer.look();
  });
}
models.addEventListener("change", () => {
  if (models.ready && draftsOf(session.entries).length > 0) session.settleSoon();
  draw(store.state, store.state);
});
start().catch(showError);
