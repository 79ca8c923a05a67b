// The keyboard: everything can be done without a pointer.

const TYPED_IN = "input, textarea, select, [contenteditable]";

export function bindKeys(editor, writer, actions) {
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.defaultPrevented) return;
    const { key } = event;
    const target = /** @type {Element} */ (event.target);
    const command = event.ctrlKey || event.metaKey;
    const inEditor = target === editor.textArea;
    const typing = target.matches?.(TYPED_IN);
    const act = (action) => {
      event.preventDefault();
      action();
    };
    if (command && key === "Enter") act(event.shiftKey ? actions.here : actions.continue);
    else if (key === "Escape") leave(event, act);
    else if (command && key.toLowerCase() === "z" && (inEditor || !typing))
      act(event.shiftKey ? actions.redo : actions.undo);
    else if (command && key.toLowerCase() === "y" && (inEditor || !typing)) act(actions.redo);
    else if (event.altKey && key === "Enter" && inEditor) act(actions.openCard);
    else if (key.toLowerCase() === "r" && !command && !event.altKey && !typing && !writer.running) act(actions.again);
  });

  function leave(event, act) {
    if (writer.running) act(actions.stop);
    else if (actions.closeCard() || event.target.closest?.("step-card")) act(actions.focusEditor);
  }
}
