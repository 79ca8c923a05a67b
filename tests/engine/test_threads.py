"""The number of threads reaches torch, and the real model keeps writing beside a busy program."""

import threading
import time
from pathlib import Path

import pytest
import torch

from app.bench.company import busy_programs
from app.engine import local
from app.engine.contract.outputs import Step
from app.engine.contract.params import GenerationRequest, SamplingParams
from app.engine.local import load
from app.engine.serving.brief_thread import on_a_brief_thread
from app.engine.serving.cores import CoreWatch
from app.engine.serving.threaded_engine import ThreadedEngine
from app.tokenization.registry import load_model_tokenizer
from tests.engine.conftest import ByteVocabulary
from tests.tiny_folder import save_tiny_model


async def seconds_of(engine: ThreadedEngine, tokens: int, sequences: int = 1) -> float:
    """From the first of so many tokens to the last."""
    arrivals = []
    params = SamplingParams(max_tokens=tokens, n=sequences, ignore_eos=True)
    async for event in engine.generate(GenerationRequest((1, 2, 3), params)):
        if isinstance(event, Step):
            arrivals.append(time.monotonic())
    assert len(arrivals) == tokens * sequences
    return arrivals[-1] - arrivals[0]


async def test_the_threads_are_those_of_the_engines_thread_and_of_no_later_model(tmp_path: Path, monkeypatch):
    before = torch.get_num_threads()
    folder, used = save_tiny_model(tmp_path), set()
    engine = load(folder, name="tiny", tokenizer=ByteVocabulary(), slots=1, cores=CoreWatch(threads=1))
    forward = engine.runner.forward

    def watched(chunks):
        used.add((threading.current_thread().name, torch.get_num_threads()))
        return forward(chunks)

    monkeypatch.setattr(engine.runner, "forward", watched)
    try:
        await seconds_of(engine, 3)
        assert used == {("engine-tiny", 1)}
        assert torch.get_num_threads() == before
        second: list[ThreadedEngine] = []
        # as the host loads one: on a new thread, to which torch hands on the number that was set last
        loading = threading.Thread(
            target=lambda: second.append(load(folder, name="next", tokenizer=ByteVocabulary(), slots=1))
        )
        loading.start()
        loading.join()
        assert second[0].runner.most_threads == before
        second[0].close()
    finally:
        engine.close()


def test_the_thread_that_loads_a_model_ends_and_so_do_its_own(tmp_path: Path, monkeypatch):
    threads, read = [], local._read

    def watched(*given):
        threads.append(threading.current_thread())
        return read(*given)

    monkeypatch.setattr(local, "_read", watched)
    load(save_tiny_model(tmp_path), name="tiny", tokenizer=ByteVocabulary(), slots=1).close()
    assert threads[0] is not threading.current_thread() and not threads[0].is_alive()


def test_what_fails_on_a_brief_thread_fails_here():
    with pytest.raises(ZeroDivisionError):
        on_a_brief_thread(lambda: 1 // 0, "divides")


@pytest.mark.weights
@pytest.mark.parametrize("sequences", [1, 8])
async def test_the_default_model_keeps_writing_beside_a_busy_program(default_model: Path, sequences: int):
    watch = CoreWatch()
    tokenizer = load_model_tokenizer(default_model)
    engine = load(
        default_model, name="default", tokenizer=tokenizer, slots=8, context_length=512, cores=watch
    )
    watch.start()
    try:
        with busy_programs(1):
            # 1 s for one sequence, 2 s for eight; with a thread on every core it can be more than a minute
            assert await seconds_of(engine, 64, sequences) < 20
            assert watch.threads(watch.count) < watch.count or watch.count == 1
    finally:
        watch.stop()
        engine.close()
