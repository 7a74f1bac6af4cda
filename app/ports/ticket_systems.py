"""The kinds of ticket systems: what each is called, which settings it has, and how one is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.ports.ticket_system import TicketSystem


@dataclass(frozen=True, slots=True)
class TicketSetting:
    """One setting of a kind. `usual`: what holds where it is not given; `needed`: it must be given; `secret`: it names the
    environment variable that holds a secret, never the secret itself."""

    name: str
    help: str
    usual: str = ""
    needed: bool = False
    secret: bool = False


@dataclass(frozen=True, slots=True)
class TicketKind:
    kind: str
    title: str
    settings: Sequence[TicketSetting]


class TicketSystems(Protocol):
    def kinds(self) -> Sequence[TicketKind]:
        """Returns all kinds of ticket systems with their settings."""

    def secrets(self, names: str) -> Sequence[str]:
        """Returns the secrets that environment variables (or the files that VARIABLE_FILE names) hold; names are apart by blanks.
        InvalidInput names a variable that holds none."""

    def open(self, kind: str, settings: Mapping[str, str], name: str = "") -> TicketSystem:
        """Returns the ticket system of a kind; InvalidInput for an unknown kind, an unknown, missing or bad setting, or a
        variable without a secret. `name`: what errors call it (usually its kind)."""
