"""A real identity provider (scripts/oidc/with-server): people sign in through its own forms, get their role, and leave again;
what was tampered with on the way is refused."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit, urlunsplit

import pytest
import requests
from werkzeug.serving import make_server

from app.usecases.keep import access, audit
from tests.e2e.conftest import Service, make_service  # noqa: F401 - a fixture

pytestmark = [pytest.mark.real, pytest.mark.timeout(60)]
ISSUER, PORT = os.environ.get("FORESTAY_TEST_OIDC_ISSUER", ""), os.environ.get("FORESTAY_TEST_OIDC_PORT", "0")
HOME = f"http://127.0.0.1:{PORT}"
ROLES = """[sign_in.roles]
bcm = "analyst"
operations = "operator"
berlin = "viewer site=Berlin"
admins = "admin"
"""


@pytest.fixture
def served(make_service: Callable[..., Service], tmp_path: Path) -> Iterator[Callable[..., Service]]:  # noqa: F811
    """Serves Forestay where the provider sends people back to, with these settings beside the usual ones."""
    running = []

    def serve(roles: str = ROLES, **environment: str) -> Service:
        (tmp_path / "oidc.toml").write_text(roles)
        given = {
            "FORESTAY_WEB_SIGN_IN": "oidc",
            "FORESTAY_WEB_PUBLIC_URL": HOME,
            "FORESTAY_SIGN_IN_ISSUER": ISSUER,
            "FORESTAY_SIGN_IN_CLIENT_ID": os.environ["FORESTAY_TEST_OIDC_CLIENT"],
            "FORESTAY_SIGN_IN_CLIENT_SECRET": os.environ["FORESTAY_TEST_OIDC_SECRET"],
            "FORESTAY_SIGN_IN_SCOPES": "openid, profile, groups",
            "FORESTAY_CONFIG": str(tmp_path / "oidc.toml"),
        }
        service = make_service(**(given | environment))
        server = make_server("127.0.0.1", int(PORT), service.client.application, threaded=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        running.append((server, thread))
        return service

    yield serve
    for server, thread in running:
        server.shutdown()
        thread.join(5)
        server.server_close()


class Browser:
    """Follows one step at a time, keeps cookies, fills in the provider's forms."""

    def __init__(self) -> None:
        self.session = requests.Session()
        self.session.trust_env = False

    def get(self, url: str) -> requests.Response:
        return self.session.get(url, allow_redirects=False, timeout=10)

    def leave_for_provider(self, then: str = "/") -> str:
        answer = self.get(f"{HOME}/sign-in/provider?then={then}")
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def through_provider(self, url: str, name: str) -> str:
        """The address with which the provider sends this person back."""
        for _ in range(20):
            if url.startswith(HOME):
                return url
            answer = self.get(url)
            if answer.status_code < 300:
                action = re.search(r'action="([^"]+)"', answer.text)
                assert action, answer.text
                fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', answer.text))
                if 'name="login"' in answer.text:
                    fields |= {"login": name, "password": "any"}
                place = urljoin(url, unescape(action[1]))
                answer = self.session.post(place, data=fields, allow_redirects=False, timeout=10)
            assert 300 <= answer.status_code < 400, answer.text
            url = urljoin(url, answer.headers["Location"])
        raise AssertionError("the provider sent nobody back")

    def sign_in(self, name: str, then: str = "/") -> requests.Response:
        return self.get(self.through_provider(self.leave_for_provider(then), name))


def changed(url: str, **parameters: str) -> str:
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | parameters
    return urlunsplit(parts._replace(query=urlencode(query)))


def test_a_person_signs_in_with_the_role_of_their_group_and_signs_out_again(served: Callable[..., Service]) -> None:
    service, browser = served(), Browser()
    assert "Sign in with" in browser.get(f"{HOME}/sign-in?then=/services").text
    before = browser.leave_for_provider("/services")
    there = {name: values[0] for name, values in parse_qs(urlsplit(before).query).items()}
    assert there["code_challenge_method"] == "S256" and there["response_type"] == "code"
    assert len(there["state"]) > 40 and len(there["nonce"]) > 40
    answer = browser.get(browser.through_provider(before, "anna"))
    assert (answer.status_code, answer.headers["Location"]) == (302, "/services")
    page = browser.get(f"{HOME}/services").text
    assert "anna</b>, analyst" in page.replace("</bdi>", "").replace("<bdi>", "")
    assert browser.get(f"{HOME}/api/v1/keys").status_code == 403
    assert [row.body for row in audit.entries(service.forestay.documents, "", 1) if '"signed in"' in row.body]
    stolen = browser.session.cookies.copy()
    out = browser.session.post(f"{HOME}/sign-out", headers={"Origin": HOME}, allow_redirects=False, timeout=10)
    assert out.status_code == 302
    there = Browser()
    there.session.cookies = stolen
    assert there.get(f"{HOME}/services").headers["Location"].startswith("/sign-in"), "the session is over, not only its cookie"
    leaving = browser.get(f"{HOME}/sign-out/provider").headers["Location"]
    assert leaving.startswith(f"{ISSUER}/session/end?") and browser.get(leaving).status_code == 200


def test_roles_scopes_and_people_without_a_role(served: Callable[..., Service]) -> None:
    served()
    berta = Browser()
    berta.sign_in("berta")
    assert "viewer, sees site=Berlin" in berta.get(f"{HOME}/services").text
    assert berta.get(f"{HOME}/sources").status_code == 403
    root = Browser()
    root.sign_in("root")
    assert root.get(f"{HOME}/api/v1/keys").status_code == 200, "of two roles the one that may more"
    nobody = Browser()
    answer = nobody.sign_in("nobody")
    assert answer.status_code == 403 and "has no access here" in answer.text and "everyone" in answer.text
    assert nobody.get(f"{HOME}/services").status_code == 302


def test_what_was_tampered_with_is_refused_in_a_sentence(served: Callable[..., Service]) -> None:
    service = served()
    for what, says in (("nonce", "cannot be relied on"), ("state", "its state differs"), ("code_challenge", "its own code")):
        browser = Browser()
        url = changed(browser.leave_for_provider(), **{what: "0123456789012345678901234567890123456789abc"})
        answer = browser.get(browser.through_provider(url, "anna"))
        assert answer.status_code == 403 and says in answer.text, (what, answer.text)
        assert browser.get(f"{HOME}/services").status_code == 302
    victim, attacker = Browser(), Browser()
    link = attacker.through_provider(attacker.leave_for_provider(), "root")
    assert "was not begun in this browser" in victim.get(link).text
    came_back = attacker.get(link)
    assert came_back.status_code == 302
    assert attacker.get(link).status_code == 403, "an answer is good once"
    error = Browser()
    state = parse_qs(urlsplit(error.leave_for_provider()).query)["state"][0]
    query = urlencode({"state": state, "error": "access_denied", "error_description": "<b>no</b>", "iss": ISSUER})
    answer = error.get(f"{HOME}/sign-in/back?{query}")
    assert answer.status_code == 403 and "access_denied, &lt;b&gt;no" in answer.text
    assert not [kept for kept in access.SESSIONS.every(service.forestay.documents) if kept.value.person is None]


def test_no_open_redirect_and_a_new_session_at_each_sign_in(served: Callable[..., Service]) -> None:
    served()
    browser = Browser()
    assert browser.sign_in("anna", "https://elsewhere.example.com/").headers["Location"] == "/"
    first = browser.session.cookies.copy()
    assert browser.sign_in("anna", "//elsewhere.example.com").headers["Location"] == "/"
    other = Browser()
    other.session.cookies = first
    assert other.get(f"{HOME}/services").status_code == 302, "the session before is over"
    assert browser.get(f"{HOME}/services").status_code == 200


def test_a_rotated_key_is_read_anew(served: Callable[..., Service]) -> None:
    served()
    assert Browser().sign_in("anna").status_code == 302
    requests.post(f"{ISSUER}/test/rotate", timeout=10)
    assert Browser().sign_in("anna").status_code == 302


def test_a_session_ends_in_time_and_when_the_roles_change(served: Callable[..., Service]) -> None:
    service = served(FORESTAY_WEB_SESSION_HOURS="0.0002")
    browser = Browser()
    browser.sign_in("anna")
    threading.Event().wait(0.8)
    assert browser.get(f"{HOME}/services").status_code == 302
    token = access.open_session_of(
        service.forestay.documents, access.Person("person-1", "anna", "admin"), "terms of yesterday", 1.0
    )
    assert access.verified_session(service.forestay.documents, token, terms="terms of today") == (None, "")
    assert access.verified_session(service.forestay.documents, token) == (None, ""), "no provider any more"
    caller, _ = access.verified_session(service.forestay.documents, token, terms="terms of yesterday")
    assert caller is not None and caller.role == "admin"


def test_a_provider_that_does_not_answer_is_said(served: Callable[..., Service]) -> None:
    served(FORESTAY_SIGN_IN_ISSUER="http://127.0.0.1:1")
    answer = Browser().get(f"{HOME}/sign-in/provider")
    assert answer.status_code == 502 and "127.0.0.1:1" in answer.text and "API key" in answer.text
