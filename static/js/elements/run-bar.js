// Run, cancel, and where the numbers on the page come from: measured, computed here just now, or on their way.

import { html, nothing } from "lit";
import { formatDay } from "../base/dates.js";
import { errorMessage } from "../base/error-message.js";
import { formatSeconds } from "../base/format.js";
import { t } from "../base/i18n.js";
import { models } from "../base/models.js";
import { PageElement } from "./page-element.js";

export class RunBar extends PageElement {
  static properties = {
    run: { attribute: false }, // an ExperimentRun
    measurement: { attribute: false }, // {model, measured_on} of what stands in the figure before a run; null: nothing
    label: { type: String },
    stale: { type: Boolean }, // the inputs are no longer those of the figure
    disabled: { type: Boolean }, // the inputs are not complete
    models: { attribute: false },
  };

  #listeners = null;
  #frame = 0;

  constructor() {
    super();
    this.run = null;
    this.measurement = null;
    this.label = "";
    this.stale = false;
    this.disabled = false;
    /** @type {EventTarget & { ready: boolean, offline?: boolean, state: any }} */
    this.models = models;
  }

  get ready() {
    return this.run !== null; // until then the server's line stays
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    if (changed.has("run") || changed.has("models")) this.#listen();
  }

  connectedCallback() {
    super.connectedCallback();
    if (this.hasUpdated) this.#listen();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#listeners?.abort();
    cancelAnimationFrame(this.#frame);
  }

  #listen() {
    this.#listeners?.abort();
    this.#listeners = new AbortController();
    const { signal } = this.#listeners;
    const soon = () => {
      cancelAnimationFrame(this.#frame);
      this.#frame = requestAnimationFrame(() => this.requestUpdate());
    };
    this.run.addEventListener("change", soon, { signal });
    this.models.addEventListener("change", soon, { signal });
    this.addEventListener("keydown", (event) => event.key === "Escape" && this.run.cancel(), { signal });
  }

  render() {
    const { state, progress } = this.run;
    const running = state === "running";
    return html`
      <div class="run-bar" data-state=${state}>
        <button type="button" class=${`button ${running ? "" : "button-primary"}`}
          ?disabled=${!running && (this.disabled || !this.models.ready)}
          @click=${this.#pressed}>${running ? t("Cancel") : this.label || t("Run")}</button>
        <p class="run-source" role="status">${this.#source()}</p>
        <progress class="progress run-progress" aria-label=${t("Progress")} max=${progress?.total || 1}
          .value=${progress?.done ?? 0} ?hidden=${!running}></progress>
        ${this.#remark()}
      </div>
    `;
  }

  #pressed() {
    if (this.run.state === "running") this.run.cancel();
    else this.dispatchEvent(new CustomEvent("run-asked", { bubbles: true }));
  }

  #source() {
    const { state, progress, line, model, seconds } = this.run;
    const time = formatSeconds(seconds);
    const count = progress && { done: progress.done, total: progress.total };
    if (state === "running" && line.text) return line.text;
    if (state === "running") {
      const done = count ? t("{done} of {total}", count) : nothing;
      return html`${t("Computing with {model}", { model: model ?? "" })}<span
        class="run-count" aria-live="off">${done}</span>`;
    }
    if (state === "done") return t("Computed here just now with {model}, in {time}.", { model: model ?? "", time });
    if (state === "cancelled") {
      return count
        ? t("Cancelled after {done} of {total}. Results so far are kept.", count)
        : t("Cancelled. Results so far are kept.");
    }
    if (state === "failed") return html`<span class="run-error">${errorMessage(this.run.error)}</span>`;
    if (!this.measurement) return t("Not computed yet.");
    const { model: name, measured_on: day } = this.measurement;
    return t("Measured on {model}, {day}.", { model: name, day: formatDay(day) });
  }

  #remark() {
    const { state } = this.run;
    const loaded = this.models.state.loaded?.name;
    const shown = state === "done" ? this.run.model : state === "idle" ? this.measurement?.model : null;
    let remark = null;
    if (state === "running") remark = null;
    else if (this.models.offline)
      remark = t("The server does not answer just now. Your text stays here; the page tries again by itself.");
    else if (!this.models.ready)
      remark = t("The model is still getting ready. Its progress is shown at the top of the page.");
    else if (this.stale && state !== "failed") remark = t("You changed something. Run again to update.");
    else if (shown && loaded !== shown) {
      remark = t("Another model is loaded now: {loaded}. These numbers are {shown}'s; run to see its own.", {
        loaded,
        shown,
      });
    }
    return html`<p class="run-remark" role="note" ?hidden=${remark === null}>${remark ?? nothing}</p>`;
  }
}

customElements.define("run-bar", RunBar);
