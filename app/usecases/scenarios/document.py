"""The scenario as a JSON document: its one gate, and its published schema."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from app.domain.errors import InvalidInput
from app.settings import LimitSettings

Name = Annotated[str, Meta(min_length=1, max_length=4000)]
Hours = Annotated[float, Meta(ge=0, le=87660)]
Factor = Annotated[float, Meta(ge=0, le=1000)]


class Selector(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename={"ci_class": "class"}):
    """CIs by exactly one property. `ci`, `alias`: any identity; `class`: with the classes below it; `rack`: a rack and what
    stands in it; `tag`: name=value of what a source says; `hangs_on`: a CI and all that needs it, by any path."""

    ci: Name | None = None
    alias: Name | None = None
    ci_class: Name | None = None
    site: Name | None = None
    rack: Name | None = None
    team: Name | None = None
    supplier: Name | None = None
    tag: Name | None = None
    environment: Name | None = None
    hangs_on: Name | None = None

    def one(self) -> tuple[str, str] | None:
        """Kind and name; None where not exactly one is given."""
        given = [(kind, name) for kind, name in zip(KINDS, msgspec.structs.astuple(self), strict=True) if name]
        return given[0] if len(given) == 1 else None


class ScenarioStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What happens at an hour. fail: back after `hours`, else as `back` says: by the recovery model, or when a step restores it.
    degrade: `share` of the work is left, for `hours` or until restored. block: failovers of these CIs' groups do not work from
    here on. add, remove: members of the redundancy group `group`."""

    at_hours: Hours
    do: Literal["fail", "degrade", "restore", "block", "add", "remove"]
    select: Annotated[list[Selector], Meta(min_length=1)]
    hours: Hours | None = None
    back: Literal["modelled", "restored"] = "modelled"
    share: Annotated[float, Meta(ge=0, lt=1)] | None = None
    group: Name | None = None


class DemandProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Factors of customers and money against their average: 168 hours of the week from Monday 00:00, 12 months from January; in
    the zone of `start_at`."""

    week: list[Factor] = []
    months: list[Factor] = []


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Steps on a timeline. `until_hours`: how far to look behind the last step where something is never restored; `restarts`:
    CIs that only fell with a provider take their restart hours; `nothing`: what a selector that matches nothing is."""

    steps: Annotated[list[ScenarioStep], Meta(min_length=1)]
    title: Annotated[str, Meta(max_length=200)] = ""
    start_at: Annotated[datetime, Meta(tz=True)] | None = None
    demand: DemandProfile | None = None
    until_hours: Annotated[float, Meta(gt=0, le=87660)] = 72.0
    restarts: bool = True
    rule: Literal["product", "worst"] | None = None
    nothing: Literal["error", "warning"] = "error"


def schema() -> dict[str, Any]:
    """Returns the JSON schema of a scenario."""
    made = msgspec.json.schema(Scenario)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Forestay scenario", **made}


def scenario_of(document: Mapping[str, Any], limits: LimitSettings | None = None) -> Scenario:
    """Returns the scenario that a document says; InvalidInput names the place and what is wrong there, or the limit.
    Without `limits` (the command line) only what no scenario may be is refused."""
    try:
        scenario = msgspec.convert(document, Scenario, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"scenario: {error}", field="scenario") from None
    for place, step in enumerate(scenario.steps):
        _check(place, step)
    profile = scenario.demand
    if profile is not None:
        if scenario.start_at is None:
            raise InvalidInput("scenario: a demand profile needs start_at, a time with zone", field="start_at")
        for name, size in (("week", 168), ("months", 12)):
            if len(getattr(profile, name)) not in (0, size):
                raise InvalidInput(f"scenario: demand.{name} has {size} factors or none", field=f"demand.{name}")
    if limits is not None:
        selectors = sum(len(step.select) for step in scenario.steps)
        for count, name in ((len(scenario.steps), "scenario_steps"), (selectors, "scenario_selectors")):
            if count > getattr(limits, name):
                what = name.removeprefix("scenario_")
                raise InvalidInput(
                    f"the scenario has {count:,} {what}. At most {getattr(limits, name):,} (setting limits.{name}).",
                    field="steps",
                )
    return scenario


def _check(place: int, step: ScenarioStep) -> None:
    def wrong(field: str, reason: str) -> InvalidInput:
        return InvalidInput(f"scenario, step {place + 1}: {reason}", field=f"steps.{place}.{field}")

    if not all(math.isfinite(value) for value in (step.at_hours, step.hours or 0.0, step.share or 0.0)):
        raise wrong("at_hours", "hours and shares are finite numbers")
    for number, selector in enumerate(step.select):
        if selector.one() is None:
            raise wrong(f"select.{number}", f"selector {number + 1} names exactly one of {', '.join(KINDS)}")
    if step.hours is not None and (step.do not in ("fail", "degrade") or not step.hours > 0):
        raise wrong("hours", "`hours`, above 0, say how long something fails or is degraded")
    if (step.share is not None) != (step.do == "degrade"):
        raise wrong("share", "`share`, what is left, belongs to degrade and is needed there")
    if (step.group is not None) != (step.do in ("add", "remove")):
        raise wrong("group", "`group`, the key of a redundancy group, belongs to add and remove and is needed there")


KINDS = ("ci", "alias", "class", "site", "rack", "team", "supplier", "tag", "environment", "hangs_on")


def document_of(scenario: Scenario) -> dict[str, Any]:
    """Returns the scenario as a document again, without what is as it would be anyway."""
    made: dict[str, Any] = msgspec.to_builtins(scenario)
    return made
