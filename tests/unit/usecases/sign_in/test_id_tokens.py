"""What is believed of an ID token, and what never is. The provider is a double here; tests/real/test_oidc.py asks a real one."""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Mapping
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from app.domain.errors import InvalidInput, NotAllowed, SourceFailed
from app.settings import SignInSettings, load_settings
from app.usecases.sign_in.flow import UnderWay, checked_token, finish
from app.usecases.sign_in.provider import Provider
from app.usecases.sign_in.roles import grants_of, person_of

ISSUER = "https://login.example.com"
SETTINGS = SignInSettings(
    issuer=ISSUER, client_id="forestay", roles={"bcm": "analyst", "ops": "operator", "berlin": "viewer site=Berlin"}
)
ABOUT = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/auth",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
}


class Http:
    """Answers with what the test says; counts what is asked."""

    def __init__(self, key: RSAKey, about: Mapping[str, Any] = ABOUT) -> None:
        self.key, self.about, self.tokens, self.asked = key, about, {}, []

    def read(self, url: str, headers: Mapping[str, str]) -> Any:
        self.asked.append(url)
        return {"keys": [self.key.as_dict(private=False)]} if url.endswith("/keys") else self.about

    def send(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> tuple[int, Any]:
        self.asked.append(url)
        return 200, self.tokens


@pytest.fixture(scope="module")
def keys() -> tuple[RSAKey, RSAKey]:
    made = [RSAKey.generate_key(2048, {"kid": name, "use": "sig"}) for name in ("first", "second")]
    return made[0], made[1]


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    usual = {"iss": ISSUER, "aud": "forestay", "sub": "anna", "nonce": "n", "iat": now, "exp": now + 300, "groups": ["bcm"]}
    return {name: value for name, value in (usual | changed).items() if value is not None}


def token(key: RSAKey, **changed: Any) -> str:
    return jwt.encode({"alg": "RS256", "kid": key.kid}, claims(**changed), key)


def part(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def test_a_token_that_holds_is_believed(keys: tuple[RSAKey, RSAKey]) -> None:
    assert checked_token(Provider(ISSUER, Http(keys[0])), SETTINGS, token(keys[0]), "n")["sub"] == "anna"


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://elsewhere.example.com"},
        {"aud": "another"},
        {"aud": ["forestay", "another"], "azp": "another"},
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"exp": int(time.time()) - 3600},
        {"exp": None},
        {"iat": int(time.time()) + 3600},
        {"nbf": int(time.time()) + 3600},
        {"sub": None},
        {"iss": None},
        {"aud": None},
    ],
)
def test_a_claim_that_does_not_hold_is_refused(keys: tuple[RSAKey, RSAKey], changed: dict[str, Any]) -> None:
    with pytest.raises(NotAllowed, match="relied on"):
        checked_token(Provider(ISSUER, Http(keys[0])), SETTINGS, token(keys[0], **changed), "n")


def test_a_token_that_is_not_signed_by_the_provider_is_refused(keys: tuple[RSAKey, RSAKey]) -> None:
    good = token(keys[0])
    head, body, _ = good.split(".")
    unsigned, shared = part(b'{"alg":"none"}'), part(b'{"alg":"HS256","kid":"first"}')
    by_public_key = hmac.digest(keys[0].as_pem(private=False), f"{shared}.{body}".encode(), "sha256")
    for forged in (
        token(keys[1]),
        f"{unsigned}.{body}.",
        f"{head}.{body}.AAAA",
        f"{shared}.{body}.{part(by_public_key)}",
        "",
        "a.b.c",
    ):
        with pytest.raises(NotAllowed, match="relied on"):
            checked_token(Provider(ISSUER, Http(keys[0])), SETTINGS, forged, "n")


def test_keys_are_read_once_and_anew_after_a_rotation(keys: tuple[RSAKey, RSAKey]) -> None:
    http = Http(keys[0])
    provider = Provider(ISSUER, http)
    for _ in range(3):
        checked_token(provider, SETTINGS, token(keys[0]), "n")
    assert http.asked == [f"{ISSUER}/.well-known/openid-configuration", f"{ISSUER}/keys"]
    http.key = keys[1]
    assert checked_token(provider, SETTINGS, token(keys[1]), "n")["sub"] == "anna"
    assert http.asked.count(f"{ISSUER}/keys") == 2


@pytest.mark.parametrize(
    ("about", "says"),
    [
        ({**ABOUT, "issuer": "https://login.example.com/"}, "to the letter"),
        ({**ABOUT, "token_endpoint": "http://login.example.com/token"}, "no address of https"),
        ({**ABOUT, "jwks_uri": None}, "has no jwks_uri"),
        ([], "no JSON object"),
    ],
)
def test_a_discovery_document_of_another_is_refused(keys: tuple[RSAKey, RSAKey], about: Any, says: str) -> None:
    http = Http(keys[0], about)
    provider = Provider(ISSUER, http)
    for _ in range(2):
        with pytest.raises(SourceFailed, match=says):
            provider.about()
    assert len(http.asked) == 1, "a failure is not asked for again at once"


def test_more_claims_are_those_of_the_same_person(keys: tuple[RSAKey, RSAKey]) -> None:
    http = Http(keys[0], {**ABOUT, "userinfo_endpoint": f"{ISSUER}/me"})
    http.tokens = {"id_token": token(keys[0], groups=None), "access_token": "a"}
    with pytest.raises(NotAllowed, match="two people"):  # the double answers with its discovery document, which names no one
        finish(Provider(ISSUER, http), SETTINGS, "back", UnderWay("s", "n", "v", "/", time.time()), {"state": "s", "code": "c"})


def test_of_several_roles_the_one_that_may_most() -> None:
    def who(**said: Any) -> tuple[str, str, str]:
        person = person_of(claims(**said), SETTINGS)
        return person.name, person.role, person.scope

    assert who(groups=["berlin", "ops", "bcm"]) == ("anna", "analyst", "")
    assert who(groups="berlin", preferred_username="Anna A.") == ("Anna A.", "viewer", "site=Berlin")
    assert who(groups=["ops"], preferred_username="a\nb", email="a@example.com")[0] == "a@example.com"
    for groups in (None, [], ["BCM"], "bcm ops", {"bcm": True}, [["bcm"]], 7):
        with pytest.raises(NotAllowed, match="no access here"):
            person_of(claims(groups=groups), SETTINGS)
    nested = SignInSettings(issuer=ISSUER, client_id="f", claim="realm_access.roles", roles={"bcm": "admin"})
    assert person_of(claims(realm_access={"roles": ["bcm"]}), nested).role == "admin"


@pytest.mark.parametrize("text", ["boss", "", "admin site=Berlin", "viewer planet=Mars", 7])
def test_a_role_that_does_not_exist_is_named(text: Any) -> None:
    with pytest.raises(InvalidInput):
        grants_of({"x": text})


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "sign_in.issuer"),
        ({"ISSUER": ISSUER, "CLIENT_ID": "f"}, "sign_in.roles"),
    ],
)
def test_what_is_missing_in_the_settings_is_named(given: dict[str, str], says: str) -> None:
    environment = {"FORESTAY_WEB_SIGN_IN": "oidc", **{f"FORESTAY_SIGN_IN_{name}": value for name, value in given.items()}}
    with pytest.raises(InvalidInput, match=says):
        load_settings(environment=environment)
