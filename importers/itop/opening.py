"""Opens an iTop from its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.ports.ci_source import CiSource
from importers.http.outbound import Outbound
from importers.http.sign_in import sign_in_of
from importers.itop.clock import zone_of
from importers.itop.rest import Rest
from importers.itop.source import Itop, page_size_of
from importers.lists.listed import Listed
from importers.opening import client_of, hours_of, known, mapping_of

SETTINGS = ("user", "password_env", "zone", "mapping", "page_size", "ca_file", "full_after_hours")


def open_source(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    known("itop", settings, *SETTINGS)
    client = client_of(location, settings, outbound, sign_in_of("itop", settings))
    rules = mapping_of("itop", "itop", settings)
    return Listed(Itop(Rest(client), rules, zone_of(str(settings.get("zone", ""))), page_size_of(settings)), hours_of(settings))
