"""A scenario on the part of an estate that its open switches reach: all else goes the same way in every outcome.

The part holds all that its CIs need, so what becomes of them there is to the bit what becomes of them in the estate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.risk.graph.compiled import CompiledGraph
from app.risk.graph.subestate import cut_out, groups_of
from app.risk.jit import Array
from app.risk.timeline.parts import Fails
from app.risk.timeline.played import Outcome
from app.risk.timeline.question import Act, Question, Step


@dataclass(frozen=True, slots=True)
class Narrowed:
    """`compiled` and `question`: the part and what happens in it; `groups` and `services`: their numbers in the estate."""

    compiled: CompiledGraph
    question: Question
    groups: Array  # int32, ascending
    services: Array  # int32

    def fails(self, fails: Fails) -> Fails:
        """Switches of the estate by their numbers in the part."""
        return frozenset((step, int(np.searchsorted(self.groups, np.int32(group)))) for step, group in fails)

    def told(self, outcome: Outcome, fails: Fails) -> Outcome:
        """What an outcome in the part says of the estate: answers of its switches, and what services go through that they
        reach."""
        groups = self.groups
        return Outcome(
            probability=outcome.probability,
            fails=fails,
            asked=[one._replace(group=int(groups[one.group])) for one in outcome.asked],
            answers=[(step, int(groups[group]), how) for step, group, how in outcome.answers],
            stretches={int(self.services[number]): made for number, made in outcome.stretches.items()},
            end_hours=outcome.end_hours,
            counted=groups[outcome.counted].tolist(),
        )


def narrowed(compiled: CompiledGraph, question: Question, cone: Array) -> Narrowed:
    """The part of an estate that consists of `cone` (int32, ascending), which holds all that its CIs need.

    Example by hand: S needs one of a and b, T hard on c; of S, a and b the part is these, and nothing of c happens in it.
    """
    numbers = compiled.flat.service_at[cone]
    targets = np.flatnonzero(numbers >= 0)
    steps = [Step(step.at_hours, _acts(step.acts, cone)) for step in question.steps]
    groups = groups_of(compiled.flat, cone)
    return Narrowed(cut_out(compiled, cone, targets, named=False), replace(question, steps=steps), groups, numbers[targets])


def _acts(acts: Sequence[Act], cone: Array) -> list[Act]:
    out: list[Act] = []
    for act in acts:
        positions = np.asarray(act.positions, np.int32)
        at = np.minimum(np.searchsorted(cone, positions), len(cone) - 1)
        out.append(replace(act, positions=at[cone[at] == positions].astype(np.int32)))
    return out
