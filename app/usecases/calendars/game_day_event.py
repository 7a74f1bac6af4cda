"""A game day as a calendar entry: an iCalendar file (RFC 5545) of one event, which Forestay's own calendars read as a change."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.usecases.keep.game_days import GameDay


def calendar_entry(day: GameDay, cis: list[str]) -> bytes:
    """Returns the file. `cis`: the keys of what goes out, so that the entry is a planned change of them where it is imported."""
    from icalendar import Calendar, Event

    calendar, event = Calendar(), Event()
    calendar.add("prodid", "-//Forestay//game days//EN")
    calendar.add("version", "2.0")
    event.add("uid", f"{day.day}@forestay")
    event.add("dtstamp", datetime.fromisoformat(day.planned_at))
    start = datetime.fromisoformat(day.start_at)
    event.add("dtstart", start)
    event.add("dtend", start + timedelta(hours=day.hours))
    event.add("summary", f"Game day: {day.title}")
    event.add("status", "CANCELLED" if day.cancelled else "CONFIRMED")
    people = "\n".join(day.people)
    event.add("description", f"{day.hypothesis}\n\n{day.abort}\n\n{people}")
    for key in cis:
        event.add("x-forestay-ci", key)
    calendar.add_component(event)
    return bytes(calendar.to_ical())
