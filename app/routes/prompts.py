"""From what a person sent to the token ids the model reads."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.engine.contract.interface import Engine
from app.errors import BadRequest, ContextOverflow
from app.tokenization.tokenizer import Tokenizer, opening
from app.tokenization.workers import TokenizerWorkers

BRIEF_CHARACTERS = 500  # tokenised in less time than changing threads takes


@dataclass(frozen=True)
class PromptIds:
    token_ids: tuple[int, ...]
    bos: bool  # whether the server put a beginning-of-text token first


async def read_prompt(
    ids: Sequence[int] | None,
    text: str | None,
    engine: Engine,
    tokenizer: Tokenizer,
    workers: TokenizerWorkers,
) -> PromptIds:
    """Ids are taken as they are; text is tokenised as plain text, off the event loop unless it is brief."""
    if (ids is None) == (text is None):
        raise BadRequest("give either ids or prompt, and only one of them", "prompt")
    if text is None:
        assert ids is not None
        check_ids(ids, engine)
        return PromptIds(tuple(ids), bos=False)
    prompt = await encode(text, tokenizer, workers)
    check_length(len(prompt.token_ids), engine)
    return prompt


async def encode(
    text: str, tokenizer: Tokenizer, workers: TokenizerWorkers, *, add_bos: bool | None = None
) -> PromptIds:
    """BOS comes first where the model's own tokenizer puts it, and before nothing at all."""
    if len(text) <= BRIEF_CHARACTERS:
        token_ids = tokenizer.encode(text)
    else:
        token_ids = await workers.run(lambda: tokenizer.encode(text), len(text))
    before = opening(tokenizer, empty=not token_ids, add_bos=add_bos)
    if not token_ids and not before:
        raise BadRequest("prompt is empty, and this model has no token to begin a text with", "prompt")
    return PromptIds((*before, *token_ids), bos=bool(before))


def check_ids(ids: Sequence[int], engine: Engine, param: str = "ids") -> None:
    if not ids:
        raise BadRequest(f"{param} is empty; at least 1 token is needed", param)
    check_length(len(ids), engine)
    largest = engine.vocabulary_size - 1
    for index, token_id in enumerate(ids):
        if not 0 <= token_id <= largest:
            raise BadRequest(
                f"{param}[{index}] is {token_id}; token ids of {engine.name} go from 0 to {largest}", param
            )


def check_length(length: int, engine: Engine) -> None:
    if length > engine.context_length:
        raise ContextOverflow(length, engine.context_length, engine.name)
