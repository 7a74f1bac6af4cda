"""Scenarios that are kept under a name: every version of each, and when it was last played (an exercise)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from app.domain.errors import Conflict, InvalidInput, NotFound
from app.domain.tags import tag_of
from app.domain.timeline import TimelineAnswer
from app.ports.documents import Documents
from app.ports.records import Kept, Records
from app.settings import LimitSettings
from app.usecases.exposures import Condition, accept_any
from app.usecases.keep import audit
from app.usecases.scenarios.document import Scenario, document_of, scenario_of

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


@dataclass(frozen=True, slots=True)
class StoredScenario:
    """A scenario under its name. `version` counts its writes from 1; `copied_from`: name@version."""

    name: str
    version: int
    title: str
    written_at: str
    written_by: str
    note: str
    scenario: Mapping[str, Any]
    copied_from: str = ""


@dataclass(frozen=True, slots=True)
class Exercise:
    """One playing of a stored scenario. None: unknown."""

    name: str
    version: int
    played_at: str
    played_by: str
    revision: int
    sentence: str
    services_down: int
    mtpd_breaches: int
    money: float | None


@dataclass(frozen=True, slots=True)
class ScenarioRow:
    """A line of the list of scenarios. `played_at` and what follows are of its latest exercise, "" and None: never played."""

    name: str
    title: str
    version: int
    written_at: str
    written_by: str
    steps: int
    exercises: int
    played_at: str
    sentence: str
    money: float | None


@dataclass(frozen=True, slots=True)
class Played:
    """How often a scenario was played, and the latest time."""

    exercises: int
    latest: Exercise


SCENARIOS = Records("scenario", StoredScenario)
VERSIONS = Records("scenario_version", StoredScenario, "version of a scenario")
PLAYED = Records("scenario_played", Played)
EXERCISES = Records("exercise", Exercise)


def scenario_tag(stored: StoredScenario | None) -> str:
    """Returns a tag of what is kept; "" where nothing is."""
    return tag_of(asdict(stored)) if stored else ""


@dataclass(frozen=True, slots=True)
class Written:
    """What a person writes: the document, a note for those who come after, and what it was copied from."""

    document: Mapping[str, Any]
    note: str = ""
    copied_from: str = ""


def write_scenario(
    documents: Documents, name: str, written: Written, caller: str, limits: LimitSettings | None = None,
    condition: Condition = accept_any,
) -> StoredScenario:  # fmt: skip
    """Writes the next version of a scenario and returns it; InvalidInput for a name or document that is none, Stale where the
    condition does not hold."""
    if not NAME.fullmatch(name):
        raise InvalidInput("a scenario's name is 1 to 63 small letters, digits and . _ -, and begins with a letter or digit")
    scenario = scenario_of(written.document, limits)
    kept = SCENARIOS.kept(documents, name)
    condition(scenario_tag(kept.value if kept else None))
    versions = [one.value.version for one in _versions(documents, name)]
    number = max([kept.value.version if kept else 0, *versions]) + 1
    now = datetime.now(UTC).isoformat()
    stored = StoredScenario(name, number, scenario.title, now, caller, written.note, document_of(scenario), written.copied_from)
    with documents.together():
        SCENARIOS.put(documents, name, stored, expected=kept.version if kept else 0)
        VERSIONS.put(documents, _version_key(name, number), stored, expected=0)
        audit.record(documents, caller, "scenario written", name, {"version": number})
    return stored


def _version_key(name: str, number: int) -> str:
    return f"{name}@{number:06}"


def _versions(documents: Documents, name: str) -> list[Kept[StoredScenario]]:
    """Every version of a scenario, the oldest first."""
    found: list[Kept[StoredScenario]] = []
    after = f"{name}@"
    while page := VERSIONS.page(documents, after):
        mine = [one for one in page if one.value.name == name]
        found += mine
        if len(mine) < len(page):
            break
        after = page[-1].key
    return found


def get_scenario(documents: Documents, name: str, version: int | None = None) -> StoredScenario:
    """Returns a scenario, or one of its earlier versions; NotFound where there is none."""
    if version is None:
        return SCENARIOS.get(documents, name)
    found = VERSIONS.find(documents, _version_key(name, version))
    if found is None:
        raise NotFound(f"no version {version} of the scenario {name}")
    return found


def list_versions(documents: Documents, name: str) -> list[StoredScenario]:
    """Returns all versions, the newest first; also those of a scenario that was removed."""
    found = [one.value for one in _versions(documents, name)][::-1]
    if not found:
        raise NotFound(f"no scenario {name}")
    return found


def copy_scenario(documents: Documents, source: str, name: str, caller: str, version: int | None = None) -> StoredScenario:
    """Writes what another scenario says under a new name; Conflict where the name is taken."""
    stored = get_scenario(documents, source, version)
    if SCENARIOS.kept(documents, name):
        raise Conflict(f"there is a scenario {name} already")
    return write_scenario(documents, name, Written(stored.scenario, "", f"{stored.name}@{stored.version}"), caller)


def remove_scenario(documents: Documents, name: str, caller: str, condition: Condition = accept_any) -> StoredScenario:
    """Takes a scenario off the list; its versions and exercises stay, for the record."""
    stored = SCENARIOS.get(documents, name)
    condition(scenario_tag(stored))
    with documents.together():
        SCENARIOS.delete(documents, name)
        audit.record(documents, caller, "scenario removed", name, {"version": stored.version})
    return stored


def page_scenarios(documents: Documents, after: str, limit: int) -> list[ScenarioRow]:
    """Returns a page of scenarios by name, each with its latest exercise."""
    return [_row(documents, kept.value) for kept in SCENARIOS.page(documents, after, limit)]


def _row(documents: Documents, stored: StoredScenario) -> ScenarioRow:
    played = PLAYED.find(documents, stored.name)
    latest = played.latest if played else None
    steps = len(stored.scenario["steps"])
    return ScenarioRow(
        stored.name, stored.title, stored.version, stored.written_at, stored.written_by, steps,
        played.exercises if played else 0, latest.played_at if latest else "", latest.sentence if latest else "",
        latest.money if latest else None,
    )  # fmt: skip


def exercise(
    documents: Documents, stored: StoredScenario, caller: str, answer: Callable[[Scenario], TimelineAnswer],
    limits: LimitSettings | None = None,
) -> TimelineAnswer:  # fmt: skip
    """Plays a stored scenario, notes that it was, and returns the answer."""
    made = answer(scenario_of(stored.scenario, limits))
    now = datetime.now(UTC).isoformat()
    row = Exercise(
        stored.name, stored.version, now, caller, made.stamp.revision, made.sentence, made.services_down, made.mtpd_breaches,
        made.money,
    )  # fmt: skip
    with documents.together():
        EXERCISES.append(documents, row)
        kept = PLAYED.kept(documents, stored.name)
        count = kept.value.exercises + 1 if kept else 1
        PLAYED.put(documents, stored.name, Played(count, row), expected=kept.version if kept else 0)
        audit.record(documents, caller, "scenario played", stored.name, {"version": stored.version, "revision": row.revision})
    return made


def page_exercises(documents: Documents, after: str, limit: int) -> Sequence[Kept[Exercise]]:
    """Returns a page of exercises, the newest first."""
    return EXERCISES.page(documents, after, limit, newest_first=True)
