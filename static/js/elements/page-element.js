import { LitElement } from "lit";
// Elements are defined once the page's data is there: earlier they would draw before their page gives them any.
import "../base/page.js";

/**
 * An element that draws into the page itself, so that the page's style sheets and its forms reach what it draws.
 * Until it is `ready`, what the server wrote between its tags stays; then it takes its place.
 */
export class PageElement extends LitElement {
  /** Whether there is something to draw. */
  get ready() {
    return true;
  }

  createRenderRoot() {
    return this;
  }

  shouldUpdate(_changed) {
    return this.ready;
  }

  willUpdate(_changed) {
    if (!this.hasUpdated) this.replaceChildren();
  }
}
