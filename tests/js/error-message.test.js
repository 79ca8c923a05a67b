import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../../static/js/base/api.js";
import { errorMessage } from "../../static/js/base/error-message.js";
import { useCatalog } from "../../static/js/base/i18n.js";
import { ShareError, decodeState } from "../../static/js/base/share.js";

useCatalog({});

test("a link that cannot be read says so itself, and of no other mishap", async () => {
  const error = await decodeState("1.AAAA").catch((thrown) => thrown);
  assert.ok(error instanceof ShareError);
  assert.equal(errorMessage(error), "This link is damaged: part of it is missing. Ask for it again.");
});

test("an error nobody foresaw stands inside a sentence", () => {
  assert.equal(errorMessage(new TypeError("oh")), "Something went wrong (oh). Your text is safe here.");
});

test("a refusal for want of room says when to try again", () => {
  const error = new ApiError({ code: "overloaded", message: "every place is taken", retryAfter: 3 });
  assert.equal(errorMessage(error), "Every place is taken just now. Try again in 3 seconds.");
});
