"""Nautobot over REST: the same rows as from a NetBox, with small accessors where its answers differ (README.md in this
folder)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.domain.completeness import CI_CLASS, PAGES, Evidence, Part
from app.domain.errors import ForestayError, InvalidInput, SourceFailed
from importers.gathered import Gathered, ReadByLists
from importers.http.client import Client
from importers.netbox.model import Id, NetboxData, derive
from importers.netbox.source import ALSO, ENDPOINT, PROBES
from importers.netbox.source import PATHS as NETBOX

# Locations come first: what stands nowhere else can be told without them. Sites are locations, and there are redundancy groups
# besides.
PATHS = {
    "location": NETBOX["location"],
    **{name: path for name, path in NETBOX.items() if name != "site"},
    "redundancygroup": "dcim/device-redundancy-groups",
}
SITES = ("site", "data center", "datacenter", "campus", "building")
KIND = {
    "dcim.device": "device",
    "virtualization.virtualmachine": "virtualmachine",
    "virtualization.cluster": "cluster",
    "circuits.circuit": "circuit",
}
SIDES = ("source", "destination", "both", "none")


@dataclass(slots=True)
class NautobotSource(ReadByLists):
    """A Nautobot. `relationships`: key of a relationship -> which side of it depends: source, destination, both, none."""

    client: Client
    page_size: int = 500
    relationships: Mapping[str, str] = field(default_factory=dict)
    site_types: Sequence[str] = SITES

    def check(self) -> Sequence[str]:
        status = self.client.request("GET", "api/status/").json()
        return [f"Nautobot {status.get('nautobot-version', 'of unknown version')}"]

    def read(self, folder: Path) -> Gathered:
        data, parts = NetboxData(), list[Part]()
        for name, path in PATHS.items():
            proves = (*(f"{CI_CLASS}{of}" for of in ALSO.get(name, (name,))), "dependency", "group")
            try:
                rows = self._rows(path, {"exclude_m2m": "false"} if name == "device" else {})
            except ForestayError as error:
                if error.details.get("answered") == 401 or not parts:
                    raise  # signed out, or not even the first list: nothing was read
                parts.append(Part(name, 0, None, False, proves=proves, problem=error.message))
                continue
            parts.append(Part(name, len(rows), len(rows), proves=proves))
            data.rows[name] = {key: self._flat(data, name, key, row) for key, row in rows.items()}
        gathered = derive(data, Evidence(PAGES, ()))
        parts += self._relationships(gathered)
        gathered.proof = self.proof(parts, folder)
        return gathered

    def _rows(self, path: str, more: Mapping[str, Any]) -> dict[Id, Mapping[str, Any]]:
        """Returns every row once, as many as `count` says on each page. Pages by number lose rows while the source changes; then
        they are read once more."""
        for _ in range(PROBES):
            rows: dict[Id, Mapping[str, Any]] = {}
            counts: set[int] = set()
            offset = 0
            while True:
                parameters = {"depth": 1, "limit": self.page_size, "offset": offset, "sort": "id", **more}
                answer = self.client.request("GET", f"api/{path}/", parameters=parameters)
                page = answer.json()
                if not isinstance(page, dict) or not isinstance(page.get("results"), list):
                    raise SourceFailed(f"{answer.where} gave no list")
                counts.add(int(page.get("count", -1)))
                for row in page["results"]:
                    rows[row["id"]] = row
                offset += len(page["results"])
                if not page.get("next") or not page["results"]:
                    break
            if counts == {len(rows)}:
                return rows
        raise SourceFailed(
            f"{answer.where}: {len(rows)} rows read, the source counts {', '.join(map(str, sorted(counts)))}: it changed while "
            "it was read"
        )

    def _flat(self, data: NetboxData, name: str, key: Id, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """Returns a row with nested objects as their ids, choices as their values and a status as its word."""
        flat: dict[str, Any] = {}
        for field_name, value in row.items():
            if isinstance(value, Mapping):
                flat[field_name] = value["id"] if "id" in value else value.get("value")
            elif isinstance(value, list) and all(isinstance(one, Mapping) and "id" in one for one in value):
                flat[field_name] = [one["id"] for one in value]
            else:
                flat[field_name] = value
        flat["status"] = _word(row.get("status"))
        flat["cluster"] = flat.get("cluster") or flat.get("clusters") or None
        flat["redundancy_group"] = flat.get("device_redundancy_group")
        if name == "location":
            flat["is_site"] = _word(row.get("location_type")) in self.site_types
        if isinstance(row.get("role"), Mapping):
            data.roles[row["role"]["id"]] = _word(row["role"]).replace(" ", "-")
        if isinstance(row.get("tenant"), Mapping):
            data.names["tenant", row["tenant"]["id"]] = str(row["tenant"].get("name") or row["tenant"].get("display") or "")
        bay = row.get("parent_bay")
        if isinstance(bay, Mapping) and isinstance(bay.get("device"), Mapping):
            flat["parent_device"] = bay["device"]["id"]
        end = row.get("connected_endpoint")
        if row.get("connected_endpoint_reachable") and isinstance(end, Mapping):
            kind = ENDPOINT.get(str(row.get("connected_endpoint_type") or end.get("object_type")))
            if kind:
                data.paths[name, key] = [(kind, end["id"])]
        return flat

    def _relationships(self, gathered: Gathered) -> list[Part]:
        """Adds associations of the relationships that the setting names; the others mean nothing by themselves and are
        counted."""
        parts = []
        try:
            known = {row["key"]: row["id"] for row in self._rows("extras/relationships", {}).values()}
        except ForestayError as error:
            return (
                [Part("relationships", 0, None, False, proves=("dependency",), problem=error.message)]
                if self.relationships
                else []
            )
        for name in sorted(set(known) | set(self.relationships)):
            side = self.relationships.get(name, "none")
            if name not in known:
                parts.append(
                    Part(f"relationship {name}", 0, None, False, proves=("dependency",), problem="there is no such relationship")
                )
                continue
            if side == "none":
                gathered.notes.append(f"relationship {name} is not named in the setting relationships: it means nothing here")
                continue
            try:
                rows = self._rows("extras/relationship-associations", {"relationship": name})
            except ForestayError as error:
                parts.append(Part(f"relationship {name}", 0, None, False, proves=("dependency",), problem=error.message))
                continue
            parts.append(Part(f"relationship {name}", len(rows), len(rows), proves=("dependency",)))
            for row in rows.values():
                source, target = _end(row, "source"), _end(row, "destination")
                if not source or not target:
                    gathered.ignore("dependency", f"relationship {name} of other classes")
                    continue
                if side in ("source", "both"):
                    gathered.depend(source, target, name)
                if side in ("destination", "both"):
                    gathered.depend(target, source, name)
        return parts


def _word(value: Any) -> str:
    if isinstance(value, Mapping):
        value = value.get("name") or value.get("display") or value.get("value")
    return str(value or "").strip().casefold()


def _end(row: Mapping[str, Any], side: str) -> str:
    kind = KIND.get(str(row.get(f"{side}_type")))
    return f"{kind}:{row[f'{side}_id']}" if kind and row.get(f"{side}_id") else ""


def relationships_of(settings: Mapping[str, Any]) -> Mapping[str, str]:
    given = settings.get("relationships", {})
    if not isinstance(given, Mapping) or any(side not in SIDES for side in given.values()):
        raise InvalidInput(
            f"nautobot: relationships says for each key which side depends: {', '.join(SIDES)}", field="relationships"
        )
    return {str(name): str(side) for name, side in given.items()}
