"""What holds from instant to instant of a scenario, and behind each of its steps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from app.domain.results import CiRow
from app.domain.sentences import hours
from app.domain.timeline import ScenarioMoment, TimelineMoment
from app.risk.jit.clock import look
from app.risk.timeline.played import Moments
from app.usecases.answers.paths import counted_customers, down_customers
from app.usecases.scenarios.document import ScenarioStep
from app.usecases.scenarios.played import STATES, Played

CIS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Told:
    """Every instant at which something changes, in columns; `running`: by state how many services are in it; `customers`: NaN
    where they are unknown."""

    moments: Moments
    running: Mapping[str, Any]
    customers: Any
    unknown: Any
    money_hours: Any  # the instants for which `money` says what was lost so far
    money: Any

    def __len__(self) -> int:
        return len(self.moments.at_hours)

    def row(self, place: int) -> TimelineMoment:
        at_hours = float(self.moments.at_hours[place])
        where = int(np.searchsorted(self.money_hours, at_hours))
        counted = self.money is not None and where < len(self.money_hours) and self.money_hours[where] == at_hours
        down, recovering, interrupted, degraded = (int(self.running[state][place]) for state in STATES)
        customers = float(self.customers[place])
        return TimelineMoment(
            at_hours, int(self.moments.cis_down[place]), int(self.moments.cis_degraded[place]), down, recovering, interrupted,
            degraded, None if math.isnan(customers) else customers, int(self.unknown[place]),
            float(self.money[where]) if counted else None,
        )  # fmt: skip


def told_of(played: Played) -> Told:
    """Returns every instant at which something changes, in the likeliest outcome."""
    starts = played.moments.at_hours
    count = len(starts)
    services = [story.service for story in played.losses.stories for _ in story.stretches]
    stretches = [stretch for story in played.losses.stories for stretch in story.stretches]
    first = np.searchsorted(starts, np.asarray([stretch.start for stretch in stretches], np.float64))
    last = np.searchsorted(starts, np.asarray([stretch.end for stretch in stretches], np.float64))
    lasts = last > first
    running = {}
    for name in STATES:
        mine = lasts & np.asarray([stretch.state == name for stretch in stretches], np.bool_)
        changes = np.bincount(first[mine], minlength=count + 1) - np.bincount(last[mine], minlength=count + 1)
        running[name] = np.cumsum(changes)
    stops = lasts & np.asarray([stretch.capability <= 0.0 for stretch in stretches], np.bool_)
    numbers = np.asarray(services, np.int64)[stops]
    customers, unknown = _customers(played, count, numbers, first[stops], last[stops])
    known = [story.money_at for story in played.losses.stories if not math.isnan(story.money)]
    money = np.sum(known, axis=0) if known else None
    return Told(played.moments, running, customers, unknown, played.losses.at_hours, money)


def _customers(played: Played, count: int, services: Any, first: Any, last: Any) -> tuple[Any, Any]:
    """By instant the customers of the services that are down (NaN where they are unknown), and of how many they are unknown;
    services[i] is down from instant first[i] up to last[i]."""
    events: dict[int, list[tuple[int, int]]] = {}  # by place the services that stop there (1) or run again (-1)
    for service, stop, start in zip(services.tolist(), first.tolist(), last.tolist(), strict=True):
        events.setdefault(stop, []).append((service, 1))
        events.setdefault(start, []).append((service, -1))
    customers, unknown = np.empty(count), np.empty(count, np.int64)
    populations = played.estate.populations
    alone = bool((populations.code < 0).all())  # no service shares customers with another: those of each are added up
    is_known = ~np.isnan(populations.customers)
    down = np.zeros(len(played.estate.service_keys), np.int64)
    counted: dict[bytes, tuple[float | None, int]] = {}
    places = sorted({0, *events})
    for place, following in zip(places, [*places[1:], count], strict=True):
        for service, change in events.get(place, ()):
            down[service] += change
        if place >= count:
            break
        if alone:
            mask = down > 0
            those = populations.customers[mask & is_known]
            size = np.count_nonzero(mask)
            customers[place:following] = those.sum() if len(those) or not size else math.nan
            unknown[place:following] = size - len(those)
            continue
        now = np.flatnonzero(down > 0)
        if (known := now.tobytes()) not in counted:
            look()
            counted[known] = counted_customers(played.estate, now)
        of_all, left_out = counted[known]
        customers[place:following] = math.nan if of_all is None else of_all
        unknown[place:following] = left_out
    return customers, unknown


def customers_most(played: Played, told: Told) -> tuple[float | None, int, str]:
    """Returns the most customers without a service at one time, how many services that stop have unknown ones, and what it rests
    on."""
    of_all, unknown, note = down_customers(played.estate, played.down_services)
    known = told.customers[~np.isnan(told.customers)]
    return (float(known.max()) if len(known) else of_all), unknown, note


def steps_of(played: Played, told: Told) -> list[ScenarioMoment]:
    """Returns what each step of the document did."""
    estate, start = played.estate, played.scenario.start_at
    times = played.moments.at_hours
    out = []
    for step, positions in played.steps:
        place = int(np.searchsorted(times, step.at_hours, side="right")) - 1
        row = told.row(place) if 0 <= place < len(times) else None
        shown = [CiRow(estate.key(p), estate.name(p), estate.text("ci_class", p)) for p in positions[:CIS_SHOWN].tolist()]
        moment = (start + timedelta(hours=step.at_hours)).isoformat() if start else ""
        out.append(
            ScenarioMoment(
                step.at_hours, moment, _said(step), len(positions), shown, _back_said(step), row.cis_down if row else 0,
                row.services_down + row.services_recovering + row.services_interrupted if row else 0,
            )
        )  # fmt: skip
    return out


def _said(step: ScenarioStep) -> str:
    if step.do == "degrade":
        return f"degrade to {step.share:.0%}"
    return f"{step.do} {'to' if step.do == 'add' else 'from'} {step.group}" if step.group else step.do


def _back_said(step: ScenarioStep) -> str:
    if step.do not in ("fail", "degrade"):
        return ""
    if step.hours is not None:
        return f"after {hours(step.hours)}"
    return "as the recovery model says" if step.do == "fail" and step.back == "modelled" else "when it is restored"
