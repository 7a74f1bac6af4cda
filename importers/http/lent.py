"""The guarded client as it is lent to rooms that import no importer (`app/ports/web_client.py`): bootstrap hands it over."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from app.domain.concealed import MASK
from app.domain.errors import InvalidInput
from app.ports.web_client import Session as SignsIn
from importers.http.client import Client, Outbound, Patience
from importers.http.secrets import secret
from importers.http.sign_in import FixedHeaders, Session, SignIn, sign_in_of

ONCE = Patience(tries=1, silence=30.0, answer=60.0)  # whoever borrows it decides what is tried again


class LentClient(Client):
    """A client that can say which headers it sends."""

    session_headers: Collection[str] = ()

    def shown_headers(self) -> Mapping[str, str]:
        sign_in = self.sign_in
        names: Collection[str] = self.session_headers or ("Authorization",)
        if isinstance(sign_in, FixedHeaders):
            names = sign_in.fixed
        return {"Accept": "application/json", **self.headers, **dict.fromkeys(names, MASK)}


@dataclass(frozen=True, slots=True)
class Lent:
    """Makes clients for the hosts that may be called."""

    outbound: Outbound
    patience: Patience = ONCE

    def secret(self, kind: str, settings: Mapping[str, str], setting: str) -> str:
        return secret(kind, settings, setting)

    def client(
        self,
        kind: str,
        settings: Mapping[str, str],
        *,
        headers: Mapping[str, str] | None = None,
        session: SignsIn | None = None,
        session_headers: Collection[str] = (),
        token_path: str = "",
        key_header: str = "",
    ) -> LentClient:
        url = settings.get("url") or ""
        if not url:
            raise InvalidInput(f"{kind}: url: the address of the system", field="url")
        sign_in = _sign_in(kind, settings, headers, session, token_path, key_header)
        made = LentClient(url, self.outbound, sign_in=sign_in, ca_file=settings.get("ca_file", ""), patience=self.patience)
        made.session_headers = session_headers
        return made


def _sign_in(
    kind: str,
    settings: Mapping[str, str],
    headers: Mapping[str, str] | None,
    session: SignsIn | None,
    token_path: str,
    key_header: str,
) -> SignIn:
    if session is not None:
        return Session(session)
    if headers is not None:
        return FixedHeaders(headers)
    return sign_in_of(kind, settings, token_path, key_header)
