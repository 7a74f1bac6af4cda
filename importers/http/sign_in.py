"""Ways to sign in: what a request carries, and what happens when the server no longer accepts it."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.domain.errors import ForestayError, InvalidInput, NotAllowed, SourceFailed
from importers.http.answers import Answer
from importers.http.secrets import secret

Call = Callable[..., Answer]  # Client.bare: a request that carries no sign-in
EARLY = 60.0  # seconds before its end at which a token is renewed


class SignIn(Protocol):
    def headers(self, call: Call) -> Mapping[str, str]:
        """What the next request carries; may ask the server for a token first."""
        ...

    def renew(self, call: Call) -> bool:
        """After a 401: whether there is something new to try once more with."""
        ...

    def secrets(self) -> Sequence[str]:
        """Texts that no message may show."""
        ...


@dataclass(frozen=True, slots=True)
class FixedHeaders:
    """A key or token that never changes, in headers of any names."""

    fixed: Mapping[str, str] = field(default_factory=dict)

    def headers(self, call: Call) -> Mapping[str, str]:
        return self.fixed

    def renew(self, call: Call) -> bool:
        return False

    def secrets(self) -> Sequence[str]:
        return [word for value in self.fixed.values() for word in (value, *value.split())]


NOBODY = FixedHeaders()


@dataclass(frozen=True, slots=True)
class Basic:
    user: str
    password: str

    def headers(self, call: Call) -> Mapping[str, str]:
        return {"Authorization": f"Basic {self._pair()}"}

    def renew(self, call: Call) -> bool:
        return False

    def secrets(self) -> Sequence[str]:
        return [self.password, self._pair()]

    def _pair(self) -> str:
        return base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


@dataclass(slots=True)
class OAuth:
    """A bearer token from `path` for `form` (grant_type, client_id, client_secret, username, password, scope ...). It is renewed
    before it ends, and once when a request is refused: by its refresh token where there is one, else by the form."""

    path: str
    form: Mapping[str, str]
    clock: Callable[[], float] = time.monotonic
    _token: str = ""
    _refresh: str = ""
    _until: float = 0.0

    def headers(self, call: Call) -> Mapping[str, str]:
        if not self._token or self.clock() >= self._until:
            self._fetch(call)
        return {"Authorization": f"Bearer {self._token}"}

    def renew(self, call: Call) -> bool:
        self._fetch(call)
        return True

    def secrets(self) -> Sequence[str]:
        hidden = [self.form[name] for name in ("client_secret", "password") if self.form.get(name)]
        return [*hidden, *filter(None, (self._token, self._refresh))]

    def _fetch(self, call: Call) -> None:
        if self._refresh:
            given = {name: self.form[name] for name in ("client_id", "client_secret") if name in self.form}
            try:
                self._take(call("POST", self.path, form={**given, "grant_type": "refresh_token", "refresh_token": self._refresh}))
                return
            except (NotAllowed, SourceFailed):
                self._refresh = ""  # the refresh token has ended as well: sign in from the beginning
        self._take(call("POST", self.path, form=self.form))

    def _take(self, answer: Answer) -> None:
        body = answer.json()
        if not isinstance(body, dict) or not isinstance(body.get("access_token"), str) or not body["access_token"]:
            raise SourceFailed(f"{answer.where} gave no access_token")
        lasts = body.get("expires_in", 300)
        lasts = float(lasts) if isinstance(lasts, int | float) or str(lasts).isdigit() else 300.0
        self._token, self._refresh = body["access_token"], str(body.get("refresh_token") or "")
        self._until = self.clock() + max(lasts - EARLY, lasts / 2)


@dataclass(slots=True)
class Session:
    """A session that `open` starts: it calls the server and returns the headers that carry the session. It is opened again once
    when a request is refused. `hidden`: secrets that `open` uses."""

    open: Callable[[Call], Mapping[str, str]]
    hidden: Sequence[str] = ()
    _held: Mapping[str, str] = field(default_factory=dict)

    def headers(self, call: Call) -> Mapping[str, str]:
        if not self._held:
            self._held = self.open(call)
        return self._held

    def renew(self, call: Call) -> bool:
        self._held = {}
        self._held = self.open(call)
        return True

    def secrets(self) -> Sequence[str]:
        return [*self.hidden, *self._held.values()]

    def opened(self) -> bool:
        return bool(self._held)

    def forget(self) -> None:
        """Drops a session that was ended; the next request opens another."""
        self._held = {}


SETTINGS = ("user", "password_env", "token_env", "token_header", "client_id", "client_secret_env", "grant")


def sign_in_of(kind: str, settings: Mapping[str, Any], token_path: str = "", key_header: str = "") -> SignIn:
    """Returns the sign-in that a source's settings name (`SETTINGS`): OAuth where there is a client_id, a fixed header where
    there is a token_env, else Basic with user and password_env. `token_path`: where OAuth tokens are issued; `key_header`: the
    header of a token."""
    if settings.get("client_id"):
        return _oauth(kind, settings, token_path)
    if settings.get("token_env"):
        token = secret(kind, settings, "token_env")
        header = str(settings.get("token_header") or key_header or "Authorization")
        return FixedHeaders({header: f"Bearer {token}" if header.casefold() == "authorization" and " " not in token else token})
    if settings.get("user"):
        return Basic(str(settings["user"]), secret(kind, settings, "password_env"))
    raise InvalidInput(
        f"{kind}: no sign-in: give user and password_env, token_env, or client_id and client_secret_env", field="user"
    )


def optional_sign_in(kind: str, settings: Mapping[str, Any]) -> SignIn:
    """Returns the sign-in that the settings name, or none: for services without sign-in, or behind a proxy that does it."""
    return sign_in_of(kind, settings) if settings.get("user") or settings.get("token_env") else NOBODY


def _oauth(kind: str, settings: Mapping[str, Any], token_path: str) -> SignIn:
    if not token_path:
        raise InvalidInput(f"{kind} has no OAuth sign-in", field="client_id")
    grant = str(settings.get("grant") or ("password" if settings.get("user") else "client_credentials"))
    if grant not in ("password", "client_credentials"):
        raise InvalidInput(f"{kind}: grant is password or client_credentials", field="grant")
    form = {
        "grant_type": grant,
        "client_id": str(settings["client_id"]),
        "client_secret": secret(kind, settings, "client_secret_env"),
    }
    if grant == "password":
        form |= {"username": str(settings.get("user") or ""), "password": secret(kind, settings, "password_env")}
    return OAuth(token_path, form)


def hide(text: str, secrets: Sequence[str]) -> str:
    """Returns a text without the secrets in it.

    >>> hide("no user anna with hunter22", ["hunter22"])
    'no user anna with ********'
    """
    for word in sorted(filter(None, secrets), key=len, reverse=True):
        if len(word) > 3:
            text = text.replace(word, "********")
    return text


def hidden_in(error: ForestayError, secrets: Sequence[str]) -> ForestayError:
    """Returns the same error without the secrets in its message."""
    return type(error)(hide(error.message, secrets), **error.details)
