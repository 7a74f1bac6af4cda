"""The kinds of sources; the importer of each is loaded when it is opened."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from app.domain.errors import InvalidInput
from app.ports.ci_source import CiSource
from importers.http.outbound import Outbound

OPENINGS = {
    "csv": "importers.csv.opening",
    "json": "importers.json.opening",
    "callgraph": "importers.callgraph.opening",
    "archimate": "importers.archimate.opening",
    "netbox": "importers.netbox.opening",
    "nautobot": "importers.netbox.opening_nautobot",
    "servicenow": "importers.servicenow.opening",
    "backstage": "importers.backstage.opening",
    "itop": "importers.itop.opening",
    "glpi": "importers.glpi.opening",
    "idoit": "importers.idoit.opening",
    "device42": "importers.device42.opening",
    "jira_assets": "importers.jira_assets.opening",
    "cypher": "importers.cypher_graph.opening",
    "servicegraph": "importers.servicegraph.opening",
    "ldap": "importers.ldap.opening",
    "postmortems": "importers.postmortems.opening",
    "tickets": "importers.tickets.opening",
}  # kind -> the module whose open_source(location, settings, outbound) gives the source
KINDS = tuple(OPENINGS)
NEEDS = {
    "csv": ("Files of rows, or a workbook", "a folder of CSV files, one CSV file, or an .xlsx"),
    "json": ("An estate as one JSON document, or any JSON by a mapping", "a .json file, or a folder of them"),
    "callgraph": ("Who calls whom: a table, or Jaeger", "a CSV of caller and callee, or the address of Jaeger"),
    "archimate": ("An ArchiMate model", "a file in the exchange format (.xml)"),
    "netbox": ("NetBox", "its address, or a file of manage.py dumpdata"),
    "nautobot": ("Nautobot", "its address"),
    "servicenow": ("ServiceNow", "the address of the instance"),
    "backstage": ("Backstage's catalogue", "its address, or a folder of catalog-info.yaml"),
    "itop": ("iTop", "its address"),
    "glpi": ("GLPI", "its address"),
    "idoit": ("i-doit", "its address"),
    "device42": ("Device42", "its address"),
    "jira_assets": ("Jira Assets", "the address of the site"),
    "cypher": ("A graph in Neo4j", "neo4j://host:7687"),
    "servicegraph": ("Service graph of traces, from Prometheus", "the address of Prometheus"),
    "ldap": ("Teams from a directory", "ldaps://host"),
    "postmortems": ("Incidents from post-mortems in Markdown", "a folder of .md files, or one of them"),
    "tickets": ("Incidents from the tickets of a connected system", "the name of the connector"),
}  # what a kind reads, and what its location is
FILE_KINDS = frozenset({"csv", "json", "archimate", "postmortems"})  # read files only, whatever their location looks like


class OutboundLike(Protocol):
    @property
    def hosts(self) -> list[str]: ...
    @property
    def private_hosts(self) -> bool: ...


def open_source(kind: str, location: str, settings: Mapping[str, Any], outbound: OutboundLike | None = None) -> CiSource:
    """Returns the source of a kind; raises InvalidInput for an unknown kind or settings it does not have."""
    if kind not in OPENINGS:
        raise InvalidInput(f"unknown kind of source {kind!r}; known: {', '.join(KINDS)}", field="kind")
    if not location:
        raise InvalidInput("location: a folder, a file or a URL", field="location")
    allowed = Outbound(tuple(outbound.hosts), outbound.private_hosts) if outbound else Outbound()
    source: CiSource = import_module(OPENINGS[kind]).open_source(location, settings, allowed)
    return source


def settings_of(kind: str) -> tuple[str, ...]:
    """Returns the names of the settings that a kind of source has."""
    if kind not in OPENINGS:
        raise InvalidInput(f"unknown kind of source {kind!r}; known: {', '.join(KINDS)}", field="kind")
    return tuple(import_module(OPENINGS[kind]).SETTINGS)


def write_template(kind: str, target: Path) -> list[Path]:
    """Writes an empty form to fill in, and returns its files; only csv has one, as a folder or a workbook (.xlsx)."""
    if kind != "csv":
        raise InvalidInput(f"{kind} has no template; csv has", field="kind")
    from importers.csv.template import template

    return template(target)
