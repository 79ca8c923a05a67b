"""Teacher forcing: what the model thought of the tokens that stand in a text."""

import numpy as np
from numpy.typing import NDArray

from app.engine.distribution import Distribution
from app.engine.outputs import Alternative, Score


def score(logits: NDArray[np.float32], token_id: int, top: int) -> Score:
    """What the model thought of a token that stands in the text."""
    distribution = Distribution(logits)
    likeliest = distribution.top(top) if top else None
    alternatives = (
        tuple(
            Alternative(int(other), float(logprob), None)
            for other, logprob in zip(likeliest.token_ids[:top], likeliest.logprobs[:top], strict=True)
        )
        if likeliest
        else ()
    )
    return Score(
        token_id,
        distribution.logprob(token_id),
        distribution.rank(token_id),
        distribution.entropy_bits,
        alternatives,
    )
