"""Recorded passes: which shape one takes, and that filling it up touches nobody."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from app.engine.network.cuda_graphs import WIDTHS, RecordedReading, RecordedSteps, doubling
from app.engine.network.summaries import Found

SLOTS, SPARE, LENGTH = 5, 1_000, 1_008


class Recorder:
    """Keeps what was recorded, and runs it."""

    def __init__(self) -> None:
        self.recorded = 0

    def __call__(self, run):
        self.recorded += 1
        return run


def found_of(rows: int) -> tuple[torch.Tensor, Found]:
    table = torch.arange(rows * 3.0).view(rows, 3)
    return table, Found(torch.zeros(1, 4, rows), table, table, table.long(), table, table[:, 0].long(), 3)


def steps(record: Recorder) -> tuple[RecordedSteps, list]:
    seen: list = []

    def step(token_ids, positions, factors, length):
        seen.append(
            (token_ids.flatten().tolist(), positions.flatten().tolist(), factors.flatten().tolist(), length)
        )
        return found_of(len(token_ids))

    return RecordedSteps(
        step, record, slots=SLOTS, spare=SPARE, length=LENGTH, device=torch.device("cpu")
    ), seen


def test_sizes_double_and_end_at_the_last():
    assert doubling(1, 33) == [1, 2, 4, 8, 16, 32, 33]
    assert doubling(256, 1_024) == [256, 512, 1_024]
    assert doubling(256, 104) == [104]


@given(st.lists(st.integers(0, SPARE - 1), min_size=1, max_size=SLOTS))
def test_a_step_takes_the_next_larger_shape_and_fills_it_up_at_the_spare_position(positions):
    count = len(positions)
    recorded, seen = steps(Recorder())
    logits, found = recorded(list(range(count)), positions, [0.5] * count)
    [(token_ids, at, factors, length)] = seen
    assert len(at) == next(size for size in (1, 2, 4, 5) if size >= count)
    assert (token_ids[:count], at[:count], factors[:count]) == (list(range(count)), positions, [0.5] * count)
    assert set(at[count:]) <= {SPARE}
    assert length == next(size for size in (256, 512, LENGTH) if size > max(positions))
    assert len(logits) == len(found.known) == len(found.token_ids) == found.sums.shape[-1] == count


def test_each_shape_is_recorded_once_and_all_of_them_beforehand():
    record = Recorder()
    recorded, _ = steps(record)
    recorded.warm_up()
    assert record.recorded == 4 * 3
    recorded([1, 2], [3, 700], [1.0, 1.0])
    assert record.recorded == 4 * 3


def reading(record: Recorder) -> tuple[RecordedReading, list]:
    seen: list = []

    def read(token_ids, positions, slot, last, factor, length):
        seen.append(
            (token_ids.tolist(), positions.tolist(), slot.tolist(), last.tolist(), factor.tolist(), length)
        )
        return found_of(1)

    return RecordedReading(read, record, spare=SPARE, length=LENGTH, device=torch.device("cpu")), seen


@given(st.integers(0, SLOTS - 1), st.integers(1, WIDTHS[-1]), st.data())
def test_a_prompt_is_read_at_the_next_larger_width_and_filled_up_at_the_spare_position(slot, count, data):
    past = data.draw(st.integers(0, SPARE - count))
    recorded, seen = reading(Recorder())
    recorded(3, np.full(WIDTHS[-1], 9, np.int32), 0, 1.0)  # what stood there before is gone
    recorded(slot, np.arange(count, dtype=np.int32), past, 0.5)
    [token_ids], [positions], *rest = seen[-1]
    assert len(token_ids) == len(positions) == next(width for width in WIDTHS if width >= count)
    assert token_ids[:count] == list(range(count)) and set(token_ids[count:]) <= {0}
    assert positions[:count] == list(range(past, past + count)) and set(positions[count:]) <= {SPARE}
    length = next(size for size in (256, 512, LENGTH) if size >= past + count)
    assert rest == [[slot], [count - 1], [[0.5]], length]
