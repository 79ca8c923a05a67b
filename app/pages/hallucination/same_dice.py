"""Universes of another prompt with the dice of the first: only the evidence differs.

The engine's dice go by a token's place in the document, so a longer prompt would roll others. Here every
universe rolls what it would have rolled after the bare prompt, and universes that have said the same so far
ask the model once.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.engine.contract.params import SamplingParams
from app.engine.sampling.dice import roll
from app.engine.sampling.distribution import Distribution
from app.engine.sampling.sampler import Choice, sample
from app.experiments.experiment import Laboratory, side_by_side
from app.pages.hallucination.agreement import Cut, cut_answer
from app.pages.hallucination.universe_tree import Path


@dataclass(frozen=True, slots=True)
class Dice:
    """One die for each universe: `place` is the length of the bare prompt in tokens."""

    seed: int
    universes: int
    place: int

    def roll(self, universe: int, step: int) -> float:
        return roll(self.seed, universe, self.place + step)


async def draw_answers(
    laboratory: Laboratory,
    prompt_ids: Sequence[int],
    dice: Dice,
    temperature: float,
    max_tokens: int,
    cut: Cut,
) -> list[Path]:
    """Each universe's tokens up to the end of its answer, one token more where the end must be seen."""
    params = SamplingParams(temperature=temperature)
    ids: list[tuple[int, ...]] = [()] * dice.universes
    logprobs: list[tuple[float, ...]] = [()] * dice.universes
    going = set(range(dice.universes))
    for step in range(max_tokens):
        after = await _next_tokens(laboratory, prompt_ids, {ids[universe] for universe in going})
        rolls = {universe: (after[ids[universe]], dice.roll(universe, step)) for universe in sorted(going)}
        for universe, choice in (await asyncio.to_thread(_draw, rolls, params)).items():
            ids[universe] += (choice.token_id,)
            logprobs[universe] += (choice.processed_logprob,)
            if cut_answer(laboratory.tokenizer, ids[universe], cut).complete:
                going.discard(universe)
        if not going:
            break
    return [Path(*path) for path in zip(ids, logprobs, strict=True)]


def _draw(
    rolls: Mapping[int, tuple[NDArray[np.float32], float]], params: SamplingParams
) -> dict[int, Choice]:
    """Universe -> its token; a millisecond each, which the event loop has not."""
    return {universe: sample(Distribution(logprobs), params, u) for universe, (logprobs, u) in rolls.items()}


async def _next_tokens(
    laboratory: Laboratory, prompt_ids: Sequence[int], written: set[tuple[int, ...]]
) -> dict[tuple[int, ...], NDArray[np.float32]]:
    """The next-token distribution after each beginning, asked side by side."""
    beginnings = sorted(written)
    work = [laboratory.next_token((*prompt_ids, *beginning)) for beginning in beginnings]
    return {beginnings[index]: logprobs async for index, logprobs in side_by_side(work)}
