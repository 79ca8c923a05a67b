// Every number of a figure as a table: a row for each x, a column for each line.

import { html } from "lit";

export function figureTable({ series, xLabel, yLabel, xFormat, yFormat }, xs) {
  const columns = series.map(({ points }) => new Map(points.map((point) => [point.x, point])));
  const cell = (point) => {
    if (!point || !Number.isFinite(point.y)) return "–";
    if (!Number.isFinite(point.low)) return yFormat(point.y);
    return `${yFormat(point.y)} (${yFormat(point.low)}–${yFormat(point.high)})`;
  };
  const row = (x) =>
    html`<tr><th scope="row">${xFormat(x)}</th>${columns.map((column) => html`<td>${cell(column.get(x))}</td>`)}</tr>`;
  const names = series.map(({ name }) => html`<th scope="col">${name}</th>`);
  return html`
    <div class="figure-table" tabindex="0" role="group" aria-label=${yLabel}>
      <table>
        <thead><tr><th scope="col">${xLabel}</th>${names}</tr></thead>
        <tbody>
          ${xs.map(row)}
        </tbody>
      </table>
    </div>
  `;
}
