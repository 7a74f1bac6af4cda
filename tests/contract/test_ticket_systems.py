"""One contract over all ticket systems, on strict stubs; the real ones run the same checks in tests/real."""

from __future__ import annotations

import base64
import hashlib
import importlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from app.domain.concealed import forms
from app.domain.errors import InvalidInput, NotAllowed, NotFound, SourceFailed, TooBusy
from app.domain.tickets import OPEN, RESOLVED, ForeignId, TicketCi
from app.ports.ticket_system import TicketRefused
from app.tickets.registry import KINDS, kinds, open_ticket_system
from app.tickets.texts import from_html
from importers.http.client import Outbound
from importers.http.lent import Lent
from tests.contract import ticket_contract as contract
from tests.contract.ticket_contract import Desk, draft
from tests.servers.running import Running
from tests.servers.tickets import events, glpi, itop, jira, redmine, rt, servicenow, zammad

WHSEC = [f"whsec_{base64.b64encode(bytes([n]) * 32).decode()}" for n in (7, 8)]
SN_CIS = [hashlib.md5(name.encode()).hexdigest() for name in ("disk", "switch")]


def ci(name: str, *found: tuple[str, str, str]) -> TicketCi:
    return TicketCi(f"key:{name}", name, [ForeignId(kind, "cmdb", of, number) for kind, of, number in found])


NAMED = [ci("disk"), ci("switch")]
HERE: dict[str, list[TicketCi]] = {
    "servicenow": [ci(name, ("servicenow", "cmdb_ci_server", one)) for name, one in zip(("disk", "switch"), SN_CIS, strict=True)],
    "jira": [ci("disk", ("jira_assets", "Server", "88")), ci("switch", ("jira_assets", "Switch", "89"))],
    "itop": [ci("disk", ("itop", "Server", "7")), ci("switch", ("itop", "Switch", "8"))],
    "glpi": [ci("disk", ("glpi", "Computer", "34")), ci("switch", ("glpi", "NetworkEquipment", "5"))],
}
GONE = {
    "servicenow": ci("gone", ("servicenow", "cmdb_ci", "f" * 32)),
    "jira": ci("gone", ("jira_assets", "Server", "404")),
    "itop": ci("gone", ("itop", "Server", "404")),
    "glpi": ci("gone", ("glpi", "Computer", "404")),
}


@dataclass(frozen=True)
class Case:
    kind: str
    stub: Callable[[], Any]
    settings: dict[str, str]
    secrets: dict[str, str]
    stick: Callable[[Any], Any] = lambda stub: None
    comments: Callable[[Any, str], list[str]] = lambda stub, ticket: []


def _sn_notes(stub: Any, ticket: str) -> list[str]:
    return list(stub.notes.get(ticket.partition("/")[2], []))


def _jira_notes(stub: Any, ticket: str) -> list[str]:
    from app.tickets.adf import from_adf

    return [from_adf(one["body"]) if stub.cloud else one["body"] for one in stub.comments[ticket]]


def _glpi_notes(stub: Any, ticket: str) -> list[str]:
    rows = [one for one in stub.rows["ITILFollowup"].values() if f"{one['itemtype']}/{one['items_id']}" == ticket]
    return [from_html(one["content"]) for one in rows]


SN = {"user": servicenow.USER, "password_env": "T_SN"}
JIRA = {"user": jira.USER, "password_env": "T_JIRA", "project": "OPS", "time_zone": "Europe/Berlin"}
ITOP = {
    "user": itop.USER,
    "password_env": "T_ITOP",
    "organization": "Demo",
    "time_zone": "Europe/Paris",
    "team": "Ops",
    "agent_email": "a@b.c",
}
GLPI = {"token_env": "T_GLPI", "app_token_env": "T_GLPI_APP", "time_zone": "Europe/Paris"}
RT = {"token_env": "T_RT", "queue": "Continuity", "key_field": "BC Key", "ci_field": "BC CIs", "time_zone": "Europe/Berlin"}
CASES = {
    "servicenow": Case(
        "servicenow", servicenow.ServiceNowStub, SN, {"T_SN": servicenow.PASSWORD}, lambda stub: stub.stuck.add("6"), _sn_notes
    ),
    "servicenow field": Case(
        "servicenow",
        servicenow.ServiceNowStub,
        {**SN, "comment_field": "u_impact"},
        {"T_SN": servicenow.PASSWORD},
        lambda stub: stub.stuck.add("6"),
        lambda stub, ticket: [stub.tasks[ticket.partition("/")[2]]["u_impact"]],
    ),
    "jira cloud": Case(
        "jira",
        jira.JiraStub,
        {**JIRA, "asset_field": "customfield_10100", "workspace_id": jira.WORKSPACE},
        {"T_JIRA": jira.TOKEN},
        lambda stub: stub.stuck.add("Done"),
        _jira_notes,
    ),
    "jira datacenter": Case(
        "jira",
        lambda: jira.JiraStub(cloud=False),
        {"edition": "datacenter", "token_env": "T_JIRA", "project": "OPS", "time_zone": "Europe/Berlin"},
        {"T_JIRA": jira.TOKEN},
        lambda stub: stub.stuck.add("Done"),
        _jira_notes,
    ),
    "itop": Case(
        "itop",
        itop.ItopStub,
        ITOP,
        {"T_ITOP": itop.PASSWORD},
        lambda stub: stub.stuck.add("ev_resolve"),
        lambda stub, ticket: [from_html(one["message_html"]) for one in stub.objects[ticket]["private_log"]["entries"]],
    ),
    "itop field": Case(
        "itop",
        itop.ItopStub,
        {**ITOP, "comment_field": "public_note"},
        {"T_ITOP": itop.PASSWORD},
        lambda stub: stub.stuck.add("ev_resolve"),
        lambda stub, ticket: [from_html(stub.objects[ticket]["public_note"])],
    ),
    "glpi": Case(
        "glpi",
        glpi.GlpiTicketStub,
        {**GLPI, "key_field": "externalid"},
        {"T_GLPI": glpi.TOKEN, "T_GLPI_APP": glpi.APP},
        lambda stub: stub.stuck.add(5),
        _glpi_notes,
    ),
    "glpi text": Case(
        "glpi",
        glpi.GlpiTicketStub,
        GLPI,
        {"T_GLPI": glpi.TOKEN, "T_GLPI_APP": glpi.APP},
        lambda stub: stub.stuck.add(5),
        _glpi_notes,
    ),
    "rt": Case(
        "rt",
        rt.RtStub,
        RT,
        {"T_RT": rt.TOKEN},
        lambda stub: stub.stuck.add("resolved"),
        lambda stub, ticket: [one["Content"] for one in stub.attachments[int(ticket)]],
    ),
    "rt field": Case(
        "rt",
        rt.RtStub,
        {**RT, "comment_field": "BC Impact"},
        {"T_RT": rt.TOKEN},
        lambda stub: stub.stuck.add("resolved"),
        lambda stub, ticket: stub.tickets[int(ticket)]["fields"].get("BC Impact", []),
    ),
    "redmine": Case(
        "redmine",
        redmine.RedmineStub,
        {"token_env": "T_RM", "project": "ops", "key_field": "1", "ci_field": "2"},
        {"T_RM": redmine.KEY},
        lambda stub: stub.stuck.add(3),
        lambda stub, ticket: [one["notes"] for one in stub.journals.values() if one["issue"] == int(ticket)],
    ),
    "zammad": Case(
        "zammad",
        zammad.ZammadStub,
        {"token_env": "T_ZM", "group": "2nd Level", "customer": "a@b.c"},
        {"T_ZM": zammad.TOKEN},
        lambda stub: stub.stuck.add("closed"),
        lambda stub, ticket: [from_html(one["body"]) for one in stub.articles.values() if one["ticket_id"] == int(ticket)],
    ),
    "pagerduty": Case("pagerduty", events.PagerDutyStub, {"routing_key_env": "T_PD"}, {"T_PD": events.ROUTING}),
    "webhook": Case("webhook", lambda: events.WebhookStub(WHSEC[1]), {"secret_env": "T_WH"}, {"T_WH": " ".join(WHSEC)}),
}
TWO_WAY = [name for name, case in CASES.items() if case.kind not in ("pagerduty", "webhook")]


@pytest.fixture
def desk_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Desk]]:
    running: list[Running] = []

    def opened(name: str) -> Desk:
        case = CASES[name]
        stub = case.stub()
        running.append(Running(stub))
        for variable, value in case.secrets.items():
            monkeypatch.setenv(variable, value)
        module = importlib.import_module(KINDS[case.kind][1])
        if hasattr(module, "PAGE"):
            monkeypatch.setattr(module, "PAGE", 3)
        system = open_ticket_system(case.kind, "desk", {"url": running[-1].url, **case.settings}, Lent(Outbound(["localhost"])))
        known = HERE.get(case.kind, NAMED)
        secrets = [word for value in case.secrets.values() for word in value.split()]
        return Desk(
            system,
            known,
            GONE.get(case.kind),
            lambda: case.stick(stub),
            secrets,
            stub,
            lambda ticket: case.comments(stub, ticket),
        )

    yield opened
    for one in running:
        one.close()


@pytest.mark.parametrize("check", contract.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", TWO_WAY)
def test_every_system_holds_to_the_contract(name: str, check: Callable[[Desk], None], desk_of: Callable[[str], Desk]) -> None:
    check(desk_of(name))


@pytest.mark.parametrize("name", CASES)
def test_what_is_rehearsed_is_what_is_sent(name: str, desk_of: Callable[[str], Desk]) -> None:
    desk = desk_of(name)
    asked = draft(cis=desk.known, priority="1")
    shown = desk.system.rehearsed(asked)
    assert desk.stub.asked == []
    made = desk.system.create(asked)
    sent = desk.stub.writes()
    assert len(shown) == len(sent)
    for one, other in zip(shown, sent, strict=True):
        path = one.url.replace("{ticket}", made.id)
        assert (one.method, path.partition("?")[0].removesuffix("/")) == (
            other.method,
            f"{desk.system.web.base.rstrip('/')}{other.path}".removesuffix("/"),
        )
        if isinstance(one.body, str):
            assert one.body == other.body.decode()
        elif "json_data" in one.body:
            from urllib.parse import parse_qs

            assert one.body["json_data"] == parse_qs(other.body.decode())["json_data"][0]
        else:
            hidden = json.dumps(other.json(), sort_keys=True).replace(events.ROUTING, "********")
            assert json.dumps(one.body, sort_keys=True).replace("{ticket}", desk.system.here(made.id)) == hidden
        for secret in desk.secrets:
            assert not any(form in str(one) for form in forms(secret))
        names = {header.lower() for header in one.headers}
        assert names & {"authorization", "x-redmine-api-key", "session-token", "webhook-signature"} or name == "pagerduty"


@pytest.mark.parametrize("name", TWO_WAY)
def test_a_ticket_that_is_gone_is_not_found(name: str, desk_of: Callable[[str], Desk]) -> None:
    desk = desk_of(name)
    made = desk.system.create(draft())
    gone = made.id[:-1] + ("7" if made.id[-1] != "7" else "8")
    for ticket in (gone, "../admin", "1/../2"):
        with pytest.raises(NotFound):
            desk.system.read(ticket)


@pytest.mark.parametrize("name", CASES)
def test_errors_say_what_can_be_done(name: str, desk_of: Callable[[str], Desk]) -> None:
    desk = desk_of(name)
    system, stub = desk.system, desk.stub
    stub.fail_next("before", "429", retry_after="42")
    with pytest.raises(TooBusy) as busy:
        system.create(draft())
    assert busy.value.details["retry_after"] == 42
    for when, how in (("before", "500"), ("before", "reset"), ("before", "503"), ("after", "reset"), ("after", "502")):
        before = len(stub.writes())
        stub.fail_next(when, how)
        with pytest.raises(SourceFailed):
            system.create(draft(f"lost-{when}-{how}"))
        assert len(stub.writes()) == before + 1  # nothing was tried again
    if system.abilities.finds:
        for key, number in (("lost-before-500", 0), ("lost-before-reset", 0), ("lost-after-reset", 1), ("lost-after-502", 1)):
            assert len(system.find(key)) == number, key


@pytest.mark.parametrize("name", CASES)
def test_a_bad_sign_in_is_not_allowed_and_shows_no_secret(
    name: str, desk_of: Callable[[str], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    case, canary = CASES[name], "canary/of a+secret&more"
    desk = desk_of(name)
    held = f"whsec_{base64.b64encode(canary.encode() * 2).decode()}" if case.kind == "webhook" else canary
    for variable in case.secrets:
        if variable != "T_GLPI_APP":
            monkeypatch.setenv(variable, held)
    system = open_ticket_system(case.kind, "desk", {"url": desk.system.web.base, **case.settings}, Lent(Outbound(["localhost"])))
    with pytest.raises((NotAllowed, TicketRefused)) as refused:
        system.create(draft())
    assert isinstance(refused.value, NotAllowed) or case.kind == "pagerduty"  # whose events are then bad ones
    for text in (canary, quote(canary, safe=""), base64.b64encode(canary.encode()).decode().rstrip("="), held):
        assert text not in f"{refused.value.message} {refused.value.details}"
    assert desk.system.check().startswith(
        ("ServiceNow", "Jira", "iTop", "GLPI", "Request Tracker", "Redmine", "Zammad", "Pager", "a receiver")
    )


@pytest.mark.parametrize("name", ["servicenow", "jira cloud", "itop", "redmine"])
def test_a_ci_that_is_gone_keeps_no_ticket_from_being_made(name: str, desk_of: Callable[[str], Desk]) -> None:
    desk = desk_of(name)
    gone = desk.unknown or ci("x" * 300)
    made = desk.system.create(draft(cis=[*desk.known, gone]))
    assert len(desk.system.find(made.keys[0])) == 1
    assert len(made.cis) >= len(desk.known)


def test_a_search_that_servicenow_ignored_is_no_answer(desk_of: Callable[[str], Desk]) -> None:
    desk = desk_of("servicenow")
    made = desk.system.create(draft())
    desk.stub.ignores_bad_queries = True
    for ask in (lambda: desk.system.find("another"), lambda: list(desk.system.changed_since(made.updated_at.replace(year=2027)))):
        with pytest.raises(SourceFailed, match="ignored"):
            ask()
    with pytest.raises(InvalidInput):
        desk.system.find("a^b")


def test_short_pages_are_not_the_end(desk_of: Callable[[str], Desk]) -> None:
    desk = desk_of("servicenow")
    made = [desk.system.create(draft(summary=f"n {n}")) for n in range(9)]
    desk.stub.hidden = {one.id.partition("/")[2] for one in made[:5]}
    told = list(desk.system.changed_since(made[0].created_at))
    assert [one.id for one in told] == [one.id for one in made[5:]]
    cloud = desk_of("jira cloud")
    cloud.stub.short = 2
    many = [cloud.system.create(draft("one")) for _ in range(5)]
    assert [one.id for one in cloud.system.find("one")] == [one.id for one in many]


def test_a_session_that_ended_is_opened_again(desk_of: Callable[[str], Desk]) -> None:
    desk = desk_of("glpi")
    desk.stub.lasts = 3
    made = [desk.system.create(draft()) for _ in range(3)]
    assert len({one.id for one in made}) == 3 == len(desk.stub.rows["Ticket"])


def test_zammad_finds_what_its_index_does_not_know_yet_and_adds_where_articles_are_fixed(desk_of: Callable[[str], Desk]) -> None:
    desk = desk_of("zammad")
    made = desk.system.create(draft())
    desk.stub.behind, desk.stub.fixed = 1, True
    assert [one.id for one in desk.system.find(made.keys[0])] == [made.id]
    desk.system.comment(made.id, made.keys[0], "one")
    desk.system.comment(made.id, made.keys[0], "two")
    desk.system.comment(made.id, made.keys[0], "two")
    assert desk.comments_of is not None
    assert [one.partition("\n")[0] for one in desk.comments_of(made.id)][1:] == ["one", "two"]


def test_systems_that_only_take_messages_say_so(desk_of: Callable[[str], Desk]) -> None:
    for name in ("pagerduty", "webhook"):
        system = desk_of(name).system
        can = system.abilities
        assert not (can.polls or can.edits_comments or can.links_cis or can.finds or can.reads)
        made = system.create(draft("k"))
        assert (made.id, made.keys, made.phase) == ("k", ("k",), OPEN)
        assert (system.find("k"), list(system.changed_since(None)), system.link("k", NAMED)) == ([], [], NAMED)
        with pytest.raises(TicketRefused, match="cannot be read"):
            system.read("k")


def pagerduty_that_reads(desk_of: Callable[[str], Desk], monkeypatch: pytest.MonkeyPatch) -> tuple[Any, events.PagerDutyStub]:
    desk = desk_of("pagerduty")
    monkeypatch.setenv("T_PD_API", events.TOKEN)
    url = desk.system.options["url"]
    more = {"api_token_env": "T_PD_API", "api_url": url}
    return open_ticket_system(
        "pagerduty", "desk", {**desk.system.options.given, **more}, Lent(Outbound(["localhost"]))
    ), desk.stub


def incident(number: int, made: datetime, changed: datetime, status: str = "resolved") -> dict[str, Any]:
    return {
        "id": f"PT{number}",
        "incident_number": number,
        "title": f"disk {number}",
        "status": status,
        "urgency": "high",
        "created_at": f"{made:%Y-%m-%dT%H:%M:%SZ}",
        "last_status_change_at": f"{changed:%Y-%m-%dT%H:%M:%SZ}",
        "incident_key": f"k{number}",
        "service": {"id": "PS1", "summary": "web-1", "type": "service_reference"},
        "html_url": f"https://x.example/{number}",
    }


def test_incidents_of_pagerduty_are_read_by_when_they_were_made(
    desk_of: Callable[[str], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    system, stub = pagerduty_that_reads(desk_of, monkeypatch)
    assert system.abilities.polls and "incidents can be read" in system.check()
    now = datetime.now(UTC).replace(microsecond=0)
    stub.listed = [
        incident(1, now - timedelta(days=40), now - timedelta(minutes=1)),  # made before what a poll looks through
        incident(2, now - timedelta(days=9), now - timedelta(minutes=2)),  # open for long, and just resolved
        incident(3, now - timedelta(days=2), now - timedelta(days=1)),
        incident(4, now - timedelta(minutes=30), now - timedelta(minutes=30), "triggered"),
    ]
    found = list(system.changed_since(now - timedelta(hours=1)))
    assert [one.id for one in found] == ["PT4", "PT2"], "the oldest change first"
    opened, over = found
    assert (opened.phase, opened.cis, opened.priority, opened.restored_at) == (OPEN, ("web-1",), "2", None)
    assert (over.phase, over.number, over.keys) == ("resolved", "2", ("k2",))
    assert (over.created_at, over.restored_at) == (now - timedelta(days=9), now - timedelta(minutes=2))


def test_a_list_that_holds_no_more_is_read_in_halves(desk_of: Callable[[str], Desk], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.tickets.pagerduty.LIST_HOLDS", 20)
    system, stub = pagerduty_that_reads(desk_of, monkeypatch)
    stub.holds = 20
    now = datetime.now(UTC).replace(microsecond=0)
    made = [now - timedelta(days=20) + timedelta(hours=7 * number) for number in range(65)]
    stub.listed = [incident(number, at, now - timedelta(minutes=10)) for number, at in enumerate(made)]
    found = list(system.changed_since(now - timedelta(hours=1)))
    assert len({one.id for one in found}) == 65 <= len(found) <= 75
    assert len(stub.asked) < 80


def test_a_bad_token_of_pagerduty_says_so(desk_of: Callable[[str], Desk], monkeypatch: pytest.MonkeyPatch) -> None:
    system, _ = pagerduty_that_reads(desk_of, monkeypatch)
    monkeypatch.setattr(events, "TOKEN", "another")
    with pytest.raises(NotAllowed):
        list(system.changed_since(datetime.now(UTC)))


def test_an_event_that_is_sent_twice_makes_one_incident(desk_of: Callable[[str], Desk]) -> None:
    desk = desk_of("pagerduty")
    desk.stub.fail_next("after")
    asked = draft("k", cis=NAMED, summary=contract.HOSTILE)
    with pytest.raises(SourceFailed):
        desk.system.create(asked)
    desk.system.create(asked)
    desk.system.comment("k", "k", "hit:\nshop")
    desk.system.prioritise("k", "1")
    assert list(desk.stub.incidents) == ["k"]
    first, second, comment, weighed = desk.stub.incidents["k"]["alerts"]
    assert first == second and first["component"] == "disk" and "<b>bold</b>" in first["summary"]
    assert (comment["custom_details"]["comment"], weighed["severity"]) == ("hit:\nshop", "critical")
    desk.system.transition("k", RESOLVED, "over")
    assert desk.stub.incidents["k"]["status"] == "resolved"


def test_messages_are_signed_by_every_secret_and_known_again(desk_of: Callable[[str], Desk]) -> None:
    desk = desk_of("webhook")  # the receiver knows the second secret only
    asked = draft("k", description=contract.HOSTILE)
    desk.stub.fail_next("after", "500")
    with pytest.raises(SourceFailed):
        desk.system.create(asked)
    desk.system.create(asked)
    desk.system.transition("k", RESOLVED, "over")
    told = list(desk.stub.taken.values())
    assert [one["type"] for one in told] == ["forestay.ticket.create", "forestay.ticket.transition"]
    assert contract.plain(told[0]["data"]["description"]) == contract.plain(contract.HOSTILE)
    assert len(desk.stub.asked[0].headers["webhook-signature"].split()) == 2
    desk.stub.gone = True
    for _ in range(2):
        with pytest.raises(TicketRefused, match="410") as refused:
            desk.system.create(draft())
        assert refused.value.details["gone"] is True
    assert len(desk.stub.asked) == 4  # after a 410 nothing is sent


def test_a_signature_is_the_one_of_the_specification() -> None:
    from app.tickets.webhook import signed

    # the example of the Standard Webhooks reference implementations
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    given = signed([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert given == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("kind", "settings", "field"),
    [
        ("nosuch", {}, "kind"),
        ("rt", {}, "url"),
        ("rt", {"url": "http://localhost/", "colour": "red"}, "colour"),
        ("rt", {"url": "http://localhost/"}, "user"),
        ("rt", {"url": "http://localhost/", "token_env": "T_NONE"}, "token_env"),
        ("rt", {"url": "http://localhost/", "token_env": "T_X", "phases": "open: new"}, "phases"),
        ("rt", {"url": "http://localhost/", "token_env": "T_X", "priorities": "1=100"}, "priorities"),
        ("rt", {"url": "http://localhost/", "token_env": "T_X", "time_zone": "Mars/Phobos"}, "time_zone"),
        ("redmine", {"url": "http://localhost/", "token_env": "T_X", "project": "ops"}, "key_field"),
        ("redmine", {"url": "http://localhost/", "token_env": "T_X", "project": "ops", "key_field": "no"}, "key_field"),
        ("jira", {"url": "http://localhost/", "token_env": "T_X", "project": "OPS", "edition": "server"}, "edition"),
        (
            "pagerduty",
            {"url": "http://localhost/", "routing_key_env": "T_X", "priorities": "1=loud, 2=a, 3=a, 4=a, 5=a"},
            "priorities",
        ),
        ("webhook", {"url": "http://localhost/", "secret_env": "T_X"}, "secret_env"),
    ],
)
def test_bad_settings_are_refused_by_name(
    kind: str, settings: dict[str, str], field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("T_X", "not-a-whsec-secret")
    with pytest.raises(InvalidInput) as refused:
        open_ticket_system(kind, "desk", settings, Lent(Outbound(["localhost"])))
    assert refused.value.details["field"] == field
    assert "not-a-whsec-secret" not in refused.value.message


def test_every_kind_tells_its_settings() -> None:
    told = {one.kind: one for one in kinds()}
    assert set(told) == set(KINDS)
    for one in told.values():
        names = [setting.name for setting in one.settings]
        assert len(names) == len(set(names)) and "url" in names and all(setting.help for setting in one.settings)
        assert {setting.name for setting in one.settings if setting.secret} == {name for name in names if name.endswith("_env")}


def test_every_setting_is_documented() -> None:
    text = Path("docs/operating.md").read_text("utf-8").partition("## Ticket systems")[2].partition("\n## ")[0]
    before = text.partition("| kind |")[0]
    for one in kinds():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{one.kind}` |"))
        assert [setting.name for setting in one.settings if f"`{setting.name}`" not in row + before] == []


def test_only_hosts_that_the_settings_name_are_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T_X", "a-token-of-nobody")
    for hosts in ([], ["elsewhere.example.com"]):
        with pytest.raises(NotAllowed, match=r"not among the hosts that may be called"):
            open_ticket_system("rt", "desk", {"url": "http://localhost/", "token_env": "T_X"}, Lent(Outbound(hosts)))
