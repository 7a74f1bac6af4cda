"""Calendars: windows on the wall clock of a zone, iCalendar files as they come, and files that are broken in every way."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.domain.errors import InvalidInput, LimitExceeded
from app.domain.planned import moment_text
from app.settings import ChangeSettings
from app.usecases.calendars.read import ReadCalendar, read_calendar
from app.usecases.calendars.windows import Timing, windows_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
SETTINGS = ChangeSettings()


def local(text: str) -> datetime:
    return datetime.fromisoformat(text)


def spans(timing: Timing, settings: ChangeSettings = SETTINGS) -> list[str]:
    return [f"{moment_text(a)[:16]} {moment_text(b)[:16]}" for a, b in windows_of(timing, settings, NOW).windows]


def test_a_weekly_window_keeps_its_hour_on_the_wall_when_the_clock_changes() -> None:
    timing = Timing(local("2026-03-24T22:00"), local("2026-03-25T02:00"), BERLIN, "FREQ=WEEKLY;COUNT=2")
    assert spans(timing) == ["2026-03-24T21:00 2026-03-25T01:00", "2026-03-31T20:00 2026-04-01T00:00"]


def test_a_time_that_the_clock_leaves_out_and_one_that_comes_twice() -> None:
    gap = Timing(local("2026-03-29T02:30"), local("2026-03-29T05:00"), BERLIN)
    assert spans(gap) == ["2026-03-29T01:30 2026-03-29T03:00"]  # 03:30 summer time
    twice = Timing(local("2026-10-25T02:30"), local("2026-10-25T05:00"), BERLIN)
    assert spans(twice) == ["2026-10-25T00:30 2026-10-25T04:00"]  # the first half past two


def test_whole_days_end_at_midnight_though_the_day_has_23_hours() -> None:
    day = Timing(date(2026, 3, 28), date(2026, 3, 29), BERLIN, "FREQ=DAILY;COUNT=2")
    assert spans(day) == ["2026-03-27T23:00 2026-03-28T23:00", "2026-03-28T23:00 2026-03-29T22:00"]


def test_days_left_out_and_days_added() -> None:
    timing = Timing(
        local("2026-05-04T20:00"), local("2026-05-04T21:00"), ZoneInfo("UTC"), "FREQ=DAILY;UNTIL=20260507T200000Z",
        [local("2026-06-01T08:00"), (local("2026-06-02T08:00"), local("2026-06-02T12:00"))], [local("2026-05-05T20:00")],
    )  # fmt: skip
    days = [text[5:10] for text in spans(timing)]
    assert days == ["05-04", "05-06", "05-07", "06-01", "06-02"]


def test_a_rule_without_end_is_known_up_to_the_horizon_and_says_so() -> None:
    timing = Timing(local("2020-01-06T20:00"), local("2020-01-06T21:00"), ZoneInfo("UTC"), "FREQ=WEEKLY")
    found = windows_of(timing, SETTINGS, NOW)
    assert found.known_until is not None and moment_text(found.known_until)[:10] == "2027-02-08"
    assert moment_text(found.windows[0][0])[:10] == "2025-12-01" and len(found.windows) == 62
    few = windows_of(timing, ChangeSettings(windows_each=5), NOW)
    assert len(few.windows) == 5 and few.known_until == few.windows[-1][0] + 7 * 86_400


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY", "FREQ=HOURLY", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;INTERVAL=7;BYDAY=MO",
        "FREQ=WEEKLY;BYSETPOS=1", "COUNT=3", "FREQ=", "FREQ=WEEKLY;BYDAY=XX", "FREQ=WEEKLY;COUNT=many", "FREQ=WEEKLY;INTERVAL=0",
        "FREQ=MONTHLY;UNTIL=soon", "=", ";;", "FREQ=YEARLY;BYEASTER=x",
    ],
)  # fmt: skip
def test_rules_that_are_refused(rule: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        spans(Timing(local("2026-01-05T20:00"), local("2026-01-05T21:00"), ZoneInfo("UTC"), rule))
    assert refused.value.details["field"] == "rrule"


HEAD = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:test
"""
ODD_ZONE = """BEGIN:VTIMEZONE
TZID:Our Zone
BEGIN:STANDARD
DTSTART:19701025T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700329T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
"""


def event(uid: str, *lines: str) -> str:
    return "\n".join(["BEGIN:VEVENT", f"UID:{uid}", *lines, "END:VEVENT", ""])


def read(*events: str, head: str = HEAD, zone: str = "", settings: ChangeSettings = SETTINGS) -> ReadCalendar:
    body = (head + "".join(events) + "END:VCALENDAR\n").replace("\n", "\r\n").encode()
    return read_calendar("c", "ics", body, zone, settings, NOW)


def windows(one: Any) -> list[str]:
    return [f"{moment_text(a)[:16]} {moment_text(b)[:16]}" for a, b in one.windows]


CI = "X-FORESTAY-CI:web-1"


def test_zones_of_the_file_of_the_world_and_of_windows() -> None:
    times = [f"DTSTART;TZID={zone}:20260701T220000" for zone in ("Our Zone", "Europe/Berlin", "W. Europe Standard Time")]
    found = read(*(event(str(n), line, "DURATION:PT2H", CI) for n, line in enumerate(times)), head=HEAD + ODD_ZONE)
    assert [windows(one) for one in found.entries] == [["2026-07-01T20:00 2026-07-01T22:00"]] * 3
    unknown = read(event("1", "DTSTART;TZID=Nowhere:20260701T220000", "DURATION:PT2H", CI))
    assert [(row.field, "Nowhere" in row.reason) for row in unknown.unread] == [("DTSTART", True)]


def test_times_without_zone_need_one_from_the_calendar_or_the_caller() -> None:
    lines = ("DTSTART:20260701T220000", "DTEND:20260701T230000", CI)
    assert [row.field for row in read(event("1", *lines)).unread] == ["zone"]
    assert windows(read(event("1", *lines), zone="Europe/Berlin").entries[0]) == ["2026-07-01T20:00 2026-07-01T21:00"]
    own = read(event("1", *lines), head=HEAD + "X-WR-TIMEZONE:America/New_York\n", zone="Europe/Berlin")
    assert windows(own.entries[0]) == ["2026-07-02T02:00 2026-07-02T03:00"]


def test_one_event_of_a_series_moves_and_another_is_cancelled() -> None:
    series = event("s", "DTSTART:20260601T200000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=4", "EXDATE:20260604T200000Z", CI)
    moved = event("s", "RECURRENCE-ID:20260602T200000Z", "DTSTART:20260602T100000Z", "DURATION:PT1H", CI)
    gone = event("s", "RECURRENCE-ID:20260603T200000Z", "DTSTART:20260603T200000Z", "DURATION:PT1H", "STATUS:CANCELLED", CI)
    found = read(moved, series, gone)
    by_id = {one.entry: one for one in found.entries}
    assert windows(by_id["c:s"]) == ["2026-06-01T20:00 2026-06-01T21:00"]
    assert windows(by_id["c:s@20260602T200000Z"]) == ["2026-06-02T10:00 2026-06-02T11:00"]
    assert by_id["c:s@20260603T200000Z"].state == "cancelled" and not found.unread


def test_cis_kinds_and_scopes() -> None:
    when = ("DTSTART;VALUE=DATE:20260701", "DTEND;VALUE=DATE:20260703")
    found = read(
        event("1", *when, "DESCRIPTION:Hi\\nCI: web-1\\, web-2 \\ncis: db", "X-FORESTAY-CI:db,san", "X-FORESTAY-CI:nas"),
        event("2", *when, "CATEGORIES:Holiday,Freeze", "DESCRIPTION:Scope: site=North"),
        event("3", *when, "X-FORESTAY-KIND:peak"),
        event("4", *when, "SUMMARY:Nothing named"),
        zone="UTC",
    )
    assert [(one.kind, list(one.cis), one.scope) for one in found.entries] == [
        ("change", ["db", "san", "nas", "web-1", "web-2"], ""), ("freeze", [], "site=North"), ("peak", [], "everything"),
    ]  # fmt: skip
    assert windows(found.entries[0]) == ["2026-07-01T00:00 2026-07-03T00:00"]
    assert [(row.record, row.field) for row in found.unread] == [("event 4 (4)", "cis")]


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        (("DTSTART:20260701T220000Z", CI), "DTEND"),
        (("DTEND:20260701T220000Z", CI), "DTSTART"),
        (("DTSTART:tomorrow", "DURATION:PT1H", CI), "DTSTART"),
        (("DTSTART:20260701T220000Z", "DTEND:20260701T210000Z", CI), "end"),
        (("DTSTART:20260701T220000Z", "DTEND;VALUE=DATE:20260702", CI), "end"),
        (("DTSTART:20260701T220000Z", "DURATION:P900D", CI), "end"),
        (("DTSTART:20260701T220000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY", CI), "RRULE"),
        (("DTSTART:20260701T220000Z", "DURATION:PT1H", "RRULE:FREQ=MINUTELY", CI), "rrule"),
        (("DTSTART:20260701T220000Z", "DURATION:PT1H", "EXRULE:FREQ=DAILY", CI), "EXRULE"),
        (
            ("DTSTART:20260701T220000Z", "DURATION:PT1H", "RECURRENCE-ID;RANGE=THISANDFUTURE:20260701T220000Z", CI),
            "RECURRENCE-ID",
        ),
        (("DTSTART:20260701T220000Z", "DURATION:PT1H", "X-FORESTAY-KIND:party", CI), "kind"),
        (("DTSTART:99990701T220000Z", "DURATION:PT1H", CI), "start"),
    ],
)
def test_an_event_that_cannot_be_read_is_listed_and_the_rest_goes_on(lines: tuple[str, ...], field: str) -> None:
    good = event("good", "DTSTART:20260701T220000Z", "DURATION:PT1H", CI)
    found = read(event("bad", *lines), good)
    assert [(row.record, row.field) for row in found.unread] == [("event 1 (bad)", field)]
    assert [one.entry for one in found.entries] == ["c:good"]


@pytest.mark.parametrize("body", [b"", b"hello", HEAD.encode(), b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\n", b"\xff\xfe\x00"])
def test_a_file_that_is_no_whole_calendar_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_calendar("c", "ics", body, "", SETTINGS, NOW)


def test_limits() -> None:
    one = event("1", "DTSTART:20260701T220000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=9", CI)
    for settings in (
        ChangeSettings(entries=0),
        ChangeSettings(windows=3),
        ChangeSettings(file_bytes=10),
        ChangeSettings(read_seconds=-1.0),
    ):
        with pytest.raises(LimitExceeded):
            read(one, settings=settings)
    assert read(one, settings=ChangeSettings(cis_each=0)).unread[0].field == "cis"


@pytest.mark.parametrize("file_format", ["ics", "csv", "json"])
def test_damaged_files_are_refused_or_read_and_counts_close(file_format: str) -> None:
    """Bytes dropped, doubled and replaced: what comes back are entries and refusals, or InvalidInput; never anything else."""
    rng = random.Random(5)
    rows = "id,cis,start,end,zone,rrule\n" + "".join(
        f"e{n},web-{n},2026-07-0{n}T20:00,2026-07-0{n}T22:00,UTC,FREQ=DAILY;COUNT=2\n" for n in range(1, 9)
    )
    objects = (
        '{"entries": ['
        + ", ".join(f'{{"id": "e{n}", "cis": ["a"], "start": "2026-07-0{n}", "zone": "UTC"}}' for n in range(1, 9))
        + "]}"
    )
    events = [
        event(
            f"e{n}",
            f"DTSTART;TZID=Our Zone:2026070{n}T220000",
            "DURATION:PT1H",
            "RRULE:FREQ=WEEKLY;COUNT=3",
            "CATEGORIES:a,b",
            CI,
        )
        for n in range(1, 9)
    ]
    whole = {"csv": rows, "json": objects, "ics": HEAD + ODD_ZONE + "".join(events) + "END:VCALENDAR\n"}[file_format].encode()
    outcomes = set()
    for _ in range(80):
        body = bytearray(whole)
        for _ in range(rng.choice((1, 1, 2, 5))):
            at = rng.randrange(len(body))
            body[at : at + rng.randint(0, 3)] = rng.choice(
                (b"", b"\x00", b";", b":", b"9", b"\n", b"\xc3", b"=", body[at : at + 9] * 2)
            )
        try:
            found = read_calendar("c", file_format, bytes(body), "UTC", SETTINGS, NOW)
        except InvalidInput:
            outcomes.add("refused")
        else:
            assert all(one.windows or one.known_until is None for one in found.entries)
            outcomes.add("some not read" if found.unread else "read")
    assert len(outcomes) == 3 or file_format == "json"


def test_a_night_in_which_the_clock_changes_ends_at_the_later_of_both() -> None:
    timing = Timing(local("2026-10-23T22:00"), local("2026-10-24T06:00"), BERLIN, "FREQ=DAILY;COUNT=3")
    assert [(end - begin) / 3600 for begin, end in windows_of(timing, SETTINGS, NOW).windows] == [8, 9, 8]
    spring = Timing(local("2026-03-27T22:00"), local("2026-03-28T06:00"), BERLIN, "FREQ=DAILY;COUNT=3")
    assert [(end - begin) / 3600 for begin, end in windows_of(spring, SETTINGS, NOW).windows] == [8, 8, 8]
