"""The few statistics a measurement needs, as pure functions."""

from collections.abc import Sequence
from statistics import correlation, linear_regression, median

import numpy as np


def percentile(values: Sequence[float], percent: float) -> float:
    """Linear between neighbours; `percent` from 0 to 100, at least one value."""
    return float(np.percentile(values, percent))


def median_of(values: Sequence[float]) -> float:
    """The middle one: one slow round on a busy machine does not move it."""
    return float(median(values))


def straight_line(points: Sequence[tuple[float, float]]) -> tuple[float, float] | None:
    """Slope and r squared of the best line through the points; None where there is no line to fit."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    if len(points) < 3 or len(set(xs)) < 2:
        return None
    slope = float(linear_regression(xs, ys).slope)
    return slope, float(correlation(xs, ys)) ** 2 if len(set(ys)) > 1 else 1.0
