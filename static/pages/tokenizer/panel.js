/** One encoding's view of the text: its chips, its ids, its counts. Joins elements; asks the server for tokens. */

import { postBytes } from "../../js/base/api.js";
import { formatCount, formatNumber } from "../../js/base/format.js";
import { t } from "../../js/base/i18n.js";
import { Latest } from "./latest.js";
import { models } from "../../js/base/models.js";
import { noticesOf } from "./token-facts.js";
import { runsRightToLeft } from "../../js/base/token-groups.js";
import { TokenList } from "../../js/base/token-list.js";

export class EncodingPanel {
  #latest = new Latest();
  #asked = null;

  /** `element` is the panel's section; `changed()` is called after new tokens are on the page. */
  constructor(element, changed) {
    this.element = element;
    this.strip = element.querySelector("token-strip");
    this.ids = element.querySelector("id-list");
    this.select = element.querySelector("select");
    this.changed = changed;
    this.list = TokenList.empty();
    this.strip.label = t("Tokens");
    this.ids.label = t("Token ids");
  }

  get encoding() {
    return this.select.value;
  }

  set encoding(name) {
    if ([...this.select.options].some((option) => option.value === name)) this.select.value = name;
  }

  /** What to call the encoding: by the loaded model's name, where its own is chosen. */
  get name() {
    return this.encoding === "model" ? (models.state.loaded?.name ?? "model") : this.encoding;
  }

  get shown() {
    return !this.element.hidden;
  }

  /** Cut `text`; of several calls only the last one's tokens are shown. Throws ApiError. */
  async cut(text, special) {
    const asked = JSON.stringify([text, special, this.name]);
    if (asked === this.#asked) return;
    this.#asked = asked;
    try {
      const { encoding } = this;
      const reply = await this.#latest.run((signal) =>
        postBytes("/api/tokenize", { text, encoding, special }, { signal }),
      );
      if (reply === undefined) return;
      const normalised = reply.headers.get("X-Normalised") === "true";
      this.show(TokenList.fromReply(reply.buffer, text, { normalised }), {
        characters: Number(reply.headers.get("X-Characters")),
        replaced: Number(reply.headers.get("X-Replaced")),
        normalised,
        rightToLeft: runsRightToLeft(text),
      });
    } catch (error) {
      this.#asked = null;
      this.stale = true;
      throw error;
    }
  }

  /** Put tokens on the page. */
  show(list, { characters, replaced, normalised, rightToLeft }) {
    this.list = list;
    this.stale = false;
    this.strip.tokens = list;
    this.ids.tokens = list;
    this.#count("tokens", formatCount(list.length));
    this.#count("characters", formatCount(characters));
    this.#count("bytes", formatCount(list.bytes.length));
    this.#count("rate", list.length === 0 ? "–" : formatNumber(list.bytes.length / list.length, 1));
    const split = list.splitsCharacters();
    this.#notice(noticesOf({ replaced, normalised, rightToLeft, split, specials: list.specials() }));
    this.changed(this);
  }

  /** The chips are those of an earlier text. */
  set stale(stale) {
    this.element.classList.toggle("stale", stale);
  }

  #count(name, text) {
    const place = this.element.querySelector(`[data-count="${name}"]`);
    if (place.textContent !== text) place.textContent = text;
  }

  #notice(notices) {
    const place = this.element.querySelector(".notices");
    const lines = notices.map(({ key, values }) => t(key, values));
    if (lines.join() === [...place.children].map((line) => line.textContent).join()) return;
    place.replaceChildren(
      ...lines.map((line) => {
        const paragraph = document.createElement("p");
        paragraph.textContent = line;
        return paragraph;
      }),
    );
  }
}
