"""Under which names the service answers, and which pages may change something: 40 hostile pairs of Host and Origin, and tricks
with addresses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.api.hosts import address_of, names_of
from app.domain.errors import InvalidInput
from app.settings import WebSettings, load_settings
from app.usecases.keep.access import create_key, list_keys
from tests.e2e.conftest import Service

NEW_KEY = {"name": "x", "role": "admin"}

STRANGE_HOSTS = [
    "evil.example",
    "evil.example:8080",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "localhost@evil.example",
    "evil.example#localhost",
    "evil.example/localhost",
    "localhost,evil.example",
    "localhost, localhost",
    "localhost evil.example",
    "localhost\tevil.example",
    "",
    "localhost:99999",
    "localhost:-1",
    "localhost:80:80",
    "localhost:８０",
    "ｌocalhost",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0.0.0.0",
    "[::]",
    "[::1",
    "::1]",
    "[::ffff:127.0.0.1]",
    "[fe80::1%25eth0]",
    "169.254.169.254",
    "10.0.0.1",
    "user:pass@localhost",
    "localhost\\evil.example",
    "*.localhost",
    "a" * 400,
    "metadata.google.internal",
    "localhost.localdomain",
    "LOCALHOST.evil",
    "-localhost",
    "localhost..",
]


@pytest.mark.parametrize("host", STRANGE_HOSTS)
def test_a_strange_name_is_answered_by_nothing(service: Service, host: str) -> None:
    for method, path in (
        ("GET", "/"),
        ("GET", "/livez"),
        ("GET", "/static/forestay.css"),
        ("GET", "/api/v1/areas"),
        ("POST", "/api/v1/keys"),
    ):
        answer = service.client.open(
            path, method=method, json=NEW_KEY if method == "POST" else None, environ_overrides={"HTTP_HOST": host}
        )
        assert answer.status_code in (400, 421), (path, answer.status_code)
        assert answer.mimetype == "application/problem+json" and len(answer.text) < 600
    assert list_keys(service.forestay.documents) == []


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.0.0.1:8080", "[::1]:8080", "localhost.", "risk.example.com", "desk:81"],
)
def test_known_names_are_answered(make_service: Callable[..., Service], host: str) -> None:
    service = make_service(FORESTAY_WEB_PUBLIC_URL="https://risk.example.com/", FORESTAY_WEB_HOSTS="desk")
    assert service.client.get("/api/v1/sources", environ_overrides={"HTTP_HOST": host}).status_code == 200


def test_the_address_listened_on_is_a_name_and_every_address_is_none() -> None:
    assert "192.0.2.7" in names_of(WebSettings(host="192.0.2.7"))
    assert names_of(WebSettings(host="0.0.0.0")) == names_of(WebSettings())
    assert "2001:db8::7" in names_of(WebSettings(host="2001:db8::7"))


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:3000"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost@evil.example"},
    {"Origin": "file://"},
    {"Origin": "chrome-extension://abc"},
    {"Origin": "http://127.0.0.1"},
    {"Origin": "ftp://localhost"},
    {"Origin": "localhost"},
    {"Origin": ""},
    {"Origin": "http://localhost, http://evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": ""},
    {"Sec-Fetch-Site": "none, cross-site"},
    {"Sec-Fetch-Site": "cross-site", "Authorization": "Basic YTpi"},
    {"Origin": "https://evil.example", "Authorization": "Bearer x"},
    {"Origin": "https://evil.example", "Authorization": ""},
    {"Origin": "https://evil.example", "X-Forwarded-Host": "evil.example"},
]


def test_there_are_more_than_forty_of_them() -> None:
    assert len(set(STRANGE_HOSTS)) + len({str(headers) for headers in FOREIGN}) >= 59


PAIRS = [(STRANGE_HOSTS[place % len(STRANGE_HOSTS)], FOREIGN[7 * place % len(FOREIGN)]) for place in range(40)]


def test_forty_pairs_of_a_strange_name_and_a_foreign_page_make_no_key(service: Service) -> None:
    assert len({(host, str(headers)) for host, headers in PAIRS}) == 40
    for host, headers in PAIRS:
        answer = service.client.post("/api/v1/keys", json=NEW_KEY, headers=headers, environ_overrides={"HTTP_HOST": host})
        assert answer.status_code in (400, 403, 421), (host, headers)
    assert list_keys(service.forestay.documents) == []


CHANGES = (
    ("POST", "/api/v1/keys", NEW_KEY),
    ("POST", "/api/v1/sources", {"name": "s", "kind": "json"}),
    ("PATCH", "/api/v1/sources/s", {"priority": 2}),
    ("POST", "/api/v1/sources/s/sync", {}),
    ("DELETE", "/api/v1/keys/none", None),
)


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_page_of_another_place_changes_nothing_without_sign_in(service: Service, headers: dict[str, str]) -> None:
    for method, path, body in CHANGES:
        assert service.client.open(path, method=method, json=body, headers=headers).status_code == 403, path
    assert list_keys(service.forestay.documents) == []


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_page_of_another_place_changes_nothing_by_a_session(
    make_service: Callable[..., Service], headers: dict[str, str]
) -> None:
    service = make_service(FORESTAY_WEB_SIGN_IN="keys")
    key, _ = create_key(service.forestay.documents, "anna", "admin")
    assert service.client.post("/sign-in", data={"key": key, "then": "/"}).status_code == 302
    for method, path, body in CHANGES:
        assert service.client.open(path, method=method, json=body, headers=headers).status_code in (401, 403), path
    assert [known.name for known in list_keys(service.forestay.documents)] == ["anna"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://risk.example.com"},
        {"Origin": "http://localhost:80", "Sec-Fetch-Site": "same-origin"},
    ],
)
def test_our_own_pages_and_programs_change_what_they_may(make_service: Callable[..., Service], headers: dict[str, str]) -> None:
    service = make_service(FORESTAY_WEB_PUBLIC_URL="https://risk.example.com")
    assert service.client.post("/api/v1/keys", json=NEW_KEY, headers=headers).status_code == 201


def test_a_key_needs_no_proof_of_its_page(make_service: Callable[..., Service]) -> None:
    service = make_service(FORESTAY_WEB_SIGN_IN="keys")
    key, _ = create_key(service.forestay.documents, "anna", "admin")
    headers = {"Authorization": f"Bearer {key}", "Origin": "https://evil.example"}
    assert service.client.post("/api/v1/keys", json=NEW_KEY, headers=headers).status_code == 201


# --- who is counted


PROXY = ["10.0.0.0/8", "2001:db8::/32"]


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "expected"),
    [
        ("192.0.2.1", "", [], "192.0.2.1"),
        ("192.0.2.1", "198.51.100.7", [], "192.0.2.1"),
        ("192.0.2.1", "198.51.100.7", PROXY, "192.0.2.1"),  # who is no proxy says nothing of others
        ("10.0.0.1", "198.51.100.7", PROXY, "198.51.100.7"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.7", PROXY, "198.51.100.7"),  # what stands before is the caller's own word
        ("10.0.0.1", "198.51.100.7, 10.0.0.2", PROXY, "198.51.100.7"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", PROXY, "10.0.0.3"),
        ("10.0.0.1", "", PROXY, "10.0.0.1"),
        ("10.0.0.1", "unknown", PROXY, "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7, ", PROXY, "10.0.0.1"),
        ("10.0.0.1", "127.0.0.1\t", PROXY, "127.0.0.1"),
        ("10.0.0.1", "' OR 1=1", PROXY, "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7:443", PROXY, "10.0.0.1"),
        ("10.0.0.1", "2001:db8:1::9, 10.9.9.9", PROXY, "2001:db8:1::9"),
        ("2001:db8::1", "2a00::1", PROXY, "2a00::1"),
        ("", "198.51.100.7", PROXY, ""),
        ("10.0.0.1", ",".join(["10.0.0.9"] * 5000), PROXY, "10.0.0.9"),
        ("10.0.0.1", "0x0a.0.0.1", PROXY, "10.0.0.1"),
        ("10.0.0.1", "::ffff:198.51.100.7", PROXY, "::ffff:198.51.100.7"),
    ],
)
def test_an_address_is_believed_from_trusted_proxies_only(peer: str, forwarded: str, trusted: list[str], expected: str) -> None:
    assert address_of({"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": forwarded}, trusted) == expected


def test_each_key_has_a_count_of_its_own_and_who_has_none_shares_that_of_the_address(
    make_service: Callable[..., Service],
) -> None:
    service = make_service(FORESTAY_WEB_REQUESTS_PER_MINUTE="3", FORESTAY_WEB_SIGN_IN="keys")
    anna, ben = (
        {"Authorization": f"Bearer {create_key(service.forestay.documents, name, 'viewer')[0]}"} for name in ("anna", "ben")
    )
    assert [service.client.get("/api/v1/sources", headers=anna).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert service.client.get("/api/v1/sources", headers=ben).status_code == 200
    assert [
        service.client.get("/api/v1/sources", headers={"Authorization": f"Bearer fsy_a_{n}"}).status_code for n in range(4)
    ] == [401, 401, 401, 429]
    assert service.client.get("/api/v1/sources").status_code == 429
    assert service.client.get("/api/v1/sources", environ_overrides={"REMOTE_ADDR": "192.0.2.3"}).status_code == 401
    assert service.client.get("/api/v1/sources", headers=ben).status_code == 200


def test_a_proxy_that_is_none_is_refused_in_the_settings(tmp_path) -> None:
    with pytest.raises(InvalidInput, match="trusted_proxies"):
        load_settings(environment={"FORESTAY_WEB_TRUSTED_PROXIES": "proxy.example"}, data_folder=tmp_path)
