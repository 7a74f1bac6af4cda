"""Opens a GLPI from its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.ports.ci_source import CiSource
from importers.glpi.rest import Rest, basic, session_of
from importers.glpi.source import Glpi
from importers.http.outbound import Outbound
from importers.http.secrets import secret
from importers.lists.closing import ClosedAfter
from importers.opening import client_of, hours_of, known, mapping_of, number_of

SETTINGS = ("user", "password_env", "token_env", "app_token_env", "mapping", "page_size", "ca_file", "full_after_hours")


def open_source(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    known("glpi", settings, *SETTINGS)
    if settings.get("user"):
        authorization = basic(str(settings["user"]), secret("glpi", settings, "password_env"))
    else:
        authorization = f"user_token {secret('glpi', settings, 'token_env')}"
    app_token = secret("glpi", settings, "app_token_env") if settings.get("app_token_env") else ""
    client = client_of(location, settings, outbound, session_of(authorization, app_token))
    rest = Rest(client, number_of("glpi", settings, "page_size", 500))
    return ClosedAfter(Glpi(rest, mapping_of("glpi", "glpi", settings)), hours_of(settings), rest.close)
