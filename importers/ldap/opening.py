"""Opens an LDAP directory from its settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.domain.errors import InvalidInput
from app.ports.ci_source import CiSource
from importers.http.client import Outbound
from importers.http.secrets import secret
from importers.ldap.directory import Directory
from importers.ldap.source import Groups
from importers.lists.listed import Listed
from importers.opening import hours_of, known, mapping_of, number_of

SETTINGS = ("user", "password_env", "base", "mapping", "page_size", "ca_file", "full_after_hours")


def open_source(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    known("ldap", settings, *SETTINGS)
    for name, what in (("user", "the DN of an account that may read"), ("base", "the DN below which the groups are")):
        if not settings.get(name):
            raise InvalidInput(f"ldap: {name} is missing: {what}", field=name)
    ca_file = str(settings.get("ca_file", ""))
    if ca_file and not Path(ca_file).is_file():
        raise InvalidInput(f"ca_file: {ca_file} is not a file", field="ca_file")
    password = secret("ldap", settings, "password_env", "LDAP_PASSWORD")
    directory = Directory(
        location, outbound, str(settings["user"]), password, ca_file, number_of("ldap", settings, "page_size", 500)
    )
    return Listed(Groups(directory, mapping_of("ldap", "ldap", settings), str(settings["base"])), hours_of(settings))
