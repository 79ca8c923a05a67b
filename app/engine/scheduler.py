"""Continuous batching: which sequences run in the next forward pass, and who hears of it.

Every step reads one chunk of waiting prompts, then runs one batched forward pass over all running
sequences. Nothing here knows torch, threads or the web: `step()` is called again and again by the engine's
thread, and events leave through each job's `deliver`.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from app.engine import dice
from app.engine.distribution import Distribution
from app.engine.interface import Vocabulary
from app.engine.job import Continuation, Distributions, Job
from app.engine.kv_cache import SlotTable
from app.engine.outputs import EngineStats, FinishReason, PromptScores, Queued, Score, Step
from app.engine.params import TEACHER
from app.engine.runner import Chunk, Runner
from app.engine.sampler import Choice, sample
from app.engine.score import score
from app.engine.stopping_criteria import StoppingCriteria
from app.engine.waiting_line import WaitingLine
from app.errors import OutOfMemory

CHUNK_IDLE = 512  # prompt tokens read per step when nobody is waiting for a token
CHUNK_BUSY = (8, 128)  # and when somebody is, at least and at most: their stream must not stutter
TELL_SECONDS = 4.0  # who waits hears its place again after this long, though it has not changed
HELD_SECONDS = 0.005  # when every reader is far behind
CHUNK_SCORED = 64  # positions whose whole distribution is held at once: 64 * 262,144 * 4 bytes = 67 MB


class Scheduler:
    """Admits, steps, retires and cancels; fair between clients."""

    def __init__(
        self,
        runner: Runner,
        vocabulary: Vocabulary,
        *,
        slots: int,
        context_length: int,
        deadline_seconds: float = 300.0,
        teacher_slots: int = 0,
    ) -> None:
        self._runner = runner
        self._vocabulary = vocabulary
        self._context_length = context_length
        self._deadline_seconds = deadline_seconds
        self._slots, self._teacher_slots = slots, teacher_slots
        self._table = SlotTable(slots + teacher_slots, context_length, runner)
        self._pool = ThreadPoolExecutor(os.cpu_count(), "sampler")  # numpy lets go of the interpreter
        self._waiting = WaitingLine()
        self._prefilling: deque[Job] = deque()
        self._running: list[Job] = []
        self._outcomes = {"finished": 0, "cancelled": 0, "failed": 0, "timeout": 0}
        self._accepted = 0
        self._tokens = 0
        self._steps = 0
        self._decode_seconds = 0.0  # of the last forward pass that wrote
        self._chunk = CHUNK_BUSY[0]  # prompt tokens that take about as long
        self._recent: deque[tuple[float, int]] = deque(maxlen=64)  # (time, tokens) of the last steps

    @property
    def idle(self) -> bool:
        return not (self._waiting or self._prefilling or self._running)

    def stats(self) -> EngineStats:
        return EngineStats(
            running=len(self._running) + len(self._prefilling),
            waiting=len(self._waiting),
            accepted=self._accepted,
            slots=self._slots,
            tokens_total=self._tokens,
            steps_total=self._steps,
            tokens_per_second=self._tokens_per_second(),
            kv_bytes=self._table.tokens_held * self._runner.kv_bytes_per_token,
            requests=dict(self._outcomes),
        )

    def submit(self, job: Job) -> None:
        self._accepted += 1
        self._waiting.add(job)

    def step(self) -> None:
        """One turn: let go of who left, admit who waits, read prompts, write everyone one token."""
        self._let_go()
        self._admit()
        self._guard(self._prefill, self._prefilling)
        self._guard(self._decode, self._running)
        self._steps += 1

    def close(self, error: Exception) -> None:
        """End every job with this error, and the threads that draw."""
        for job in self._all_jobs():
            self._end(job, "failed", error)
        self._pool.shutdown(wait=False)

    def _all_jobs(self) -> list[Job]:
        return [*self._running, *self._prefilling, *self._waiting.in_order()]

    def _guard(self, phase: Callable[[], None], jobs: Iterable[Job]) -> None:
        """A failing forward pass ends the jobs that were in it and no others."""
        involved = list(jobs)
        if not involved:
            return
        try:
            phase()
        except Exception as error:
            for job in involved:
                if not job.over:
                    self._end(job, "failed", _understood(error))

    def _let_go(self) -> None:
        now = time.monotonic()
        for job in self._all_jobs():
            late = now - job.submitted_at > self._deadline_seconds
            if job.cancelled:
                self._end(job, "timeout" if late else "cancelled")
            elif late:
                for sequence in job.sequences:
                    sequence.finish_reason = sequence.finish_reason or FinishReason.TIMEOUT
                self._finish(job, "timeout")

    def _admit(self) -> None:
        while self._waiting:
            if self._waiting.first().slots_needed > self._free_for(self._waiting.first()):
                break
            job = self._waiting.take()
            job.admitted_at = time.monotonic()
            job.cached = self._table.admit(job, job.prompt[: job.first_wanted])
            job.read = job.cached
            self._prefilling.append(job)
            self._tell_position(job, 0)
        for position, job in enumerate(self._waiting.in_order(), start=1):
            self._tell_position(job, position)

    def _free_for(self, job: Job) -> int:
        """Slots this job may have: not those that a prompt's continuations will need, nor the teacher's."""
        free = self._table.free - sum(other.slots_needed - 1 for other in self._prefilling)
        if job.request.client == TEACHER:
            return free
        teachers = [job for job in (*self._prefilling, *self._running) if job.request.client == TEACHER]
        return free - max(0, self._teacher_slots - sum(job.slots_needed for job in teachers))

    def _tell_position(self, job: Job, position: int) -> None:
        """A place only ever falls: a teacher who is let in first is not told as a step back."""
        now = time.monotonic()
        if job.position is None or position < job.position:
            job.position = position
        elif now - job.told_at < TELL_SECONDS:
            return
        job.told_at = now
        job.deliver(Queued(job.position, job.seed))

    def _prefill(self) -> None:
        """Read one chunk: several short prompts side by side, or a piece of a long one."""
        budget = CHUNK_IDLE
        if self._running:  # who runs waits a little for each who waits
            budget = min(CHUNK_BUSY[1], self._chunk * len(self._prefilling))
        first = self._prefilling[0]
        batch, width = self._prefill_batch(budget)
        batch.sort(key=self._table.slot_of)
        chunks = []
        for job in batch:
            piece = job.prompt[job.read : job.read + width]
            end = job.read + len(piece)
            wanted = max(0, end - max(job.read, job.first_wanted))
            chunks.append(Chunk(self._table.slot_of(job), piece, job.read, wanted))
        began = time.monotonic()
        logits = self._runner.forward(chunks)
        if self._running:
            self._pace(len(chunks) * width, time.monotonic() - began)
        for job, chunk, rows in zip(batch, chunks, logits, strict=True):
            self._table.append(job, chunk.token_ids)
            job.read += len(chunk.token_ids)
            self._observe(job, rows)
        for job, rows in zip(batch, logits, strict=True):
            if job.read == len(job.prompt):
                self._prefilling.remove(job)
                self._begin(job, rows[-1])
        if self._prefilling and self._prefilling[0] is first:
            self._prefilling.rotate(-1)  # a long prompt takes turns with the others

    def _pace(self, tokens: int, seconds: float) -> None:
        """The next chunk shall take as long as a token of those who run: no gap much more than doubles."""
        least, most = CHUNK_BUSY
        fitting = tokens * self._decode_seconds / max(seconds, 1e-6)
        self._chunk = int(min(most, max(least, fitting)))

    def _prefill_batch(self, budget: int) -> tuple[list[Job], int]:
        """Jobs to read side by side and how many tokens of each.

        Neighbours of the first in line join it as long as padding does not outweigh what is read.
        """
        first = self._prefilling[0]
        if _is_observed(first):
            return [first], min(budget, max(0, first.first_wanted - first.read) + CHUNK_SCORED)
        by_slot = {self._table.slot_of(job): job for job in self._prefilling if not _is_observed(job)}
        batch, width = [first], min(budget, first.left)
        tokens = width
        for direction in (1, -1):
            slot = self._table.slot_of(first) + direction
            while (job := by_slot.get(slot)) is not None:
                wider = max(width, job.left)
                padded = (len(batch) + 1) * wider
                if padded > budget or padded > 2 * (tokens + job.left):
                    break
                batch.append(job)
                width, tokens, slot = wider, tokens + job.left, slot + direction
        return batch, width

    def _observe(self, job: Job, logits: NDArray[np.float32]) -> None:
        """Keep what was asked for of the positions just read, whose last one is `job.read - 1`."""
        params = job.request.params
        for position, row in enumerate(logits, start=job.read - len(logits)):
            following = position + 1
            if params.prompt_logprobs and params.prompt_logprobs_from <= following < len(job.prompt):
                job.scores.append(score(row, int(job.prompt[following]), params.logprobs))
            if job.distributions_from is not None and position >= job.distributions_from:
                job.logprobs.append(Distribution(row).logprobs)

    def _begin(self, job: Job, logits: NDArray[np.float32]) -> None:
        """The prompt is read: draw the first token of every sequence."""
        job.decoding_at = time.monotonic()
        params = job.request.params
        if params.prompt_logprobs:
            opening = () if params.prompt_logprobs_from else (Score(int(job.prompt[0]), None, None, None),)
            job.deliver(PromptScores((*opening, *job.scores)))
        if job.distributions_from is not None:
            job.deliver(Distributions(np.stack(job.logprobs)))
        if params.max_tokens == 0:
            self._table.release(job)
            self._conclude(job, "finished")
            return
        room = self._context_length - len(job.prompt)
        for index in range(params.n):
            token_ids = np.zeros(self._context_length, np.int32)
            token_ids[: len(job.prompt)] = job.prompt
            stopping = StoppingCriteria(self._vocabulary, params, room)
            job.sequences.append(Continuation(job, index, stopping, token_ids, len(job.prompt)))
        self._table.start_decoding(job)
        for sequence in job.sequences[1:]:
            self._table.fork(job, sequence)
        self._table.rename(job, job.sequences[0])
        self._running.append(job)
        raw = Distribution(logits)
        for sequence in job.sequences:
            self._advance(sequence, self._choose(sequence, logits, raw))
        if all(sequence.finish_reason for sequence in job.sequences):
            self._finish(job, "finished")

    def _decode(self) -> None:
        """One token for every running sequence, in one forward pass."""
        sequences = [owner for owner in self._table.running_owners() if isinstance(owner, Continuation)]
        held = [sequence.job.held() for sequence in sequences]
        if all(held):
            time.sleep(HELD_SECONDS)
            return
        # who is held runs along, so that the batch stays one slice, and draws nothing: next time the same
        # token is read at the same position again
        chunks = [
            Chunk(slot, one.token_ids[one.length - 1 : one.length], one.length - 1, logits=0 if waits else 1)
            for slot, (one, waits) in enumerate(zip(sequences, held, strict=True))
        ]
        began = time.monotonic()
        logits = self._runner.forward(chunks)
        self._decode_seconds = time.monotonic() - began
        writing = [
            (sequence, chunk, rows[0])
            for sequence, chunk, rows, waits in zip(sequences, chunks, logits, held, strict=True)
            if not waits
        ]
        for sequence, chunk, _ in writing:
            self._table.append(sequence, chunk.token_ids)
        sequences = [sequence for sequence, _, _ in writing]
        choices = self._pool.map(self._choose, sequences, [row for _, _, row in writing])
        for sequence, choice in zip(sequences, choices, strict=True):
            self._advance(sequence, choice)
        self._recent.append((time.monotonic(), len(sequences)))
        for job in list(self._running):
            if all(sequence.finish_reason for sequence in job.sequences):
                self._finish(job, "finished")

    def _choose(
        self, sequence: Continuation, logits: NDArray[np.float32], raw: Distribution | None = None
    ) -> Choice:
        """Draw the next token. Changes nothing, so rows may be drawn side by side."""
        job, params, position = sequence.job, sequence.job.request.params, sequence.length
        return sample(
            logits,
            params,
            dice.roll(job.seed, sequence.index, position),
            token_ids=sequence.token_ids[:position].astype(np.int64) if params.has_penalties else None,
            prompt_length=len(job.prompt),
            raw=raw,
        )

    def _advance(self, sequence: Continuation, choice: Choice) -> None:
        """Write the token, tell of it, and retire the sequence if this was its last."""
        job, position = sequence.job, sequence.length
        sequence.push(choice.token_id)
        sequence.finish_reason = sequence.stopping.feed(choice.token_id)
        self._tokens += 1
        job.deliver(
            Step(
                sequence=sequence.index,
                position=position,
                token_id=choice.token_id,
                raw_logprob=choice.raw_logprob,
                processed_logprob=choice.processed_logprob,
                rank=choice.rank,
                entropy_bits=choice.entropy_bits,
                u=choice.u,
                kept=choice.kept,
                top=choice.top,
                finish_reason=sequence.finish_reason,
            )
        )
        if sequence.finish_reason:
            self._table.release(sequence)

    def _finish(self, job: Job, outcome: str) -> None:
        """Release what the job still holds and say how it ended."""
        self._leave(job)
        self._conclude(job, outcome)

    def _conclude(self, job: Job, outcome: str) -> None:
        self._outcomes[outcome] += 1
        job.over = True
        job.deliver(job.done(FinishReason.TIMEOUT if outcome == "timeout" else FinishReason.LENGTH))

    def _end(self, job: Job, outcome: str, error: Exception | None = None) -> None:
        """Drop a job that was cancelled or failed."""
        self._leave(job)
        self._outcomes[outcome] += 1
        job.over = True
        if error is not None:
            job.deliver(error)

    def _leave(self, job: Job) -> None:
        for owner in (job, *job.sequences):
            if self._table.owns(owner):
                self._table.release(owner)
        if job in self._running:
            self._running.remove(job)
        if job in self._prefilling:
            self._prefilling.remove(job)
        self._waiting.discard(job)

    def _tokens_per_second(self) -> float:
        if len(self._recent) < 2 or time.monotonic() - self._recent[-1][0] > 5:
            return 0.0
        seconds = self._recent[-1][0] - self._recent[0][0]
        return sum(tokens for _, tokens in list(self._recent)[1:]) / seconds if seconds else 0.0


def _is_observed(job: Job) -> bool:
    """More than the last position's logits are wanted: these take memory, so they are read apart."""
    return job.first_wanted < len(job.prompt) - 1


def _understood(error: Exception) -> Exception:
    """Too little memory, as Python, torch on a GPU and torch on a CPU each say it."""
    out_of_memory = (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or "can't allocate memory" in str(error)
    )
    if out_of_memory:
        return OutOfMemory("this needed more memory than the machine has free; try a shorter text, or again")
    return error
