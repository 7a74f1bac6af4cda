"""The one way out against a real HTTP server: retries, sign-in, deadlines, TLS, and messages that help and hide secrets."""

from __future__ import annotations

import ssl
import threading
import time
from email.utils import formatdate
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from app.domain.errors import InvalidInput, NotAllowed, SourceFailed
from importers.http.client import Client, Outbound, Patience, Unreachable
from importers.http.secrets import secret
from importers.http.sign_in import Basic, FixedHeaders, OAuth, Session, sign_in_of

TLS = Path(__file__).parents[1] / "servers" / "tls"


class Clock:
    def __init__(self) -> None:
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def make(server, sign_in=None, clock=None, **patience) -> Client:
    clock = clock or Clock()
    return Client(
        server.url_for("/"),
        Outbound(["localhost"]),
        sign_in=sign_in or FixedHeaders(),
        patience=Patience(sleep=clock.sleep, **patience),
    )


def answering(server, *answers, path="/a", method=None):
    """Each call gets the next answer; what was asked is kept."""
    asked, left = [], list(answers)

    def handler(request):
        asked.append(request)
        answer = left.pop(0) if len(left) > 1 else left[0]
        return answer if isinstance(answer, Response) else Response(*answer)

    server.expect_request(path).respond_with_handler(handler)
    return asked


OK = ('{"ok": 1}', 200)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_fails_for_a_while_is_tried_again(httpserver, status):
    asked, clock = answering(httpserver, ("busy", status), ("busy", status), OK), Clock()
    assert make(httpserver, clock=clock, pause=2.0, longest=3.0).get_json("a") == {"ok": 1}
    assert len(asked) == 3
    assert 2.0 <= clock.slept[0] <= 3.0
    assert clock.slept[1] == 3.0  # twice the pause, capped


def test_it_gives_up_after_its_tries(httpserver):
    asked = answering(httpserver, ('{"error": {"message": "Down", "detail": "for repair"}}', 503))
    with pytest.raises(SourceFailed, match=r"/a answered 503: Down; for repair"):
        make(httpserver, tries=3).get_json("a")
    assert len(asked) == 3


def test_retry_after_in_seconds_and_as_a_date(httpserver):
    clock = Clock()
    later = formatdate(time.time() + 40, usegmt=True)
    answering(httpserver, Response("", 429, {"Retry-After": "7"}), Response("", 429, {"Retry-After": later}), OK)
    assert make(httpserver, clock=clock).get_json("a") == {"ok": 1}
    assert clock.slept[0] == 7
    assert 35 <= clock.slept[1] <= 40


def test_a_server_that_asks_to_wait_too_long_is_given_up(httpserver):
    answering(httpserver, Response("", 429, {"Retry-After": "3600"}))
    with pytest.raises(SourceFailed, match="asks to wait 3,600 s"):
        make(httpserver).get_json("a")


def test_a_500_is_not_tried_again(httpserver):
    asked = answering(httpserver, ("<html><h1>Oops</h1></html>", 500))
    with pytest.raises(SourceFailed, match="500: Oops"):
        make(httpserver).get_json("a")
    assert len(asked) == 1


def test_a_post_is_repeated_only_when_the_caller_says_so(httpserver):
    asked = answering(httpserver, ("", 503), OK)
    with pytest.raises(SourceFailed, match="503"):
        make(httpserver).request("POST", "a", json={"query": "{ x }"})
    assert len(asked) == 1
    asked.clear()
    httpserver.clear()
    asked = answering(httpserver, ("", 503), OK)
    assert make(httpserver).request("POST", "a", form={"json_data": "{}"}, repeatable=True).json() == {"ok": 1}
    assert [request.form["json_data"] for request in asked] == ["{}", "{}"]


def test_headers_and_other_statuses_reach_the_caller(httpserver):
    answering(httpserver, Response("[1]", 206, {"Content-Range": "0-0/230", "X-Total-Count": "230"}))
    answer = make(httpserver).request("GET", "a")
    assert (answer.status, answer.headers["content-range"], answer.number("X-Total-Count")) == (206, "0-0/230", 230)
    httpserver.clear()
    answering(httpserver, ('["ERROR_RANGE_EXCEED_TOTAL", "no"]', 400))
    assert make(httpserver).request("GET", "a", accept=(400,)).json()[0] == "ERROR_RANGE_EXCEED_TOTAL"


def test_a_refused_connection(httpserver):
    clock, client = Clock(), None
    client = make(httpserver, clock=clock, tries=3)
    httpserver.stop()
    try:
        with pytest.raises(Unreachable, match="refused"):
            client.get_json("a")
    finally:
        httpserver.start()
    assert len(clock.slept) == 2


def test_a_stalled_body_is_cut_off_and_tried_again(httpserver):
    stop = threading.Event()

    def drips():
        yield b"{"
        while not stop.wait(0.05):
            yield b" "

    asked = answering(httpserver, Response(drips(), 200), OK)
    started = time.monotonic()
    assert make(httpserver, answer=0.5).get_json("a") == {"ok": 1}
    stop.set()
    assert len(asked) == 2
    assert time.monotonic() - started < 5


def test_a_silent_server(httpserver):
    def sleeps(request):
        time.sleep(1.0)
        return Response("{}")

    httpserver.expect_request("/a").respond_with_handler(sleeps)
    with pytest.raises(Unreachable, match="no answer in time"):
        make(httpserver, silence=0.2, tries=1).get_json("a")


def test_an_answer_that_is_cut_off(httpserver):
    answering(httpserver, Response('{"a": 1', 200, {"Content-Length": "100"}))
    with pytest.raises(SourceFailed, match=r"cut off|no answer|not whole JSON"):  # by length, by silence, or by what it holds
        make(httpserver, silence=0.5, tries=1).get_json("a")
    httpserver.clear()
    answering(httpserver, Response('{"a": 1', 200, {"Content-Type": "application/json"}))
    with pytest.raises(SourceFailed, match="not whole JSON"):
        make(httpserver).get_json("a")


def test_a_sign_in_page_is_no_answer(httpserver):
    answering(httpserver, Response("<!DOCTYPE html><html><body>Log in</body></html>", 200, content_type="text/html"))
    with pytest.raises(SourceFailed, match=r"localhost:\d+/a answered 200 with a web page instead of JSON"):
        make(httpserver).get_json("a")


def test_basic_and_its_refusal_without_the_secret(httpserver):
    def echoes(request):
        return Response(f'{{"error": "no {request.authorization.username}/{request.authorization.password}"}}', 401)

    httpserver.expect_request("/a").respond_with_handler(echoes)
    with pytest.raises(NotAllowed) as refused:
        make(httpserver, Basic("anna", "hunter22")).get_json("a")
    assert "no anna/********" in refused.value.message
    assert refused.value.details["answered"] == 401


def token_server(server, lasts=1800, refresh=""):
    given = []

    def tokens(request):
        given.append(dict(request.form))
        body = {"access_token": f"token-{len(given)}", "expires_in": lasts, "token_type": "Bearer"}
        return Response(__import__("json").dumps(body | ({"refresh_token": refresh} if refresh else {})))

    server.expect_request("/oauth_token.do", method="POST").respond_with_handler(tokens)
    return given


def oauth(now):
    form = {"grant_type": "client_credentials", "client_id": "me", "client_secret": "s3cret"}
    return OAuth("oauth_token.do", form, clock=lambda: now[0])


def test_oauth_is_renewed_before_it_ends(httpserver):
    now, given, asked = [0.0], token_server(httpserver), answering(httpserver, OK)
    client = make(httpserver, oauth(now))
    for at in (0.0, 1700.0, 1750.0):
        now[0] = at
        client.get_json("a")
    assert [request.headers["Authorization"] for request in asked] == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]
    assert given == [{"grant_type": "client_credentials", "client_id": "me", "client_secret": "s3cret"}] * 2


def test_oauth_is_renewed_once_on_a_401(httpserver):
    given, asked = token_server(httpserver, refresh="r1"), answering(httpserver, ("{}", 401), OK)
    assert make(httpserver, oauth([0.0])).get_json("a") == {"ok": 1}
    assert [row["grant_type"] for row in given] == ["client_credentials", "refresh_token"]
    assert asked[1].headers["Authorization"] == "Bearer token-2"
    httpserver.clear()
    token_server(httpserver)
    asked = answering(httpserver, ("{}", 401))
    with pytest.raises(NotAllowed):
        make(httpserver, oauth([0.0])).get_json("a")
    assert len(asked) == 2


def test_a_session_is_opened_once_and_again_on_a_401(httpserver):
    opened = answering(httpserver, ('{"session_token": "one"}', 200), ('{"session_token": "two"}', 200), path="/initSession")
    asked = answering(httpserver, OK, ('["ERROR_SESSION_TOKEN_INVALID", "gone"]', 401), OK)

    def sign_in(call):
        return {"Session-Token": call("GET", "initSession", headers={"Authorization": "user_token abc"}).json()["session_token"]}

    client = make(httpserver, Session(sign_in, ["abc"]))
    for _ in range(2):
        client.get_json("a")
    assert [request.headers["Session-Token"] for request in asked] == ["one", "one", "two"]
    assert len(opened) == 2


def test_secrets_come_from_a_variable_or_its_file(monkeypatch, tmp_path):
    monkeypatch.delenv("CMDB_PW", raising=False)
    with pytest.raises(InvalidInput, match=r"CMDB_PW \(or CMDB_PW_FILE\)"):
        secret("x", {"password_env": "CMDB_PW"}, "password_env")
    (tmp_path / "pw").write_text("from file\n")
    monkeypatch.setenv("CMDB_PW_FILE", str(tmp_path / "pw"))
    assert secret("x", {"password_env": "CMDB_PW"}, "password_env") == "from file"
    monkeypatch.setenv("CMDB_PW", "from variable")
    assert secret("x", {"password_env": "CMDB_PW"}, "password_env") == "from variable"
    monkeypatch.setenv("CMDB_PW", "two\nlines")
    with pytest.raises(InvalidInput, match="control character"):
        secret("x", {"password_env": "CMDB_PW"}, "password_env")


def test_which_sign_in_the_settings_mean(monkeypatch):
    monkeypatch.setenv("PW", "pass")
    monkeypatch.setenv("SEC", "sec")
    assert sign_in_of("x", {"user": "u", "password_env": "PW"}) == Basic("u", "pass")
    assert sign_in_of("x", {"token_env": "PW"}, key_header="x-sn-apikey") == FixedHeaders({"x-sn-apikey": "pass"})
    made = sign_in_of("x", {"user": "u", "password_env": "PW", "client_id": "c", "client_secret_env": "SEC"}, "t")
    assert isinstance(made, OAuth)
    assert made.form["grant_type"] == "password"
    with pytest.raises(InvalidInput, match="no sign-in"):
        sign_in_of("x", {})


@pytest.fixture
def tls_server():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "server.pem", TLS / "server.key")
    server = HTTPServer(host="localhost", port=0, ssl_context=context)
    server.start()
    yield server
    server.clear()
    server.stop()


def test_tls_is_verified(tls_server):
    tls_server.expect_request("/a").respond_with_json({"ok": 1})
    clock = Clock()
    place = (tls_server.url_for("/"), Outbound(["localhost", "127.0.0.1"]))
    with pytest.raises(Unreachable, match="TLS was refused") as refused:
        Client(*place, patience=Patience(sleep=clock.sleep)).get_json("a")
    assert "certificate" in refused.value.message
    assert clock.slept == []  # a wrong certificate does not come right by waiting
    assert Client(*place, ca_file=str(TLS / "ca.pem")).get_json("a") == {"ok": 1}
    other_name = place[0].replace("localhost", "127.0.0.1")
    with pytest.raises(Unreachable, match="TLS was refused"):
        Client(other_name, place[1], ca_file=str(TLS / "ca.pem"), patience=Patience(sleep=clock.sleep)).get_json("a")
