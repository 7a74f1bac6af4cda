"""The menu: what a caller may see, in the order in which people need it. A new page is one line here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app, g, request

from app.web.addresses import link


@dataclass(frozen=True, slots=True)
class Place:
    """A page of the menu; `also`: endpoints of pages below it, on which it is the current one."""

    label: str
    endpoint: str
    also: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Menu:
    label: str
    places: Sequence[Place]


MENU: Sequence[Place | Menu] = (
    Place("Now", "now_web.now"),
    Place("Problem areas", "web.ranking", ("web.area",)),
    Place("Services", "web.services", ("web.one_service",)),
    Place("What if", "what_if_web.what_if"),
    Place("Map", "map_web.map_page"),
    Menu(
        "Plan",
        (
            Place("Goals", "goals_web.goals", ("goals_web.one", "goals_web.openslo", "goals_web.put", "goals_web.gauge")),
            Place("Loss", "loss_web.loss"),
            Place("Teams", "carriers_web.teams"),
            Place("Suppliers", "carriers_web.supplier_page"),
            Place("Common causes", "carriers_web.causes"),
            Place("Changes", "change_web.changes"),
            Place("Game days", "tests_web.game_days", ("tests_web.one_test", "tests_web.sheet")),
            Place("Improvements", "improvements_web.board", ("improvements_web.one",)),
            Place("Recovery", "web.recovery", ("web.recovery_of_service",)),
            Place("Recovery gaps", "web.recovery_gaps"),
            Place("Reports", "reports_web.reports"),
            Place("Views", "kept_web.kept"),
        ),
    ),
    Menu(
        "Tickets",
        (
            Place(
                "Ticket systems and tickets",
                "tickets_web.tickets",
                ("tickets_web.order", "tickets_web.delivery", "ticket_setup_web.ask", "ticket_setup_web.connector"),
            ),
            Place("Suggested priorities", "agreement_web.page"),
            Place("Rules", "ticket_rules_web.rules"),
            Place("Comment", "ticket_rules_web.template"),
        ),
    ),
    Menu(
        "Data",
        (
            Place("Data quality", "web.data_quality"),
            Place("Ask first", "evidence_web.asked"),
            Place("Identity", "identity_web.identity"),
            Place("Proposals", "proposals_web.proposals"),
            Place("Sources", "sources_web.sources", ("sources_web.run", "source_setup_web.ask", "source_setup_web.source")),
            Place("Revisions", "revisions_web.revisions"),
            Place("API", "api_web.api"),
        ),
    ),
    Menu(
        "Admin",
        (
            Place("Keys", "admin_web.keys", ("admin_web.ask_rotate", "admin_web.ask_revoke")),
            Place("Shared page", "goals_web.sharing", ("goals_web.put_sharing",)),
            Place("Audit trail", "admin_web.trail"),
            Place("Doctor", "admin_web.doctor"),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What the menu shows: a link, or a menu of links."""

    label: str
    href: str
    current: bool
    entries: Sequence[Entry] = ()


def entries() -> list[Entry]:
    """Returns what the caller of this request may see; a stranger sees nothing, an empty menu is left out."""
    return [entry for part in MENU if (entry := _entry(part)) is not None]


def _entry(part: Place | Menu) -> Entry | None:
    if isinstance(part, Place):
        current = request.endpoint in (part.endpoint, *part.also)
        return Entry(part.label, link(part.endpoint), current) if may_see(part.endpoint) else None
    inside = [entry for place in part.places if (entry := _entry(place)) is not None]
    return Entry(part.label, "", any(entry.current for entry in inside), inside) if inside else None


def may_see(endpoint: str) -> bool:
    """Returns whether the caller of this request may open a page."""
    view: Any = current_app.view_functions.get(endpoint)
    caller = g.get("caller")
    if view is None or caller is None or not caller.may(view.permission):
        return False
    return not caller.scope or hasattr(view, "scoped")
