"""Opens a source of Jira Assets from its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from app.domain.errors import InvalidInput
from app.ports.ci_source import CiSource
from importers.http.client import Client, Outbound
from importers.http.sign_in import sign_in_of
from importers.jira_assets.rest import Api, Cloud, DataCenter, Rest
from importers.jira_assets.source import JiraAssets
from importers.lists.listed import Listed
from importers.opening import hours_of, known, mapping_of, number_of

SETTINGS = ("user", "password_env", "token_env", "deployment", "workspace", "api", "cloud_id", "mapping", "page_size", "ca_file",
            "full_after_hours")  # fmt: skip
ATLASSIAN = "https://api.atlassian.com/"


def open_source(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    known("jira_assets", settings, *SETTINGS)
    rest = Rest(_api(location, settings, outbound), number_of("jira_assets", settings, "page_size", 50))
    return Listed(JiraAssets(rest, mapping_of("jira_assets", "jira_assets", settings)), hours_of(settings))


def _api(location: str, settings: Mapping[str, Any], outbound: Outbound) -> Api:
    deployment = str(settings.get("deployment", "cloud"))
    if deployment not in ("cloud", "data_center"):
        raise InvalidInput("jira_assets: deployment is cloud or data_center", field="deployment")

    def client(base: str) -> Client:
        return Client(base, outbound, sign_in=sign_in_of("jira_assets", settings), ca_file=str(settings.get("ca_file", "")))

    if deployment == "data_center":
        return DataCenter(client(location))
    cloud = str(settings.get("cloud_id", ""))
    prefix = f"ex/jira/{quote(cloud, safe='')}/jsm/assets/workspace" if cloud else "jsm/assets/workspace"
    return Cloud(client(str(settings.get("api") or ATLASSIAN)), client(location), str(settings.get("workspace", "")), prefix)
