"""Counter-based dice: one uniform number per (seed, sequence, position), the same on every machine.

The generator is Threefry-2x32 with 20 rounds, of Salmon, Moraes, Dror and Shaw, "Parallel random numbers:
as easy as 1, 2, 3" (SC 2011): only additions, rotations and exclusive-ors of 32-bit words, so
static/js/dice.js is its exact twin.
"""

_MASK = 0xFFFFFFFF
_PARITY = 0x1BD11BDA  # the key schedule's constant in Threefry-2x32
_ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)


def threefry_2x32(key: tuple[int, int], counter: tuple[int, int]) -> tuple[int, int]:
    """Two 32-bit words from a key and a counter of two 32-bit words each."""
    keys = (key[0], key[1], _PARITY ^ key[0] ^ key[1])
    x0, x1 = (counter[0] + keys[0]) & _MASK, (counter[1] + keys[1]) & _MASK
    for round_ in range(20):
        rotation = _ROTATIONS[round_ % 8]
        x0 = (x0 + x1) & _MASK
        x1 = ((x1 << rotation | x1 >> (32 - rotation)) & _MASK) ^ x0
        if round_ % 4 == 3:
            injection = round_ // 4 + 1
            x0 = (x0 + keys[injection % 3]) & _MASK
            x1 = (x1 + keys[(injection + 1) % 3] + injection) & _MASK
    return x0, x1


def roll(seed: int, sequence: int, position: int) -> float:
    """A uniform number in [0, 1) with 53 random bits.

    `position` is the token's index in the whole document, so writing ten tokens at once or one by one
    rolls the same dice.
    """
    high, low = threefry_2x32((seed >> 32 & _MASK, seed & _MASK), (sequence & _MASK, position & _MASK))
    return ((high >> 5) * 2**26 + (low >> 6)) / 2**53
