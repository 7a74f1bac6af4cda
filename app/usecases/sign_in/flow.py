"""The way to the provider and back: what is asked there, and whether what comes back is the answer to it."""

from __future__ import annotations

import base64
import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError

from app.domain.errors import NotAllowed, SourceFailed
from app.settings import SignInSettings
from app.usecases.sign_in.provider import Provider
from app.usecases.sign_in.roles import has_claim

SIGNED_BY = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
)  # no shared secrets
UNDER_WAY_SECONDS = 600.0  # how long someone may take at the provider
LEEWAY_SECONDS = 60  # between the clock of the provider and this one
SHOWN = 300  # characters of the provider's own words


@dataclass(frozen=True, slots=True)
class UnderWay:
    """What a browser keeps while its person is at the provider: no other browser can end what this one began."""

    state: str
    nonce: str
    verifier: str
    then: str  # the page that was asked for
    began: float  # seconds since the epoch


def begin(provider: Provider, settings: SignInSettings, back: str, then: str) -> tuple[str, UnderWay]:
    """Returns the address at the provider to go to, and what the way back is checked with."""
    under_way = UnderWay(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48), then, time.time())
    where = prepare_grant_uri(
        str(provider.about()["authorization_endpoint"]),
        settings.client_id,
        "code",
        back,
        ["openid", *(scope for scope in settings.scopes if scope != "openid")],
        under_way.state,
        nonce=under_way.nonce,
        code_challenge=create_s256_code_challenge(under_way.verifier),
        code_challenge_method="S256",
    )
    return str(where), under_way


def finish(
    provider: Provider, settings: SignInSettings, back: str, under_way: UnderWay | None, answer: Mapping[str, str]
) -> dict[str, Any]:
    """Returns what the provider says of the person who came back; NotAllowed says in a sentence why they cannot be let in."""
    if under_way is None or time.time() - under_way.began > UNDER_WAY_SECONDS:
        raise _refused("this sign-in was not begun in this browser, or too long ago: begin it again")
    if not hmac.compare_digest(answer.get("state", "").encode(), under_way.state.encode()):
        raise _refused("the answer does not belong to the sign-in that was begun here (its state differs): begin it again")
    about = provider.about()
    says = answer.get("iss")
    if says != settings.issuer if says or about.get("authorization_response_iss_parameter_supported") else False:
        raise _refused(f"the answer comes from {(says or 'nobody')[:SHOWN]!r}, not from {settings.issuer!r}")
    if error := answer.get("error"):
        words = answer.get("error_description", "")
        raise _refused(f"the identity provider did not sign you in: {error[:SHOWN]}" + (f", {words[:SHOWN]}" if words else ""))
    if not answer.get("code"):
        raise _refused("the identity provider sent no code: begin it again")
    tokens = _exchanged(provider, settings, back, answer["code"], under_way.verifier)
    claims = checked_token(provider, settings, str(tokens.get("id_token") or ""), under_way.nonce, tokens.get("access_token"))
    return claims if has_claim(claims, settings) else _with_more(provider, claims, str(tokens.get("access_token") or ""))


def sign_out_address(provider: Provider, settings: SignInSettings, then: str) -> str | None:
    """Returns where the provider ends its own session; None where it offers none."""
    where = provider.about().get("end_session_endpoint")
    if not isinstance(where, str):
        return None
    return str(add_params_to_uri(where, [("client_id", settings.client_id), ("post_logout_redirect_uri", then)]))


def checked_token(
    provider: Provider, settings: SignInSettings, token: str, nonce: str, access_token: Any = None
) -> dict[str, Any]:
    """Returns the claims of an ID token whose signature, issuer, audience, time and nonce hold; the keys are read anew where
    they are not those that it is signed with."""
    keys = provider.keys()
    try:
        try:
            read = jwt.decode(token, keys, algorithms=SIGNED_BY)
        except (BadSignatureError, InvalidKeyIdError, ValueError):
            read = jwt.decode(token, provider.keys(unless=keys), algorithms=SIGNED_BY)
        claims = CodeIDToken(
            read.claims,
            read.header,
            {"iss": {"essential": True, "value": settings.issuer}, "aud": {"essential": True, "value": settings.client_id}},
            {"nonce": nonce, "client_id": settings.client_id, "access_token": access_token},
        )
        claims.validate(leeway=LEEWAY_SECONDS)
    except (JoseError, ValueError, TypeError) as error:
        raise _refused(f"what the identity provider says of you cannot be relied on ({error}): begin the sign-in again") from None
    if not isinstance(claims["sub"], str) or not claims["sub"]:
        raise _refused("the identity provider does not say who you are (claim sub)")
    return dict(claims)


def _exchanged(provider: Provider, settings: SignInSettings, back: str, code: str, verifier: str) -> Mapping[str, Any]:
    """Sends the code and returns the tokens for it."""
    about = provider.about()
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
    headers = {}
    if not settings.client_secret:
        form["client_id"] = settings.client_id
    elif "client_secret_basic" in about.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]):
        both = f"{quote_plus(settings.client_id)}:{quote_plus(settings.client_secret)}"  # RFC 6749, 2.3.1
        headers["Authorization"] = f"Basic {base64.b64encode(both.encode()).decode()}"
    else:
        form |= {"client_id": settings.client_id, "client_secret": settings.client_secret}
    status, tokens = provider.http.send(str(about["token_endpoint"]), form, headers)
    if not isinstance(tokens, dict):
        raise SourceFailed("the identity provider answered the code with something else than tokens")
    if status >= 400 or "error" in tokens:
        words = ", ".join(str(tokens[name])[:SHOWN] for name in ("error", "error_description") if tokens.get(name))
        raise _refused(f"the identity provider did not take its own code back: {words or status}")
    return tokens


def _with_more(provider: Provider, claims: dict[str, Any], access_token: str) -> dict[str, Any]:
    """Returns the claims with those that the provider tells only on request, where it says them of the same person."""
    where = provider.about().get("userinfo_endpoint")
    if not isinstance(where, str) or not access_token:
        return claims
    more = provider.http.read(where, {"Authorization": f"Bearer {access_token}"})
    if not isinstance(more, dict) or more.get("sub") != claims["sub"]:
        raise _refused("the identity provider speaks of two people at once (claim sub of userinfo)")
    return {**more, **claims}


def _refused(why: str) -> NotAllowed:
    return NotAllowed(why, status=403)
