import { html } from "lit";

/** What a model wrote, a span for each piece: the same token has the same number wherever it is shown. */
export function written(pieces) {
  return pieces.map(({ text, token, mark }) =>
    mark ? html`<b data-token=${token}>${text}</b>` : html`<span data-token=${token}>${text}</span>`,
  );
}

/** Whoever points at a token sees it in every other view of the same text. */
export function showSameTokens(...views) {
  const show = (token) => {
    for (const piece of views.flatMap((view) => [...view.querySelectorAll("[data-token]")])) {
      piece.classList.toggle("is-same", token !== undefined && piece.dataset.token === token);
    }
  };
  for (const view of views) {
    view.addEventListener("pointerover", ({ target }) => show(target.closest("[data-token]")?.dataset.token));
    view.addEventListener("pointerleave", () => show(undefined));
  }
}
