"""The pool: a model is loaded once, stays while it is held, and makes room when it is not."""

import asyncio
import threading
import weakref
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.checkpoints.manifests import Manifest
from app.engine.contract.interface import Engine
from app.engine.fake import FakeEngine
from app.errors import ModelNotReady, ModelUnavailable, ShuttingDown
from app.model_pool import Lease, ModelPool
from tests.byte_tokenizer import ByteTokenizer
from tests.live import wait_until
from tests.site import NAMELESS

MB = 1_000_000


def model(name: str, parameters: int = 100 * MB) -> Manifest:
    return replace(NAMELESS, name=name, title=name.upper(), parameters=parameters)


A, B, C = map(model, "abc")


class Opened:
    """What a pool opens models with: it counts, waits at a gate, fails and says how much was measured."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.errors: dict[str, Exception] = {}
        self.measured: dict[str, int] = {}

    def __call__(self, manifest: Manifest, *_: Any) -> tuple[FakeEngine, ByteTokenizer]:
        self.names.append(manifest.name)
        assert self.gate.wait(10)
        if error := self.errors.get(manifest.name):
            raise error
        engine = FakeEngine(ByteTokenizer(), slots=2)
        engine.memory_bytes = self.measured.get(manifest.name, 0)
        return engine, ByteTokenizer()


@pytest.fixture
def opened() -> Opened:
    return Opened()


@pytest.fixture
def pool(opened: Opened) -> Iterator[ModelPool]:
    """Room for two models, of which each parameter is assumed to take one byte."""
    pool = ModelPool(opened, budget=250 * MB, assumed=1)
    yield pool
    opened.gate.set()
    pool.close()


def held(pool: ModelPool, manifest: Manifest) -> tuple[Lease, Engine]:
    lease = pool.take(manifest)
    return lease, lease.wait().engine


def used(pool: ModelPool, manifest: Manifest) -> Engine:
    """The engine of a model that nobody holds any more."""
    lease, engine = held(pool, manifest)
    pool.give_back(lease)
    return engine


def is_closed(engine: Engine) -> bool:
    try:
        engine.check_alive()
    except ModelNotReady:
        return True
    return False


def keepers() -> int:
    return sum(thread.name == "keeper-of-fake" for thread in threading.enumerate())


def test_the_least_recently_leased_model_makes_room_and_its_thread_ends(pool: ModelPool):
    before = keepers()
    first, second = used(pool, A), used(pool, B)
    assert used(pool, A) is first  # leased again: now the other one is next
    used(pool, C)
    assert is_closed(second) and not is_closed(first)
    assert keepers() == before + 2


def test_a_model_that_made_room_keeps_no_weights_whatever_still_refers_to_it(pool: ModelPool):
    engine = used(pool, A)
    runner = weakref.ref(engine.runner)
    used(pool, B)
    used(pool, C)
    assert is_closed(engine) and runner() is None


def test_no_more_is_closed_than_is_needed(pool: ModelPool):
    first, second = used(pool, A), used(pool, B)
    used(pool, model("small", 50 * MB))
    assert not is_closed(first) and not is_closed(second)


def test_a_model_that_is_held_stays_and_a_refusal_says_why(pool: ModelPool, opened: Opened):
    first, engine = held(pool, A)
    second, _ = held(pool, B)
    with pytest.raises(ModelUnavailable) as refused:
        pool.take(C)
    assert refused.value.message == (
        "C takes about 100 MB of memory; of 250 MB for all models, 200 MB are in use"
    )
    assert refused.value.values == {"model": "C", "needed": 100, "budget": 250, "taken": 200}
    assert not is_closed(engine) and opened.names == ["a", "b"]
    pool.give_back(first)
    used(pool, C)
    assert is_closed(engine) and not is_closed(second.wait().engine)


def test_a_model_that_is_refused_closes_none(pool: ModelPool):
    idle = used(pool, A)
    with pytest.raises(ModelUnavailable, match="GIANT takes about 300 MB"):
        pool.take(model("giant", 300 * MB))
    assert not is_closed(idle)


def test_a_lease_given_back_twice_is_given_back_once(pool: ModelPool):
    first, engine = held(pool, A)
    second, _ = held(pool, A)
    held(pool, B)
    pool.give_back(first)
    pool.give_back(first)
    with pytest.raises(ModelUnavailable):
        pool.take(C)
    assert not is_closed(engine)
    pool.give_back(second)
    used(pool, C)
    assert is_closed(engine)


def test_what_was_measured_counts_and_is_remembered(pool: ModelPool, opened: Opened):
    opened.measured["a"] = 200 * MB
    lease, _ = held(pool, A)
    with pytest.raises(ModelUnavailable, match="200 MB are in use"):
        pool.take(B)
    pool.give_back(lease)
    held(pool, B)
    with pytest.raises(ModelUnavailable, match="A takes about 200 MB .* 100 MB are in use"):
        pool.take(A)


def test_less_than_a_byte_a_parameter_is_no_measurement(pool: ModelPool, opened: Opened):
    opened.measured["a"] = 1
    held(pool, A)
    with pytest.raises(ModelUnavailable, match="100 MB are in use"):
        pool.take(model("large", 200 * MB))


async def test_two_who_ask_at_once_load_it_once_and_one_may_leave(pool: ModelPool, opened: Opened):
    opened.gate.clear()
    leases = [pool.take(A) for _ in range(3)]
    leaves, *stay = [asyncio.create_task(lease.ready()) for lease in leases]
    await asyncio.sleep(0.05)
    leaves.cancel()
    pool.give_back(leases[0])
    opened.gate.set()
    first, second = await asyncio.gather(*stay)
    assert first is second is await leases[1].ready()
    assert opened.names == ["a"]


async def test_all_who_wait_hear_why_it_could_not_be_loaded_and_the_next_one_tries_again(
    pool: ModelPool, opened: Opened
):
    opened.errors["a"] = RuntimeError("odd\nmore")
    opened.gate.clear()
    leases = [pool.take(A) for _ in range(2)]
    opened.gate.set()
    ends = await asyncio.gather(*(lease.ready() for lease in leases), return_exceptions=True)
    assert {str(end) for end in ends} == {"A could not be loaded: RuntimeError: odd"}
    del opened.errors["a"]
    assert not is_closed(used(pool, A))
    assert opened.names == ["a", "a"]


def test_what_is_being_loaded_cannot_make_room(pool: ModelPool, opened: Opened):
    opened.gate.clear()
    for manifest in (A, B):
        pool.give_back(pool.take(manifest))  # its only reader left
    with pytest.raises(ModelUnavailable):
        pool.take(C)


def test_a_retired_model_is_closed_when_its_last_reader_ends(pool: ModelPool):
    (lease, engine), (reader, _) = held(pool, A), held(pool, A)
    pool.retire(lease)
    closing = threading.Thread(target=pool.close_retired, args=(10.0,))
    closing.start()
    assert not is_closed(engine)
    pool.give_back(reader)
    closing.join(5)
    assert not closing.is_alive() and is_closed(engine)


def test_a_retired_model_is_closed_at_the_end_of_all_patience(pool: ModelPool):
    (lease, engine), (reader, _) = held(pool, A), held(pool, A)
    pool.retire(lease)
    pool.close_retired(0.05)
    assert is_closed(engine)
    pool.give_back(reader)  # of a model that is gone
    assert not is_closed(used(pool, A))


def test_a_retired_model_that_is_leased_anew_stays(pool: ModelPool):
    lease, engine = held(pool, A)
    pool.retire(lease)
    assert used(pool, A) is engine
    pool.close_retired()
    assert not is_closed(engine)


def test_a_closed_pool_has_closed_all_and_lends_none(pool: ModelPool, opened: Opened):
    engines = [held(pool, A)[1], used(pool, B)]
    pool.close(ShuttingDown("the server was stopped"))
    for engine in engines:
        with pytest.raises(ShuttingDown):
            engine.check_alive()
    for manifest in (A, C):
        with pytest.raises(ShuttingDown):
            pool.take(manifest)
    pool.close()
    assert opened.names == ["a", "b"]


def test_what_is_loaded_when_the_pool_closes_is_closed_as_soon_as_it_is_there(
    pool: ModelPool, opened: Opened
):
    before = keepers()
    opened.gate.clear()
    lease = pool.take(A)
    pool.close()
    opened.gate.set()
    with pytest.raises(ModelNotReady):
        lease.wait()
    wait_until(lambda: keepers() == before)
