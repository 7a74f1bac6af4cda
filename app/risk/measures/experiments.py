"""What one more test of a switch is expected to bring: by the Beta distribution of its success, loss being linear in it.

Loss(p) = L + (1 - p) * D, D the loss between never and always switching; p ~ Beta(a, b) with a = .5 + S, b = .5 + F of the
tests by their weights.
"""

from __future__ import annotations

import math


def less_loss(a: float, b: float, at_stake: float) -> float:
    """Expected fall of the loss by one test whose failure is mended, so that the group is then as one that passed: P(fails) * D *
    ((a + 1) - a) / (a + b + 1) = b / (a + b) * D / (a + b + 1).

    Example by hand: nothing known (a = b = .5), D = 1000: .5 * 1000 / 2 = 250. After three passes: .125 * 1000 / 5 = 25.

    >>> less_loss(0.5, 0.5, 1000.0), less_loss(3.5, 0.5, 1000.0)
    (250.0, 25.0)
    """
    return b / (a + b) * at_stake / (a + b + 1.0)


def deviation(a: float, b: float, at_stake: float) -> float:
    """Standard deviation of the loss: D * sqrt(ab / ((a + b)^2 (a + b + 1))).

    >>> round(deviation(0.5, 0.5, 1000.0), 3)
    353.553
    """
    return at_stake * math.sqrt(a * b / ((a + b) ** 2 * (a + b + 1.0)))


def less_uncertainty(a: float, b: float, at_stake: float) -> float:
    """Expected fall of that deviation by one test, which passes with a / (a + b).

    Example by hand: a = b = .5, D = 1000: both outcomes leave Beta(1.5, .5), whose deviation is 250: 353.553 - 250.

    >>> round(less_uncertainty(0.5, 0.5, 1000.0), 3)
    103.553
    """
    p = a / (a + b)
    return deviation(a, b, at_stake) - p * deviation(a + 1.0, b, at_stake) - (1.0 - p) * deviation(a, b + 1.0, at_stake)
