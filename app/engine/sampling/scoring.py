"""Teacher forcing: what the model thought of the tokens that stand in a text."""

from app.engine.contract.outputs import Alternative, Score
from app.engine.sampling.distribution import Distribution


def score(distribution: Distribution, token_id: int, top: int) -> Score:
    """What the model thought of a token that stands in the text."""
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
