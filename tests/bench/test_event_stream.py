"""A chunk is not a token: what is counted, and by what, however the stream is cut."""

import json

import pytest

from app.bench.event_stream import read_stream


def event(**fields) -> bytes:
    return b"data: " + json.dumps(fields).encode() + b"\n\n"


def choice(text: str = "", logprobs=None, finish_reason=None) -> dict:
    return {"index": 0, "text": text, "logprobs": logprobs, "finish_reason": finish_reason}


DONE = b"data: [DONE]\n\n"
TWO_IN_ONE = {"tokens": ["a", "b"], "token_logprobs": [-1, -1], "top_logprobs": [], "text_offset": []}
AS_LLAMA_SERVER = {"content": [{"token": "a", "logprob": -1}]}


def test_usage_counts_where_a_server_tells_it():
    reads = [
        (1.0, event(choices=[choice("ab", TWO_IN_ONE)], usage=None)),
        (1.5, event(choices=[choice("c", finish_reason="length")])),
        (1.5, event(choices=[], usage={"completion_tokens": 3}) + DONE),
    ]
    stream = read_stream(0.5, reads)
    assert (stream.tokens, stream.counted_by, stream.complete) == (3, "usage", True)
    assert stream.first_token == 0.5
    assert stream.gaps == [0.5]
    assert stream.tokens_per_second == pytest.approx(4.0)


@pytest.mark.parametrize(("logprobs", "tokens"), [(TWO_IN_ONE, 4), (AS_LLAMA_SERVER, 2)])
def test_logprob_entries_count_where_there_is_no_usage(logprobs, tokens):
    reads = [
        (1.0, event(choices=[choice("ab", logprobs)])),
        (2.0, event(choices=[choice("", logprobs, "length")]) + DONE),
    ]
    stream = read_stream(0.0, reads)
    assert (stream.tokens, stream.counted_by) == (tokens, "logprobs")
    assert stream.gaps == [1.0], "an entry without text is a token too: half a character"


def test_chunks_with_text_count_where_there_is_nothing_else():
    reads = [
        (1.0, event(choices=[choice("a")])),
        (2.0, event(choices=[choice("b")])),
        (3.0, event(choices=[choice("", finish_reason="stop")]) + DONE),
    ]
    stream = read_stream(0.0, reads)
    assert (stream.tokens, stream.counted_by) == (2, "chunks")
    assert stream.arrivals == (1.0, 2.0), "the end is no token"


def test_comments_carriage_returns_and_any_cut_change_nothing():
    whole = (
        b": keep-alive\r\n\r\n"
        + event(choices=[choice("a")]).replace(b"\n", b"\r\n")
        + event(choices=[choice("é", finish_reason="length")])
        + event(choices=[], usage={"completion_tokens": 2})
        + DONE
    )
    for cut in range(len(whole)):
        stream = read_stream(0.0, [(1.0, whole[:cut]), (2.0, whole[cut:])])
        assert (stream.tokens, stream.complete, stream.error) == (2, True, None)
        assert stream.arrivals in ((1.0,), (1.0, 2.0), (2.0,))


def test_two_tokens_in_one_packet_are_one_arrival():
    reads = [(1.0, event(choices=[choice("a")]) * 2), (3.0, event(choices=[choice("b")]) + DONE)]
    assert read_stream(0.0, reads).arrivals == (1.0, 3.0)


def test_a_cut_stream_is_not_complete():
    stream = read_stream(0.0, [(1.0, event(choices=[choice("a")]))])
    assert (stream.complete, stream.tokens) == (False, 1)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (event(error={"code": "internal", "message": "out of \x1b[31mmemory"}), "out of  [31mmemory"),
        (event(error="broken"), "broken"),
        (b"data: <html>\n\n", "not JSON"),
    ],
)
def test_an_error_in_the_stream_is_a_sentence_that_steers_no_terminal(data, says):
    error = read_stream(0.0, [(1.0, data)]).error
    assert error is not None
    assert says in error
    assert error.isprintable()
