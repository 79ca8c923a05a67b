"""A server that fails says so in one sentence; one that answers is counted fairly."""

import pytest

from app.bench.endpoint import Endpoint, ServerFailed
from app.bench.load import Load
from app.bench.streams import run_round, summarise
from tests.bench.peer import peer
from tests.live import serve


@pytest.fixture(autouse=True)
def faults_are_wanted(caplog: pytest.LogCaptureFixture) -> None:
    """The peers' own complaints are no news."""
    caplog.set_level("CRITICAL")


async def test_it_says_what_it_is():
    with serve(peer()) as port:
        async with Endpoint(f"http://127.0.0.1:{port}/v1") as endpoint:
            await endpoint.introduce()
            assert (endpoint.kind, endpoint.model) == ("llama-server", "gemma.gguf")
            assert endpoint.name == f"llama-server http://127.0.0.1:{port}"


async def test_a_round_is_the_load_and_its_tokens():
    app = peer()
    with serve(app) as port:
        async with Endpoint(f"http://127.0.0.1:{port}") as endpoint:
            await endpoint.introduce()
            level = summarise([await run_round(endpoint, Load(tokens=6), 10)], Load(tokens=6))
    assert (level.streams, level.tokens, level.counted_by, level.ended_early) == (10, 60, "usage", 0)
    assert 0 < level.first_token_p50 <= level.first_token_p95
    assert level.tokens_per_second == pytest.approx(60 / level.seconds)
    assert len({body["prompt"] for body in app.state.bodies}) == 8, "eight prompts in turn"
    assert {body["prompt"] for body in app.state.bodies[:8]} == {body["prompt"] for body in app.state.bodies}
    body = app.state.bodies[0]
    assert body["model"] == "gemma.gguf"
    assert (body["max_tokens"], body["temperature"], body["logprobs"]) == (6, 0.8, 5)
    assert body["ignore_eos"] is True
    assert body["stream"] is True
    assert body["stream_options"] == {"include_usage": True}


async def test_streams_that_end_early_are_noticed():
    with serve(peer(usage=False)) as port:
        async with Endpoint(f"http://127.0.0.1:{port}") as endpoint:
            rounds = [await run_round(endpoint, Load(tokens=3), 2)]
    assert (summarise(rounds, Load(tokens=4)).ended_early, summarise(rounds, Load(tokens=3)).ended_early) == (
        2,
        0,
    )
    assert summarise(rounds, Load(tokens=3)).counted_by == "logprobs"


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("error", "answered 500: out of  [1mslots"),
        ("vanish", "cut a stream off after 1 tokens"),
        ("cut", "cut a stream off after 1 tokens"),
    ],
)
async def test_a_failing_server_is_one_sentence(fault: str, says: str):
    with serve(peer(fault=fault)) as port:
        async with Endpoint(f"http://127.0.0.1:{port}") as endpoint:
            with pytest.raises(ServerFailed, match=f"^http://127.0.0.1:{port} ") as failure:
                await run_round(endpoint, Load(tokens=4), 3)
    assert says in str(failure.value)
    assert str(failure.value).isprintable()


async def test_a_server_that_is_not_there_or_is_no_completions_server():
    async with Endpoint("http://127.0.0.1:1") as endpoint:
        with pytest.raises(ServerFailed, match="does not answer; is it running"):
            await endpoint.introduce()
    with serve(peer(fault="models")) as port:
        async with Endpoint(f"http://127.0.0.1:{port}") as endpoint:
            with pytest.raises(ServerFailed, match="names no model"):
                await endpoint.introduce()
