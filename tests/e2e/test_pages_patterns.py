"""What every page is made of: the menu by role, tables, times, abbreviations, an older revision on show, what is not there."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest

from app.usecases.keep import access
from tests.e2e.conftest import Service

CIS = [
    {"key": "shop", "name": "Web shop", "class": "business_service"},
    {"key": "db", "name": "orders-db-01", "class": "database", "team": "data", "site": "zurich"},
]
SERVICES = [{"key": "shop", "customers": 1234, "mtpd_hours": 8, "rto_hours": 4}]
NEEDS = [{"dependent": "shop", "provider": "db"}]


@pytest.fixture
def small(service: Service) -> Service:
    service.csv(cis=CIS, dependencies=NEEDS, services=SERVICES)
    return service


def menu_of(page: str) -> list[str]:
    found = re.search(r'<nav aria-label="Main">(.*?)</nav>', page, re.DOTALL)
    return re.findall(r"<a [^>]*>(.*?)</a>", found[1]) if found else []


def test_the_menu_marks_the_page_and_groups_what_is_rarer(small: Service) -> None:
    page = small.page("/services")
    assert menu_of(page)[:4] == ["Now", "Problem areas", "Services", "What if"]
    assert re.findall(r'aria-current="page">(.*?)<', page) == ["Services"]
    assert re.findall(r"<summary[^>]*>(Plan|Data)</summary>", page) == ["Plan", "Data"]


def test_the_menu_shows_what_a_caller_may_see(make_service: Callable[..., Service]) -> None:
    guarded = make_service(FORESTAY_WEB_SIGN_IN="keys")
    guarded.csv(cis=CIS, dependencies=NEEDS)
    assert menu_of(guarded.client.get("/sign-in").text) == []  # a stranger
    key = access.create_key(guarded.forestay.documents, "anna", "viewer", scope="team=data")[0]
    page = guarded.client.get("/services", headers={"Authorization": f"Bearer {key}"}).text
    assert "Services" in menu_of(page) and "Sources" not in menu_of(page) and "What if" not in menu_of(page)


def test_a_cell_says_its_column_and_an_abbreviation_what_it_means(small: Service) -> None:
    page = small.page("/services")
    assert '<td class="n" data-label="MTPD, hours">8</td>' in page and ">1,230</td>" in page  # three digits
    assert '<abbr title="maximum tolerable period of disruption">MTPD</abbr>' in page
    assert '<p id="mtpd"><strong>MTPD' in small.page("/glossary")


def test_times_can_be_read_by_a_program(small: Service) -> None:
    assert re.search(r'Revision 1 of <time datetime="[0-9T:+-]+\+00:00">[0-9-]+ [0-9:]+ UTC</time>', small.page("/services"))
    assert re.search(r'<time datetime="[^"]+" data-ago title="[^"]+ UTC">just now</time>', small.page("/services"))


def test_an_older_revision_says_so_on_every_page_with_the_way_back(small: Service) -> None:
    small.csv(cis=[*CIS, {"key": "web", "name": "web-01", "class": "server"}], dependencies=NEEDS, services=SERVICES)
    assert "Back to now" not in small.page("/services") + small.page("/services", revision=2)
    for path in ("/", "/services", "/ci?key=db"):
        page = small.client.get(f"{path}{'&' if '?' in path else '?'}revision=1").text
        assert re.search(r"As of \d+ \w+ \d{4}, earlier today \(revision 1\)", page), path
        assert f'<a href="{path}">Back to now</a>' in page
    assert small.client.get("/services?revision=99").status_code == 404


@pytest.mark.parametrize(
    ("path", "status", "title", "offered"),
    [
        ("/ci?key=csv:ci:ordes-db-01", 404, "No such CI", "orders-db-01"),
        ("/ci?key=orders-xx", 404, "No such CI", "orders-db-01"),
        ("/service?key=web shp", 404, "No such CI", "Web shop"),
        ("/service?key=db", 404, "No such business service", ""),
        ("/area?kind=team&name=x", 404, "No such problem area", ""),
        ("/nothing", 404, "No such page", ""),
    ],
)
def test_what_is_not_there_has_a_title_and_the_nearest_names(
    small: Service, path: str, status: int, title: str, offered: str
) -> None:
    answer = small.client.get(path)
    page = unescape(answer.text)
    assert (answer.status_code, re.findall("<h1>(.*?)</h1>", page)) == (status, [title])
    assert ("Is it one of these?" in page, offered in page) == (bool(offered), True)
    if offered:
        assert f'">{offered}</a>' in page


def test_problem_documents_have_titles_for_people(small: Service) -> None:
    said = small.get("/cis/nobody", status=404)
    assert (said["title"], said["code"]) == ("No such CI", "not_found")
