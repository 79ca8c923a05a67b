import assert from "node:assert/strict";
import { test } from "node:test";

import { findings, placeName, segments } from "../../static/js/base/trace.js";

const span = (start, end, title = "Ruth") => ({ start, end, words: 6, sources: [{ title }] });

test("the same words written twice are one finding in two places", () => {
  const found = findings([span(0, 2), span(6, 8, "Job"), span(3, 5)]);
  assert.deepEqual(
    found.map(({ sources, at }) => [sources[0].title, at]),
    [
      [
        "Ruth",
        [
          { start: 0, end: 2 },
          { start: 3, end: 5 },
        ],
      ],
      ["Job", [{ start: 6, end: 8 }]],
    ],
  );
});

test("a text is cut at its findings and loses nothing, counted in characters and not in halves of them", () => {
  const text = "😀 one 𝔘𝔙 two.";
  const pieces = segments(text, findings([span(6, 8), span(2, 5, "Job")]));
  assert.deepEqual(pieces, [
    { text: "😀 ", finding: -1 },
    { text: "one", finding: 1 },
    { text: " ", finding: -1 },
    { text: "𝔘𝔙", finding: 0 },
    { text: " two.", finding: -1 },
  ]);
  assert.equal(pieces.map((piece) => piece.text).join(""), text);
  assert.deepEqual(segments("all", []), [{ text: "all", finding: -1 }]);
  assert.deepEqual(segments("all", findings([span(0, 3)])), [{ text: "all", finding: 0 }]);
});

test("a place is named as people name it", () => {
  assert.equal(placeName({ collection: "King James Bible", title: "Ruth", reference: "1:1–2" }), "Ruth 1:1–2");
  assert.equal(
    placeName({ collection: "Software licences", title: "MIT License", reference: "MIT" }),
    "MIT License (MIT)",
  );
  assert.equal(
    placeName({ collection: "Constitutions", title: "Constitution of India", reference: "article 21" }),
    "Constitution of India, article 21",
  );
});
