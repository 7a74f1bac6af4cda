"""120 hostile names as CIs, teams and parameters: every answer, page and report shows them as they are and none does anything."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from unicodedata import normalize

import pytest

from app.domain.goals import AVAILABILITY, Goal, Terms
from app.domain.stability_tests import GAME_DAY, RefusedLine, StabilityTest
from app.domain.texts import shown
from app.domain.ticket_rules import TicketRule
from app.domain.tickets import Ticket
from app.usecases.exposures import accept_any
from app.usecases.goals.set_goals import set_goal
from app.usecases.goals.share import share
from app.usecases.keep.connectors import Connector, put_connector
from app.usecases.keep.hooks import HOOKS_DEAD, HeldHook
from app.usecases.keep.stability_tests import TESTS
from app.usecases.keep.ticket_rules import put_rule
from app.usecases.keep.ticket_templates import put_template
from app.usecases.tickets.ask_for import Asked, ask_for
from app.usecases.tickets.take_in import take_in
from tests.e2e.conftest import Service
from tests.hostile_names import NAMES

PAGES = (
    ("/", {}),
    ("/", {"kind": "team"}),
    ("/services", {}),
    ("/quality", {}),
    ("/recovery", {}),
    ("/proposals", {}),
    ("/teams", {}),
    ("/suppliers", {}),
    ("/common-causes", {}),
    ("/recovery-gaps", {}),
    ("/now", {}),
    ("/changes", {}),
    ("/board", {}),
    ("/reports", {}),
    ("/revisions", {}),
    ("/ci", {"key": "h001"}),
    ("/area", {"kind": "team", "name": NAMES[0]}),
    ("/service", {"key": "shop"}),
    ("/what-if", {"ci": "h001", "hours": "4"}),
    ("/map", {"ci": "shop", "direction": "below", "select": "h001"}),
    ("/assume", {"ci": "h001", "field": "repair_hours", "value": "9"}),
    ("/bia", {"service": "shop"}),
    ("/loss", {}),
    ("/goals", {}),
    ("/goals/service", {"key": "shop"}),
    ("/goals/sharing", {}),
    ("/game-days", {}),
    ("/evidence", {"ci": "h001"}),
    ("/ask-first", {}),
)
ASKED = (
    ("/search", "q"),
    ("/ci", "key"),
    ("/area", "name"),
    ("/", "name"),
    ("/service", "key"),
    ("/what-if", "ci"),
    ("/what-if", "add"),
    ("/map", "ci"),
    ("/map", "add"),
    ("/assume", "ci"),
    ("/bia", "service"),
    ("/loss", "cell"),
    ("/", "kind"),
    ("/revisions", "from"),
    ("/why-changed", "from"),
    ("/goals/service", "key"),
    ("/evidence", "ci"),
    ("/game-days", "group"),
    ("/game-days/sheet", "group"),
    ("/game-days/test", "test"),
)
OURS = re.compile(r"(/|#|\?|data:)|[a-z0-9:.-]+\Z")  # addresses that a page may name: of this site


class Read(HTMLParser):
    """What a browser makes of a page: the words that it shows, and what would run or leave the site."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.faults: list[str] = []
        self._inside = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        if tag in ("iframe", "base", "style", "plaintext", "math", "object", "embed", "bdo"):
            self.faults.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name == "style" or name in ("http-equiv", "srcdoc"):
                self.faults.append(f"{tag} {name}")
            if name in ("href", "src", "action", "formaction") and not OURS.match(value or ""):
                self.faults.append(f"{tag} {name}={value}")

    def handle_data(self, data: str) -> None:
        if self._inside == "script" and data.strip():
            self.faults.append(f"script {data[:40]}")
        self.words += data.split()

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""


def estate() -> dict[str, Any]:
    cis: list[dict[str, Any]] = [{"key": "shop", "name": NAMES[0], "class": "business_service", "team": NAMES[1]}]
    for number, name in enumerate(NAMES):
        cis.append(
            {
                "key": f"h{number:03d}",
                "name": name,
                "class": "server",
                "team": NAMES[-1 - number],
                "failures_per_year": 1 + number,
            }
        )
    return {
        "cis": cis,
        "dependencies": [{"dependent": "shop", "provider": ci["key"]} for ci in cis[1:]],
        "services": [{"key": "shop", "customers": 1000, "money_per_hour": 50, "rto_hours": 1, "mtpd_hours": 4}],
    }


@pytest.fixture
def hostile(service: Service) -> Service:
    service.document(estate())
    assert service.client.put("/api/v1/live/h003", json={"state": "down", "reason": NAMES[2]}).status_code in (200, 201)
    return service


def faults_of(page: str) -> list[str]:
    turned = re.findall("[\u202a-\u202e\u2066-\u2069]", page)  # one would turn the direction of the text beside it
    return [*Read(page).faults, *map(ascii, turned)]


def test_answers_hold_each_name_as_it_was_read(hostile: Service) -> None:
    rows = hostile.get("/areas", limit=200)["items"]
    labels = {row["name"].rpartition(":")[2]: row["label"] for row in rows}
    unseen = str.maketrans("", "", "\u200b\ufeff")  # importers leave out what nobody sees, compose letters, make spaces one
    read = {f"h{n:03d}": " ".join(normalize("NFC", name.translate(unseen)).split()) for n, name in enumerate(NAMES)}
    assert {key: labels[key] for key in labels if key != "shop"} == read


@pytest.mark.parametrize(("path", "asked"), PAGES)
def test_no_page_holds_a_name_as_markup(hostile: Service, path: str, asked: dict[str, str]) -> None:
    assert faults_of(hostile.page(path, **asked)) == []


def test_the_ranking_shows_every_name_unchanged(hostile: Service) -> None:
    labels = [row["label"] for row in hostile.get("/areas", limit=200)["items"]]
    said, after = "", ""
    while True:
        page = hostile.page("/", **({"after": after} if after else {}))
        said += " ".join(Read(page).words)
        more = re.search(r'rel="next" href="[^"]*after=([^"&]+)|href="[^"]*after=([^"&]+)[^>]*rel="next"', page)
        if more is None:
            break
        after = more.group(1) or more.group(2)
    assert [label for label in labels if " ".join(shown(label).split()) not in said] == []


def tried(service: Service, path: str, field: str, names: Sequence[str]) -> None:
    for name in names:
        answer = service.client.get(path, query_string={field: name}, follow_redirects=True)
        assert answer.status_code in (200, 404, 409, 422), (path, name, answer.status_code)
        assert faults_of(answer.text) == [], (path, name)


@pytest.mark.parametrize(("path", "field"), ASKED)
def test_a_parameter_is_shown_or_refused_and_never_executed(hostile: Service, path: str, field: str) -> None:
    tried(hostile, path, field, NAMES[::24])


@pytest.mark.slow
@pytest.mark.parametrize(("path", "field"), ASKED)
def test_every_parameter_is_shown_or_refused_and_never_executed(hostile: Service, path: str, field: str) -> None:
    tried(hostile, path, field, NAMES)


@pytest.fixture
def told(hostile: Service) -> Service:
    """120 tickets whose texts, numbers and CIs are hostile, each with a ticket that we ask for about such a CI."""
    forestay, at = hostile.forestay, datetime(2026, 11, 30, 3, tzinfo=UTC)
    put_connector(forestay.documents, Connector("desk", "rt"), "tester", new=True)
    put_rule(forestay.documents, TicketRule("rule", "outage", "desk"), "tester")
    for number, name in enumerate(NAMES):
        known = ("h001",) if number < 20 else ()
        url = name if number % 2 else "javascript:alert(1)"
        texts = (name, url, "incident", name, name, "open", "5")
        take_in(forestay, "desk", Ticket(f"{number}", *texts, cis=(*known, f"gone {name}"), created_at=at, updated_at=at))
        ask_for(forestay, Asked("desk", f"h{number:03d}", summary=name, description=name, priority="2"), name)
    hook = HeldHook(NAMES[3], "rt", "desk", at.isoformat(), "\n".join(NAMES), "d", 1, "", NAMES[4])
    HOOKS_DEAD.put(forestay.documents, "1".zfill(20), hook)
    put_template(forestay.documents, "incident", NAMES[5].replace("{", "{{").replace("}", "}}"), "tester")
    return hostile


def test_no_page_of_tickets_holds_a_text_as_markup(told: Service) -> None:
    shown_all, after, orders = "", "", [row["order"] for row in told.get("/tickets/orders", limit=200)["items"]]
    for part in range(8):
        page = told.page("/tickets", **({"after": after} if after else {}), unknown_after=f"desk/{part * 15}")
        assert faults_of(page) == []
        shown_all += " ".join(Read(page).words)
        after = next(iter(re.findall(r'after=([^"&#]+)#outbox', page)), after)
    summaries = [row["summary"] for row in told.get("/tickets/orders", limit=200)["items"]]
    assert len(orders) == len(NAMES) and [text for text in summaries if " ".join(shown(text).split()) not in shown_all] == []
    for path, asked in (
        *(("/tickets/order", {"key": key}) for key in orders[:40]),
        ("/tickets/connector", {"name": "desk"}),
        ("/tickets/delivery", {"number": "1".zfill(20)}),
        ("/tickets/rules", {"name": "rule"}),
        ("/tickets/template", {}),
        ("/ci", {"key": "h001"}),
        ("/area", {"kind": "ci", "name": "h001"}),
        ("/now", {}),
    ):
        assert faults_of(told.page(path, **asked)) == [], (path, asked)
    for path, field in {"/tickets": "connector", "/tickets/order": "key", "/tickets/connect": "kind"}.items():
        tried(told, path, field, NAMES[::6])


@pytest.mark.parametrize("names", [pytest.param(NAMES[::24], id="some"), pytest.param(NAMES, id="all", marks=pytest.mark.slow)])
def test_no_page_of_goals_and_tests_holds_a_text_as_markup(hostile: Service, names: Sequence[str]) -> None:
    """Each name is the reason of a goal, a label and the title of the shared page, and the title, notes and file of a test."""
    forestay, at = hostile.forestay, datetime(2026, 11, 29, 3, tzinfo=UTC).isoformat()
    services = [row["key"] for row in hostile.get("/services", limit=1)["items"]]
    for number, name in enumerate(names):
        set_goal(forestay, services[0], Goal(AVAILABILITY, 0.99, Terms("30d"), reason=name), "tester")
        label = name.strip()[:120] or "blank"
        share(forestay, True, label, [(services[0], label)], name, accept_any)
        test = StabilityTest(
            f"t-{number}", GAME_DAY, name, name, name, "", at, None, "passed", name, "file", at, name, notes=[name],
            expected=[name], refused=[RefusedLine(name, name, name, name)], refused_total=1,
        )  # fmt: skip
        TESTS.put(forestay.documents, test.test, test)
        for path, asked in (
            ("/goals/service", {"key": services[0]}), ("/goals/sharing", {}), ("/shared", {}), ("/game-days", {}),
            ("/game-days/test", {"test": test.test}),
        ):  # fmt: skip
            page = hostile.page(path, **asked)
            assert faults_of(page) == [], (path, name)
            assert path != "/goals/service" or " ".join(shown(name).split()) in " ".join(Read(page).words), (path, name)
