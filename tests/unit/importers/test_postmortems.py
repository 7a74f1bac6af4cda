"""Post-mortems: times in the forms they come in, what is said of the outage compared with the timeline, and what is refused."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.domain.errors import InvalidInput
from importers.postmortems.document import post_mortem
from importers.registry import open_source

SHARED = Path(os.environ.get("FORESTAY_SHARED") or Path(__file__).parents[3].parent / "shared")
ROWS = {"11:00": "work starts", "12:20": "it breaks", "12:25": "seen", "12:35": "mended"}


def written(
    rows: dict[str, str], zone: str = "All times in UTC.", recovery: str = "15 minutes", detection: str = "5 minutes"
) -> str:
    table = "\n".join(f"| 2020-06-09 {time} | {event} |" for time, event in rows.items())
    return (
        f"# It broke\n\n## Timeline\n\n{zone}\n\n| Time | Event |\n| :--- | --- |\n{table}\n\n## Lessons\n\n"
        "| 2020-01-01 | no row |\n\n"
        f"# Stats\n\n- Category: Kubernetes\n- Time to detection: {detection}\n- Time to recovery:  {recovery} [^3]\n"
    )


def test_the_outage_is_where_the_timeline_agrees_with_what_is_said() -> None:
    """15 minutes lie between 12:20 and 12:35 alone; the work that began at 11:00 is no outage yet."""
    told = post_mortem("PM2020-005_-_x.md", written(ROWS))
    assert (told.key, told.title, told.category, list(told.faults)) == ("PM2020-005", "It broke", "Kubernetes", [])
    assert told.began == datetime(2020, 6, 9, 12, 20, tzinfo=UTC) and told.ended == datetime(2020, 6, 9, 12, 35, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "hour"), [("All times in CET.", 10), ("| Date and Time in CEST |", 10), ("All times are in utc", 12)]
)
def test_times_are_in_the_zone_that_is_named(zone: str, hour: int) -> None:
    """CET is what clocks in Central Europe showed: two hours before UTC in June."""
    told = post_mortem("PM1-1", written(ROWS, zone))
    assert told.began is not None and told.began.hour == hour


@pytest.mark.parametrize(
    ("cell", "hour"),
    [
        ("12:20~", 12),
        ("12:20 - 13:00", 12),
        ("12:20-12:??", 12),
        ("9:20", 9),
        ("--:--", None),
        ("HH:mm", None),
        ("", None),
        ("25:00", None),
    ],
)
def test_forms_of_times(cell: str, hour: int | None) -> None:
    end = "12:35" if hour == 12 else "9:35"
    told = post_mortem("PM1-1", written({cell: "breaks", end: "mended"}, detection="?"))
    if hour is None:
        assert told.unread and told.faults[0].field == "timeline" and told.began is None
    else:
        assert told.began is not None and (told.began.hour, told.began.minute) == (hour, 20) and not told.unread


@pytest.mark.parametrize(
    ("changed", "field", "reason"),
    [
        ({"recovery": "?"}, "time to recovery", "'?'"),
        ({"recovery": "N/A"}, "time to recovery", "'N/A'"),
        ({"recovery": "17 minutes"}, "timeline", "no two times"),
        ({"rows": {"12:00": "a", "12:15": "b", "12:30": "c"}, "detection": "?"}, "timeline", "more than two"),
        ({"zone": ""}, "zone", "names no zone"),
        ({"zone": "All times in XYZ."}, "zone", "XYZ is unknown"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(changed: dict[str, object], field: str, reason: str) -> None:
    told = post_mortem("PM1-1", written(**{"rows": ROWS, **changed}))  # type: ignore[arg-type]
    assert told.began is None and [fault.field for fault in told.faults] == [field] and reason in told.faults[0].reason


def test_a_folder_becomes_incidents_of_the_cis_that_categories_name(tmp_path: Path) -> None:
    (tmp_path / "PM1-1.md").write_text(written(ROWS))
    (tmp_path / "PM1-2.md").write_text(written(ROWS).replace("Kubernetes", "People"))
    (tmp_path / "PM1-3.md").write_bytes(b"\xff\xfe")
    told = {"cis": "kubernetes = hellman; Logs=logs", "watched_from": "2020-01-01T00:00Z", "watched_until": "2021-01-01T00:00Z"}
    made = open_source("postmortems", str(tmp_path), told).read(tmp_path)
    (block,), (windows,) = made.small("incident"), made.small("observation")
    assert [(one.key, one.ci, one.ended_at - one.started_at) for one in block.records] == [("PM1-1", "hellman", 900)]  # type: ignore[union-attr, operator]
    assert [(one.where, one.field) for one in block.left_out.rejected] == [("PM1-2.md", "category"), ("PM1-3.md", "file")]
    assert [one.scope for one in windows.records] == ["ci:hellman", "ci:logs"]  # type: ignore[union-attr]
    for wrong in ({}, {"cis": "Kubernetes"}, told | {"watched_until": "2021"}, told | {"watched_from": "2020-01-01T00:00"}):
        with pytest.raises(InvalidInput):
            open_source("postmortems", str(tmp_path), wrong)


@pytest.mark.shared
def test_real_post_mortems_are_read_or_listed_with_a_reason() -> None:
    """The public ones of DFDS: 39, of which those are read whose timeline agrees with the time to recovery that they state."""
    folder = SHARED / "data" / "dfds-postmortems"
    told = [post_mortem(path.name, path.read_text("utf-8")) for path in sorted(folder.glob("*.md"))]
    read = [one for one in told if one.began is not None]
    refused = {one.key: [f"{fault.field}: {fault.reason}" for fault in one.faults] for one in told if one.began is None}
    print(f"\n{len(read)} of {len(told)} read; refused:")
    for key, reasons in refused.items():
        print(f"  {key} {'; '.join(reasons)}")
    assert (len(told), len(read)) == (39, 23) and all(refused.values())
    by_key = {one.key: one for one in read}
    kiam = by_key["PM2020-002"]  # 15:36 to 18:04 in CET
    assert (kiam.began, kiam.ended) == (datetime(2020, 1, 21, 14, 36, tzinfo=UTC), datetime(2020, 1, 21, 17, 4, tzinfo=UTC))
    adfs = by_key["PM2021-004"]  # 12:06 to 13:30 in UTC
    assert (adfs.began, adfs.ended) == (datetime(2021, 3, 31, 12, 6, tzinfo=UTC), datetime(2021, 3, 31, 13, 30, tzinfo=UTC))
    unread = {one.key: list(one.unread) for one in told if one.unread}
    assert unread["PM2019-009"] == ["2019-12-03 --:--"] and "20202-01-16 12:00" in unread["PM2020-003"]
