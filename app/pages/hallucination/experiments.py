"""Parallel universes: many continuations of one prompt, what they answer and where they part.

Three experiments: the universes of one prompt; the same universes while evidence is put in front, sentence by
sentence, true or false; and the universes that follow when the first words are put in the model's mouth.
"""

import asyncio
import math
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing

import numpy as np
from numpy.typing import NDArray

from app.engine.contract.outputs import Step
from app.engine.contract.params import SamplingParams
from app.engine.sampling.distribution import likeliest_ids
from app.errors import BadRequest
from app.experiments.experiment import Laboratory, Part, Progress
from app.pages.hallucination.agreement import Cut, agree, cut_answer, normalise
from app.pages.hallucination.parts import (
    DrawnAnswer,
    EvidenceRequest,
    EvidenceStep,
    FirstToken,
    Forced,
    Mention,
    Opening,
    Outcome,
    OwnMistakeRequest,
    Round,
    Sampled,
    Universe,
    UniversesRequest,
)
from app.pages.hallucination.same_dice import Dice, draw_answers
from app.pages.hallucination.universe_tree import Path, grow

FIRST_TOKENS = 10  # of the first-token distribution that a page shows


async def universes(laboratory: Laboratory, request: UniversesRequest) -> AsyncGenerator[Part, None]:
    """Opening, a Round for every token, then the Outcome."""
    prompt_ids = laboratory.encode(request.prompt)
    async with aclosing(_side(laboratory, request, "free", request.prompt, prompt_ids)) as parts:
        async for part in parts:
            yield part


async def own_mistake(laboratory: Laboratory, request: OwnMistakeRequest) -> AsyncGenerator[Part, None]:
    """The free side, what the model thought of the forced words, then the forced side with the same dice."""
    prompt_ids = laboratory.encode(request.prompt)
    forced_ids = laboratory.encode(request.prompt + request.forced)
    _check(laboratory, request, forced_ids)
    free = _side(laboratory, request, "free", request.prompt, prompt_ids, request.watch)
    async with aclosing(free) as parts:
        async for part in parts:
            yield part
    start = _common(prompt_ids, forced_ids)
    scores = await laboratory.score(forced_ids, start=start)
    logprobs = tuple(score.raw_logprob or 0.0 for score in scores)
    yield Forced(
        laboratory.view([score.token_id for score in scores]),
        logprobs,
        tuple(score.rank or 0 for score in scores),
        math.exp(sum(logprobs)),
    )
    text = request.prompt + request.forced
    led = _side(laboratory, request, "forced", text, forced_ids, request.watch)
    async with aclosing(led) as parts:
        async for part in parts:
            yield part


def _common(left: Sequence[int], right: Sequence[int]) -> int:
    """How many tokens two texts begin with together."""
    return next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), len(left))


async def evidence(laboratory: Laboratory, request: EvidenceRequest) -> AsyncGenerator[Part, None]:
    """A step for the bare prompt and one for each sentence."""
    place = len(laboratory.encode(request.prompt))
    dice = Dice(request.seed, request.n, place)
    prompts = [
        "".join(f"{sentence.text.strip()} " for sentence in request.sentences[:count]) + request.prompt
        for count in range(len(request.sentences) + 1)
    ]
    _check(laboratory, request, laboratory.encode(prompts[-1]))
    yield Progress(0, len(prompts))
    for index, prompt in enumerate(prompts):
        prompt_ids = laboratory.encode(prompt)
        logprobs = await laboratory.next_token(prompt_ids)
        paths = await draw_answers(
            laboratory, prompt_ids, dice, request.temperature, request.max_tokens, request.cut
        )
        answers = [cut_answer(laboratory.tokenizer, path.token_ids, request.cut).text for path in paths]
        new = request.sentences[index - 1] if index else None
        yield EvidenceStep(
            index=index,
            sentence=new.text if new else "",
            label=new.label if new else "unknown",
            prompt=prompt,
            prompt_tokens=len(prompt_ids),
            entropy_bits=entropy_bits(logprobs, request.temperature),
            model_entropy_bits=entropy_bits(logprobs, 1.0),
            answers=tuple(
                DrawnAnswer(sequence, answer, path.token_ids, path.logprobs)
                for sequence, (answer, path) in enumerate(zip(answers, paths, strict=True))
            ),
            agreement=agree(answers),
        )
        yield Progress(index + 1, len(prompts))


def entropy_bits(logprobs: NDArray[np.float32], temperature: float) -> float:
    """Shannon entropy of a next-token distribution (V,) at a temperature; 0 where it is greedy."""
    if temperature == 0:
        return 0.0
    scaled = _at_temperature(logprobs, temperature)
    return max(0.0, -float(np.dot(np.exp(scaled), scaled)) / math.log(2))


def _at_temperature(logprobs: NDArray[np.float32], temperature: float) -> NDArray[np.float64]:
    """Log-probabilities after temperature, (V,); what underflows is far below any chance to be drawn."""
    scaled = (logprobs.astype(np.float64) - float(logprobs.max())) / max(temperature, 1e-6)
    normalised: NDArray[np.float64] = np.maximum(scaled, -700.0)
    return normalised - math.log(float(np.exp(scaled).sum()))


async def _side(
    laboratory: Laboratory,
    request: Sampled,
    side: str,
    prompt: str,
    prompt_ids: Sequence[int],
    watch: Sequence[str] = (),
) -> AsyncGenerator[Part, None]:
    """The universes of one prompt: all of them from one request, so the prompt is read once."""
    _check(laboratory, request, prompt_ids)
    logprobs = await laboratory.next_token(prompt_ids)
    yield await asyncio.to_thread(
        _opening, laboratory, side, prompt, prompt_ids, logprobs, request.temperature
    )
    steps: list[list[Step]] = [[] for _ in range(request.n)]
    open_answers = set(range(request.n))
    async with aclosing(_rounds(laboratory, prompt_ids, _params(request))) as rounds:
        async for done, tokens in rounds:
            for token in tokens:
                steps[token.sequence].append(token)
            told = tuple((t.sequence, laboratory.tokenizer.token_bytes(t.token_id).hex()) for t in tokens)
            stand = _stand(laboratory, request.cut, {i: steps[i] for i in sorted(open_answers)})
            open_answers -= {sequence for sequence, _, _ in stand}
            yield Round(done, request.max_tokens, side, told, stand)
            yield Progress(done, request.max_tokens)
    yield _outcome(laboratory, request, side, steps, watch)


def _stand(
    laboratory: Laboratory, cut: Cut, steps: Mapping[int, Sequence[Step]]
) -> tuple[tuple[int, str, str], ...]:
    """(universe, answer, key of its group) of those whose answer more tokens would not change."""
    cuts = {
        sequence: cut_answer(laboratory.tokenizer, [step.token_id for step in each], cut)
        for sequence, each in steps.items()
    }
    return tuple((i, answer.text, normalise(answer.text)) for i, answer in cuts.items() if answer.complete)


def _params(request: Sampled) -> SamplingParams:
    return SamplingParams(
        temperature=request.temperature, seed=request.seed, n=request.n, max_tokens=request.max_tokens
    )


def _check(laboratory: Laboratory, request: Sampled, prompt_ids: Sequence[int]) -> None:
    """Refuse what cannot be answered before anything is computed."""
    laboratory.check(prompt_ids, _params(request))
    room = laboratory.engine.context_length - len(prompt_ids)
    if room < request.max_tokens:
        raise BadRequest(
            "after this prompt there is room for {room} tokens; {asked} were asked for",
            "max_tokens",
            room=room,
            asked=request.max_tokens,
        )


async def _rounds(
    laboratory: Laboratory, prompt_ids: Sequence[int], params: SamplingParams
) -> AsyncGenerator[tuple[int, list[Step]], None]:
    """(tokens so far, the newest of each universe), as the universes are written in step."""
    first = len(prompt_ids)
    gathered: list[Step] = []
    async with aclosing(laboratory.steps(prompt_ids, params)) as steps:
        async for step in steps:
            if gathered and step.position != gathered[-1].position:
                yield gathered[-1].position - first + 1, gathered
                gathered = []
            gathered.append(step)
    if gathered:
        yield gathered[-1].position - first + 1, gathered


def _opening(
    laboratory: Laboratory,
    side: str,
    prompt: str,
    prompt_ids: Sequence[int],
    logprobs: NDArray[np.float32],
    temperature: float,
) -> Opening:
    best = likeliest_ids(logprobs, FIRST_TOKENS)
    if temperature == 0:
        drawn = np.zeros(len(logprobs))
        drawn[best[0]] = 1.0
    else:
        drawn = np.exp(_at_temperature(logprobs, temperature))
    return Opening(
        side=side,
        prompt=prompt,
        tokens=laboratory.view(prompt_ids),
        entropy_bits=entropy_bits(logprobs, temperature),
        model_entropy_bits=entropy_bits(logprobs, 1.0),
        first=tuple(
            FirstToken(view, float(logprobs[token]), float(drawn[token]))
            for token, view in zip(best, laboratory.view([int(token) for token in best]), strict=True)
        ),
        others=max(0.0, 1.0 - float(drawn[best].sum())),
    )


def _outcome(
    laboratory: Laboratory, request: Sampled, side: str, steps: Sequence[Sequence[Step]], watch: Sequence[str]
) -> Outcome:
    written = tuple(_universe(laboratory, request.cut, sequence, each) for sequence, each in enumerate(steps))
    tree = grow(
        [
            Path(
                universe.token_ids[: universe.answer_tokens],
                universe.logprobs[: universe.answer_tokens],
            )
            for universe in written
        ]
    )
    hexes = ("", *(view.bytes for view in laboratory.view([branch.token_id for branch in tree[1:]])))
    texts = [universe.text.casefold() for universe in written]
    mentions = tuple(Mention(word, sum(word.casefold() in text for text in texts)) for word in watch)
    agreement = agree([universe.answer for universe in written])
    return Outcome(side, request.n, request.temperature, written, agreement, tree, hexes, mentions)


def _universe(laboratory: Laboratory, cut: Cut, sequence: int, steps: Sequence[Step]) -> Universe:
    token_ids = tuple(step.token_id for step in steps)
    answer = cut_answer(laboratory.tokenizer, token_ids, cut)
    return Universe(
        sequence=sequence,
        token_ids=token_ids,
        logprobs=tuple(step.processed_logprob for step in steps),
        text=laboratory.text(token_ids),
        answer=answer.text,
        answer_tokens=answer.tokens,
        finish_reason=steps[-1].finish_reason if steps else None,
    )
