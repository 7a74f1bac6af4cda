"""A secret of its own in every place that holds one, and then a search of everything that is written, kept or answered, in every
form."""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from app.bootstrap import Forestay
from app.domain.concealed import conceal, concealed, forms
from app.jobs.runner import run_one
from app.usecases.keep import runs
from app.usecases.keep import sources as keep
from app.usecases.keep.access import create_key
from app.usecases.tickets.poll import poll
from app.usecases.tickets.relay import relay
from app.usecases.tickets.work_hooks import work_hooks
from tests.e2e.conftest import Service

PLACES = ("store password", "session secret", "audit key", "token", "user's password")


@pytest.fixture
def canaries() -> dict[str, str]:
    """With signs that are written differently in addresses, in JSON and in base64."""
    return {place: f"{secrets.token_hex(8)}/+{secrets.token_hex(8)}&='{secrets.token_hex(4)}" for place in PLACES}


@pytest.fixture
def guarded(make_service: Callable[..., Service], canaries: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Service:
    monkeypatch.setenv("CANARY_TOKEN", canaries["token"])
    monkeypatch.setenv("CANARY_PASSWORD", canaries["user's password"])
    return make_service(
        FORESTAY_WEB_SIGN_IN="keys",
        FORESTAY_STORE_PASSWORD=canaries["store password"],
        FORESTAY_WEB_SESSION_SECRET=canaries["session secret"],
        FORESTAY_AUDIT_KEY=canaries["audit key"],
        FORESTAY_OUTBOUND_HOSTS="localhost",
    )


def echo(request: Request) -> Response:
    """A server that repeats in its error whatever it was sent, in words and in a header of its own."""
    said = "; ".join(f"{name}={value}" for name, value in request.headers.items())
    return Response(
        f'{{"message": "cannot serve", "detail": "{said} {request.get_data(as_text=True)[:2000]}"}}', 500, mimetype="text/plain"
    )


def kept(forestay: Forestay) -> Iterator[str]:
    """Every document of the store: jobs, runs, sources, keys, sessions, audit trail."""
    for kind in forestay.documents.kinds():
        after = ""
        while page := forestay.documents.page(kind, after, 500):
            yield from (f"{row.key} {row.body}" for row in page)
            after = page[-1].key


def test_no_secret_is_ever_written_kept_or_answered(
    guarded: Service,
    canaries: dict[str, str],
    httpserver: HTTPServer,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    service, answers = guarded, list[str]()
    key, _ = create_key(service.forestay.documents, "anna", "admin")
    headers = {"Authorization": f"Bearer {key}"}

    def ask(method: str, path: str, **options: object) -> int:
        answer = service.client.open(path, method=method, **{"headers": headers, **options})  # type: ignore[arg-type]
        answers.append(answer.text + str([(n, v) for n, v in answer.headers.items() if n != "Set-Cookie"]))
        return answer.status_code

    # a source whose server repeats what it is sent
    httpserver.expect_request(re.compile("/.*")).respond_with_handler(echo)
    for name, kind, settings in (
        ("dcim", "netbox", {"token_env": "CANARY_TOKEN"}),
        ("desk", "servicenow", {"user": "svc", "password_env": "CANARY_PASSWORD"}),
    ):
        keep.add_source(service.forestay.documents, name, kind, httpserver.url_for("/").rstrip("/"), None, settings)
        assert ask("POST", f"/api/v1/sources/{name}/check") >= 400
        assert ask("POST", f"/api/v1/sources/{name}/sync", json={}) == 202
    while run_one(service.forestay):
        pass
    assert {job.state for job in runs.page_jobs(service.forestay.documents)} == {runs.FAILED}
    assert httpserver.log, "the server was asked, and saw the secrets"
    assert any(canaries["token"] in str(request.headers) for request, _ in httpserver.log)

    # an error that nobody foresaw, with everything in reach of its traceback
    def fails(documents: object, held: object = service.forestay.settings) -> object:
        sent, password = headers, service.forestay.settings.store.password
        raise RuntimeError(f"driver: cannot reach neo4j://neo4j:{password}@host with {sent and 'headers'}")

    with monkeypatch.context() as patch:
        patch.setattr(keep, "list_sources", fails)
        assert ask("GET", "/api/v1/sources", headers={**headers, "X-Body": "canary"}) == 500

    # sign-in, right and wrong, and a page with the session
    assert ask("POST", "/sign-in", data={"key": key, "then": "/"}, headers={}) == 302
    assert ask("POST", "/sign-in", data={"key": key[:-1], "then": "/"}, headers={}) == 403
    assert ask("GET", "/api/v1/sources", headers={"Authorization": f"Bearer {key}x"}) == 401
    for path in (
        "/sources",
        "/",
        "/api/v1/sources",
        "/api/v1/jobs",
        "/api/v1/runs",
        "/api/v1/keys",
        "/api/v1/audit",
        "/api/v1/health",
        "/metrics",
    ):
        assert ask("GET", path) == 200
    assert service.cli("backup", str(tmp_path / "copy.db")).exit_code == 0
    told = service.cli("config", "check")
    service.forestay.reads.flush()

    logged = capfd.readouterr()
    service.forestay.cache.settle()  # what is still being written is looked at as well
    files = b"\x00".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    places = {
        "answers": "\n".join(answers),
        "log": logged.err + logged.out + told.output,
        "documents": "\n".join(kept(service.forestay)),
        "files and backup": files.decode("latin-1"),
    }
    assert "Traceback" in places["log"] and "RuntimeError" in places["log"], "the log tells of the error"
    hits = [
        (where, secret)
        for where, text in places.items()
        for secret, value in {**canaries, "key": key.split("_", 2)[2]}.items()
        if any(form in text for form in forms(value))
    ]
    assert hits == []


DESKS: dict[str, dict[str, str]] = {  # the secrets of each kind by setting, and what else it needs
    "servicenow": {"user": "svc", "password_env": "CANARY_PASSWORD"},
    "jira": {"user": "svc", "token_env": "CANARY_TOKEN", "project": "OPS"},
    "rt": {"token_env": "CANARY_TOKEN"},
    "redmine": {"token_env": "CANARY_TOKEN", "project": "ops", "key_field": "3"},
    "zammad": {"token_env": "CANARY_TOKEN", "customer": "ops@example.com"},
    "webhook": {"secret_env": "CANARY_WEBHOOK"},
}


def test_no_secret_of_a_ticket_system_is_ever_written_kept_or_answered(
    make_service: Callable[..., Service],
    canaries: dict[str, str],
    httpserver: HTTPServer,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """A system that repeats in its errors whatever it was sent; all doors are asked, and all that is kept is looked through."""
    signing = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    hidden = {"token": canaries["token"], "password": canaries["user's password"], "webhook": signing}
    hidden["second"] = f"{secrets.token_hex(8)}/+{secrets.token_hex(8)}"
    for name, value in hidden.items():
        monkeypatch.setenv(f"CANARY_{name.upper()}", value)
    monkeypatch.setenv("FORESTAY_OUTBOUND_HOSTS", f"localhost:{httpserver.port}")
    httpserver.expect_request(re.compile("/.*")).respond_with_handler(echo)
    service, answers, told = make_service(FORESTAY_OUTBOUND_HOSTS=f"localhost:{httpserver.port}"), list[str](), list[str]()
    service.csv("cmdb", cis=[{"key": "db", "name": "DB", "class": "database"}])

    def ask(method: str, path: str, **options: Any) -> Any:
        answer = service.client.open(path, method=method, **options)
        answers.append(answer.text + str(list(answer.headers.items())))
        return answer

    base, url = "/api/v1/tickets", httpserver.url_for("/").rstrip("/")
    for kind, settings in DESKS.items():
        body = {"name": kind, "kind": kind, "settings": {"url": url, **settings}}
        assert ask("POST", f"{base}/connectors", json=body).status_code == 201, answers[-1]
        assert ask("POST", f"{base}/connectors/{kind}/rehearse", json={"ci": "DB"}).status_code == 200, answers[-1]
        order = ask("POST", f"{base}/orders", json={"connector": kind, "ci": "DB"}).get_json()["order"]
        poll(service.forestay, kind, "m/1/1 a")
        relay(service.forestay, kind, "m/1/1 a")
        for path in (f"{base}/connectors/{kind}", f"{base}/orders/{order}", f"/tickets/order?key={order}"):
            assert ask("GET", path).status_code == 200
        for page in ("check", "rehearse"):
            ask("POST", f"/tickets/connector/{page}", data={"name": kind, "ci": "DB", "kind": "incident"})
        assert ask("GET", f"/tickets/connector?name={kind}").status_code == 200
        assert kind == "webhook" or ask("POST", f"{base}/connectors/{kind}/check").status_code >= 400
        told += [
            service.cli("tickets", "connectors", "check", kind).output,
            service.cli("tickets", "show", order, "--json").output,
        ]
        told.append(service.cli("tickets", "new", kind, "DB", "--dry-run").output)
    seen = "".join(f"{request.headers} {request.get_data(as_text=True)}" for request, _ in httpserver.log)
    assert hidden["token"] in seen and all(row["error"] for row in service.get("/tickets/connectors")["items"]), "they saw them"

    senders = {"zammad": "CANARY_WEBHOOK CANARY_SECOND", "jira": "CANARY_SECOND", "webhook": "CANARY_WEBHOOK"}
    for kind, names in senders.items():
        body = {"name": f"in-{kind}", "kind": kind, "connector": kind, "secret_env": names}
        assert ask("POST", "/api/v1/inbox/senders", json=body).status_code == 201
        signed = hmac.new(hidden["second"].encode(), b'{"ticket": {"id": 7}}', "sha1").hexdigest()
        delivery = {"headers": {"X-Hub-Signature": f"sha1={signed}"}, "data": b'{"ticket": {"id": 7}}'}
        assert ask("POST", f"/api/v1/inbox/{kind}/in-{kind}", **delivery).status_code == (202 if kind == "zammad" else 401)
        work_hooks(service.forestay, kind)
    made = ask("POST", "/api/v1/inbox/senders", json={"name": "in-rt", "kind": "rt", "connector": "rt"}).get_json()["secret"]
    answers.pop()  # which shows it, once
    assert ask("POST", "/api/v1/inbox/rt/in-rt", json={"id": "7"}, headers={"Authorization": f"Bearer {made}"}).status_code == 202
    work_hooks(service.forestay, "rt")
    for path in (
        *(f"{base}/{name}" for name in ("connectors", "orders", "deliveries", "unknown", "rules", "kinds")),
        *(
            "/api/v1/inbox/senders",
            "/api/v1/audit",
            "/api/v1/cis/DB/tickets",
            "/tickets",
            "/tickets/rules",
            "/ci?key=DB",
            "/metrics",
        ),
        *(f"{base}/deliveries/{row['delivery']}" for row in service.get("/tickets/deliveries")["items"]),
    ):
        assert ask("GET", path).status_code == 200, path
    told += [
        service.cli(*line, "--json").output
        for line in (("tickets", "list"), ("tickets", "connectors", "list"), ("hooks", "deliveries"))
    ]
    assert service.cli("backup", str(tmp_path / "copy.db")).exit_code == 0
    service.forestay.reads.flush()
    logged = capfd.readouterr()
    service.forestay.cache.settle()  # what is still being written is looked at as well
    files = b"\x00".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    places = {
        "answers": "\n".join(answers),
        "command line": "\n".join(told),
        "log": logged.err + logged.out,
        "documents": "\n".join(kept(service.forestay)),
        "files and backup": files.decode("latin-1"),
    }
    found = [
        (where, name)
        for where, text in places.items()
        for name, value in {**hidden, "made": made}.items()
        if any(form in text for form in forms(value))
    ]
    assert found == []


@pytest.mark.parametrize("before", ["", "a", "svc:"])
def test_every_form_of_a_secret_is_known(canaries: dict[str, str], before: str) -> None:
    secret = conceal(canaries["token"])
    for text in (
        secret,
        quote(secret, safe=""),
        base64.b64encode(f"{before}{secret}\n".encode()).decode(),
        base64.urlsafe_b64encode(f"{before}{secret}".encode()).decode(),
        repr({"x": secret}),
        secret.encode().hex(),
    ):
        shown = concealed(f"so {text} it is")
        assert not any(form in shown for form in forms(secret)), text
        assert "so " in shown and " it is" in shown
