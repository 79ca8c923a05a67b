"""The processors, one pure function each.

Penalties change logits. Truncations (top-k, top-p, min-p) keep a prefix of the ranked tokens, so each
answers with a count: how many of the likeliest tokens stay. Definitions follow transformers' warpers.
"""

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float64]  # (K,) falling, relative to the likeliest token's 1.0


def repetition_penalty(
    logits: NDArray[np.float32], token_ids: NDArray[np.int64], penalty: float
) -> NDArray[np.float32]:
    """Make tokens already in the text less likely: Keskar et al. 2019, CTRL, section 4.1.

    Positive logits are divided by the penalty, negative ones multiplied. Prompt tokens count too.
    """
    seen = np.unique(token_ids)
    changed = logits.copy()
    values = logits[seen]
    changed[seen] = np.where(values < 0, values * penalty, values / penalty)
    return changed


def occurrence_penalties(
    logits: NDArray[np.float32], token_ids: NDArray[np.int64], frequency: float, presence: float
) -> NDArray[np.float32]:
    """Subtract `frequency` per occurrence and `presence` once from every token written so far (OpenAI)."""
    seen, counts = np.unique(token_ids, return_counts=True)
    changed = logits.copy()
    changed[seen] -= (frequency * counts + presence).astype(np.float32)
    return changed


def top_k_count(logprobs: NDArray[np.float64], k: int) -> int | None:
    """The k likeliest, and every token tied with the last of them; None if the ranking ends too early.

    Example: log-probabilities (-1, -2, -2, -5) with k=2 keep three.
    """
    if k > len(logprobs):
        return None
    return int(np.searchsorted(-logprobs, -logprobs[k - 1], side="right"))


def top_p_count(weights: Weights, p: float, mass: float) -> int | None:
    """The fewest likeliest tokens that hold at least p of `mass`; None if the ranking is too short.

    Example: weights (1, 0.6, 0.4) with mass 2 and p=0.7 keep the first two.
    """
    mass_before = np.concatenate(([0.0], np.cumsum(weights)[:-1]))  # what all likelier tokens hold
    count = int(np.searchsorted(mass_before, p * mass, side="left"))
    return max(1, count) if count < len(weights) else None


def min_p_count(weights: Weights, p: float) -> int | None:
    """Tokens at least p times as likely as the likeliest; None if the ranking ends too early."""
    count = int(np.searchsorted(-weights, -p, side="right"))
    return count if count < len(weights) else None
