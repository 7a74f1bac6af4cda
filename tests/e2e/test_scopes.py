"""Keys with a scope: what is hidden from them shows in no count, rank, total, error or tag."""

from __future__ import annotations

import json
import random
import re
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain.live import LiveReport
from app.usecases.answers import live_state
from app.usecases.find import identify
from app.usecases.keep.access import create_key, list_keys, rotate_key
from app.usecases.keep.live import set_report
from app.usecases.keep.sources import update_source
from tests.e2e.conftest import Service

THEN, WRITTEN = "2026-11-01T08:00:00+00:00", "2026-11-01T08:00:00.000000Z"
SEEN = [f"v{number}" for number in range(16)]
HIDDEN = [f"h{number}" for number in range(24)]
TAKEN = re.compile(rb'"seconds":[0-9.e-]+')  # how long an answer took is not the same twice
KEYS = {"FORESTAY_WEB_SIGN_IN": "keys"}


def estate(hidden: list[str], rng: random.Random) -> dict[str, Any]:
    """The same CIs that a key sees, with other hidden ones beside, among and beneath them."""
    same = random.Random(7)
    seen_cis = [
        {"key": key, "name": f"machine {key}", "class": "server", "site": "north", "team": "shop", "repair_hours": 2}
        | ({"failures_per_year": same.choice([0.5, 2])} if same.random() < 0.5 else {})
        for key in SEEN
    ]
    seen_cis[0] |= {"class": "business_service", "name": "Shop"}
    seen_cis[1] |= {"class": "business_service", "name": "Till"}
    hidden_cis = [
        {"key": key, "name": f"machine {key}", "class": "server", "site": "south", "team": "vault", "failures_per_year": 3}
        for key in hidden
    ]
    needs = [{"dependent": SEEN[max(0, n - same.randrange(1, 5))], "provider": SEEN[n]} for n in range(2, len(SEEN))]
    needs += [{"dependent": SEEN[1], "provider": SEEN[2]}]
    needs += [{"dependent": rng.choice(SEEN), "provider": key} for key in hidden]
    needs += [{"dependent": key, "provider": rng.choice(SEEN)} for key in hidden]
    groups = [
        {"key": f"g{n}", "dependent": SEEN[n], "needed": 1, "members": [SEEN[12 + n], SEEN[14 + n], *hidden[n : n + 1]]}
        for n in range(2)
    ]
    begun = 1_780_000_000
    incidents = [
        {"key": f"i{n}", "ci": key, "started_at": begun + n * 90_000, "ended_at": begun + n * 90_000 + 7200}
        for n, key in enumerate([*SEEN[2:6], *hidden])
    ]
    cis = list(seen_cis)
    for row in hidden_cis:
        cis.insert(rng.randrange(len(cis) + 1), row)
    return {
        "cis": cis,
        "dependencies": needs,
        "groups": groups,
        "services": [{"key": "v0", "customers": 900, "money_per_hour": 50}, {"key": "v1", "customers": 40}]
        + [{"key": key, "customers": 5000} for key in hidden[:2]],
        "incidents": incidents,
        "observations": [{"scope": "class:server", "observed_from": begun - 86_400, "observed_until": begun + 9_000_000}]
        + [{"scope": f"ci:{key}", "observed_from": begun, "observed_until": begun + 500_000} for key in hidden[:2]],
    }


def filled(make_service: Callable[..., Service], hidden: list[str], seed: int) -> Service:
    """A service whose clock stood still while it was filled."""
    service = make_service(**KEYS)
    document = service.folder / "estate.json"
    document.parent.mkdir(parents=True, exist_ok=True)
    document.write_text(json.dumps(estate(hidden, random.Random(seed))))
    service.sync("cmdb", "json", document)
    update_source(service.forestay.documents, "cmdb", synced_at=THEN)
    with sqlite3.connect(service.forestay.settings.store_url.removeprefix("sqlite:")) as store:
        store.execute("UPDATE revision SET created_at = ?, published_at = ?", (WRITTEN, WRITTEN))
    return service


def asker(service: Service, scope: str) -> Callable[[str], tuple[int, bytes, str | None]]:
    secret, _ = create_key(service.forestay.documents, "partner", "viewer", scope=scope)

    def ask(path: str) -> tuple[int, bytes, str | None]:
        answer = service.client.get(path, headers={"Authorization": f"Bearer {secret}"})
        return answer.status_code, TAKEN.sub(b"", answer.data), answer.headers.get("ETag")

    return ask


def questions() -> list[str]:
    """Everything a scoped key may ask, about what it sees, about what is hidden from it and about what is not there."""
    names = [*SEEN, *HIDDEN, "machine", "machine h3", "nobody", "north", "south"]
    found = [f"/api/v1/areas?kind={kind}" for kind in ("ci", "service", "team", "site", "supplier", "class")]
    found += [f"/api/v1/areas?kind=ci&limit=3&measure={measure}" for measure in ("money_per_year", "customer_hours_per_year")]
    found += ["/api/v1/services", "/api/v1/cis", "/api/v1/cold-start", "/api/v1/recovery", "/", "/services", "/recovery"]
    found += ["/api/v1/cold-start/order", "/api/v1/recovery/gaps", "/recovery-gaps"]
    for name in names:
        found += [f"/api/v1/cis/{name}", f"/api/v1/cis/{name}/blast-radius", f"/api/v1/impact?id={name}", f"/api/v1/cis?q={name}"]
        found += [f"/api/v1/area?kind=ci&name={name}", f"/ci?key={name}", f"/search?q={name}"]
    found += [f"/api/v1/area?kind=site&name={site}" for site in ("north", "south")]
    for key in ("v0", "v1", "h0", "h1", "nobody"):
        found += [f"/api/v1/services/{key}", f"/service?key={key}", f"/recovery-of?key={key}"]
        found += [f"/api/v1/services/{key}/{of}" for of in ("importance", "cut-sets", "loss", "goal?target=0.99", "recovery")]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("scope", ["site=north", "team=shop"])
def test_two_estates_that_differ_in_what_is_hidden_answer_the_same_bytes(
    make_service: Callable[..., Service], scope: str
) -> None:
    one, other = filled(make_service, HIDDEN[:20], 1), filled(make_service, HIDDEN[8:], 2)
    asked = questions()
    assert len(asked) > 300
    ask, ask_other = asker(one, scope), asker(other, scope)
    answers = [ask(path) for path in asked]
    for path, answer in zip(asked, answers, strict=True):
        assert answer == ask_other(path), path
        assert not [key for key in HIDDEN if f"machine {key}".encode() in answer[1] and key not in path], path
    assert {200, 404} <= {status for status, _, _ in answers} and not [status for status, _, _ in answers if status >= 500]
    whole = create_key(one.forestay.documents, "all", "viewer")[0]
    everything = one.client.get("/api/v1/areas?kind=ci&limit=500", headers={"Authorization": f"Bearer {whole}"}).get_json()
    assert len(everything["items"]) == len(SEEN) + 20, "the same store answers a key without scope in full"
    seen = json.loads(ask("/api/v1/areas?kind=ci&limit=500")[1])["items"]
    assert len(seen) == len(SEEN) and seen[0]["customer_hours_per_year"] > 0


def test_a_service_scope_sees_what_the_service_hangs_on(make_service: Callable[..., Service]) -> None:
    service = filled(make_service, HIDDEN[:4], 3)
    cis = [{"key": "apart", "class": "server"}, {"key": "lone", "class": "business_service"}]
    service.document(
        {"cis": cis, "dependencies": [{"dependent": "lone", "provider": "apart"}], "services": [{"key": "lone"}]}, "b"
    )
    ask = asker(service, "service=b:ci:lone")
    items = json.loads(ask("/api/v1/areas?kind=ci")[1])["items"]
    assert {row["name"] for row in items} == {"b:ci:lone", "b:ci:apart"} or {row["label"] for row in items} == {"lone", "apart"}
    assert ask("/api/v1/cis/v3")[0] == 404


@pytest.mark.parametrize(
    "path", ["/api/v1/sources", "/api/v1/runs", "/api/v1/quality", "/api/v1/revisions", "/quality", "/sources"]
)
def test_a_scoped_key_may_not_ask_what_is_about_more(make_service: Callable[..., Service], path: str) -> None:
    service = make_service(**KEYS)
    secret, _ = create_key(service.forestay.documents, "partner", "viewer", scope="team=shop")
    assert service.client.get(path, headers={"Authorization": f"Bearer {secret}"}).status_code == 403


def test_a_scope_is_checked_when_the_key_is_made(make_service: Callable[..., Service]) -> None:
    service = filled(make_service, [], 1)
    admin, _ = create_key(service.forestay.documents, "root", "admin")

    def make(**asked: Any) -> tuple[int, Any]:
        answer = service.client.post("/api/v1/keys", json=asked, headers={"Authorization": f"Bearer {admin}"})
        return answer.status_code, answer.get_json()

    status, made = make(name="partner", role="viewer", scope="service=Shop")
    assert (status, made["key"]["scope"]) == (201, "service=cmdb:ci:v0")
    assert make(name="partner", role="viewer", scope="site=nowhere")[0] == 404
    assert make(name="partner", role="viewer", scope="rack 4")[0] == 422
    assert make(name="partner", role="operator", scope="site=north")[0] == 422
    result = service.cli("key", "create", "partner", "--role", "viewer", "--scope", "team=shop")
    assert result.exit_code == 0 and "sees team=shop" in result.output and "team=shop" in service.cli("key", "list").output


def test_a_rotated_key_and_its_successor_are_both_good_for_a_while(make_service: Callable[..., Service]) -> None:
    service = filled(make_service, [], 1)
    documents = service.forestay.documents
    first, key = create_key(documents, "partner", "viewer", 90, scope="team=shop")

    def status(secret: str) -> int:
        return service.client.get("/api/v1/services", headers={"Authorization": f"Bearer {secret}"}).status_code

    assert list_keys(documents)[0].last_used_at == ""
    second, made, old = rotate_key(documents, key.prefix, 24)
    assert (status(first), status(second), made.scope, made.role) == (200, 200, "team=shop", "viewer")
    assert old.expires_at < key.expires_at and all(one.last_used_at for one in list_keys(documents))
    result = service.cli("key", "rotate", made.prefix, "--overlap-hours", "0")
    assert result.exit_code == 0 and status(second) == 401 and status(result.stdout.split()[0]) == 200


@pytest.mark.parametrize("path", ["/api/v1/now", "/api/v1/now/causes", "/api/v1/now/restore-first", "/now"])
def test_now_tells_a_scope_what_is_reported_in_it(
    make_service: Callable[..., Service], monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    at = datetime(2026, 11, 2, 9, tzinfo=UTC)
    monkeypatch.setattr(live_state, "this_minute", lambda now=None: at)
    asked = []
    for hidden, seed in ((HIDDEN[:20], 1), (HIDDEN[8:], 2)):
        service = filled(make_service, hidden, seed)
        documents, store = service.forestay.documents, service.forestay.store

        def say(name: str, documents: Any = documents, store: Any = store) -> None:
            key = identify(store, 1, name).key if name != "gone" else name
            set_report(documents, LiveReport(key, "down", None, THEN, "", "ops", "", ""), at)

        say("v5")
        ask = asker(service, "site=north")
        first = ask(path)
        for name in (*hidden[:3], "gone"):
            say(name)
        assert ask(path) == first, "neither figures nor tag move with what is hidden"
        asked.append(first)
    assert asked[0] == asked[1] and asked[0][0] == 200
    assert b"machine v5" in asked[0][1] and b"machine h" not in asked[0][1]
    if path == "/api/v1/now":
        body = json.loads(asked[0][1])
        assert (body["cis_total"], body["unplaced_total"], body["cis_reported"]["down"]) == (1, 0, 1)
        assert body["services_total"] == 1 and any("of the scope" in text for text in body["assumptions"])
