import { html, nothing } from "lit";
import { formatBytes, formatCount, formatNumber, formatSeconds } from "../../js/base/format.js";
import { msg, t, tParts } from "../../js/base/i18n.js";
import { PageElement } from "../../js/elements/page-element.js";

const SHOWN = 50; // rows of a table; the rest is a number
const KINDS = {
  continue: msg("continues a text"),
  "next-token": msg("looks at the next token"),
  score: msg("scores a text"),
};

/** What runs and what waits: `.status` is the answer of `GET /api/status`. */
export class ClassActivity extends PageElement {
  static properties = { status: { attribute: false } };

  constructor() {
    super();
    this.status = null;
  }

  get ready() {
    return this.status !== null;
  }

  render() {
    const {
      running,
      waiting,
      slots,
      queue,
      tokens_per_second: rate,
      memory_bytes: memory,
      uptime_seconds: uptime,
    } = this.status;
    return html`
      <div class="counts class-counts">
        ${count(t("{n} of {places}", { n: formatCount(running.length), places: formatCount(slots) }), t("running"))}
        ${count(t("{n} of {places}", { n: formatCount(waiting.length), places: formatCount(queue) }), t("waiting"))}
        ${count(formatNumber(rate, rate < 10 ? 1 : 0), t("tokens a second, all together"))}
      </div>
      <p class="small quiet">${tParts("The server uses {memory} of memory and has run for {time}.", {
        memory: html`<span translate="no">${formatBytes(memory)}</span>`,
        time: formatSeconds(uptime),
      })}</p>
      ${company(this.status.cores)}
      <div class="class-tables">
        ${table(
          t("Running"),
          t("Nobody runs anything just now."),
          [t("who"), t("what"), t("tokens so far"), t("time")],
          running.map(({ client, kind, tokens, seconds }) => [
            name(client),
            t(KINDS[kind] ?? kind),
            formatCount(tokens),
            formatSeconds(seconds),
          ]),
        )}
        ${table(
          t("Waiting"),
          t("Nobody waits."),
          [t("place"), t("who"), t("time")],
          waiting.map(({ position, client, seconds }) => [formatCount(position), name(client), formatSeconds(seconds)]),
        )}
      </div>
    `;
  }
}

/** What else this machine does, where the model is slower for it. */
function company(cores) {
  if (!cores?.crowded) return nothing;
  const others = formatNumber(cores.others, 1);
  return html`<p class="class-company">${t(
    "Other programs are using {cores} of this machine’s {n} cores, so the model writes more slowly. Close what you do not need.",
    { cores: others, n: cores.count },
  )}</p>`;
}

/** A label that tells tabs apart and identifies no person. */
function name(client) {
  return client === "teacher" ? t("you") : html`<code>${client}</code>`;
}

function count(value, label) {
  return html`<div><b>${value}</b><span>${label}</span></div>`;
}

function table(title, nobody, heads, rows) {
  const more = rows.length - SHOWN;
  return html`<section class="class-table"><h2>${title}</h2>
    ${
      rows.length === 0
        ? html`<p class="quiet">${nobody}</p>`
        : html`<table><thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
          <tbody>${rows.slice(0, SHOWN).map(tableRow)}</tbody></table>
          ${more > 0 ? html`<p class="small quiet">${t("and {n} more", { n: more })}</p>` : nothing}`
    }
  </section>`;
}

function tableRow(cells) {
  return html`<tr>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`;
}

customElements.define("class-activity", ClassActivity);
