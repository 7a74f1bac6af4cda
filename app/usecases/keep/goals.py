"""Goals that are kept by service; the target of an availability goal is the ledger's, at the service's exposure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from app.domain.goals import Goal
from app.ports.documents import Documents
from app.ports.records import Records


@dataclass(frozen=True, slots=True)
class KeptGoals:
    """The goals of one service, by kind."""

    service: str  # key of the CI
    goals: dict[str, Goal] = field(default_factory=dict)

    def having(self, goal: Goal) -> KeptGoals:
        return replace(self, goals={**self.goals, goal.kind: goal})

    def less(self, kind: str) -> KeptGoals:
        return replace(self, goals={name: goal for name, goal in self.goals.items() if name != kind})


GOALS = Records("goal", KeptGoals)


def goals_of(documents: Documents, service: str) -> KeptGoals:
    return GOALS.find(documents, service) or KeptGoals(service)
