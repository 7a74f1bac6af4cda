"""The settings of a connector: texts by name, checked once when it is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from app.domain.errors import InvalidInput
from app.domain.tickets import INCIDENT, PHASES, PRIORITIES, UNKNOWN_PHASE
from app.ports.ticket_systems import TicketSetting

URL = TicketSetting("url", "address of the system", needed=True)
CA_FILE = TicketSetting("ca_file", "file with the authorities that its certificate is checked by; empty: those of the machine")
USER = TicketSetting("user", "user that signs in, with password_env")
PASSWORD = TicketSetting("password_env", "variable (or VARIABLE_FILE) that holds the user's password", secret=True)
TOKEN = TicketSetting("token_env", "variable (or VARIABLE_FILE) that holds a token", secret=True)
CLIENT_ID = TicketSetting("client_id", "client that signs in by OAuth, with client_secret_env")
CLIENT_SECRET = TicketSetting("client_secret_env", "variable (or VARIABLE_FILE) that holds the client's secret", secret=True)
LINK = TicketSetting("link_template", "a link that each ticket's description ends with; {key} is the ticket's key")
OVERLAP = TicketSetting("overlap_minutes", "how far before its last look a poll looks again", "5")
ZONE = TicketSetting("time_zone", "zone in which the system gives and takes times without one", "UTC")


@dataclass(frozen=True, slots=True)
class Phases:
    """Which statuses belong to which phase. The first of a phase is the one that is asked for."""

    statuses: Mapping[str, Sequence[str]]

    def of(self, status: str) -> str:
        """Returns the phase of a status; unknown where the settings do not name it."""
        wanted = status.casefold()
        for phase, names in self.statuses.items():
            if any(name.casefold() == wanted for name in names):
                return phase
        return UNKNOWN_PHASE

    def has(self, phase: str, status: str) -> bool:
        return status.casefold() in (name.casefold() for name in self.statuses[phase])

    def all_of(self, phase: str) -> Sequence[str]:
        return self.statuses[phase]


@dataclass(frozen=True, slots=True)
class Options:
    kind: str
    name: str
    given: Mapping[str, str]
    settings: Sequence[TicketSetting]

    def __post_init__(self) -> None:
        known = {one.name: one for one in self.settings}
        for name, value in self.given.items():
            if name not in known:
                raise self.bad(name, f"is not a setting of {self.kind}; known: {', '.join(known)}")
            if not isinstance(value, str):
                raise self.bad(name, "is a text")
        for one in self.settings:
            if one.needed and not self[one.name]:
                raise self.bad(one.name, f"is needed: {one.help}")

    def __getitem__(self, name: str) -> str:
        if value := self.given.get(name, "").strip():
            return value
        return next(one.usual for one in self.settings if one.name == name)

    def bad(self, name: str, why: str) -> InvalidInput:
        return InvalidInput(f"{self.name}: {name} {why}", field=name)

    def of_kind(self, name: str, kind: str) -> str:
        """Returns a setting for tickets of a kind: `<name>_<kind>` where it is given, else `name`."""
        own = f"{name}_{kind}"
        if kind != INCIDENT and any(one.name == own for one in self.settings) and self[own]:
            return self[own]
        return self[name]

    def number(self, name: str, low: int, high: int) -> int:
        text = self[name]
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise self.bad(name, f"is a whole number from {low} to {high}")
        return int(text)

    def zone(self) -> tzinfo:
        try:
            return ZoneInfo(self["time_zone"])
        except (ValueError, OSError, KeyError):
            raise self.bad("time_zone", "is a zone such as UTC or Europe/Berlin") from None

    def phases(self, name: str = "phases") -> Phases:
        """Returns the table of phases: `open: new, open; resolved: resolved; closed: closed, rejected`."""
        table: dict[str, list[str]] = {}
        for part in filter(None, (part.strip() for part in self[name].split(";"))):
            phase, _, names = part.partition(":")
            statuses = [word.strip() for word in names.split(",") if word.strip()]
            if phase.strip() not in PHASES or not statuses:
                raise self.bad(name, f"is written as 'open: new, open; resolved: done; closed: closed', not {part[:80]!r}")
            table.setdefault(phase.strip(), []).extend(statuses)
        if missing := [phase for phase in PHASES if phase not in table]:
            raise self.bad(name, f"names no status for {', '.join(missing)}")
        return Phases(table)

    def priorities(self, name: str = "priorities") -> dict[str, str]:
        """Returns their priority for each of ours: `1=Urgent, 2=High, ...`."""
        table: dict[str, str] = {}
        for part in filter(None, (part.strip() for part in self[name].split(","))):
            ours, _, theirs = part.partition("=")
            if ours.strip() not in PRIORITIES or not theirs.strip():
                raise self.bad(name, f"is written as '1=Urgent, 2=High, ...', not {part[:80]!r}")
            table[ours.strip()] = theirs.strip()
        if missing := [one for one in PRIORITIES if one not in table]:
            raise self.bad(name, f"says nothing for {', '.join(missing)}")
        return table


def ours(table: Mapping[str, str], theirs: str) -> str:
    """Returns our priority for theirs; "" where the table has none. Several of ours may be one of theirs: the most urgent counts.

    >>> ours({"1": "High", "2": "High", "3": "Low"}, "high"), ours({"1": "High"}, "?")
    ('1', '')
    """
    return next((one for one, name in sorted(table.items()) if name.casefold() == theirs.casefold()), "")


def moment(text: object, zone: tzinfo) -> datetime | None:
    """Returns a time as a system writes it, in UTC; a time without a zone is one of `zone`. None where there is none."""
    from datetime import UTC

    written = str(text or "").strip()
    if not written or written.startswith(("0000", "1970-01-01")):
        return None
    try:
        at = datetime.fromisoformat(written.replace("Z", "+00:00"))
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
