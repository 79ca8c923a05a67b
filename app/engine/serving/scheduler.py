"""Continuous batching: which sequences run in the next forward pass, and who hears of it.

Every step is one batched forward pass over all running sequences and one chunk of the waiting prompts, so
that both read the weights together. Nothing here knows torch, threads or the web: `step()` is called again
and again by the engine's thread, and events leave through each job's `deliver`.
"""

import time
from collections import deque
from collections.abc import Iterable, Sequence

import numpy as np

from app.engine.contract.interface import Vocabulary
from app.engine.contract.outputs import EngineStats, FinishReason, PromptScores, Queued, Score, Step
from app.engine.contract.params import TEACHER
from app.engine.network.runner import Chunk, DeviceLost, Runner
from app.engine.sampling import dice
from app.engine.sampling.distribution import Distribution
from app.engine.sampling.sampler import Choice, sample
from app.engine.sampling.scoring import score
from app.engine.serving.job import Continuation, Distributions, Job
from app.engine.serving.pace import Pace
from app.engine.serving.slot_table import SlotTable
from app.engine.serving.stopping_criteria import StoppingCriteria
from app.engine.serving.waiting_line import WaitingLine
from app.errors import OutOfMemory

CACHE_BYTES = 256 * 2**20  # of keys and values that no sequence uses, for a prompt that begins alike
TELL_SECONDS = 4.0  # a waiting request is told its position again after this long, though it has not changed
HELD_SECONDS = 0.005  # when every reader is far behind
_RECENT_SECONDS = 5.0  # what the rate of tokens is of
CHUNK_SCORED = 64  # positions whose whole distribution is held at once: 64 * 262,144 * 4 bytes = 67 MB

Writing = tuple[Continuation, Chunk]
Reading = tuple[Job, Chunk]


class Scheduler:
    """Admits, steps, retires and cancels; fair between clients."""

    def __init__(
        self,
        runner: Runner,
        vocabulary: Vocabulary,
        *,
        slots: int,
        context_length: int,
        deadline_seconds: float,
        teacher_slots: int,
    ) -> None:
        self._runner = runner
        self._vocabulary = vocabulary
        self._context_length = context_length
        self._deadline_seconds = deadline_seconds
        self._slots, self._teacher_slots = slots, teacher_slots
        kept = CACHE_BYTES // runner.kv_bytes_per_token
        self._table = SlotTable(slots + teacher_slots, context_length, runner, kept=kept)
        self._waiting = WaitingLine()
        self._prefilling: deque[Job] = deque()
        self._running: list[Job] = []
        self._outcomes = {"finished": 0, "cancelled": 0, "failed": 0, "timeout": 0}
        self._accepted = 0
        self._tokens = 0
        self._steps = 0
        self._pace = Pace(runner.free_tokens)
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
        """One step: drop requests without a reader, admit waiting ones, draw tokens, read on in prompts."""
        self._let_go()
        self._admit()
        writing, reading = self._writing(), self._reading()
        if not (writing or reading):
            time.sleep(HELD_SECONDS if self._running else 0)
        elif not self._turn(writing, reading):  # one of them at a time, so that only the guilty fails
            self._turn(self._writing(), [])
            self._turn([], self._reading())
        self._steps += 1

    def close(self, error: Exception) -> None:
        """End every job with this error, and touch no slot: the device may be gone. Nothing runs after it."""
        jobs = self._all_jobs()
        self._running, self._prefilling, self._waiting = [], deque(), WaitingLine()
        for job in jobs:
            self._outcomes["failed"] += 1
            job.over = True
            job.deliver(error)

    def _all_jobs(self) -> list[Job]:
        return [*self._running, *self._prefilling, *self._waiting.in_order()]

    def _turn(self, writing: Sequence[Writing], reading: Sequence[Reading]) -> bool:
        """One forward pass and what follows from it. A failing one ends the jobs that were in it and no
        others; where both writing and reading were in it, it is False, and nothing has happened. A lost
        device is raised: no turn follows."""
        writers = list(dict.fromkeys(sequence.job for sequence, _ in writing))
        began = time.monotonic()
        try:
            chunks = [chunk for _, chunk in (*writing, *reading)]
            predicted = [each.distributions() for each in self._runner.forward(chunks)]
        except Exception as error:
            if writing and reading and not isinstance(error, DeviceLost):
                return False
            self._fail([*writers, *(job for job, _ in reading)], error)
            return True
        longest = max((len(chunk.token_ids) for _, chunk in reading), default=0)
        seconds = time.monotonic() - began
        self._pace.passed(seconds, wrote=bool(writing), tokens_read=longest * len(reading))
        for owner, chunk in [*(each for each in writing if each[1].logits), *reading]:
            self._table.append(owner, chunk.token_ids)  # of all, before the first of them moves another
        try:
            self._write(writing, predicted[: len(writing)])
        except Exception as error:
            self._fail(writers, error)
        try:
            self._read(reading, predicted[len(writing) :])
        except Exception as error:
            self._fail([job for job, _ in reading], error)
        return True

    def _fail(self, jobs: Iterable[Job], error: Exception) -> None:
        if isinstance(error, DeviceLost):
            raise error
        for job in jobs:
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
        while job := self._waiting.next(self._fits):
            self._waiting.take(job)
            job.admitted_at = time.monotonic()
            self._prefilling.append(job)
            job.cached = self._table.admit(job, job.prompt[: job.first_wanted])
            job.read = job.cached
            self._tell_position(job, 0)
        for position, job in enumerate(self._waiting.in_order(), start=1):
            self._tell_position(job, position)

    def _fits(self, job: Job) -> bool:
        return job.slots_needed <= self._free_for(job)

    def _free_for(self, job: Job) -> int:
        """Slots this job may have: not those that a prompt's continuations will need, nor the teacher's."""
        free = self._table.free - sum(other.slots_needed - 1 for other in self._prefilling)
        if job.request.client == TEACHER:
            return free
        teachers = [job for job in (*self._prefilling, *self._running) if job.request.client == TEACHER]
        return free - max(0, self._teacher_slots - sum(job.slots_needed for job in teachers))

    def _tell_position(self, job: Job, position: int) -> None:
        """A position only ever falls: the step back behind a teacher's request is not told."""
        now = time.monotonic()
        if job.position is None or position < job.position:
            job.position = position
        elif now - job.told_at < TELL_SECONDS:
            return
        job.told_at = now
        job.deliver(Queued(job.position, job.seed))

    def _writing(self) -> list[Writing]:
        """Every running sequence's last token, after which the next one is drawn.

        A sequence whose reader is far behind runs along, so that the batch stays one slice, and draws
        nothing: next time the same token is read at the same position again.
        """
        sequences = [owner for owner in self._table.running_owners() if isinstance(owner, Continuation)]
        held = [sequence.job.held() for sequence in sequences]
        if all(held):
            return []
        writing = []
        for slot, (sequence, waits) in enumerate(zip(sequences, held, strict=True)):
            past = sequence.length - 1
            last = sequence.token_ids[past : sequence.length]
            chunk = Chunk(slot, last, past, 0 if waits else 1, sequence.job.temperature, sequence.job.entropy)
            writing.append((sequence, chunk))
        return writing

    def _reading(self) -> list[Reading]:
        """The next chunk of prompts: several short ones side by side, or a piece of a long one."""
        if not self._prefilling:
            return []
        budget = self._pace.budget(waiting=len(self._prefilling), running=bool(self._running))
        batch, width = self._prefill_batch(budget)
        batch.sort(key=self._table.slot_of)
        reading = []
        for job in batch:
            piece = job.prompt[job.read : job.read + width]
            end = job.read + len(piece)
            wanted = max(0, end - max(job.read, job.first_wanted))
            slot = self._table.slot_of(job)
            reading.append((job, Chunk(slot, piece, job.read, wanted, job.temperature, job.entropy)))
        return reading

    def _write(self, writing: Sequence[Writing], predicted: Sequence[list[Distribution]]) -> None:
        drawn = [(sequence, raw[0]) for (sequence, _), raw in zip(writing, predicted, strict=True) if raw]
        for sequence, raw in drawn:
            self._advance(sequence, self._choose(sequence, raw))
        self._retire([sequence for sequence, _ in drawn])
        if drawn:
            self._recent.append((time.monotonic(), len(drawn)))
        for job in list(self._running):
            if all(sequence.finish_reason for sequence in job.sequences):
                self._finish(job, "finished")

    def _read(self, reading: Sequence[Reading], predicted: Sequence[list[Distribution]]) -> None:
        first = self._prefilling[0] if reading else None
        for (job, chunk), rows in zip(reading, predicted, strict=True):
            job.read += len(chunk.token_ids)
            self._observe(job, rows)
        for (job, _), rows in zip(reading, predicted, strict=True):
            if job.read == len(job.prompt):
                self._begin(job, rows[-1])
        if self._prefilling and self._prefilling[0] is first:
            self._prefilling.rotate(-1)  # a long prompt takes turns with the others

    def _prefill_batch(self, budget: int) -> tuple[list[Job], int]:
        """Jobs to read side by side and how many tokens of each.

        Neighbours of the first in line join it as long as padding does not outweigh what is read.
        """
        first = self._prefilling[0]
        if first.observed:
            return [first], min(budget, max(0, first.first_wanted - first.read) + CHUNK_SCORED)
        by_slot = {self._table.slot_of(job): job for job in self._prefilling if not job.observed}
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

    def _observe(self, job: Job, rows: Sequence[Distribution]) -> None:
        """Keep what was asked for of the positions just read, whose last one is `job.read - 1`."""
        top, observe = job.request.params.logprobs, job.request.observe
        for position, row in enumerate(rows, start=job.read - len(rows)):
            following = position + 1
            if observe.scores_from is not None and observe.scores_from <= following < len(job.prompt):
                job.scores.append(score(row, int(job.prompt[following]), top))
            if observe.distributions_from is not None and position >= observe.distributions_from:
                job.logprobs.append(row.logprobs)

    def _begin(self, job: Job, raw: Distribution) -> None:
        """The prompt is read: draw the first token of every sequence."""
        job.decoding_at = time.monotonic()
        params, observe = job.request.params, job.request.observe
        if observe.scores_from is not None:
            opening = () if observe.scores_from else (Score(int(job.prompt[0]), None, None, None),)
            job.deliver(PromptScores((*opening, *job.scores)))
        if observe.distributions_from is not None:
            job.deliver(Distributions(np.stack(job.logprobs)))
        if params.max_tokens == 0:
            self._finish(job, "finished")
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
        self._prefilling.remove(job)
        self._running.append(job)
        for sequence in job.sequences:
            self._advance(sequence, self._choose(sequence, raw))
        self._retire(job.sequences)
        if all(sequence.finish_reason for sequence in job.sequences):
            self._finish(job, "finished")

    def _choose(self, sequence: Continuation, raw: Distribution) -> Choice:
        job, params, position = sequence.job, sequence.job.request.params, sequence.length
        return sample(
            raw,
            params,
            dice.roll(job.seed, sequence.index, position),
            token_ids=sequence.token_ids[:position].astype(np.int64) if params.has_penalties else None,
            prompt_length=len(job.prompt),
        )

    def _advance(self, sequence: Continuation, choice: Choice) -> None:
        """Write the token and tell of it."""
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

    def _retire(self, sequences: Sequence[Continuation]) -> None:
        """Free the slots of those that wrote their last token: last slot first, for it leaves no gap."""
        for sequence in reversed(sequences):
            if sequence.finish_reason:
                self._table.release(sequence)

    def _finish(self, job: Job, outcome: str) -> None:
        """Release what the job still holds and say how it ended."""
        self._leave(job)
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
        now = time.monotonic()
        recent = [(at, tokens) for at, tokens in self._recent if now - at < _RECENT_SECONDS]
        seconds = recent[-1][0] - recent[0][0] if recent else 0.0
        return sum(tokens for _, tokens in recent[1:]) / seconds if seconds else 0.0


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
