"""Which importers there are; each is loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from app.domain.errors import InvalidInput
from app.ports.ci_source import CiSource
from importers.opening import client_of, mapping_of
from importers.outbound import Outbound
from importers.secrets import secret
from importers.sign_in import SETTINGS as SIGN_IN
from importers.sign_in import FixedHeaders, optional_sign_in, sign_in_of

FOLDERS = {
    "idoit": "idoit",
    "device42": "device42",
    "jira_assets": "jira_assets",
    "cypher": "cypher_graph",
    "servicegraph": "servicegraph",
    "ldap": "ldap",
}  # kind -> folder that brings its opener along
KINDS = (*("csv", "json", "callgraph", "archimate", "netbox", "nautobot", "servicenow", "backstage", "itop", "glpi"), *FOLDERS)


class OutboundLike(Protocol):
    @property
    def hosts(self) -> list[str]: ...
    @property
    def private_hosts(self) -> bool: ...


def open_source(kind: str, location: str, settings: Mapping[str, Any], outbound: OutboundLike | None = None) -> CiSource:
    """The source of a kind; InvalidInput for an unknown kind or settings it does not have."""
    if kind not in KINDS:
        raise InvalidInput(f"unknown kind of source {kind!r}; known: {', '.join(KINDS)}", field="kind")
    if not location:
        raise InvalidInput("location: a folder, a file or a URL", field="location")
    return _OPENERS[kind](location, settings, Outbound(tuple(outbound.hosts), outbound.private_hosts) if outbound else Outbound())


def write_template(kind: str, target: Path) -> list[Path]:
    """Write an empty form to fill in; only for csv, as a folder or a workbook (.xlsx)."""
    if kind != "csv":
        raise InvalidInput(f"{kind} has no template; csv has", field="kind")
    from importers.csv.source import template

    return template(target)


def _known(kind: str, settings: Mapping[str, Any], *names: str) -> None:
    unknown = sorted(set(settings) - set(names))
    if unknown:
        raise InvalidInput(f"{kind}: unknown setting {unknown[0]}; known: {', '.join(names) or 'none'}", field=unknown[0])


def _csv(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    from importers.csv.source import CsvSource, csv_settings

    return CsvSource(Path(location), csv_settings(settings))


def _json(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    from importers.json.source import open_json

    _known("json", settings, "mapping")
    source: CiSource = open_json(Path(location), settings)
    return source


def _callgraph(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    from importers.callgraph.source import CallCsv, JaegerCalls
    from importers.observed import SETTINGS as OBSERVED
    from importers.observed import weighing_of

    _known("callgraph", settings, "lookback_hours", "user", "password_env", "token_env", "ca_file", *OBSERVED)
    weighing = weighing_of("callgraph", settings)
    if "://" not in location:
        return CallCsv(Path(location), weighing)
    client = client_of(location, settings, outbound, optional_sign_in("callgraph", settings))
    return JaegerCalls(client, float(settings.get("lookback_hours", 24)), weighing)


def _archimate(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    from importers.archimate.source import ArchimateSource

    _known("archimate", settings)
    return ArchimateSource(Path(location))


def _netbox(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    from importers.netbox.source import DumpSource, RestSource

    _known("netbox", settings, "token_env", "page_size", "ca_file")
    if "://" not in location:
        return DumpSource(Path(location))
    token = secret("netbox", settings, "token_env", "NETBOX_TOKEN")
    scheme = "Bearer" if token.startswith("nbt_") else "Token"
    client = client_of(location, settings, outbound, FixedHeaders({"Authorization": f"{scheme} {token}"}))
    return RestSource(client, int(settings.get("page_size", 500)))


def _nautobot(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    from importers.netbox.nautobot import NautobotSource, relationships_of

    _known("nautobot", settings, "token_env", "page_size", "relationships", "ca_file")
    token = secret("nautobot", settings, "token_env", "NAUTOBOT_TOKEN")
    sign_in = FixedHeaders({"Authorization": f"Token {token}"})
    client = client_of(location, settings, outbound, sign_in)
    return NautobotSource(client, int(settings.get("page_size", 500)), relationships_of(settings))


def _servicenow(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    from importers.listed import Listed
    from importers.servicenow.source import ServiceNow, page_size_of

    _known("servicenow", settings, *SIGN_IN, "mapping", "page_size", "ca_file", "full_after_hours")
    sign_in = sign_in_of("servicenow", settings, "oauth_token.do", "x-sn-apikey")
    client = client_of(location, settings, outbound, sign_in)
    rules = mapping_of("servicenow", "servicenow", settings)
    return Listed(ServiceNow(client, rules, page_size_of(settings)), _hours(settings))


def _backstage(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    from importers.backstage.source import Catalog, Descriptors
    from importers.listed import Listed

    rules = mapping_of("backstage", "backstage", settings)
    if "://" not in location:
        _known("backstage", settings, "mapping")
        return Descriptors(Path(location), rules)
    _known("backstage", settings, "token_env", "mapping", "page_size", "ca_file", "full_after_hours")
    token = secret("backstage", settings, "token_env", "BACKSTAGE_TOKEN")
    sign_in = FixedHeaders({"Authorization": f"Bearer {token}"})
    client = client_of(location, settings, outbound, sign_in)
    return Listed(Catalog(client, rules, int(settings.get("page_size", 500))), _hours(settings))


def _itop(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    from importers.itop.clock import zone_of
    from importers.itop.rest import Rest
    from importers.itop.source import Itop, page_size_of
    from importers.listed import Listed

    _known("itop", settings, "user", "password_env", "zone", "mapping", "page_size", "ca_file", "full_after_hours")
    client = client_of(location, settings, outbound, sign_in_of("itop", settings))
    rules = mapping_of("itop", "itop", settings)
    return Listed(Itop(Rest(client), rules, zone_of(str(settings.get("zone", ""))), page_size_of(settings)), _hours(settings))


def _glpi(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    from importers.closing import ClosedAfter
    from importers.glpi.rest import Rest, basic, session_of
    from importers.glpi.source import Glpi

    names = ("user", "password_env", "token_env", "app_token_env", "mapping", "page_size", "ca_file", "full_after_hours")
    _known("glpi", settings, *names)
    if settings.get("user"):
        authorization = basic(str(settings["user"]), secret("glpi", settings, "password_env"))
    else:
        authorization = f"user_token {secret('glpi', settings, 'token_env')}"
    app_token = secret("glpi", settings, "app_token_env") if settings.get("app_token_env") else ""
    sign_in = session_of(authorization, app_token)
    rest = Rest(client_of(location, settings, outbound, sign_in), _size("glpi", settings))
    rules = mapping_of("glpi", "glpi", settings)
    return ClosedAfter(Glpi(rest, rules), _hours(settings), rest.close)


def _in_folder(folder: str) -> Callable[[str, Mapping[str, Any], Outbound], CiSource]:
    """The opener that a folder brings along, in its opening.py."""

    def opened(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
        source: CiSource = import_module(f"importers.{folder}.opening").open_it(location, settings, outbound)
        return source

    return opened


def _size(kind: str, settings: Mapping[str, Any]) -> int:
    try:
        size = int(settings.get("page_size", 500))
    except ValueError:
        size = 0
    if not 1 <= size <= 10_000:
        raise InvalidInput(f"{kind}: page_size is a number from 1 to 10000", field="page_size")
    return size


def _hours(settings: Mapping[str, Any]) -> float:
    """After how many hours everything is read again, though only what changed would do."""
    try:
        return float(settings.get("full_after_hours", 168))
    except ValueError:
        raise InvalidInput("full_after_hours is a number of hours", field="full_after_hours") from None


_OPENERS: Mapping[str, Callable[[str, Mapping[str, Any], Outbound], CiSource]] = {
    "csv": _csv,
    "json": _json,
    "callgraph": _callgraph,
    "archimate": _archimate,
    "netbox": _netbox,
    "nautobot": _nautobot,
    "servicenow": _servicenow,
    "backstage": _backstage,
    "itop": _itop,
    "glpi": _glpi,
    **{kind: _in_folder(folder) for kind, folder in FOLDERS.items()},
}
