"""Who a person is here: name, role and scope by what the provider says of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.errors import InvalidInput, NotAllowed
from app.domain.scope import scope_of
from app.settings import SignInSettings
from app.usecases.keep.access import ROLES, Person

STRONGEST = ("admin", "analyst", "integrator", "operator", "viewer")
LONGEST_NAME = 200
SHOWN = 5  # values of a claim that a refusal repeats


@dataclass(frozen=True, slots=True)
class Grant:
    role: str
    scope: str = ""  # "": everything


def grants_of(roles: Mapping[str, Any]) -> dict[str, Grant]:
    """Returns what each value of the claim gives; InvalidInput names the line that cannot be read.

    >>> grants_of({"bcm": "analyst", "berlin": "viewer site=Berlin"})["berlin"]
    Grant(role='viewer', scope='site=Berlin')
    """
    return {value: _grant(value, text) for value, text in roles.items()}


def _grant(value: str, text: Any) -> Grant:
    where = f"sign_in.roles: {value!r}"
    role, _, scope = str(text).strip().partition(" ")
    if not isinstance(text, str) or role not in ROLES:
        raise InvalidInput(f"{where} = {text!r}: one of {', '.join(ROLES)}, and for a viewer a scope after it")
    if scope.strip() and role != "viewer":
        raise InvalidInput(f"{where}: a scope only goes with the role viewer")
    return Grant(role, scope_of(scope.strip()).text() if scope.strip() else "")


def person_of(claims: Mapping[str, Any], settings: SignInSettings) -> Person:
    """Returns the person whom these claims are about: of several roles the one that may do most, the whole estate before a scope,
    of several scopes the first in the settings. NotAllowed (403) says what the claim holds where nothing of it has a role."""
    values = _texts(_held(claims, settings.claim))
    fitting = [grant for value, grant in grants_of(settings.roles).items() if value in values]
    name = _name(claims, settings)
    if not fitting:
        has = f"holds {', '.join(repr(value) for value in values[:SHOWN])}" if values else "is empty or missing"
        raise NotAllowed(
            f"{name} is signed in at the provider, but has no access here: the claim {settings.claim!r} {has}, and none of it "
            "has a role in the settings (sign_in.roles). Ask an administrator of Forestay.",
            status=403,
        )
    best = min(fitting, key=lambda grant: (STRONGEST.index(grant.role), grant.scope != ""))
    subject = hashlib.sha256(f"{claims['iss']} {claims['sub']}".encode()).hexdigest()[:16]
    return Person(f"person-{subject}", name, best.role, best.scope)


def terms_of(settings: SignInSettings) -> str:
    """Returns a digest of what roles rest on: a session that was entered under other terms is over."""
    roles = sorted((value, str(text)) for value, text in settings.roles.items())
    return hashlib.sha256(repr((settings.issuer, settings.client_id, settings.claim, roles)).encode()).hexdigest()


def has_claim(claims: Mapping[str, Any], settings: SignInSettings) -> bool:
    return _held(claims, settings.claim) is not None


def _held(claims: Mapping[str, Any], path: str) -> Any:
    """Returns a claim by its name, or by names with dots between them where it lies within another."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _texts(held: Any) -> Sequence[str]:
    """Returns the values of a claim: a text is one value."""
    many = held if isinstance(held, list) else [held]
    return [value for value in many if isinstance(value, str)]


def _name(claims: Mapping[str, Any], settings: SignInSettings) -> str:
    for claim in (settings.name_claim, "email", "name", "sub"):
        value = claims.get(claim)
        if isinstance(value, str) and value.strip() and value.isprintable():
            return value.strip()[:LONGEST_NAME]
    return "someone without a name"
