"""Opens a NetBox, by its API or a dump, from its settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.ports.ci_source import CiSource
from importers.http.outbound import Outbound
from importers.http.secrets import secret
from importers.http.sign_in import FixedHeaders
from importers.netbox.source import DumpSource, RestSource
from importers.opening import client_of, known, number_of

SETTINGS = ("token_env", "page_size", "ca_file")


def open_source(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    known("netbox", settings, *SETTINGS)
    if "://" not in location:
        return DumpSource(Path(location))
    token = secret("netbox", settings, "token_env", "NETBOX_TOKEN")
    scheme = "Bearer" if token.startswith("nbt_") else "Token"
    client = client_of(location, settings, outbound, FixedHeaders({"Authorization": f"{scheme} {token}"}))
    return RestSource(client, number_of("netbox", settings, "page_size", 500))
