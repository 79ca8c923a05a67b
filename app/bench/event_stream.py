"""What a server streamed, read after the round: while it runs, the clock shares the cores with the server."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from app.bench.recording import Read


@dataclass(frozen=True, slots=True)
class Stream:
    """One finished stream. Times are seconds of one monotonic clock."""

    sent: float
    arrivals: tuple[float, ...]  # of everything that brought tokens
    tokens: int
    counted_by: str  # "usage", "logprobs" or "chunks": what the number of tokens rests on
    complete: bool  # it said that it ended
    error: str | None = None  # what the server said went wrong, after the reply had begun

    @property
    def first_token(self) -> float:
        """Seconds from sending the request to its first token."""
        return self.arrivals[0] - self.sent

    @property
    def gaps(self) -> list[float]:
        """Seconds between arrivals, as a reader sees them: two tokens in one packet are one arrival."""
        return [later - earlier for earlier, later in pairwise(self.arrivals)]

    @property
    def tokens_per_second(self) -> float | None:
        """After the first token; None where there was no second arrival."""
        seconds = self.arrivals[-1] - self.arrivals[0]
        return (self.tokens - 1) / seconds if seconds > 0 and self.tokens > 1 else None


def read_stream(sent: float, reads: Sequence[Read]) -> Stream:
    """Count tokens by `usage` where the server tells it, else by log-probabilities, else by chunks."""
    arrivals: list[float] = []
    usage = None
    entries = chunks = 0
    complete, error = False, None
    for at, data in _data_lines(reads):
        if data == b"[DONE]":
            complete = True
            continue
        try:
            event = json.loads(data)
        except ValueError:
            error = "sent an event that is not JSON"
            break
        if not isinstance(event, dict):
            continue
        if event.get("error"):
            error = error_message(event)
            break
        usage = _completion_tokens(event, usage)
        listed, has_text, finished = _content(event)
        entries += listed
        chunks += has_text
        complete = complete or finished
        if listed or has_text:
            arrivals.append(at)
    if usage is not None:
        tokens, counted_by = usage, "usage"
    elif entries:
        tokens, counted_by = entries, "logprobs"
    else:
        tokens, counted_by = chunks, "chunks"
    return Stream(sent, tuple(dict.fromkeys(arrivals)), tokens, counted_by, complete, error)


def error_message(reply: Any) -> str:
    """The sentence in the error of any of these servers."""
    error = reply.get("error", reply) if isinstance(reply, dict) else reply
    if isinstance(error, dict):
        error = error.get("message") or error.get("detail") or "an error without a message"
    return printable(str(error))[:300]


def printable(text: str) -> str:
    """What another program says, without what could steer a terminal."""
    return "".join(character if character.isprintable() else " " for character in text)


def _data_lines(reads: Sequence[Read]) -> Iterator[tuple[float, bytes]]:
    """The data of every event, and when its line was whole. All these servers write it on one line."""
    rest = b""
    for at, piece in reads:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                yield at, line[5:].strip()


def _completion_tokens(event: dict[str, Any], before: int | None) -> int | None:
    usage = event.get("usage")
    told = usage.get("completion_tokens") if isinstance(usage, dict) else None
    return told if isinstance(told, int) else before


def _content(event: dict[str, Any]) -> tuple[int, bool, bool]:
    """(log-probability entries, whether there is text, whether a choice ended)."""
    entries, has_text, finished = 0, False, False
    for choice in event.get("choices") or ():
        logprobs = choice.get("logprobs") or {}
        entries += len(logprobs.get("tokens") or logprobs.get("content") or ())  # vLLM's and llama-server's
        has_text = has_text or bool(choice.get("text"))
        finished = finished or choice.get("finish_reason") is not None
    return entries, has_text, finished
