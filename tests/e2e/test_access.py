"""Who gets in: found from the running application's own list of routes."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.routing import Rule

from app.api.auth import PUBLIC
from app.domain.errors import InvalidInput
from app.settings import load_settings
from app.usecases.keep.access import ROLES, create_key
from app.wsgi import create_app
from tests.e2e.conftest import Service

KEYS = {"FORESTAY_WEB_SIGN_IN": "keys"}
OWN_CREDENTIAL = ("web.enter", "inbox.receive", "inbox.receive_ticket")  # they ask for one that is no key in a header


@pytest.fixture
def guarded(make_service: Callable[..., Service]) -> Service:
    return make_service(**KEYS)


def addresses(app: Flask) -> list[tuple[Rule, str, str]]:
    """Every route with every method it takes, its parameters filled in."""
    found = []
    for rule in app.url_map.iter_rules():
        path = rule.build(
            {name: 1 if "int" in str(rule._converters[name]).lower() else "x" for name in rule.arguments}, append_unknown=False
        )
        assert path is not None
        found += [(rule, method, path[1]) for method in sorted(rule.methods or ()) if method not in ("HEAD", "OPTIONS")]
    return found


def header(service: Service, role: str) -> dict[str, str]:
    secret, _ = create_key(service.forestay.documents, role, role)
    return {"Authorization": f"Bearer {secret}"}


def test_every_route_but_the_public_ones_refuses_an_anonymous_caller(guarded: Service) -> None:
    tried = 0
    for rule, method, path in addresses(guarded.client.application):
        answer = guarded.client.open(path, method=method)
        if rule.endpoint in PUBLIC:
            assert answer.status_code not in (401, 302) or rule.endpoint in OWN_CREDENTIAL, (method, path)
        elif path.startswith("/api/") or path == "/metrics":
            assert answer.status_code == 401, (method, path, answer.status_code)
            assert answer.mimetype == "application/problem+json" or path == "/metrics"
            tried += 1
        else:
            assert answer.status_code == 302 and answer.location.startswith("/sign-in"), (method, path, answer.status_code)
            tried += 1
    assert tried > 30


def test_unknown_paths_tell_an_anonymous_caller_nothing(guarded: Service) -> None:
    assert guarded.client.get("/api/v1/no-such-thing").status_code == 401
    assert guarded.client.get("/no-such-page").status_code == 302
    assert guarded.client.get("/api/v1/no-such-thing", headers=header(guarded, "viewer")).status_code == 404


def test_public_routes_are_few_and_tell_little(guarded: Service) -> None:
    by_provider = ["provider_web.back", "provider_web.begin", "provider_web.sign_out_there"]
    assert sorted(PUBLIC) == sorted(
        [
            "goals.shared",
            "inbox.receive",
            "inbox.receive_ticket",
            "operate.alive",
            "operate.ready",
            "shared_web.page",
            "static",
            "web.enter",
            "web.sign_in",
            *by_provider,
        ]
    )
    assert guarded.client.get("/livez").get_json() == {"status": "alive"}
    assert guarded.client.get("/readyz").get_json() == {"status": "ready"}
    assert guarded.client.get("/shared").status_code == guarded.client.get("/api/v1/shared").status_code == 404  # not opened


@pytest.mark.parametrize(
    ("role", "method", "path", "allowed"),
    [
        ("viewer", "GET", "/api/v1/areas", True),
        ("viewer", "POST", "/api/v1/simulations", False),
        ("viewer", "GET", "/api/v1/keys", False),
        ("operator", "POST", "/api/v1/simulations", True),
        ("operator", "POST", "/api/v1/assessments", False),
        ("analyst", "PUT", "/api/v1/services/x", True),
        ("analyst", "POST", "/api/v1/sources/x/sync", False),
        ("integrator", "POST", "/api/v1/sources/x/sync", True),
        ("integrator", "PUT", "/api/v1/services/x", False),
        ("integrator", "POST", "/api/v1/sources", False),
        ("admin", "GET", "/api/v1/keys", True),
        ("admin", "GET", "/api/v1/audit", True),
    ],
)
def test_a_role_may_what_it_may(guarded: Service, role: str, method: str, path: str, allowed: bool) -> None:
    status = guarded.client.open(
        path, method=method, json={} if method != "GET" else None, headers=header(guarded, role)
    ).status_code
    assert (status != 403) == allowed, status


def test_a_page_session_is_entered_with_a_key_and_left(guarded: Service) -> None:
    secret, _ = create_key(guarded.forestay.documents, "anna", "viewer")
    wrong = guarded.client.post("/sign-in", data={"key": "fsy_0000_wrong", "then": "/"})
    assert wrong.status_code == 403 and "not valid" in wrong.text
    entered = guarded.client.post("/sign-in", data={"key": secret, "then": "/services"})
    assert entered.status_code == 302 and entered.location == "/services"
    assert secret not in str(entered.headers)
    assert guarded.client.get("/services").status_code == 200
    assert guarded.client.post("/sign-out").status_code == 302
    assert guarded.client.get("/services").status_code == 302


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_signing_in_never_leads_to_another_site(guarded: Service, target: str) -> None:
    secret, _ = create_key(guarded.forestay.documents, "anna", "viewer")
    assert guarded.client.post("/sign-in", data={"key": secret, "then": target}).location == "/"


def test_a_page_of_another_site_cannot_use_a_session(guarded: Service) -> None:
    secret, _ = create_key(guarded.forestay.documents, "anna", "admin")
    guarded.client.post("/sign-in", data={"key": secret, "then": "/"})
    forged = guarded.client.post("/api/v1/keys", json={"name": "x", "role": "admin"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert forged.status_code == 403
    forged = guarded.client.post("/api/v1/keys", json={"name": "x", "role": "admin"}, headers={"Origin": "https://evil.example"})
    assert forged.status_code == 403


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::"])
def test_off_loopback_the_service_does_not_start_without_sign_in(tmp_path, host: str) -> None:
    with pytest.raises(InvalidInput, match="without sign-in"):
        create_app(load_settings(environment={"FORESTAY_WEB_HOST": host}, data_folder=tmp_path))


def test_a_route_without_a_permission_stops_the_start(
    make_service: Callable[..., Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    from app import web

    def mount(app: Flask) -> None:
        app.add_url_rule("/leak", "leak", lambda: "everything")

    monkeypatch.setattr(web, "mount", mount)
    with pytest.raises(RuntimeError, match="leak"):
        _ = make_service().client


def test_every_role_holds_read_and_only_admin_holds_admin() -> None:
    assert all("read" in permissions for permissions in ROLES.values())
    assert [role for role, permissions in ROLES.items() if "admin" in permissions] == ["admin"]
    assert len(list(itertools.chain(*ROLES.values()))) > 10
