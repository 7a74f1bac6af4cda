"""History through the public ways in: what was answered then is answered now, byte for byte; nothing moves under a reader."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from app.usecases.keep.access import create_key
from tests.e2e.conftest import Service

READS = [
    "/areas", "/areas?kind=team", "/areas?kind=site", "/areas?kind=class", "/areas?kind=service", "/area?name=db",
    "/services", "/services/shop", "/cis", "/cis?q=db", "/cis/db", "/cis/db/blast-radius", "/impact?id=db",
]  # fmt: skip
FIRST = {
    "cis": [
        {"key": "shop", "name": "Shop", "class": "business_service", "team": "front"},
        {
            "key": "db",
            "name": "DB",
            "class": "database",
            "team": "data",
            "site": "north",
            "failures_per_year": 2,
            "repair_hours": 3,
        },
        {"key": "san", "name": "SAN", "class": "storage_array", "team": "data", "site": "north"},
        {"key": "web", "name": "Web", "class": "server", "team": "front", "site": "south"},
    ],
    "dependencies": [
        {"dependent": "shop", "provider": "db"},
        {"dependent": "shop", "provider": "web"},
        {"dependent": "db", "provider": "san"},
    ],
    "services": [{"key": "shop", "customers": 1000, "money_per_hour": 50}],
}
# the database fails half as often, the web server goes, a cache comes, the shop has more customers, the database leaves the array
SECOND = {
    "cis": [
        FIRST["cis"][0],
        {**FIRST["cis"][1], "failures_per_year": 1},
        FIRST["cis"][2],
        {"key": "cache", "name": "Cache", "class": "server", "team": "front", "site": "south"},
    ],
    "dependencies": [FIRST["dependencies"][0], {"dependent": "shop", "provider": "cache"}],
    "services": [{"key": "shop", "customers": 4000, "money_per_hour": 50}],
}


def told(service: Service, path: str, **when: Any) -> str:
    """The answer as sent, without the ages of the sources: they say how old the data is now."""
    answer = service.client.get("/api/v1" + path, query_string=when or None) if "?" not in path else None
    if answer is None:
        joint = "".join(f"&{name}={value}" for name, value in when.items())
        answer = service.client.get("/api/v1" + path + joint)
    assert answer.status_code == 200, (path, answer.text)
    document = json.loads(answer.text)
    del document["stamp"]["sources"]
    return json.dumps(document)


def changed(service: Service, estate: dict[str, Any]) -> Any:
    return service.csv(approve=True, **estate)


def test_each_read_answers_as_it_did_then(service: Service) -> None:
    changed(service, FIRST)
    then = {path: told(service, path) for path in READS}
    between = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    time.sleep(0.01)
    report = changed(service, SECOND)
    assert (report.state, report.revision, report.created, report.retired) == ("done", 2, 1, 1)
    now = {path: told(service, path) for path in READS}
    for path in READS:
        assert now[path] != then[path], path
        assert told(service, path, revision=1) == then[path], path
        assert told(service, path, as_of=between) == then[path], path
        assert told(service, path, revision=2) == now[path], path
    # a source that comes later, and a service laid by hand, change nothing about earlier times
    service.csv("other", cis=[{"key": "x", "name": "X", "class": "server"}], services=[{"key": "x", "customers": 1}])
    assert service.cli("service", "add", "cache", "--customers", "5").exit_code == 0
    for path in READS:
        assert told(service, path, revision=1) == then[path], path
        assert told(service, path, revision=2) == now[path], path
    assert service.get("/cis/web", revision=1)["name"] == "Web"
    service.get("/cis/web", status=404)
    service.get("/cis/cache", status=404, revision=1)
    service.get("/cis/db", status=404, revision=0)
    assert "nothing was known" in service.get("/areas", status=404, as_of="2000-01-01T00:00:00Z")["detail"]


def test_command_line_and_page_answer_at_a_revision_too(service: Service) -> None:
    changed(service, FIRST)
    changed(service, SECOND)
    for command, path in ((("areas",), "/areas"), (("ci", "db"), "/cis/db"), (("blast", "db"), "/cis/db/blast-radius"),
                          (("service", "show", "shop"), "/services/shop"), (("impact", "db"), "/impact?id=db")):  # fmt: skip
        printed = service.cli_json(*command, "--revision", "1")
        asked = json.loads(told(service, path, revision=1))
        for document in (printed, asked):
            for name in ("limit", "link", "truncated", "next"):
                document.pop(name, None)
        del printed["stamp"]["sources"]
        assert printed == asked, command
    assert "Web" in service.page("/services", revision=1) or "Web" in service.page("/", revision=1)
    page = service.page("/ci", key="db", revision=1)
    assert "Revision 1 of" in page and "SAN" in page and 'href="/ci?revision=1&amp;key=' in page
    assert "needs (0)" in service.page("/ci", key="db").casefold()


def test_undo_is_importing_what_was(service: Service) -> None:
    changed(service, FIRST)
    then = json.loads(told(service, "/areas"))
    ids = {row["key"] for row in service.get("/cis")["items"]}
    changed(service, SECOND)
    assert changed(service, FIRST).revision == 3
    again = json.loads(told(service, "/areas"))
    assert (again["items"], again["total"]) == (then["items"], then["total"])
    assert {row["key"] for row in service.get("/cis")["items"]} == ids
    for noun in ("ci", "dependency", "exposure"):
        assert service.get("/revisions/3/changes", since=1, noun=noun)["total"] == 0, noun


def test_changes_lists_exactly_the_changed_rows(service: Service) -> None:
    changed(service, FIRST)
    changed(service, SECOND)

    def rows(noun: str, **query: Any) -> list[tuple[str, dict[str, Any] | None, dict[str, Any] | None]]:
        page = service.get("/revisions/2/changes", noun=noun, **query)
        assert (page["a"], page["b"], page["noun"], page["total"]) == (1, 2, noun, len(page["items"]))
        return [(row["change"], row["before"], row["after"]) for row in page["items"]]

    cis = sorted((change, (after or before)["key"]) for change, before, after in rows("ci"))
    assert cis == [("begun", "csv:ci:cache"), ("changed", "csv:ci:db"), ("ended", "csv:ci:web")]
    database = next((before, after) for change, before, after in rows("ci") if change == "changed")
    assert (database[0]["failures_per_year"], database[1]["failures_per_year"]) == (2.0, 1.0)
    differing = {name for name in database[0] if database[0][name] != database[1][name]}
    assert differing == {"failures_per_year"}
    assert sorted(change for change, _, _ in rows("dependency")) == ["begun", "ended", "ended"]
    exposures = rows("exposure")
    assert [(change, before["customers"], after["customers"]) for change, before, after in exposures] == [
        ("changed", 1000.0, 4000.0)
    ]
    assert rows("redundancy_group") == rows("incident") == rows("observation") == []
    whole = service.get("/revisions/2/changes", since=0, noun="ci")
    assert sorted(row["after"]["key"] for row in whole["items"]) == ["csv:ci:cache", "csv:ci:db", "csv:ci:san", "csv:ci:shop"]
    first = service.get("/revisions/2/changes", noun="dependency", limit=2)
    second = service.get("/revisions/2/changes", noun="dependency", limit=2, after=first["next"])
    identities = [json.dumps(row["identity"], sort_keys=True) for row in (*first["items"], *second["items"])]
    assert len(set(identities)) == 3 and second["next"] is None
    service.get("/revisions/2/changes", since=2, status=422)
    service.get("/revisions/9/changes", status=404)


@pytest.mark.parametrize("path", ["/areas", "/areas?kind=team", "/area?name=db", "/services", "/services/shop", "/cis/db"])
def test_an_unchanged_answer_is_not_sent_again(make_service: Callable[..., Service], path: str) -> None:
    service = make_service(FORESTAY_WEB_SIGN_IN="keys")
    changed(service, FIRST)

    def ask(role: str, held: str = "", query: str = "") -> Any:
        headers = {"Authorization": f"Bearer {keys[role]}", **({"If-None-Match": held} if held else {})}
        return service.client.get("/api/v1" + path + query, headers=headers)

    keys = {role: create_key(service.forestay.documents, role, role)[0] for role in ("viewer", "admin")}
    first = ask("viewer")
    tag = first.headers["ETag"]
    again = ask("viewer", tag)
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    assert ask("viewer").data == first.data
    assert ask("viewer", '"other"').status_code == 200
    assert ask("admin").headers["ETag"] != tag and ask("admin", tag).status_code == 200
    changed(service, SECOND)
    moved = ask("viewer", tag)
    assert moved.status_code == 200 and moved.headers["ETag"] != tag and moved.data != first.data
    service.csv(approve=True, **SECOND)  # nothing changes, and the answer says that the source was read again
    assert ask("viewer", moved.headers["ETag"]).status_code == 200


def test_an_answer_under_other_settings_has_another_tag(make_service: Callable[..., Service]) -> None:
    service = make_service()
    changed(service, FIRST)
    tag = service.client.get("/api/v1/areas").headers["ETag"]
    other = make_service(FORESTAY_MODEL_LOCATION_FAILURES="false", FORESTAY_STORE_URL=service.forestay.settings.store_url)
    answer = other.client.get("/api/v1/areas", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.headers["ETag"] != tag) == (200, True)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/areas", "items"),
        ("/services", "items"),
        ("/cis", "items"),
        ("/cis/n00/blast-radius", "fallen"),
        ("/services/shop", "single_points"),
    ],
)
def test_pages_stay_on_their_revision_while_an_import_lands(service: Service, path: str, field: str) -> None:
    def estate(count: int, rate: float) -> dict[str, Any]:
        names = [f"n{number:02}" for number in range(count)]
        return {
            "cis": [
                {"key": "shop", "name": "shop", "class": "business_service"},
                *({"key": f"s{n}", "name": f"s{n}", "class": "business_service"} for n in range(count)),
                *({"key": n, "name": n, "class": "server", "failures_per_year": rate + place} for place, n in enumerate(names)),
            ],
            "dependencies": [
                {"dependent": "shop", "provider": names[-1]},
                *({"dependent": b, "provider": a} for a, b in itertools.pairwise(names)),
                *({"dependent": f"s{n}", "provider": names[n]} for n in range(count)),
            ],
        }

    changed(service, estate(12, 1.0))
    expected = service.get(path, limit=500)[field]
    assert len(expected) > 9
    got: list[Any] = []
    after: dict[str, Any] = {}
    for turn in range(100):
        page = service.get(path, limit=4, **after)
        assert page["stamp"]["revision"] == 1
        got += page[field]
        if turn == 0:
            assert changed(service, estate(20, 90.0)).revision == 2
        if not page["truncated"]:
            break
        after = {"after": page["next"]}
    assert got == expected
    assert service.get(path, limit=500)["stamp"]["revision"] == 2
    assert service.get(path, limit=500)[field] != expected
