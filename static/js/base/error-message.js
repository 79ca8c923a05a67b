/** What to tell a person about an error, in the page's language. */

import { t } from "./i18n.js";

/**
 * A sentence for any error. Errors of the api and of links carry one. What the server says follows in the page's
 * language where its catalog knows it, and in English elsewhere.
 */
export function errorMessage(error) {
  const reason = t(error.sentence ?? error.message, error.values);
  switch (error.code) {
    case "offline":
    case "cut_off":
    case "unreadable_link":
      return error.message;
    case "overloaded":
    case "queue_full":
      return error.retryAfter
        ? t("Every place is taken just now. Try again in {n} seconds.", { n: error.retryAfter })
        : t("Every place is taken just now. Try again in a moment.");
    case "client_limit":
      return t("This tab has as much under way as one may have. Wait until some of it has ended.");
    case "wrong_secret":
      return t(
        "That is not this server’s secret. A new one is made each time the server starts; look in the terminal.",
      );
    case "too_many_guesses":
      return t("Too many wrong secrets. Try again in {n} seconds.", { n: error.retryAfter });
    case "model_not_ready":
      return t("The model is still getting ready. Its progress stands at the top of the page.");
    case "context_overflow":
      return t("That is more text than the model can read at once ({reason}).", { reason });
    case "model_unavailable":
      return t("That model cannot be had here ({reason}).", { reason });
    case "not_supported":
      return t("This model cannot do that ({reason}).", { reason });
    case "bad_request":
    case "not_found":
      return t("The server did not accept that ({reason}).", { reason });
    default:
      return t("Something went wrong ({reason}). Your text is safe here.", { reason });
  }
}
