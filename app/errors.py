"""Every error a person may see.

PlaygroundError                     500  internal
├── BadRequest                      422  bad_request
│   └── ContextOverflow             422  context_overflow
├── NotFound                        404  not_found
├── NotSupported                    422  not_supported
├── Overloaded                      429  overloaded
│   ├── QueueFull                   429  queue_full
│   └── ClientLimit                 429  client_limit
├── WrongSecret                     401  wrong_secret
├── TooManyGuesses                  429  too_many_guesses
├── ModelNotReady                   503  model_not_ready
│   └── EngineDead                  503  model_not_ready
├── OutOfTime                       504  timeout
├── OutOfMemory                     503  overloaded_memory
├── ShuttingDown                    503  shutdown
└── ModelUnavailable                409  model_unavailable

A message names the thing, its value and what is allowed; it never repeats a person's text. It is English, for
programs and logs. The browser words it in its reader's language: `sentence` is its key in the catalogues, and
`values` fill its places, as in `BadRequest("n is {n}; at most {limit} run at once", n=64, limit=32)`.
"""

from typing import Any, Self


class PlaygroundError(Exception):
    """An error with a code for programs, an HTTP status for clients and a sentence for people.

    `counted`: it ended a request that the engine had taken in, so the engine's books have it already.
    """

    code = "internal"
    status = 500

    def __init__(self, sentence: str, param: str | None = None, **values: int | str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.values = values
        self.param = param
        self.counted = False

    @property
    def message(self) -> str:
        """The sentence with its places filled; numbers have commas."""
        return filled(self.sentence, self.values)

    def __str__(self) -> str:
        return self.message

    def as_json(self) -> dict[str, Any]:
        """`{code, message}`, and `{sentence, values}` where there are places to fill."""
        worded = {"sentence": self.sentence, "values": self.values} if self.values else {}
        return {"code": self.code, "message": self.message, **worded}

    def again(self, *, counted: bool = False) -> Self:
        """The same for one more request: each raises its own, with a traceback and books of its own."""
        twin = type(self).__new__(type(self), *self.args)
        twin.__dict__ |= self.__dict__ | {"counted": counted}
        return twin


def filled(sentence: str, values: dict[str, int | str]) -> str:
    """Example: filled("at most {limit}", {"limit": 8192}) is "at most 8,192"."""
    for name, value in values.items():
        sentence = sentence.replace(f"{{{name}}}", f"{value:,}" if isinstance(value, int) else value)
    return sentence


class BadRequest(PlaygroundError):
    """A value is not allowed."""

    code = "bad_request"
    status = 422


class ContextOverflow(BadRequest):
    """The prompt is longer than the model can read."""

    code = "context_overflow"

    def __init__(self, given: int, limit: int, model: str) -> None:
        super().__init__(
            "prompt is {given} tokens; {model} reads at most {limit}",
            param="prompt",
            given=given,
            model=model,
            limit=limit,
        )


class NotFound(PlaygroundError):
    """No such thing."""

    code = "not_found"
    status = 404


class NotSupported(PlaygroundError):
    """This engine cannot do that."""

    code = "not_supported"
    status = 422


class Overloaded(PlaygroundError):
    """Every place is taken; try again after `retry_after` seconds."""

    code = "overloaded"
    status = 429

    def __init__(self, sentence: str, retry_after: int = 5, **values: int | str) -> None:
        super().__init__(sentence, None, **values)
        self.retry_after = retry_after


class QueueFull(Overloaded):
    """Every place of the line is taken."""

    code = "queue_full"


class ClientLimit(Overloaded):
    """This one asker has enough under way; the others' places are theirs."""

    code = "client_limit"


class WrongSecret(PlaygroundError):
    """Only the teacher may do this."""

    code = "wrong_secret"
    status = 401


class TooManyGuesses(Overloaded):
    """Too many wrong secrets from one address."""

    code = "too_many_guesses"


class ModelNotReady(PlaygroundError):
    """No model is loaded yet."""

    code = "model_not_ready"
    status = 503


class EngineDead(ModelNotReady):
    """The engine has ended by a failure, for good: only a new start of the program helps."""


class OutOfTime(PlaygroundError):
    """The request ran longer than any may."""

    code = "timeout"
    status = 504


class OutOfMemory(PlaygroundError):
    """This request needed more memory than there is; the next one may fit."""

    code = "overloaded_memory"
    status = 503


class ShuttingDown(PlaygroundError):
    """The server is being stopped."""

    code = "shutdown"
    status = 503


class ModelUnavailable(PlaygroundError):
    """A model could not be had: no hub, gated, wrong checksum, full disk, half a download."""

    code = "model_unavailable"
    status = 409
