"""The one guarded HTTP client as rooms outside of importers see it: it is lent to them by bootstrap.

It goes only to hosts that the settings name, follows no redirect and keeps limits of time and size. It tries nothing again: the
caller knows whether asking twice makes two.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol, TypedDict, Unpack


class WebRequest(TypedDict, total=False):
    """What a request carries besides its method and path. `accept`: statuses beyond 2xx that are answers, not errors; `content`:
    a body that is sent as it is."""

    parameters: Mapping[str, Any]
    json: Any
    form: Mapping[str, str]
    content: bytes
    headers: Mapping[str, str]
    accept: Collection[int]


class WebAnswer(Protocol):
    """One answer. `where`: host and path; `headers`: names in small letters."""

    @property
    def where(self) -> str: ...
    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes: ...

    def json(self) -> Any:
        """Returns the body, where it is strict JSON; SourceFailed says what it is instead."""

    def message(self) -> str:
        """Returns the server's own words in the answer."""

    def failure(self) -> Exception:
        """Returns the error of an answer that is none of those that were awaited."""

    def retry_after(self) -> float | None:
        """Returns the seconds that the server asks to wait; None where it does not."""


Session = Callable[[Callable[..., WebAnswer]], Mapping[str, str]]  # signs in by a call that carries no sign-in; returns headers


class WebClient(Protocol):
    """A client of one server, signed in."""

    base: str

    def request(self, method: str, path: str, **request: Unpack[WebRequest]) -> WebAnswer:
        """Returns the answer. Another status than 2xx and those of `accept` raises: NotAllowed for 401 and 403, else
        SourceFailed, also where there is no answer."""

    def shown_headers(self) -> Mapping[str, str]:
        """Returns the headers that every request carries, with the secrets masked."""


class Web(Protocol):
    """Makes clients, and reads the secrets that settings name."""

    def secret(self, kind: str, settings: Mapping[str, str], setting: str) -> str:
        """Returns the secret in the environment variable that the setting names, or in the file that VARIABLE_FILE names."""

    def client(
        self,
        kind: str,
        settings: Mapping[str, str],
        *,
        headers: Mapping[str, str] | None = None,
        session: Session | None = None,
        session_headers: Collection[str] = (),
        token_path: str = "",
        key_header: str = "",
    ) -> WebClient:
        """Returns a client of the server at the setting `url`, by the authorities of `ca_file`. It signs in with `headers`, or by
        `session` (which gives `session_headers`), else as the settings say: user and password_env, token_env (in `key_header`),
        or client_id and client_secret_env (OAuth at `token_path`)."""
