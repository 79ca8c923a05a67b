import { createRef, html, ref } from "lit";
import { wordsIn } from "../../js/base/blur.js";
import { t } from "../../js/base/i18n.js";
import { PageElement } from "../../js/elements/page-element.js";

/** What a teacher can do to every screen: `.state` as of `GET /api/class`; a wish is told by `class-wished`. */
export class ClassControls extends PageElement {
  static properties = { state: { attribute: false } };

  /** @type {{ value?: HTMLTextAreaElement }} */
  #words = createRef();

  constructor() {
    super();
    this.state = null;
  }

  get ready() {
    return this.state !== null;
  }

  render() {
    const { note, blur } = this.state;
    return html`
      <div class="class-control">
        <label class="check"><input type="checkbox" .checked=${note}
          @change=${(event) => this.#wish({ note: event.target.checked })} />
          ${t("Content note on every page")}</label>
        <p class="small quiet">${t(
          "One sentence: a base model continues anything, in any tone, and there is no intention behind it.",
        )}</p>
      </div>
      <form class="class-control" @submit=${this.#blur}>
        <label for="blur-words">${t("Blur these words on every screen")}</label>
        <textarea id="blur-words" class="prompt class-words" rows="2" autocomplete="off" autocapitalize="off"
          spellcheck="false" placeholder=${t("one per line or comma-separated")} .defaultValue=${blur.join("\n")}
          ${ref(this.#words)}></textarea>
        <div class="row"><button class="button button-small">${t("Blur")}</button>
          <span class="small quiet">${
            blur.length > 0 ? t("{n} words are blurred", { n: blur.length }) : t("none now")
          }</span></div>
        <p class="small quiet">${t(
          "Whole words, as they are shown; the text beneath can still be selected and copied. Words typed into the Playground’s document are blurred, too; in other fields they stay sharp. No list is complete: a model finds other words.",
        )}</p>
      </form>
    `;
  }

  #blur(event) {
    event.preventDefault();
    this.#wish({ blur: wordsIn(this.#words.value.value) });
  }

  #wish(detail) {
    this.dispatchEvent(new CustomEvent("class-wished", { bubbles: true, detail }));
  }
}

customElements.define("class-controls", ClassControls);
