"""From a text to the ids the model reads, without holding up the event loop."""

import threading

import pytest

from app.routes.prompts import BRIEF_CHARACTERS, encode
from app.tokenization.workers import TokenizerWorkers


class Tokenizer:
    adds_bos, bos_token_id = True, 2

    def __init__(self) -> None:
        self.thread: threading.Thread | None = None

    def encode(self, text: str) -> list[int]:
        self.thread = threading.current_thread()
        return [7] * len(text)


@pytest.mark.parametrize(("characters", "here"), [(BRIEF_CHARACTERS, True), (BRIEF_CHARACTERS + 1, False)])
async def test_only_a_brief_text_is_tokenised_on_the_event_loops_thread(characters: int, here: bool):
    tokenizer = Tokenizer()
    prompt = await encode("a" * characters, tokenizer, TokenizerWorkers())
    assert len(prompt.token_ids) == characters + 1
    assert (tokenizer.thread is threading.current_thread()) == here
