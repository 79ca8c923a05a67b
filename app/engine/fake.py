"""An engine that follows a script: the whole site on it is up in a second, without weights or torch."""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.engine.contract.interface import Vocabulary
from app.engine.network.runner import Chunk, DeviceLost, Prediction
from app.engine.serving.cores import CoreWatch
from app.engine.serving.threaded_engine import EngineLimits, ThreadedEngine

SCRIPT = """\
Once upon a time in a small village by the sea there was a dog named Max. Max loved to play with the \
children, and every morning he would run down to the harbour and wait for the boats to come in. One day \
the fishermen did not come back. The sky was dark, and the wind was strong, and Max sat at the end of \
the pier and waited.

My favourite colour is blue, because it is the colour of the sky and the sea. My favourite colour is \
green, because it is the colour of the trees. The capital of France is Paris. The capital of France is a \
city on the river Seine. It is one of the most beautiful cities in the world.
"""


class ScriptTokenizer(Vocabulary, Protocol):
    """A vocabulary that can also read the script."""

    def encode(self, text: str) -> list[int]: ...


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong on purpose, each at every so many steps; 0 is never. At `die_at` it is for good."""

    fail_at: int = 0
    oom_at: int = 0
    hang_at: int = 0
    hang_seconds: float = 3600.0
    die_at: int = 0

    def strike(self, step: int) -> None:
        if self.die_at and step >= self.die_at:
            raise DeviceLost
        if self.hang_at and step % self.hang_at == 0:
            time.sleep(self.hang_seconds)
        if self.oom_at and step % self.oom_at == 0:
            raise MemoryError
        if self.fail_at and step % self.fail_at == 0:
            raise RuntimeError("this step failed because it was told to")


class ScriptedRunner:
    """Next-token logits from a table of what follows what in the script, over a gently falling vocabulary."""

    kv_bytes_per_token = 4
    free_tokens = 1
    most_threads = 0

    def __init__(
        self,
        tokenizer: ScriptTokenizer,
        script: str = SCRIPT,
        ms_per_token: float = 0.0,
        faults: Faults = Faults(),  # frozen
    ) -> None:
        self.vocabulary_size = tokenizer.vocabulary_size
        self._ms_per_token = ms_per_token
        self._faults = faults
        self._steps = 0
        noise = np.random.default_rng(0).normal(0.0, 1.5, self.vocabulary_size)
        # (V,): about a tenth of the mass beside the script's
        self._background = (noise - 9.0).astype(np.float32)
        self._followers: dict[int, list[int]] = defaultdict(list)
        tokens = tokenizer.encode(script)
        for left, right in zip(tokens, tokens[1:] + tokens[:1], strict=True):
            self._followers[left].append(right)
        self._openers = sorted(set(tokens), key=tokens.index)[:40]

    def forward(self, chunks: Sequence[Chunk]) -> list[Prediction]:
        if self._ms_per_token:
            time.sleep(self._ms_per_token / 1000)
        self._steps += 1
        self._faults.strike(self._steps)
        wanted = [chunk.token_ids[len(chunk.token_ids) - chunk.logits :] for chunk in chunks]
        return [Prediction(self._logits(token_ids)) for token_ids in wanted]

    def use_threads(self, count: int) -> None:
        """There is nothing to compute."""

    def copy(self, source: int, target: int, length: int) -> None:
        """Nothing is cached."""

    def swap(self, first: int, second: int, length: int) -> None:
        """Nothing is cached."""

    def forget(self, slot: int, start: int) -> None:
        """Nothing is cached."""

    def _logits(self, token_ids: NDArray[np.int32]) -> NDArray[np.float32]:
        logits = np.tile(self._background, (len(token_ids), 1))  # (T, V)
        for row, token_id in zip(logits, token_ids.tolist(), strict=True):
            followers = self._followers.get(token_id)
            if followers:
                for follower in followers:
                    row[follower] = np.logaddexp(row[follower], 4.0)
            else:
                row[self._openers] += np.linspace(11.0, 8.0, len(self._openers), dtype=np.float32)
        return logits


class FakeEngine(ThreadedEngine):
    """The scripted engine: real scheduling, sampling and streaming; only the model is made up."""

    def __init__(
        self,
        tokenizer: ScriptTokenizer,
        *,
        slots: int = 32,
        queue: int = 200,
        context_length: int = 1024,
        deadline_seconds: float = 300.0,
        teacher_slots: int = 0,
        ms_per_token: float = 0.0,
        script: str = SCRIPT,
        faults: Faults = Faults(),  # frozen
        cores: CoreWatch | None = None,
    ) -> None:
        super().__init__(
            ScriptedRunner(tokenizer, script, ms_per_token, faults),
            tokenizer,
            name="fake",
            description={"device": "none", "dtype": "none", "mode": "scripted", "numerics": "same"},
            limits=EngineLimits(slots, queue, context_length, deadline_seconds, teacher_slots),
            cores=cores,
        )
