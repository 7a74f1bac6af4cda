"""What to restore first: the order in which work on failed CIs avoids most loss (model, "What to restore first").

One crew works on one CI after another. While the CIs R are still out, R costs loss(R) an hour. An order r1, r2, ... with work of
h1, h2, ... hours costs the sum of h_k * loss(what is out while r_k is worked on); what it avoids is the difference to leaving all
out for as long. A CI that needs another comes after it. K CIs are out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

EXACT = 8  # CIs up to which the best order is found: beyond it each step takes what avoids most an hour of work

Loss = Callable[[frozenset[int]], float]


@dataclass(frozen=True, slots=True)
class RestoreStep:
    """One CI: `avoided_per_hour` is what the loss falls by once its package is restored, for each hour of work on that package
    (the CIs that only together bring something back, this one among them)."""

    ci: int
    hours: float
    loss_before: float
    loss_after: float
    avoided_per_hour: float


@dataclass(frozen=True, slots=True)
class RestoreOrder:
    """`exact`: no other order avoids more; else found step by step. `avoided`: against leaving all out until the work is done."""

    steps: Sequence[RestoreStep]
    avoided: float
    exact: bool


def restore_order(
    loss: Loss, hours: Mapping[int, float], needs: Mapping[int, frozenset[int]], packages: Sequence[frozenset[int]] = (),
    exact_up_to: int = EXACT,
) -> RestoreOrder:  # fmt: skip
    """The order for the CIs of `hours` (work of each, above 0). `needs`: for a CI the others that must be back before it;
    `packages`: sets of CIs that bring a service back together, beside each CI with what it needs.

    Up to `exact_up_to` CIs the best of all orders, by dynamic programming over what is still out: 2^K losses. Beyond it greedy:
    the package with the largest fall of loss an hour of work comes next.

    Example by hand: a (1 h) saves 10 an hour, b (2 h) saves 30: b first: 2*40 + 1*10 = 90 against 1*40 + 2*30 = 100.
    """
    cis = sorted(hours)
    before = {
        ci: frozenset(n for n in needs.get(ci, frozenset()) if n in hours and ci not in needs.get(n, frozenset())) for ci in cis
    }
    cached: dict[frozenset[int], float] = {}

    def loss_of(out: frozenset[int]) -> float:
        if out not in cached:
            cached[out] = loss(out)
        return cached[out]

    exact = len(cis) <= exact_up_to
    order = _best(cis, hours, before, loss_of) if exact else _greedy(cis, hours, before, packages, loss_of)
    return _told(order, hours, before, packages, loss_of, exact)


def _best(cis: Sequence[int], hours: Mapping[int, float], before: Mapping[int, frozenset[int]], loss: Loss) -> list[int]:
    """The order of least loss: from the sets that are out, the smallest first, which CI is restored next."""
    cheapest: dict[frozenset[int], tuple[float, int]] = {frozenset(): (0.0, -1)}
    for size in range(1, len(cis) + 1):
        for members in combinations(cis, size):
            out = frozenset(members)
            rate = loss(out)
            able = [ci for ci in members if not before[ci] & out] or members  # CIs that need each other: any of them
            cheapest[out] = min((rate * hours[ci] + cheapest[out - {ci}][0], ci) for ci in able)
    order, out = [], frozenset(cis)
    while out:
        order.append(cheapest[out][1])
        out -= {order[-1]}
    return order


def _closed(ci_set: frozenset[int], out: frozenset[int], before: Mapping[int, frozenset[int]]) -> frozenset[int]:
    """A set of CIs with all that must be back before them and is still out."""
    found, todo = set(ci_set & out), list(ci_set & out)
    while todo:
        for need in before[todo.pop()] & out:
            if need not in found:
                found.add(need)
                todo.append(need)
    return frozenset(found)


def _next_package(
    out: frozenset[int],
    hours: Mapping[int, float],
    before: Mapping[int, frozenset[int]],
    packages: Sequence[frozenset[int]],
    loss: Loss,
) -> tuple[frozenset[int], float]:
    """The package that avoids most an hour of work, and how much; of equal ones the one with less work, then the lower CIs."""
    now = loss(out)
    options = {_closed(package, out, before) for package in (*packages, *(frozenset({ci}) for ci in out))} - {frozenset()}

    def worth(option: frozenset[int]) -> tuple[float, float, list[int]]:
        work = sum(hours[ci] for ci in option)
        return -(now - loss(out - option)) / work, work, sorted(option)

    best = min(options, key=worth)
    return best, -worth(best)[0]


def _greedy(
    cis: Sequence[int],
    hours: Mapping[int, float],
    before: Mapping[int, frozenset[int]],
    packages: Sequence[frozenset[int]],
    loss: Loss,
) -> list[int]:
    order: list[int] = []
    out = frozenset(cis)
    while out:
        package, _ = _next_package(out, hours, before, packages, loss)
        while package:  # inside it what helps most at once comes first
            ready = frozenset(ci for ci in package if not before[ci] & out) or package
            chosen = max(ready, key=lambda ci: ((loss(out) - loss(out - {ci})) / hours[ci], -hours[ci], -ci))
            order.append(chosen)
            out -= {chosen}
            package -= {chosen}
    return order


def _told(
    order: Sequence[int],
    hours: Mapping[int, float],
    before: Mapping[int, frozenset[int]],
    packages: Sequence[frozenset[int]],
    loss: Loss,
    exact: bool,
) -> RestoreOrder:
    steps, avoided, out = [], 0.0, frozenset(order)
    idle = loss(out) if out else 0.0
    for ci in order:
        now, after = loss(out), loss(out - {ci})
        gain = (now - after) / hours[ci]
        for package in packages:
            closed = _closed(package, out, before)
            if ci in closed:
                gain = max(gain, (now - loss(out - closed)) / sum(hours[one] for one in closed))
        avoided += (idle - now) * hours[ci]
        steps.append(RestoreStep(ci, hours[ci], now, after, gain))
        out -= {ci}
    return RestoreOrder(steps, avoided, exact)
