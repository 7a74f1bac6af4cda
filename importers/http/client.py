"""The one way out: HTTP to hosts that the settings name, without redirects, within limits of time and size.

The conveniences of requests that reach further are off: environment proxies, netrc, redirects, retries of its own. An address is
resolved once, checked and used (`outbound`). TLS is verified, against the system's authorities or those of `ca_file`. What fails
for a while is tried again (`waiting`), an ended sign-in is renewed once (`sign_in`). Errors name host, path, status and the
server's own message, never a secret.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict, Unpack
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from app.domain.errors import ForestayError, InvalidInput, LimitExceeded, SourceFailed
from importers.http.answers import Answer
from importers.http.outbound import Outbound, checked_place
from importers.http.sign_in import NOBODY, SignIn, hidden_in
from importers.http.waiting import AGAIN, Patience

__all__ = ["Answer", "Client", "Outbound", "Patience", "Unreachable"]

ANSWER_BYTES = 64 << 20
CHUNK = 1 << 16


class Request(TypedDict, total=False):
    """What a request carries besides its method and path. `repeatable`: asking twice does no harm, so what fails is tried again;
    by default a GET is (a POST that only reads is repeatable too, and the caller says so). `accept`: statuses beyond 2xx that are
    answers; `content`: a body that is sent as it is."""

    parameters: Mapping[str, Any]
    json: Any
    form: Mapping[str, str]
    content: bytes
    headers: Mapping[str, str]
    repeatable: bool
    accept: Collection[int]


class Unreachable(SourceFailed):
    """There was no answer at all: refused, no TLS, cut off, or silent for too long."""


class _PinnedAdapter(HTTPAdapter):
    """Connects to an address that was checked, under the name that was asked for."""

    def __init__(self, address: str, host: str) -> None:
        self._address, self._host = address, host
        super().__init__(max_retries=0)

    def get_connection_with_tls_context(self, request: Any, verify: Any, proxies: Any = None, cert: Any = None) -> Any:
        parts = urlsplit(request.url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        extra = {"server_hostname": self._host, "assert_hostname": self._host} if parts.scheme == "https" else {}
        return self.poolmanager.connection_from_host(self._address, port, parts.scheme, pool_kwargs=extra)

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        request.headers["Host"] = urlsplit(request.url).netloc.rpartition("@")[2]
        return super().send(request, *args, **kwargs)


@dataclass(slots=True)
class Client:
    """The client of one source. `headers` are sent with every request; secrets in them are hidden like those of the sign-in."""

    base: str
    outbound: Outbound
    headers: Mapping[str, str] = field(default_factory=dict)
    sign_in: SignIn = NOBODY
    ca_file: str = ""
    patience: Patience = field(default_factory=Patience)
    _session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        host, address = checked_place(self.base, self.outbound)
        if self.ca_file and not Path(self.ca_file).is_file():
            raise InvalidInput(f"ca_file: {self.ca_file} is not a file", field="ca_file")
        self._session.trust_env = False
        self._session.verify = self.ca_file or True
        self._session.mount(f"{urlsplit(self.base).scheme}://", _PinnedAdapter(address, host))

    def get_json(self, path: str, parameters: Mapping[str, Any] | None = None) -> Any:
        return self.request("GET", path, parameters=parameters or {}).json()

    def request(self, method: str, path: str, **request: Unpack[Request]) -> Answer:
        """Returns the answer to a signed-in request. A status other than 2xx and those of `accept` raises: NotAllowed for 401 and
        403, SourceFailed for the rest, Unreachable where there is no answer."""
        accept = {*request.get("accept", ()), 401}
        try:
            answer = self._repeated(method, path, self._signed(request, accept))
            if answer.status == 401 and 401 not in request.get("accept", ()):
                if self.sign_in.renew(self.bare):
                    answer = self._repeated(method, path, self._signed(request, accept))
                if answer.status == 401:
                    raise answer.failure()
            return answer
        except ForestayError as error:
            raise self._without_secrets(error) from None

    def bare(self, method: str, path: str, **request: Unpack[Request]) -> Answer:
        """As `request`, but without the sign-in: for signing in, which can be repeated."""
        try:
            return self._repeated(method, path, {"repeatable": True, **request})
        except ForestayError as error:
            raise self._without_secrets(error) from None

    def _signed(self, request: Request, accept: Collection[int]) -> Request:
        return {**request, "headers": {**self.sign_in.headers(self.bare), **request.get("headers", {})}, "accept": accept}

    def _without_secrets(self, error: ForestayError) -> ForestayError:
        return hidden_in(error, [*self.sign_in.secrets(), *(word for value in self.headers.values() for word in value.split())])

    def _repeated(self, method: str, path: str, request: Request) -> Answer:
        """Returns the answer; repeats the request as long as `patience` lasts, where the request may be repeated."""
        url = path if path.startswith(("http://", "https://")) else self.base.rstrip("/") + "/" + path.lstrip("/")
        if urlsplit(url)[:2] != urlsplit(self.base)[:2]:
            raise SourceFailed(f"the source points to another host: {urlsplit(url).netloc}")
        again = request.get("repeatable", method in ("GET", "HEAD"))
        number = 0
        while True:
            number += 1
            last = number >= self.patience.tries or not again
            try:
                answer = self._once(method, url, request)
            except Unreachable as error:
                if last or error.details.get("for_good"):
                    raise
                self.patience.wait(number, f"{urlsplit(url).netloc}{urlsplit(url).path}", {})
                continue
            if answer.status in AGAIN and not last:
                self.patience.wait(number, answer.where, answer.headers)
                continue
            if not 200 <= answer.status < 300 and answer.status not in request.get("accept", ()):
                raise answer.failure()
            return answer

    def _once(self, method: str, url: str, request: Request) -> Answer:
        where, until = f"{urlsplit(url).netloc}{urlsplit(url).path}", time.monotonic() + self.patience.answer
        headers = {"Accept": "application/json", **self.headers, **request.get("headers", {})}
        try:
            with self._session.request(
                method,
                url,
                params=request.get("parameters"),
                json=request.get("json"),
                data=request.get("content", request.get("form")),
                headers=headers,
                timeout=(self.patience.connect, min(self.patience.silence, self.patience.answer)),
                stream=True,
                allow_redirects=False,
            ) as response:
                body = _body(response, where, until, self.patience.answer)
                return Answer(where, response.status_code, {n.lower(): value for n, value in response.headers.items()}, body)
        except requests.exceptions.SSLError as error:
            raise Unreachable(f"{where}: TLS was refused: {_reason(error)}", for_good=True) from None
        except (requests.RequestException, HTTPError, OSError) as error:
            raise Unreachable(f"{where}: {_reason(error)}") from None


def _body(response: requests.Response, where: str, until: float, seconds: float) -> bytes:
    """Returns the whole body, read piece by piece as it arrives, so that a slow one is cut off at the deadline."""
    parts, size = [], 0
    while chunk := response.raw.read1(CHUNK, decode_content=True):
        size += len(chunk)
        if size > ANSWER_BYTES:
            raise LimitExceeded(f"{where}: the answer is larger than {ANSWER_BYTES >> 20} MiB")
        if time.monotonic() > until:
            raise Unreachable(f"{where}: the answer took longer than {seconds:g} s")
        parts.append(chunk)
    if response.raw.length_remaining:
        raise Unreachable(f"{where}: the answer was cut off")
    return b"".join(parts)


def _reason(error: BaseException) -> str:
    """Returns what went wrong, for people: the innermost cause, without addresses of objects."""
    seen: BaseException = error
    while True:
        inner = getattr(seen, "reason", None) or next((arg for arg in seen.args if isinstance(arg, BaseException)), None)
        if not isinstance(inner, BaseException):
            break
        seen = inner
    name = type(seen).__name__
    known = {
        "NewConnectionError": "the connection was refused or not possible",
        "ConnectionRefusedError": "the connection was refused",
        "ConnectTimeoutError": "no connection in time",
        "ReadTimeoutError": "no answer in time",
        "IncompleteRead": "the answer was cut off",
        "RemoteDisconnected": "the connection was closed without an answer",
        "ConnectionResetError": "the connection was reset",
    }
    if isinstance(seen, TimeoutError):
        return "no answer in time"
    text = getattr(seen, "verify_message", "") or ""
    return known.get(name, name) + (f" ({text})" if text else "")
