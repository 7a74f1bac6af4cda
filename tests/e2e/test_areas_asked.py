"""Problem areas filtered, sorted, compared and paged: the same through API, command line and page, and never a row too many."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from tests.e2e.conftest import Service
from tests.e2e.test_page_sentences import text_of

TEAMS, SITES, CLASSES = ["data", "front", "Ümit"], ["north", "south"], ["server", "database"]


@pytest.fixture
def estate(service: Service) -> Service:
    rng = random.Random(17)
    cis = [
        {
            "key": f"ci{n:02d}",
            "name": f"{rng.choice(['Web', 'ÖRE', 'db'])}-{n:02d}",
            "class": rng.choice(CLASSES),
            "team": rng.choice([*TEAMS, ""]),
            "site": rng.choice(SITES),
            **({"failures_per_year": rng.randint(1, 9)} if n % 3 else {}),
            "repair_hours": rng.randint(1, 12),
        }
        for n in range(40)
    ]
    shops = [{"key": f"shop{n}", "name": f"Shop {n}", "class": "business_service", "team": TEAMS[n]} for n in range(3)]
    needs = [{"dependent": f"shop{n % 3}", "provider": f"ci{n:02d}"} for n in range(40)]
    exposures = [{"key": f"shop{n}", "customers": 100 * (n + 1), "money_per_hour": 50 + n, "rto_hours": 4} for n in range(3)]
    service.csv(cis=[*cis, *shops], dependencies=needs, services=exposures)
    return service


def rows_of(estate: Service, **asked: Any) -> list[dict[str, Any]]:
    """All pages of a list, small ones; back from the second is the first."""
    page = first = estate.get("/areas", limit=7, **asked)
    rows = list(page["items"])
    while page["next"]:
        page = estate.get("/areas", limit=7, after=page["next"], **asked)
        rows += page["items"]
        if page["previous"] and len(rows) <= 14:
            back = estate.get("/areas", limit=7, after=page["previous"], **asked)
            assert back["items"] == first["items"]
    assert len(rows) == first["total_rows"] <= first["of_rows"]
    known = [row[first["measure"]] for row in rows if row[first["measure"]] is not None]
    assert first["total_fitting"] == pytest.approx(sum(known))
    return rows


def test_each_filter_keeps_just_what_fits(estate: Service) -> None:
    every = rows_of(estate)
    assert len(every) == 43
    details = {row["name"]: estate.get(f"/cis/{row['name']}") for row in every}

    def value_of(key: str, name: str) -> str:
        rates = [v["origin"] for v in details[key]["values"] if v["name"] == "failures_per_year"]
        return rates[0] if name == "origin" else str(details[key][{"class": "ci_class"}.get(name, name)])

    values = {"team": TEAMS, "site": SITES, "class": CLASSES, "origin": ["declared", "assumed"]}
    tried = 0
    for name, other in itertools.combinations(values, 2):
        for one, two in itertools.product(values[name], values[other]):
            wanted = [r["name"] for r in every if value_of(r["name"], name) == one and value_of(r["name"], other) == two]
            assert [r["name"] for r in rows_of(estate, **{name: one, other: two})] == wanted
            tried += len(wanted) > 0
    assert tried > 10
    for text in ("öre", "WEB-1", "ci0", "-", "no such"):
        wanted = [r["name"] for r in every if text.casefold() in r["label"].casefold() or text in r["name"]]
        assert [r["name"] for r in rows_of(estate, name=text)] == wanted


def test_areas_of_several_cis_fit_by_any_of_them_and_services_by_themselves(estate: Service) -> None:
    teams = {row["name"] for row in rows_of(estate, kind="team", site="north", **{"class": "database"})}
    cis = rows_of(estate, site="north", **{"class": "database"})
    assert teams == {row["owner"] or "(unknown)" for row in cis} and len(teams) > 1
    assert [row["label"] for row in rows_of(estate, kind="service", team="front")] == ["Shop 1"]
    assert [row["name"] for row in rows_of(estate, kind="team", name="üM")] == ["Ümit"]


@pytest.mark.parametrize("kind", ["ci", "service", "team"])
def test_each_order_is_that_of_the_column_with_the_unknown_last(estate: Service, kind: str) -> None:
    columns = {
        "money_per_year": lambda r: r["money_per_year"], "customer_hours_per_year": lambda r: r["customer_hours_per_year"],
        "services_hit": lambda r: r["services_hit"], "gap": lambda r: r["gap"] and r["gap"]["gap_hours"],
    }  # fmt: skip
    for name, value in columns.items():
        for sign in (1, -1):
            found = [value(row) for row in rows_of(estate, kind=kind, sort=name if sign == 1 else f"-{name}")]
            known = [v for v in found if v is not None]
            assert found == known + [None] * (len(found) - len(known))
            assert known == sorted(known, reverse=sign == 1)
    names = [row["label"].casefold() for row in rows_of(estate, kind=kind, sort="name")]
    assert names == sorted(names) and names[::-1] == [r["label"].casefold() for r in rows_of(estate, kind=kind, sort="-name")]
    owners = [row["owner"] for row in rows_of(estate, sort="owner")]
    assert owners == sorted(owners, key=lambda owner: (owner == "", owner.casefold()))


def test_a_gap_is_that_of_the_recovery_page(estate: Service) -> None:
    gaps = [row for row in estate.get("/recovery/gaps", limit=500)["items"] if row["kind"] == "outage"]
    for row in rows_of(estate):
        of_it = [gap for gap in gaps if gap["key"] == row["name"]]
        assert (row["gap"] or {}).get("gap_hours") == (max(gap["gap_hours"] for gap in of_it) if of_it else None)
    assert estate.get("/areas")["standing"]["worst_gap"]["gap_hours"] == gaps[0]["gap_hours"]


def test_the_difference_to_an_earlier_revision(service: Service) -> None:
    def estate(rate: int, *more: dict[str, Any]) -> None:
        service.csv(
            cis=[
                {"key": "shop", "name": "Shop", "class": "business_service"},
                {"key": "db", "name": "db", "class": "database", "failures_per_year": rate, "repair_hours": 2, "team": "data"},
                *more,
            ],
            dependencies=[{"dependent": "shop", "provider": row["key"]} for row in ({"key": "db"}, *more)],
            services=[{"key": "shop", "customers": 10, "money_per_hour": 100}],
        )

    estate(2)
    estate(5, {"key": "a", "name": "a", "class": "server", "failures_per_year": 1, "repair_hours": 1, "team": "new"})
    rows = {row["label"]: row for row in rows_of(service, since=1)}
    assert rows["db"]["difference"] == pytest.approx(rows["db"]["money_per_year"] - rows["db"]["before"]) != 0
    assert rows["db"]["before"] == service.get("/areas", revision=1)["items"][0]["money_per_year"]
    assert (rows["a"]["before"], rows["a"]["difference"]) == (None, None)
    assert next(r["label"] for r in rows_of(service, since=1, sort="trend")) == "db"
    teams = {row["name"]: row["difference"] for row in rows_of(service, kind="team", since=1)}
    assert teams["data"] == pytest.approx(rows["db"]["difference"]) and teams["new"] is None
    page = text_of(service.page("/", since=1))
    assert "Since revision 1" in page and "not there then" in page
    assert "since revision 1" in service.cli("areas", "--since", "1").output


def test_page_and_command_line_say_the_same_as_the_api(estate: Service) -> None:
    asked = {"team": "data", "origin": "assumed", "sort": "gap"}
    answer = estate.get("/areas", limit=50, **asked)
    printed = estate.cli_json("areas", "--team", "data", "--origin", "assumed", "--sort", "gap", "--limit", "50")
    assert printed["items"] == answer["items"] and 0 < answer["total_rows"] < 43
    page = estate.page("/", **asked)
    said = text_of(page)
    assert f"{answer['total_rows']} of {answer['total_rows']} areas that fit the filter, of 43 in all" in said
    assert [page.index(f">{row['label']}</a>") for row in answer["items"]] == sorted(
        page.index(f">{row['label']}</a>") for row in answer["items"]
    )
    assert 'aria-sort="descending"><a href="/?team=data&amp;origin=assumed&amp;sort=-gap">' in page
    assert "No area fits" in estate.page("/", name="no such")
    for wrong in ("origin=x", "sort=x", "since=-1", "since=99", "kind=x"):
        assert estate.client.get(f"/?{wrong}").status_code in (404, 422), wrong
        assert estate.client.get(f"/api/v1/areas?{wrong}").status_code in (404, 422), wrong
    cursor = estate.get("/areas", limit=2)["next"]
    assert "another ranking" in estate.get("/areas", status=422, after=cursor, team="data")["detail"]


def test_the_contributions_of_an_area_page_to_their_end(service: Service) -> None:
    names = [f"host-{number:02}" for number in range(12)]
    service.csv(
        "cmdb",
        cis=[
            {"key": "shop", "name": "Shop", "class": "business_service", "team": "front"},
            *({"key": name, "name": name, "class": "server", "team": "web"} for name in names),
        ],
        dependencies=[{"dependent": "shop", "provider": name} for name in names],
        services=[{"key": "shop", "customers": 10, "money_per_hour": 100}],
    )
    whole = service.get("/area", kind="team", name="web")
    assert len(whole["contributions"]) == whole["contributions_total"] == 12 and whole["next"] is None
    rows, after, pages = [], {}, 0
    while True:
        page = service.get("/area", kind="team", name="web", limit=5, **after)
        rows += page["contributions"]
        pages += 1
        assert page["contributions_total"] == 12 and page["area"] == whole["area"]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert (rows, pages) == (whole["contributions"], 3)
    assert "of 12 contributions" in service.page("/area", kind="team", name="web")
    assert "the next contributions: --after" in service.cli("area", "web", "--kind", "team", "--limit", "5").stdout
    wrong = service.client.get("/api/v1/area", query_string={"kind": "ci", "name": names[0], **after})
    assert wrong.status_code == 422 and "another area" in wrong.get_json()["detail"]
