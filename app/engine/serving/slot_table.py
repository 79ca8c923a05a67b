"""Which slot of the cache holds the keys and values of which tokens. No tensors here: bookkeeping only.

Slots are kept in three neighbouring groups, so that a batch is a slice of the cache and never a gather:

    [0, running)                     sequences that decode, one token a step
    [running, running + prefilling)  prompts being read
    the rest                         free; each still holds its last text, for a prompt that begins alike
"""

import numpy as np
from numpy.typing import NDArray

from app.engine.network.runner import SlotTensors

_WORTH_FORGETTING = 128  # tokens; fewer are not worth the system calls


class SlotTable:
    """The tokens behind every slot's keys and values, and who owns it.

    Free slots together keep at most `kept` tokens; the least recently used text goes first.
    """

    def __init__(
        self, slots: int, context_length: int, tensors: SlotTensors, *, kept: int | None = None
    ) -> None:
        self._tensors = tensors
        self._kept = slots * context_length if kept is None else kept
        self._tokens: NDArray[np.int32] = np.zeros((slots, context_length), np.int32)
        self._lengths = np.zeros(slots, np.int64)
        self._touched = np.zeros(slots, np.int64)  # how far a slot has been written since it was tidied
        self._used_at = np.zeros(slots, np.int64)
        self._clock = 0
        self._owners: list[object | None] = [None] * slots
        self.running = 0
        self.prefilling = 0

    @property
    def slots(self) -> int:
        return len(self._lengths)

    @property
    def free(self) -> int:
        return self.slots - self.running - self.prefilling

    @property
    def tokens_held(self) -> int:
        return int(self._lengths.sum())

    def slot_of(self, owner: object) -> int:
        return next(slot for slot, other in enumerate(self._owners) if other is owner)

    def running_owners(self) -> list[object]:
        return [owner for owner in self._owners[: self.running] if owner is not None]

    def append(self, owner: object, token_ids: NDArray[np.int32] | list[int]) -> None:
        """The forward pass wrote keys and values of these tokens."""
        slot = self.slot_of(owner)
        start = self._lengths[slot]
        self._tokens[slot, start : start + len(token_ids)] = token_ids
        self._lengths[slot] = start + len(token_ids)
        self._touched[slot] = max(self._touched[slot], self._lengths[slot])

    def admit(self, owner: object, prompt: NDArray[np.int32]) -> int:
        """Give a prompt a slot; how many of its leading tokens are already in it."""
        place = self.running + self.prefilling
        source, shared = self._longest_prefix(prompt)
        if shared and source >= place:
            self._swap(source, place)  # a free slot holds it: take that one
        else:
            self._vacate(place)
            if shared:
                self._copy(source, place, shared)
        self._lengths[place] = shared
        self._tidy(place)
        self._owners[place] = owner
        self._touch(place)
        self.prefilling += 1
        return shared

    def start_decoding(self, owner: object) -> None:
        """The prompt is read: move it among the running."""
        self._swap(self.slot_of(owner), self.running)
        self.running += 1
        self.prefilling -= 1

    def fork(self, owner: object, new_owner: object) -> None:
        """A second running sequence with the same past."""
        source = self.slot_of(owner)
        end = self.running + self.prefilling
        self._vacate(end)
        if self.prefilling:
            self._swap(self.running, end)
        place = self.running
        self._copy(source, place, int(self._lengths[source]))
        self._owners[place] = new_owner
        self._touch(place)
        self.running += 1

    def release(self, owner: object) -> None:
        """Free a slot; its text stays for reuse until the place is needed."""
        slot = self.slot_of(owner)
        self._touch(slot)
        self._owners[slot] = None
        if slot < self.running:
            self._swap(slot, self.running - 1)
            self.running -= 1
            self._swap(self.running, self.running + self.prefilling)
        else:
            self._swap(slot, self.running + self.prefilling - 1)
            self.prefilling -= 1
        self._evict()

    def owns(self, owner: object) -> bool:
        return any(other is owner for other in self._owners)

    def rename(self, owner: object, new_owner: object) -> None:
        """The same slot under another name."""
        self._owners[self.slot_of(owner)] = new_owner

    def _longest_prefix(self, prompt: NDArray[np.int32]) -> tuple[int, int]:
        """(slot, number of leading tokens it shares with the prompt)."""
        width = min(len(prompt), self._tokens.shape[1])
        if width == 0:
            return 0, 0
        differs = self._tokens[:, :width] != prompt[None, :width]  # (S, width)
        shared = np.where(differs.any(axis=1), differs.argmax(axis=1), width)
        shared = np.minimum(shared, self._lengths)
        slot = int(shared.argmax())
        return slot, int(shared[slot])

    def _vacate(self, place: int) -> None:
        """Make a free place the least recently used one, keeping the text that lay there."""
        oldest = place + int(self._used_at[place:].argmin())
        if oldest != place:
            self._copy(place, oldest, int(self._lengths[place]))
            self._used_at[oldest] = self._used_at[place]
        self._lengths[place] = 0

    def _evict(self) -> None:
        begin = self.running + self.prefilling
        while self._lengths[begin:].sum() > self._kept:
            texts = np.flatnonzero(self._lengths[begin:]) + begin
            oldest = int(texts[self._used_at[texts].argmin()])
            self._lengths[oldest] = 0
            self._tidy(oldest)

    def _swap(self, first: int, second: int) -> None:
        if first == second:
            return
        length = int(max(self._lengths[first], self._lengths[second]))
        self._tensors.swap(first, second, length)
        pair, reverse = [first, second], [second, first]
        self._tokens[pair, :length] = self._tokens[reverse, :length]
        self._lengths[pair] = self._lengths[reverse]
        self._used_at[pair] = self._used_at[reverse]
        self._owners[first], self._owners[second] = self._owners[second], self._owners[first]
        self._touched[pair] = np.maximum(self._touched[pair], length)
        self._tidy(first)
        self._tidy(second)

    def _copy(self, source: int, target: int, length: int) -> None:
        self._tensors.copy(source, target, length)
        self._tokens[target, :length] = self._tokens[source, :length]
        self._lengths[target] = length
        self._touched[target] = max(self._touched[target], length)
        self._tidy(target)

    def _tidy(self, slot: int) -> None:
        """Give back the memory of what was written to a slot and is not wanted any more."""
        if self._touched[slot] - self._lengths[slot] >= _WORTH_FORGETTING:
            self._tensors.forget(slot, int(self._lengths[slot]))
            self._touched[slot] = self._lengths[slot]

    def _touch(self, slot: int) -> None:
        self._clock += 1
        self._used_at[slot] = self._clock
