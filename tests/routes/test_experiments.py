"""An experiment that asks another model has it from its first part to its last."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.errors import PlaygroundError
from app.host import ModelHost
from app.main import create_app
from app.settings import Settings
from tests.kit.stream import Reply, ask
from tests.live import serve, wait_until
from tests.site import Loader

SITE, OTHER, NEXT = "gemma-3-270m", "smollm2-135m-instruct", "gpt2"
INSTRUCTED = "/api/experiments/instructed"
QUESTION = {"question": "?", "n": 1, "max_tokens": 40}


@pytest.fixture
def loader() -> Loader:
    return Loader(ms_per_token=30)


@contextmanager
def site(loader: Loader, monkeypatch: pytest.MonkeyPatch, memory: str) -> Iterator[tuple[ModelHost, int]]:
    """A site whose model is ready, with every other one on its disk."""
    monkeypatch.setattr("app.host.store.have", lambda *_: True)
    settings = Settings(model_memory=memory)
    host = ModelHost(settings, open_model=loader)
    with serve(create_app(settings, host)) as port:
        wait_until(lambda: host.state()["loaded"])
        yield host, port


def has_written(reply: Reply) -> bool:
    return any(event.name == "progress" for event in reply.events)


def is_closed(loader: Loader, name: str) -> bool:
    try:
        loader.engines[name].check_alive()
    except PlaygroundError:
        return True
    return False


async def test_thirty_who_ask_another_model_at_once_load_it_once(
    loader: Loader, monkeypatch: pytest.MonkeyPatch
):
    with site(loader, monkeypatch, "1GB") as (_, port):
        asking = (
            ask(port, INSTRUCTED, QUESTION | {"seed": seed % 3}, client=f"{seed}") for seed in range(30)
        )
        replies = await asyncio.gather(*asking)
        assert [reply.terminal for reply in replies] == [["done"]] * 30
        assert loader.asked_for == [SITE, OTHER]
        assert not is_closed(loader, OTHER)  # there is room for it


async def test_a_shared_run_keeps_its_model_when_the_first_asker_leaves(
    loader: Loader, monkeypatch: pytest.MonkeyPatch
):
    with site(loader, monkeypatch, "600MB") as (host, port):  # room for two of these
        first = asyncio.create_task(ask(port, INSTRUCTED, QUESTION, leave=has_written))
        second = asyncio.create_task(ask(port, INSTRUCTED, QUESTION))
        await first
        refused = await asyncio.to_thread(switched, host)
        assert refused == (
            "GPT-2 (124M) takes about 249 MB of memory; of 600 MB for all models, 403 MB are in use. "
            "Gemma 3 270M stays loaded"
        )
        assert not second.done()
        reply = await second
        assert reply.terminal == ["done"] and loader.asked_for == [SITE, OTHER]
        # the reply's last byte comes a moment before its request has ended
        await asyncio.to_thread(wait_until, lambda: switched(host) is None)
        assert loader.asked_for == [SITE, OTHER, NEXT] and is_closed(loader, OTHER)


def switched(host: ModelHost) -> str | None:
    """Ask for the next model; why it was refused."""
    host.load(NEXT)
    wait_until(lambda: host.state()["task"] is None)
    error = host.state()["error"]
    return error and error["message"]


async def test_where_there_is_no_room_the_request_is_refused_before_it_begins(
    loader: Loader, monkeypatch: pytest.MonkeyPatch
):
    with site(loader, monkeypatch, "536200000B") as (
        _,
        port,
    ):  # as much as the site's model was assumed to take
        reply = await ask(port, INSTRUCTED, QUESTION)
        assert (reply.status, reply.error["code"]) == (409, "model_unavailable")
        assert reply.error["values"] == {
            "model": "SmolLM2 135M Instruct",
            "needed": 269,
            "budget": 536,
            "taken": 268,
        }
        assert loader.asked_for == [SITE]


async def test_a_model_that_is_not_on_this_machine_is_not_fetched(
    loader: Loader, monkeypatch: pytest.MonkeyPatch
):
    with site(loader, monkeypatch, "1GB") as (_, port):
        monkeypatch.setattr("app.host.store.have", lambda *_: False)
        reply = await ask(port, INSTRUCTED, QUESTION)
        assert reply.status == 409 and "is not on this machine" in reply.error["message"]
        assert loader.asked_for == [SITE]
