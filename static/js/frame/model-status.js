import { createRef, html, nothing, ref } from "lit";
import { formatCompact, formatCount, formatProgress } from "../base/format.js";
import { language, msg, t } from "../base/i18n.js";
import { teacher } from "../base/teacher.js";
import { PageElement } from "../elements/page-element.js";

const STAGES = {
  fetch: msg("fetching"),
  convert: msg("converting"),
  load: msg("loading"),
};

/**
 * The model that answers, in one line. Pressed, it opens the list of models that can be loaded. On a server that others
 * can reach, only the teacher's tab can load one.
 *
 * `.state` is the answer of `GET /api/models`, `.offline` whether the server is silent, `.problem` a
 * sentence on why the last wish failed. Says `models-opened`, and `model-chosen {name}`.
 */
export class ModelStatus extends PageElement {
  static properties = {
    state: { attribute: false },
    offline: { attribute: false },
    problem: { attribute: false },
  };

  /** @type {{ value?: HTMLDialogElement }} */
  #dialog = createRef();
  #connected = null;

  constructor() {
    super();
    this.state = null;
    this.offline = false;
    this.problem = null;
  }

  connectedCallback() {
    this.replaceChildren(); // the server's own first view
    super.connectedCallback();
    this.#connected = new AbortController();
    teacher.addEventListener("change", () => this.requestUpdate(), { signal: this.#connected.signal });
  }

  disconnectedCallback() {
    this.#connected.abort();
    super.disconnectedCallback();
  }

  get ready() {
    return this.state !== null;
  }

  #open() {
    this.#dialog.value.showModal();
    this.dispatchEvent(new CustomEvent("models-opened", { bubbles: true }));
  }

  #choose(name) {
    this.dispatchEvent(new CustomEvent("model-chosen", { bubbles: true, detail: { name } }));
  }

  #closeFromBackdrop(event) {
    if (event.target === event.currentTarget) event.currentTarget.close();
  }

  render() {
    const { loaded, engine, task } = this.state;
    return html`
      <button class="model-status" type="button" aria-haspopup="dialog" data-light=${this.#light()}
        @click=${this.#open}>
        <span class="model-light" aria-hidden="true"></span>
        <span class="model-name" translate="no">${loaded?.name ?? task?.name ?? t("no model")}</span>
        ${
          loaded === null || deviceName(engine) === null
            ? nothing
            : html`<span class="model-device">${deviceName(engine)}</span>`
        }
        <span class="model-word">${this.#word()}</span>
      </button>
      ${task === null ? nothing : progressBar(task, "model-progress")}
      <dialog class="models" aria-label=${t("Models")} ${ref(this.#dialog)} @click=${this.#closeFromBackdrop}>
        <div class="models-sheet">${this.#sheet()}</div>
      </dialog>
    `;
  }

  #light() {
    if (this.offline || this.state.state === "failed") return "off";
    return this.state.loaded !== null && this.state.task === null ? "on" : "busy";
  }

  #word() {
    const { loaded, task, state } = this.state;
    if (this.offline) return t("no answer");
    if (task !== null) {
      const stage = t(STAGES[task.stage] ?? task.stage);
      return task.fraction === null ? stage : `${stage} ${formatProgress(task.fraction)}`;
    }
    if (loaded !== null) return t("ready");
    return state === "failed" ? t("failed") : t("loading");
  }

  #sheet() {
    const { loaded, task, error, engine, models } = this.state;
    return html`
      <div class="models-header">
        <h2>${t("Models")}</h2>
        <form method="dialog"><button class="button button-quiet">${t("Close")}</button></form>
      </div>
      <div aria-live="polite" class="models-news">
        ${
          this.offline
            ? html`<p class="models-error">
              ${t("The server does not answer just now. Your text stays here; the page tries again by itself.")}
            </p>`
            : nothing
        }
        ${this.problem === null ? nothing : html`<p class="models-error">${this.problem}</p>`}
        ${
          error === null
            ? nothing
            : html`<p class="models-error">
              <span lang="en">${error.message}</span>
              ${
                loaded === null || language() === "en"
                  ? nothing
                  : html`<br />${t("{name} keeps running.", { name: t(loaded.title) })}`
              }
            </p>`
        }
        ${task === null ? nothing : this.#task(task, loaded)}
      </div>
      <p class="quiet">
        ${loaded === null ? nothing : html`${this.#running(loaded, engine)}<br />`}${everyone(engine)}
        ${
          this.state.switch === "teacher" && !this.#mayLoad()
            ? html`<br />${t("Only the teacher can load another one.")}`
            : nothing
        }
      </p>
      <ul class="models-list">
        ${this.#sorted(models).map((model) => this.#row(model))}
      </ul>
    `;
  }

  /** Nobody before the server has said who may: the page comes without that. */
  #mayLoad() {
    return this.state.switch === "anyone" || (this.state.switch === "teacher" && teacher.secret !== null);
  }

  #running(loaded, engine) {
    const device = deviceName(engine);
    const values = { name: t(loaded.title), device, dtype: engine?.dtype, n: this.state.context_length };
    return device === null
      ? t("Running: {name}. Documents of up to {n} tokens.", values)
      : t("Running: {name} on {device}, {dtype}. Documents of up to {n} tokens.", values);
  }

  #task(task, loaded) {
    return html`<div class="models-task">
      <p>
        <b>${task.title ?? task.name}</b> · ${t(STAGES[task.stage] ?? task.stage)}
        ${task.fraction === null ? nothing : html`<span class="number">${formatProgress(task.fraction)}</span>`}
        ${task.message ? html`<br /><span class="quiet" lang="en">${task.message}</span>` : nothing}
      </p>
      ${progressBar(task)}
      ${
        loaded === null
          ? nothing
          : html`<p class="quiet">${t("{name} answers until then.", { name: t(loaded.title) })}</p>`
      }
    </div>`;
  }

  /** The running model first, then those that need no fetching. */
  #sorted(models) {
    const place = ({ name, on_disk: onDisk }) => (name === this.state.loaded?.name ? 0 : onDisk ? 1 : 2);
    return models.toSorted((a, b) => place(a) - place(b));
  }

  #row(model) {
    const running = model.name === this.state.loaded?.name;
    const coming = model.name === this.state.task?.name;
    return html`<li class="model" ?data-running=${running}>
      <div class="model-about">
        <h3><span translate="no">${t(model.title)}</span> <span class="model-kind">${
          model.kind === "base" ? t("base") : t("instruction-tuned")
        }</span></h3>
        <p class="model-facts">${facts(model).map((fact, i) => html`${i ? " · " : ""}<span>${fact}</span>`)}</p>
        ${model.on_disk || !model.note ? nothing : html`<p class="model-reason">${t(model.note)}</p>`}
        <details>
          <summary>${t("More")}</summary>
          ${factTable(details(model))}
        </details>
      </div>
      <div class="model-action">
        ${
          running
            ? html`<span class="model-running">${t("running")}</span>`
            : coming
              ? html`<span class="quiet">${t("on its way")}</span>`
              : this.#mayLoad()
                ? this.#action(model)
                : nothing
        }
      </div>
    </li>`;
  }

  #action(model) {
    if (!model.available) return html`<span class="quiet">${t("not available here")}</span>`;
    const busy = this.state.task !== null || this.offline;
    return html`<button
        class="button button-small"
        type="button"
        ?disabled=${busy}
        aria-label=${t("Load {name}", { name: t(model.title) })}
        @click=${() => this.#choose(model.name)}
      >
        ${model.on_disk ? t("Load") : t("Fetch and load")}
      </button>
      <span class="quiet small">${model.on_disk ? t("on disk") : t("not fetched yet")}</span>`;
  }
}

function progressBar(task, name = "") {
  const label = t("Progress of {name}", { name: task.name });
  return task.fraction === null
    ? html`<progress class="progress ${name}" aria-label=${label}></progress>`
    : html`<progress class="progress ${name}" aria-label=${label} max="1" .value=${task.fraction}></progress>`;
}

/** What those who write at the same time have in common. */
function everyone(engine) {
  if (engine?.numerics === "same")
    return t("Everyone on this server uses the same model; the same prompt, settings and seed give the same text.");
  if (engine?.numerics === "varies")
    return t(
      "Everyone on this server uses the same model. When others write at the same time, the same seed can give another text.",
    );
  return t("Everyone on this server uses the same model.");
}

/** "CPU" of "CPU, 2 cores"; null where nothing is computed. */
function deviceName(engine) {
  const [device] = engine?.device.split(",") ?? ["none"];
  return device === "none" ? null : device;
}

function facts(model) {
  return [
    model.parameters > 0 && t("{amount} parameters", { amount: formatCompact(model.parameters) }),
    t("{n} tokens in its vocabulary", { n: model.vocabulary }),
    t("reads {n} tokens at once", { n: model.context_length }),
    html`<span lang="en">${model.licence}</span>`,
  ].filter(Boolean);
}

function terms({ licence, licence_url: address }) {
  return address?.startsWith("https://")
    ? html`<a href=${address} target="_blank" rel="noreferrer noopener" lang="en">${licence}</a>`
    : html`<span lang="en">${licence}</span>`;
}

/** Every fact with the number of its source; the sources stand below, each once. */
function factTable(rows) {
  const sources = [...new Set(rows.map(([, , from]) => from).filter(Boolean))];
  return html`<dl>
      ${rows.map(
        ([term, value, from]) => html`<dt>${term}</dt>
          <dd>${value}${from ? html` <sup>${sources.indexOf(from) + 1}</sup>` : nothing}</dd>`,
      )}
    </dl>
    <ol class="model-sources" aria-label=${t("Sources")} lang="en">
      ${sources.map((source) => html`<li>${source}</li>`)}
    </ol>`;
}

/** Rows of term, value, and where the value is from. */
function details(model) {
  const from = model.fact_sources ?? {};
  const amount = (value) =>
    typeof value === "number" ? html`<span translate="no">${formatCompact(value)}</span>` : value && t(value);
  return [
    [t("layers"), model.layers && formatCount(model.layers), from.layers],
    [t("width"), model.width && formatCount(model.width), from.width],
    [t("attention heads"), model.heads && formatCount(model.heads), from.heads],
    [t("tokens read in training"), amount(model.tokens_read), from.tokens_read],
    [t("training data"), model.data && t(model.data), from.data],
    [t("knowledge until"), model.cut_off && t(model.cut_off), from.cut_off],
    [t("licence"), terms(model), from.licence],
    [t("where it comes from"), model.source && html`<span translate="no">${t(model.source)}</span>`],
    [t("note"), model.on_disk && model.note && t(model.note)],
  ].filter(([, value]) => value);
}

customElements.define("model-status", ModelStatus);
