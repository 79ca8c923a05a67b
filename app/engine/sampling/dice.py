"""Counter-based dice: one uniform number per (seed, sequence, position), the same on every machine.

The generator is Threefry-2x32 with 20 rounds, of Salmon, Moraes, Dror and Shaw, "Parallel random numbers:
as easy as 1, 2, 3" (SC 2011): only additions, rotations and exclusive-ors of 32-bit words, so
static/js/base/dice.js is its exact twin.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint32]

_MASK = 0xFFFFFFFF
_PARITY = 0x1BD11BDA  # the key schedule's constant in Threefry-2x32
_ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
_AT_ONCE = 64  # positions: an array of rolls takes as long as ten by themselves


def threefry_2x32(key: tuple[int, int], counters: tuple[Words, Words]) -> tuple[Words, Words]:
    """Two 32-bit words (N,) for each counter (N,) of two, under a key of two."""
    keys = np.array((key[0], key[1], _PARITY ^ key[0] ^ key[1]), np.uint32)
    x0, x1 = counters[0] + keys[0], counters[1] + keys[1]  # arrays of words overflow as they should
    for round_ in range(20):
        rotation = _ROTATIONS[round_ % 8]
        x0 = x0 + x1
        x1 = (x1 << rotation | x1 >> (32 - rotation)) ^ x0
        if round_ % 4 == 3:
            injection = round_ // 4 + 1
            x0 = x0 + keys[injection % 3]
            x1 = x1 + keys[(injection + 1) % 3] + np.uint32(injection)
    return x0, x1


def roll(seed: int, sequence: int, position: int) -> float:
    """A uniform number in [0, 1) with 53 random bits.

    `position` is the token's index in the whole document, so writing ten tokens at once or one by one
    rolls the same dice.
    """
    return _rolls(seed, sequence, position // _AT_ONCE)[position % _AT_ONCE]


@lru_cache(maxsize=1_024)
def _rolls(seed: int, sequence: int, stretch: int) -> list[float]:
    """Of neighbouring positions, for a sequence rolls one after the other."""
    positions = np.arange(_AT_ONCE, dtype=np.uint32) + np.uint32(stretch * _AT_ONCE & _MASK)
    sequences = np.full_like(positions, sequence & _MASK)
    high, low = threefry_2x32((seed >> 32 & _MASK, seed & _MASK), (sequences, positions))
    rolls: list[float] = (((high >> 5) * 2.0**26 + (low >> 6)) / 2.0**53).tolist()
    return rolls
