"""The openai package drives `/v1` as it stands, stream and not."""

import asyncio
from collections.abc import Iterator

import openai
import pytest
from fastapi.testclient import TestClient

from app.engine.contract.outputs import FinishReason, Score, Step
from app.engine.fake import FakeEngine
from app.main import create_app
from app.routes.openai_text import ChoiceText, token_name
from app.settings import Settings
from tests.byte_tokenizer import BOS, EOS, ByteTokenizer
from tests.event_stream import events
from tests.live import serve
from tests.site import OneModel, browse

PROMPT = "My favourite"


@pytest.fixture(scope="module")
def engine() -> Iterator[FakeEngine]:
    engine = FakeEngine(ByteTokenizer(), slots=16, queue=64, context_length=512)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def completions(engine: FakeEngine) -> Iterator[openai.resources.Completions]:
    with serve(create_app(Settings(), OneModel(engine))) as port:
        url = f"http://127.0.0.1:{port}/v1"
        with openai.OpenAI(base_url=url, api_key="none", max_retries=0) as client:
            assert [model.id for model in client.models.list()] == ["fake"]
            yield client.completions


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"temperature": 0},
        {"stop": "the"},
        {"stop": ["colour", "s"], "n": 4},
        {"n": 3, "logprobs": 3, "echo": True},
        {"prompt": [PROMPT, "The", ""], "n": 2},
        {"prompt": [list(b"My"), list(b"The")], "echo": True},
        {"prompt": list(PROMPT.encode()), "logprobs": 0},
        {"extra_body": {"top_k": 5, "min_p": 0.01, "repetition_penalty": 1.1, "ignore_eos": True}},
        {"frequency_penalty": 0.5, "presence_penalty": 0.5, "top_p": 0.9},
    ],
    ids=str,
)
def test_the_stream_and_the_whole_say_the_same(completions, fields: dict):
    fields = {"model": "fake", "prompt": PROMPT, "max_tokens": 40, "seed": 5} | fields
    whole = completions.create(**fields)
    chunks = list(completions.create(**fields, stream=True, stream_options={"include_usage": True}))
    assert chunks[-1].usage == whole.usage
    assert {chunk.id for chunk in chunks} == {chunks[0].id}
    streamed = [choice for chunk in chunks for choice in chunk.choices]
    assert len(whole.choices) == fields.get("n", 1) * (
        len(fields["prompt"]) if is_batch(fields["prompt"]) else 1
    )
    for choice in whole.choices:
        own = [piece for piece in streamed if piece.index == choice.index]
        assert "".join(piece.text for piece in own) == choice.text
        assert [piece.finish_reason for piece in own if piece.finish_reason] == [choice.finish_reason]
        assert choice.finish_reason in ("stop", "length")
        if choice.logprobs is not None:
            joined = [token for piece in own for token in piece.logprobs.tokens]
            assert joined == choice.logprobs.tokens
            assert {len(values) for values in choice.logprobs.model_dump().values()} == {len(joined)}


def is_batch(prompt) -> bool:
    return isinstance(prompt, list) and not isinstance(prompt[0], int)


def test_the_defaults_are_openais(completions):
    reply = completions.create(model="fake", prompt=PROMPT, seed=0)
    assert reply.object == "text_completion"
    assert reply.usage.completion_tokens == 16
    assert reply.usage.prompt_tokens == len(PROMPT)
    assert reply.usage.total_tokens == 16 + len(PROMPT)
    assert reply.choices[0].logprobs is None


def test_a_stop_string_is_not_part_of_the_text(completions):
    free = completions.create(model="fake", prompt=PROMPT, max_tokens=60, seed=1).choices[0].text
    stop = free[20:24]
    stopped = completions.create(model="fake", prompt=PROMPT, max_tokens=60, seed=1, stop=stop).choices[0]
    assert stopped.text == free[: free.index(stop)]
    assert stopped.finish_reason == "stop"


def test_echo_and_logprobs_score_the_prompt(completions, engine):
    reply = completions.create(model="fake", prompt="Once", max_tokens=0, echo=True, logprobs=2)
    choice = reply.choices[0]
    assert choice.text == "Once"
    assert choice.finish_reason == "length"
    assert choice.logprobs.tokens == list("Once")
    assert choice.logprobs.text_offset == [0, 1, 2, 3]
    assert choice.logprobs.token_logprobs[0] is None
    assert choice.logprobs.top_logprobs[0] is None
    for position in range(1, 4):
        expected = asyncio.run(engine.next_token(list(b"Once"[:position])))
        assert choice.logprobs.token_logprobs[position] == pytest.approx(
            expected[b"Once"[position]], abs=1e-5
        )
        top = choice.logprobs.top_logprobs[position]
        assert max(top.values()) == pytest.approx(expected.max(), abs=1e-5)
        assert top["Once"[position]] == choice.logprobs.token_logprobs[position]
    assert reply.usage.completion_tokens == 0


def test_the_beginning_token_is_put_first_unless_asked_not_to(engine):
    with browse(create_app(Settings(), OneModel(engine, ByteTokenizer(adds_bos=True)))) as client:

        def prompt_tokens(**fields) -> int:
            body = {"prompt": "Once", "max_tokens": 1} | fields
            return client.post("/v1/completions", json=body).json()["usage"]["prompt_tokens"]

        assert prompt_tokens() == 5
        assert prompt_tokens(add_special_tokens=False) == 4
        assert prompt_tokens(prompt=[BOS, 79]) == 2


def test_null_means_the_default(client: TestClient):
    fields = dict.fromkeys(
        ("temperature", "top_p", "n", "stop", "logprobs", "seed", "stream", "suffix", "logit_bias")
    )
    reply = client.post("/v1/completions", json={"prompt": "Once", "max_tokens": 2} | fields)
    assert reply.status_code == 200


def test_any_64_bit_seed_will_do_and_minus_one_is_none(completions):
    def text(seed: int) -> str:
        return (
            completions.create(model="fake", prompt=PROMPT, max_tokens=40, temperature=2, seed=seed)
            .choices[0]
            .text
        )

    assert text(2**63 - 1) == text(2**63 - 1)
    assert text(-7) == text(-7) != text(-8)
    assert text(-1) != text(-1)


def test_a_field_nobody_knows_is_ignored(client: TestClient):
    fields = {"prompt": "Once", "max_tokens": 1, "use_beam_search": False, "user": "x"}
    assert client.post("/v1/completions", json=fields).status_code == 200


@pytest.mark.parametrize(
    ("fields", "status", "param"),
    [
        ({"model": "gpt-4"}, 404, "model"),
        ({"best_of": 2}, 422, "best_of"),
        ({"suffix": "x"}, 422, "suffix"),
        ({"logit_bias": {"50256": -100}}, 422, "logit_bias"),
        ({"max_tokens": 0}, 422, "max_tokens"),
        ({"max_tokens": 10**9}, 422, "max_tokens"),
        ({"n": 33}, 422, "n"),
        ({"prompt": ["x"] * 65}, 422, "prompt"),
        ({"prompt": ["x"] * 64, "n": 3}, 422, "n"),
        ({"prompt": [[]]}, 422, "prompt"),
        ({"prompt": [258]}, 422, "prompt"),
        ({"prompt": [-1]}, 422, "prompt"),
        ({"prompt": [1, "x"]}, 422, "prompt"),
        ({"prompt": ["x", 1]}, 422, "prompt"),
        ({"prompt": [True]}, 422, "prompt"),
        ({"prompt": "x" * 513}, 422, "prompt"),
        ({"prompt": None}, 422, "prompt"),
    ],
    ids=str,
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_is_not_allowed_is_refused_before_anything_runs(
    client, fake_engine, fields, status, param, stream
):
    reply = client.post("/v1/completions", json={"prompt": "Once", "stream": stream} | fields)
    assert reply.status_code == status
    assert reply.json()["error"]["param"] == param
    assert fake_engine.stats().tokens_total == 0


def test_errors_are_the_openai_packages_own(completions):
    with pytest.raises(openai.NotFoundError, match="answers for fake"):
        completions.create(model="gpt-4", prompt="x")
    with pytest.raises(openai.UnprocessableEntityError, match="temperature is 9"):
        completions.create(model="fake", prompt="x", temperature=9)


def test_a_stream_that_breaks_says_so_and_ends(byte_tokenizer, monkeypatch):
    engine = FakeEngine(byte_tokenizer)

    async def broken(request):
        yield Step(0, 1, 65, -1.0, -1.0, 1, 0.0, 0.5, 1)
        raise RuntimeError("secret")

    monkeypatch.setattr(engine, "generate", broken)
    with browse(create_app(Settings(), OneModel(engine))) as client:
        reply = client.post("/v1/completions", json={"prompt": "x", "stream": True})
        whole = client.post("/v1/completions", json={"prompt": "x"})
    engine.close()
    found = [data for _, data in events(reply.text)]
    assert found[0]["choices"][0]["text"] == "A"
    assert found[1]["error"]["code"] == "internal"
    assert found[2] == "[DONE]"
    assert "secret" not in reply.text + whole.text
    assert whole.status_code == 500


def step(token_id: int, finish_reason: FinishReason | None = None) -> Step:
    return Step(0, 0, token_id, -1.0, -1.0, 1, 0.0, 0.5, 1, finish_reason=finish_reason)


def feed(text: bytes, stop: list[str], reason: FinishReason | None = None) -> list[str]:
    choice = ChoiceText(0, ByteTokenizer(), stop, with_logprobs=False)
    last = len(text) - 1
    pieces = [choice.feed(step(byte, reason if at == last else None)) for at, byte in enumerate(text)]
    return [piece.text if piece else "" for piece in pieces]


def test_a_character_waits_for_its_last_byte():
    assert feed("é😀".encode(), []) == ["", "é", "", "", "", "😀"]


def test_what_may_become_a_stop_string_is_held_back():
    assert feed(b"abcab", ["bcd"]) == ["", "", "a", "b", "c"]
    assert feed(b"abcd", ["bcd", "cd"], FinishReason.STOP_STRING) == ["", "", "a", ""]
    assert feed(b"xabc", ["bcd"], FinishReason.LENGTH)[-1] == "abc"


def test_half_a_character_at_the_end_is_flushed():
    assert feed("é".encode()[:1], [], FinishReason.LENGTH) == ["\ufffd"]


def test_the_end_of_text_token_is_not_text():
    choice = ChoiceText(0, ByteTokenizer(), [], with_logprobs=True)
    piece = choice.feed(step(EOS, FinishReason.END_OF_TEXT))
    assert (piece.text, piece.finish_reason, piece.logprobs.tokens) == ("", "stop", ["<eos>"])


def test_part_of_a_character_is_named_by_its_bytes():
    assert token_name("é".encode()) == "é"
    assert token_name("😀".encode()[:2]) == "bytes:\\xf0\\x9f"


def test_the_logprobs_of_what_is_written_are_the_models_own(completions, engine):
    """Not those after temperature and top-k, as vLLM and OpenAI give them."""
    fields = {"temperature": 0.5, "extra_body": {"top_k": 5}, "max_tokens": 12, "seed": 3, "logprobs": 2}
    written = completions.create(model="fake", prompt=PROMPT, **fields).choices[0].logprobs
    token_ids = list(PROMPT.encode())
    for name, logprob, top in zip(written.tokens, written.token_logprobs, written.top_logprobs, strict=True):
        expected = asyncio.run(engine.next_token(token_ids))
        assert logprob == pytest.approx(expected[ord(name)], abs=1e-5)
        assert all(top[other] == pytest.approx(expected[ord(other)], abs=1e-5) for other in top)
        assert max(top.values()) == pytest.approx(expected.max(), abs=1e-5)
        token_ids.append(ord(name))


@pytest.mark.parametrize(
    "fields", [{}, {"echo": True}, {"echo": True, "stop": "e t"}, {"stop": "e t"}], ids=str
)
def test_each_token_stands_in_the_text_where_its_offset_says(completions, fields: dict):
    fields = {"temperature": 0, "max_tokens": 20, "logprobs": 0} | fields
    choice = completions.create(model="fake", prompt="My favou", **fields).choices[0]
    assert choice.logprobs.text_offset == list(range(len(choice.logprobs.tokens)))  # a letter each
    shown = zip(choice.logprobs.tokens, choice.logprobs.text_offset, strict=True)
    assert all(choice.text[at : at + 1] in (token, "") for token, at in shown)
    assert choice.text == "".join(choice.logprobs.tokens)[: len(choice.text)]
    assert ("stop" in fields) == (choice.finish_reason == "stop") == ("e t" not in choice.text)


def test_the_parts_of_a_character_stand_where_it_will_stand():
    choice = ChoiceText(0, ByteTokenizer(), [], with_logprobs=True)
    echoed = choice.echo(None, list("né".encode()), [Score(i, -1.0, 1, None) for i in "né".encode()])
    assert (echoed.text, echoed.logprobs.text_offset) == ("né", [0, 1, 1])
    pieces = [choice.feed(step(byte)) for byte in "é😀a".encode()]
    offsets = [offset for piece in pieces if piece for offset in piece.logprobs.text_offset]
    assert offsets == [2, 2, 3, 3, 3, 3, 4]


def test_no_piece_is_sent_that_shows_nothing():
    choice = ChoiceText(0, ByteTokenizer(), ["abc"], with_logprobs=True)
    pieces = [choice.feed(step(byte)) for byte in b"xyz"]
    assert pieces[:2] == [None, None]
    assert (pieces[2].text, pieces[2].logprobs.tokens) == ("x", ["x", "y", "z"])


def test_each_prompt_of_a_request_takes_a_place(fake_engine: FakeEngine):
    with browse(create_app(Settings(per_client=3), OneModel(fake_engine))) as client:

        def status(prompts: int) -> int:
            body = {"prompt": ["x"] * prompts, "max_tokens": 1}
            return client.post("/v1/completions", json=body, headers={"X-Client": "Ann"}).status_code

        assert [status(prompts) for prompts in (1, 3, 4, 3)] == [200, 200, 429, 200]


def test_choices_that_write_nothing_end_all_the_same(completions):
    fields = {"prompt": ["Once", "The"], "max_tokens": 0, "echo": True, "n": 2}
    choices = completions.create(model="fake", **fields).choices
    assert [(choice.index, choice.text, choice.finish_reason) for choice in choices] == [
        (0, "Once", "length"), (1, "Once", "length"), (2, "The", "length"), (3, "The", "length"),
    ]  # fmt: skip


def test_the_usage_comes_last_and_only_where_it_is_asked_for(completions):
    fields = {"model": "fake", "prompt": "Once", "max_tokens": 3, "stream": True}
    assert all("usage" not in chunk.model_fields_set for chunk in completions.create(**fields))
    *chunks, last = completions.create(**fields, stream_options={"include_usage": True})
    assert {chunk.usage for chunk in chunks} == {None}
    assert all("usage" in chunk.model_fields_set for chunk in chunks)
    assert (last.choices, last.usage.completion_tokens) == ([], 3)


@pytest.mark.parametrize("count", [0, 2])
def test_beside_the_likeliest_tokens_stands_the_one_that_was_written(completions, count: int):
    fields = {"temperature": 5, "max_tokens": 20, "seed": 3, "logprobs": count}
    written = completions.create(model="fake", prompt=PROMPT, **fields).choices[0].logprobs
    lengths = set()
    for name, logprob, top in zip(written.tokens, written.token_logprobs, written.top_logprobs, strict=True):
        assert top[name] == logprob
        lengths.add(len(top))
    assert max(lengths) == count + 1


def test_what_ran_out_of_time_ends_for_its_length(byte_tokenizer):
    engine = FakeEngine(byte_tokenizer, deadline_seconds=0.1, ms_per_token=20)
    with browse(create_app(Settings(), OneModel(engine))) as client:
        body = {"prompt": "Once", "max_tokens": 200, "n": 2}
        choices = client.post("/v1/completions", json=body).json()["choices"]
    engine.close()
    assert [choice["finish_reason"] for choice in choices] == ["length", "length"]
