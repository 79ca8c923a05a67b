import { html, nothing } from "lit";
import { t } from "../base/i18n.js";
import { PageElement } from "../elements/page-element.js";

/** What a class is told on every page: `.state` as of `GET /api/class`; `.teacher` sees what the others do not. */
export class ClassNote extends PageElement {
  static properties = {
    state: { attribute: false },
    teacher: { type: Boolean },
    link: { type: String }, // the teacher's page
  };

  constructor() {
    super();
    this.state = null;
    this.teacher = false;
    this.link = "";
  }

  get ready() {
    return this.state !== null;
  }

  render() {
    const sentences = [];
    if (this.teacher && this.state.curtain) {
      sentences.push(
        html`<p><b>${t("All screens but yours are paused.")}</b> <a href=${this.link}>${t("Open the class")}</a></p>`,
      );
    }
    if (this.state.note) {
      sentences.push(
        html`<p>${t(
          "A base model continues anything, in any tone. What it writes can be false, rude or upsetting, and there is no intention behind it. If something troubles you, tell your teacher.",
        )}</p>`,
      );
    }
    if (this.state.blur.length > 0) {
      sentences.push(html`<p>${t("Some words are blurred on this screen. No list is complete.")}</p>`);
    }
    return sentences.length > 0
      ? html`<aside class="class-note" aria-label=${t("To the class")}>${sentences}</aside>`
      : nothing;
  }
}

customElements.define("class-note", ClassNote);
