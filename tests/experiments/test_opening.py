"""Every page begins a document as the model's own tokenizer does."""

from collections.abc import AsyncGenerator, Callable

import pytest

from app.engine.contract.params import GenerationRequest
from app.engine.fake import SCRIPT, FakeEngine
from app.experiments.experiment import Laboratory, Part
from app.pages.few_shot.repeated_tokens import RepeatedTokensRequest, repeated_tokens
from app.pages.regurgitation.experiments import ReciteRequest, SweepRequest, prefix_sweep, recite
from app.pages.regurgitation.perturbation import PerturbRequest, perturb
from tests.byte_tokenizer import BOS, ByteTokenizer

TEXT = SCRIPT[:60]
Run = Callable[[Laboratory], AsyncGenerator[Part, None]]
RUNS: dict[str, Run] = {
    "recite": lambda laboratory: recite(laboratory, ReciteRequest(text=TEXT, prefix=8, length=4)),
    "prefix-sweep": lambda laboratory: prefix_sweep(laboratory, SweepRequest(text=TEXT)),
    "perturb": lambda laboratory: perturb(
        laboratory, PerturbRequest(text=TEXT, prefix=8, start=0, end=4, replacement="Then", length=4)
    ),
    "repeated-tokens": lambda laboratory: repeated_tokens(laboratory, RepeatedTokensRequest(length=8)),
}


@pytest.mark.parametrize("adds_bos", [False, True], ids=["as GPT-2", "as Gemma"])
@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS.keys())
async def test_bos_comes_first_only_where_the_tokenizer_puts_it(
    run: Run, adds_bos: bool, fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
):
    prompts: list[tuple[int, ...]] = []

    def check(request: GenerationRequest) -> None:
        prompts.append(request.prompt_token_ids)

    monkeypatch.setattr(fake_engine, "check", check)
    async for _ in run(Laboratory(fake_engine, ByteTokenizer(adds_bos=adds_bos))):
        pass
    assert prompts
    assert {prompt[0] == BOS for prompt in prompts} == {adds_bos}


async def test_an_emptied_prefix_still_leaves_a_token_to_read(fake_engine: FakeEngine):
    laboratory = Laboratory(fake_engine, ByteTokenizer())
    request = PerturbRequest(text=TEXT, prefix=8, start=0, end=8, replacement="", length=4)
    parts = [part async for part in perturb(laboratory, request)]
    assert parts[1].ids == ()
    assert None not in parts[1].bits
