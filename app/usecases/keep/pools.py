"""Pools of restore capacity: how many restorations a crew, or a shared tape robot or link, can do at once. CIs name theirs in
`restore_pool`; a pool that nobody gave places is unknown, never without limit."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.errors import InvalidInput
from app.domain.record_checks import NAMED
from app.domain.tags import tag_of
from app.domain.texts import is_text, one_form
from app.ports.documents import Documents
from app.ports.records import Records
from app.usecases.exposures import Condition, accept_any
from app.usecases.keep import audit

MOST_PLACES = 1_000_000


@dataclass(frozen=True, slots=True)
class RestorePool:
    name: str
    places: int  # restorations at once


POOLS = Records("restore_pool", RestorePool, named="restore pool")


def pool_tag(pool: RestorePool | None) -> str:
    """Returns a tag of what was said of a pool; "" where nobody said anything."""
    return "" if pool is None else tag_of([pool.name, pool.places])


def pool_of(documents: Documents, name: str) -> RestorePool:
    """Returns what was said of a pool. NotFound where nobody did."""
    return POOLS.get(documents, _name(name))


def state_pool(documents: Documents, name: str, places: int, caller: str, condition: Condition = accept_any) -> RestorePool:
    """Writes how many restorations a pool can do at once. Stale where the `condition` does not hold of what was said before."""
    pool = RestorePool(_name(name), places)
    if not 1 <= places <= MOST_PLACES:
        raise InvalidInput(f"places is not between 1 and {MOST_PLACES:,}: give how many restorations run at once", field="places")
    with documents.together():
        condition(pool_tag(POOLS.find(documents, pool.name)))
        POOLS.put(documents, pool.name, pool)
        audit.record(documents, caller, "restore pool stated", pool.name, {"places": places})
    return pool


def forget_pool(documents: Documents, name: str, caller: str, condition: Condition = accept_any) -> RestorePool:
    """Takes back how many places a pool has: they are unknown from then on."""
    with documents.together():
        pool = POOLS.get(documents, _name(name))
        condition(pool_tag(pool))
        POOLS.delete(documents, pool.name)
        audit.record(documents, caller, "restore pool forgotten", pool.name)
    return pool


def _name(text: str) -> str:
    """Returns the name as CIs state it. InvalidInput where none can."""
    name = one_form(text) if is_text(text) and "\x00" not in text else ""
    if not 0 < len(name) <= NAMED:
        raise InvalidInput(f"the name of a pool has 1 to {NAMED} characters", field="name")
    return name


def stated_places(documents: Documents) -> dict[str, int]:
    """Returns the places of every pool that someone stated."""
    return {kept.value.name: kept.value.places for kept in POOLS.every(documents)}
