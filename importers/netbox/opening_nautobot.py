"""Opens a Nautobot from its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.ports.ci_source import CiSource
from importers.http.outbound import Outbound
from importers.http.secrets import secret
from importers.http.sign_in import FixedHeaders
from importers.netbox.nautobot import NautobotSource, relationships_of
from importers.opening import client_of, known, number_of

SETTINGS = ("token_env", "page_size", "relationships", "ca_file")


def open_source(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    known("nautobot", settings, *SETTINGS)
    token = secret("nautobot", settings, "token_env", "NAUTOBOT_TOKEN")
    client = client_of(location, settings, outbound, FixedHeaders({"Authorization": f"Token {token}"}))
    return NautobotSource(client, number_of("nautobot", settings, "page_size", 500), relationships_of(settings))
