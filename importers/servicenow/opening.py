"""Opens a ServiceNow from its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.ports.ci_source import CiSource
from importers.http.outbound import Outbound
from importers.http.sign_in import SETTINGS as SIGN_IN
from importers.http.sign_in import sign_in_of
from importers.lists.listed import Listed
from importers.opening import client_of, hours_of, known, mapping_of
from importers.servicenow.source import ServiceNow, page_size_of

SETTINGS = (*SIGN_IN, "mapping", "page_size", "ca_file", "full_after_hours")


def open_source(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    known("servicenow", settings, *SETTINGS)
    client = client_of(location, settings, outbound, sign_in_of("servicenow", settings, "oauth_token.do", "x-sn-apikey"))
    rules = mapping_of("servicenow", "servicenow", settings)
    return Listed(ServiceNow(client, rules, page_size_of(settings)), hours_of(settings))
