"""Opens a Backstage, its catalog's API or descriptor files, from its settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.ports.ci_source import CiSource
from importers.backstage.source import Catalog, Descriptors
from importers.http.outbound import Outbound
from importers.http.secrets import secret
from importers.http.sign_in import FixedHeaders
from importers.lists.listed import Listed
from importers.opening import client_of, hours_of, known, mapping_of, number_of

SETTINGS = ("token_env", "mapping", "page_size", "ca_file", "full_after_hours")


def open_source(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    rules = mapping_of("backstage", "backstage", settings)
    if "://" not in location:
        known("backstage", settings, "mapping")
        return Descriptors(Path(location), rules)
    known("backstage", settings, *SETTINGS)
    token = secret("backstage", settings, "token_env", "BACKSTAGE_TOKEN")
    client = client_of(location, settings, outbound, FixedHeaders({"Authorization": f"Bearer {token}"}))
    return Listed(Catalog(client, rules, number_of("backstage", settings, "page_size", 500)), hours_of(settings))
