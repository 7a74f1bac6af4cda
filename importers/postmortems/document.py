"""A post-mortem in Markdown: its timeline, the zone of its times, its category, and how long detection and recovery took.

What it says of when the failure began is compared: the time to recovery must lie between two times of the timeline, and where the
time to detection is said a time must lie that long after the first of them. Nothing is taken from the text of a row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

ZONES = {"UTC": UTC, "GMT": UTC, "CET": ZoneInfo("Europe/Berlin"), "CEST": timezone(timedelta(hours=2))}
FIRST_COLUMN = re.compile(r"^\s*\|([^|]*)\|")
MOMENT = re.compile(r"~?\s*(\d{4}-\d{2}-\d{2})[ T]+(\d{1,2}:\d{2})(?::\d{2})?\s*(?:~|[-–]\s*[\d?]{1,2}:[\d?]{2})?")
ZONE = re.compile(r"\b(?:all times|date and time|time)s?\s+(?:are\s+)?in\s+([A-Z]{3,4})\b", re.I)
STAT = re.compile(r"^\s*[-*]\s*(category|time to detection|time to recovery)\s*:\s*(.*?)\s*(?:\[\^\w+\])?\s*$", re.I)
MINUTES = re.compile(
    r"(?:about |approx\.? |~ ?)?(\d+)\s*(minutes?|mins?|m|hours?|h|days?)\b(?:\s*(?:and )?(\d+)\s*(?:minutes?|mins?|m))?", re.I
)
UNITS = {"m": 1, "h": 60, "d": 1440}


@dataclass(frozen=True, slots=True)
class Fault:
    field: str
    reason: str
    advice: str


@dataclass(frozen=True, slots=True)
class PostMortem:
    """`began`, `ended`: in UTC, None with a fault that says why. `unread`: cells of the timeline that are no times."""

    key: str
    title: str
    category: str
    began: datetime | None
    ended: datetime | None
    unread: Sequence[str]
    faults: Sequence[Fault]


def post_mortem(name: str, text: str) -> PostMortem:
    """Returns what the file of a name says."""
    lines = text.splitlines()
    key = re.match(r"[A-Za-z]*\d+-\d+", name)
    title = next((line.lstrip("# ").strip() for line in lines if line.startswith("# ")), name)
    said = {m.group(1).casefold(): m.group(2) for line in lines if (m := STAT.match(line))}
    zone = ZONE.search(text)
    moments, unread = _timeline(lines, zone.group(1).upper() if zone else "")
    faults: list[Fault] = []
    began = ended = None
    if not zone or zone.group(1).upper() not in ZONES:
        why = f"zone {zone.group(1)} is unknown" if zone else "it names no zone of its times"
        faults.append(Fault("zone", why, "write: All times in UTC."))
    else:
        began, ended, faults = _span(moments, said)
    return PostMortem(key.group() if key else name, title, said.get("category", ""), began, ended, unread, faults)


def _timeline(lines: Sequence[str], zone: str) -> tuple[list[datetime], list[str]]:
    """Returns the times of the table below the heading "Timeline", and the cells that are none."""
    moments, unread, inside = [], [], False
    for line in lines:
        if line.startswith("#"):
            inside = "timeline" in line.casefold()
            continue
        cell = FIRST_COLUMN.match(line) if inside else None
        if cell is None or not re.search(r"\d", cell.group(1)):
            continue
        written = cell.group(1).strip()
        found = MOMENT.fullmatch(written)
        try:
            at = datetime.fromisoformat(f"{found.group(1)} {found.group(2):0>5}") if found else None
        except ValueError:
            at = None
        if at is None or zone not in ZONES:
            unread.append(written)
        else:
            moments.append(at.replace(tzinfo=ZONES[zone]).astimezone(UTC))
    return moments, unread


def minutes_of(text: str) -> int | None:
    """Returns minutes, of texts such as "148 minutes", "2 hours 5 minutes" or "1 day"; None where it says no duration.

    >>> minutes_of("2 hours 5 minutes"), minutes_of("?"), minutes_of("408 minutes")
    (125, None, 408)
    """
    found = MINUTES.match(text.strip())
    if not found:
        return None
    return int(found.group(1)) * UNITS[found.group(2)[0].casefold()] + int(found.group(3) or 0)


def _span(moments: Sequence[datetime], said: dict[str, str]) -> tuple[datetime | None, datetime | None, list[Fault]]:
    recovery, detection = minutes_of(said.get("time to recovery", "")), minutes_of(said.get("time to detection", ""))
    if not moments:
        return None, None, [Fault("timeline", "no row has a date and a time", "write each time as 2026-11-30 14:05")]
    if recovery is None:
        written = said.get("time to recovery", "")
        why = f"it says {written!r} for the time to recovery" if written else "it says no time to recovery"
        return None, None, [Fault("time to recovery", why, "write it in minutes")]
    there = set(moments)
    begins = [at for at in sorted(there) if at + timedelta(minutes=recovery) in there]
    if len(begins) > 1 and detection is not None:
        begins = [at for at in begins if at + timedelta(minutes=detection) in there] or begins
    if len(begins) != 1:
        lie = "no two times" if not begins else "more than two times"
        why = f"{lie} of the timeline lie {recovery} minutes apart, its time to recovery"
        return None, None, [Fault("timeline", why, "correct the timeline or the time to recovery")]
    return begins[0], begins[0] + timedelta(minutes=recovery), []
