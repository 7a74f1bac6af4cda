"""Opens an i-doit source from its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.domain.errors import InvalidInput
from app.ports.ci_source import CiSource
from importers.http.client import Client, Outbound
from importers.http.secrets import secret
from importers.idoit.rest import Rest, session_of
from importers.idoit.source import Idoit
from importers.lists.closing import ClosedAfter
from importers.opening import hours_of, known, mapping_of, number_of

SETTINGS = ("user", "password_env", "api_key_env", "mapping", "page_size", "batch_size", "ca_file", "full_after_hours")


def open_source(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    known("idoit", settings, *SETTINGS)
    api_key = secret("idoit", settings, "api_key_env", "IDOIT_API_KEY")
    if not settings.get("user"):
        raise InvalidInput("idoit: give user and password_env of a person who may read", field="user")
    sign_in = session_of(str(settings["user"]), secret("idoit", settings, "password_env"), api_key)
    client = Client(location, outbound, sign_in=sign_in, ca_file=str(settings.get("ca_file", "")))
    rest = Rest(
        client, api_key, number_of("idoit", settings, "page_size", 500, 2), number_of("idoit", settings, "batch_size", 100)
    )
    return ClosedAfter(Idoit(rest, mapping_of("idoit", "idoit", settings)), hours_of(settings), rest.close)
