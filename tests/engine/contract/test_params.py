"""What is observed decides from where on a prompt has to be read."""

import pytest

from app.engine.contract.params import Observe


@pytest.mark.parametrize(
    ("observe", "position"),
    [
        (Observe(), 9),
        (Observe(scores_from=0), 0),
        (Observe(scores_from=1), 0),  # a token is scored by what stands before it
        (Observe(scores_from=5), 4),
        (Observe(scores_from=50), 9),
        (Observe(distributions_from=3), 3),
        (Observe(scores_from=3, distributions_from=7), 2),
    ],
)
def test_the_cache_may_answer_for_all_before_the_first_position_observed(observe: Observe, position: int):
    assert observe.first_position(10) == position
