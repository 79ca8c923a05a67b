"""On the default path each stream of a full house is, token for token, what it is alone. Promise 39."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.main import create_app
from app.settings import Settings
from tests.kit.stream import ask
from tests.live import serve, wait_until

pytestmark = pytest.mark.weights
PROMPTS = (
    "The old lighthouse keeper opened the door and saw",
    "从前，在海边的一个小村庄里，住着一位老人，",
    "My favourite colour is",
    "中国的首都是",
)
TEMPERATURES = (0.0, 0.8, 1.3)
TOLERANCE = 1e-4  # nats


@pytest.fixture(scope="module")
def real_port(default_model: Path) -> Iterator[int]:
    app = create_app(Settings(weights_dir=default_model.parent, context_length=512))
    with serve(app) as port:
        wait_until(lambda: app.state.site.host.state()["loaded"] is not None, 120)
        if app.state.site.host.state()["engine"]["numerics"] != "same":
            pytest.skip("this machine has no whole-number products")
        yield port


def questions() -> list[dict[str, Any]]:
    """Every prompt at every temperature, with dice of its own; every fifth asks for four continuations."""
    settings = [(prompt, temperature) for prompt in PROMPTS for temperature in TEMPERATURES]
    return [
        {"prompt": prompt, "temperature": temperature, "seed": 600 + number, "max_tokens": 24, "ignore_eos": True,
         "n": 1 if number % 5 else 4}
        for number, (prompt, temperature) in enumerate(settings)
    ]  # fmt: skip


async def written(port: int, question: dict[str, Any]) -> dict[tuple[int, int], tuple[int, float]]:
    """(sequence, position) -> (token, its raw log-probability)."""
    client = f"{question['seed']:024x}"
    reply = await ask(port, "/api/completions", question, client=client)
    assert reply.terminal == ["done"], reply
    tokens = [event.data for event in reply.events if event.name == "token"]
    assert len(tokens) == question["n"] * question["max_tokens"]
    return {(one["sequence"], one["position"]): (one["id"], one["raw_logprob"]) for one in tokens}


async def test_each_stream_is_what_it_is_alone(real_port: int, figure):
    started = time.monotonic()
    asked = questions()
    together = await asyncio.gather(*(written(real_port, question) for question in asked))
    alone = [await written(real_port, question) for question in asked]
    pairs = [
        (one[place], other[place])
        for one, other in zip(together, alone, strict=True)
        for place in one.keys() | other.keys()
    ]
    differing = sum(one[0] != other[0] for one, other in pairs)
    furthest = max(abs(one[1] - other[1]) for one, other in pairs)
    figure(
        f"{len(pairs)} tokens of {len(asked)} requests: {differing} differ, log-probabilities by {furthest:.1e} nats"
    )
    figure(f"{time.monotonic() - started:.1f} s")
    assert differing == 0
    assert furthest <= TOLERANCE
