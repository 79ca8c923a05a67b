import assert from "node:assert/strict";
import test from "node:test";

import { holdRoom } from "../../static/js/base/hold-room.js";

test("room is kept from the beginning of a run to its end, as it was at the beginning", () => {
  const run = Object.assign(new EventTarget(), { state: "idle" });
  const element = { offsetHeight: 120, style: {} };
  const become = (state) => {
    run.state = state;
    run.dispatchEvent(new Event("change"));
  };
  holdRoom(run, element);
  become("running");
  element.offsetHeight = 40;
  become("running");
  assert.equal(element.style.minBlockSize, "120px");
  become("done");
  assert.equal(element.style.minBlockSize, "");
});
