"""The host: one model answers while another is had, and nothing that goes wrong takes the first away."""

import asyncio
import gc
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.engine.contract.interface import Engine
from app.engine.contract.outputs import Done, Event
from app.engine.contract.params import GenerationRequest, SamplingParams
from app.errors import (
    ModelNotReady,
    ModelUnavailable,
    NotFound,
    NotSupported,
    PlaygroundError,
    ShuttingDown,
)
from app.host import ModelHost
from app.settings import Settings
from app.tokenization.registry import load_model_tokenizer
from tests.site import Loader
from tests.tiny_folder import save_tiny_model


def until(condition: Callable[[], Any], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)


@pytest.fixture
def loader() -> Loader:
    return Loader()


@pytest.fixture
def host(loader: Loader) -> Iterator[ModelHost]:
    host = ModelHost(Settings(), open_model=loader)
    yield host
    loader.gate.set()
    host.close()


def test_before_it_is_ready_it_says_how_far_it_is(host: ModelHost, loader: Loader):
    loader.gate.clear()
    with pytest.raises(ModelNotReady, match="starting"):
        _ = host.engine
    host.start()
    loader.waiting.wait(5)
    state = host.state()
    assert state["state"] == "loading"
    assert state["loaded"] is None
    assert state["task"] == {
        "name": "gemma-3-270m",
        "title": "Gemma 3 270M",
        "stage": "fetch",
        "fraction": 0.25,
        "message": "a quarter is here",
    }
    with pytest.raises(ModelNotReady, match=r"a quarter is here \(25%\)"):
        _ = host.tokenizer
    loader.gate.set()
    until(lambda: host.state()["state"] == "ready")
    assert host.engine is loader.engines["gemma-3-270m"]
    assert host.state()["loaded"]["title"] == "Gemma 3 270M"
    assert host.state()["context_length"] == 128


def test_the_running_model_answers_until_the_next_is_ready(host: ModelHost, loader: Loader):
    host.start()
    until(lambda: host.state()["state"] == "ready")
    first = host.engine
    loader.gate.clear()
    host.load("gpt2")
    state = host.state()
    assert (state["state"], state["loaded"]["name"], state["task"]["name"]) == (
        "ready",
        "gemma-3-270m",
        "gpt2",
    )
    assert host.engine is first
    with pytest.raises(ModelUnavailable, match="is being loaded"):
        host.load("gpt2-medium")
    host.load("gpt2")  # asking twice for the same is no mistake
    loader.gate.set()
    until(lambda: host.state()["loaded"]["name"] == "gpt2")
    assert host.engine is loader.engines["gpt2"]


@contextmanager
def switched(loader: Loader, **settings: Any) -> Iterator[ModelHost]:
    """A host whose first model answers, until the test loads another."""
    host = ModelHost(Settings(**settings), open_model=loader)
    host.start()
    until(lambda: host.state()["state"] == "ready")
    yield host
    host.close()


def switch(host: ModelHost, name: str) -> None:
    host.load(name)
    until(lambda: host.state()["loaded"]["name"] == name)


def asked(max_tokens: int = 40) -> GenerationRequest:
    return GenerationRequest((65, 66), SamplingParams(max_tokens=max_tokens, seed=1, ignore_eos=True))


@asynccontextmanager
async def stream(host: ModelHost) -> AsyncIterator[AsyncIterator[Event]]:
    """A request's events, of which more come than are kept for a reader."""
    async with host.lease() as model, aclosing(model.engine.generate(asked(120))) as events:
        await anext(events)
        yield events


async def test_a_switched_off_model_ends_its_streams_first(loader: Loader):
    with switched(loader) as host:
        engine = host.engine
        async with stream(host) as events:
            switch(host, "gpt2")
            await asyncio.sleep(1)
            assert not is_closed(engine)
            rest = [event async for event in events]
        assert isinstance(rest[-1], Done)
        assert rest[-1].completion_tokens == 120
        until(lambda: is_closed(engine))


async def test_a_switched_off_model_answers_on_when_it_is_asked_again_at_once(loader: Loader):
    """As an experiment does, which has its model from beginning to end."""
    with switched(loader) as host:
        async with host.lease() as model:
            switch(host, "gpt2")
            for _ in range(3):
                assert isinstance([event async for event in model.engine.generate(asked())][-1], Done)
                await asyncio.sleep(0.8)
        until(lambda: is_closed(model.engine))


async def test_a_switched_off_model_is_closed_when_its_last_request_has_run_out_of_time(loader: Loader):
    with switched(loader, deadline_seconds=1) as host:
        engine = host.engine
        async with stream(host):  # its reader never comes back
            switch(host, "gpt2")
            await asyncio.sleep(1)
            assert not is_closed(engine)
            await asyncio.to_thread(until, lambda: is_closed(engine), 8)


async def test_a_further_switch_waits_for_no_reader_of_the_model_before(loader: Loader):
    """Three models at once may be more than there is room for."""
    with switched(loader) as host:
        engine = host.engine
        async with stream(host) as events:
            switch(host, "gpt2")
            assert not is_closed(engine)
            switch(host, "gpt2-medium")
            until(lambda: is_closed(engine))
            with pytest.raises(ModelNotReady, match="was closed"):
                async for _ in events:
                    pass


async def test_readers_of_a_switched_off_model_hear_why_the_site_closes(loader: Loader):
    with switched(loader) as host:
        async with stream(host) as events:
            switch(host, "gpt2")
            host.close(ShuttingDown("the server was stopped; what came is kept"))
            with pytest.raises(ShuttingDown):
                async for _ in events:
                    pass


async def test_a_model_that_comes_back_keeps_its_encoding(loader: Loader):
    with switched(loader) as host:
        first = host.engine
        async with stream(host):
            switch(host, "gpt2")
            assert own_encodings(host) == {"gemma-3-270m", "gpt2"}
            switch(host, "gemma-3-270m")
        until(lambda: is_closed(first) and is_closed(loader.engines["gpt2"]))
        until(lambda: "gpt2" not in own_encodings(host))
        assert own_encodings(host) == {"gemma-3-270m"}


def test_a_site_that_closes_while_a_model_loads_leaves_none_open(loader: Loader):
    host = ModelHost(Settings(), open_model=loader)
    loader.gate.clear()
    host.start()
    loader.waiting.wait(5)
    closing = threading.Thread(target=host.close)
    closing.start()
    loader.gate.set()
    closing.join(20)
    until(lambda: is_closed(loader.engines["gemma-3-270m"]))


def is_closed(engine: Engine) -> bool:
    try:
        engine.check_alive()
    except PlaygroundError:
        return True
    return False


def own_encodings(host: ModelHost) -> set[str]:
    return {info.name for info in host.encodings.infos() if info.kind == "model"}


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            ModelUnavailable("GPT-2 needs huggingface.co"),
            "GPT-2 needs huggingface.co. Gemma 3 270M stays loaded",
        ),
        (MemoryError(), "GPT-2 (124M) does not fit into this machine's memory. Gemma 3 270M stays loaded"),
        (
            RuntimeError("odd\nmore"),
            "GPT-2 (124M) could not be loaded: RuntimeError: odd. Gemma 3 270M stays loaded",
        ),
    ],
)
def test_a_model_that_cannot_be_had_leaves_the_running_one_alone(
    host: ModelHost, loader: Loader, error: Exception, message: str
):
    host.start()
    until(lambda: host.state()["state"] == "ready")
    loader.errors["gpt2"] = error
    host.load("gpt2")
    until(lambda: host.state()["error"])
    state = host.state()
    assert state["error"] == {"code": "model_unavailable", "message": message}
    assert (state["state"], state["task"], state["loaded"]["name"]) == ("ready", None, "gemma-3-270m")
    host.load("gpt2-medium")
    until(lambda: host.state()["loaded"]["name"] == "gpt2-medium")
    assert host.state()["error"] is None


def test_a_first_model_that_cannot_be_had_is_a_failure_with_a_reason(host: ModelHost, loader: Loader):
    loader.errors["gemma-3-270m"] = ModelUnavailable("the disk is full")
    host.start()
    until(lambda: host.state()["state"] == "failed")
    with pytest.raises(ModelNotReady, match="the disk is full"):
        _ = host.engine
    del loader.errors["gemma-3-270m"]
    host.load("gemma-3-270m")
    until(lambda: host.state()["state"] == "ready")


def test_an_unknown_name_is_not_found_and_not_repeated(host: ModelHost):
    with pytest.raises(NotFound, match="there are .*gemma-3-270m") as caught:
        host.load("<script>")
    assert "script" not in caught.value.message


def test_a_model_of_the_settings_that_is_neither_name_nor_folder_is_refused_at_once():
    with pytest.raises(NotFound, match="neither a folder nor one of"):
        ModelHost(Settings(model="no-such-model"))


def test_the_scripted_engine_is_up_in_a_second_and_does_not_pretend_to_load_others():
    host = ModelHost(Settings(engine="fake", ms_per_token=0))
    started = time.monotonic()
    host.start()
    until(lambda: host.state()["state"] == "ready")
    assert time.monotonic() - started < 3
    assert host.tokenizer.name == "gpt2"
    assert host.state()["loaded"]["name"] == "fake"
    with pytest.raises(NotSupported):
        host.load("gpt2")
    host.close()
    host.close()


def test_a_folder_on_disk_is_loaded_by_the_real_engine_and_leaves_a_broken_one_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = save_tiny_model(tmp_path / "my-gpt2")
    collecting = []

    def load_tokenizer(*arguments: Any) -> Any:
        collecting.append(gc.isenabled())
        return load_model_tokenizer(*arguments)

    monkeypatch.setattr("app.host.load_model_tokenizer", load_tokenizer)
    host = ModelHost(Settings(model=str(folder), exact=True, slots=2))
    host.start()
    until(lambda: host.state()["state"] != "loading")
    state = host.state()
    assert state["error"] is None
    assert (state["loaded"]["name"], state["engine"]["dtype"]) == ("my-gpt2", "float32")
    assert host.engine.context_length == 64
    assert "my-gpt2" in host.encodings.names()
    assert host.tokenizer.encode("hi") == host.encodings.get("my-gpt2").encode("hi")
    host.close()

    (folder / "model.safetensors").write_bytes(b"cut short")
    broken = ModelHost(Settings(model=str(folder)))
    broken.start()
    until(lambda: broken.state()["state"] == "failed")
    assert "is not whole" in broken.state()["error"]["message"]
    broken.close()
    assert collecting == [False] and gc.isenabled()  # after a failure, too


def watching() -> int:
    return sum(thread.name == "core-watch" for thread in threading.enumerate())


def test_the_cores_are_watched_as_long_as_the_site_is_up():
    host = ModelHost(Settings(engine="fake", threads=3))
    before = watching()
    host.start()
    until(lambda: host.state()["state"] == "ready")
    told = host.engine.stats().cores
    assert told and told.count >= 1 and told.threads == 0  # a script needs no threads
    assert host._cores.threads(2) == 3
    assert watching() == before + 1
    host.close()
    until(lambda: watching() == before)
