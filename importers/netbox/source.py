"""NetBox, over its REST API or as a Django dump; both give the same rows to `model.derive`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.domain.completeness import CI_CLASS, PAGES, SAID, Evidence, Part
from app.domain.errors import ForestayError, SourceFailed
from app.domain.strict_json import strict_json
from importers.files.limits import read_bytes
from importers.gathered import Gathered, ReadByLists, ReadWhole
from importers.http.client import Client
from importers.netbox.model import LISTS, Id, NetboxData, derive

PATHS = {
    "site": "dcim/sites",
    "location": "dcim/locations",
    "rack": "dcim/racks",
    "device": "dcim/devices",
    "virtualchassis": "dcim/virtual-chassis",
    "cluster": "virtualization/clusters",
    "virtualmachine": "virtualization/virtual-machines",
    "powerpanel": "dcim/power-panels",
    "powerfeed": "dcim/power-feeds",
    "powerport": "dcim/power-ports",
    "poweroutlet": "dcim/power-outlets",
    "circuit": "circuits/circuits",
    "provider": "circuits/providers",
    "providernetwork": "circuits/provider-networks",
    "circuittermination": "circuits/circuit-terminations",
}
ENDPOINT = {"dcim.poweroutlet": "poweroutlet", "dcim.powerfeed": "powerfeed", "dcim.powerport": "powerport"}
ALSO = {
    "poweroutlet": (),
    "circuittermination": (),
    "device": ("device", "powerport"),
}  # classes of CIs that rest on a list, where not its own alone
PROBES = 2  # a list that changed while it was read is read again
DEAD_CABLES = ("planned", "decommissioning")


@dataclass(slots=True)
class RestSource(ReadByLists):
    client: Client
    page_size: int = 500

    def check(self) -> Sequence[str]:
        status = self.client.get_json("api/status/")
        return [f"NetBox {status.get('netbox-version', 'of unknown version')}"]

    def read(self, folder: Path | None = None) -> Gathered:
        data, parts = NetboxData(), list[Part]()
        for name in LISTS:
            proves = (*(f"{CI_CLASS}{of}" for of in ALSO.get(name, (name,))), "dependency", "group")
            try:
                rows, expected = self._rows(name)
            except ForestayError as error:
                if error.details.get("answered") == 401 or not parts:
                    raise  # not even the first list (a refused sign-in is a 403 in NetBox): nothing was read
                parts.append(Part(name, 0, None, False, proves=proves, problem=error.message))
                continue
            data.rows[name] = {number: _flat(row) for number, row in rows.items()}
            parts.append(Part(name, len(rows), expected, proves=proves))
            for number, row in rows.items():
                _take_nested(data, name, number, row)
        gathered = derive(data, Evidence(PAGES, ()))
        gathered.proof = self.proof(parts, folder) if folder else Evidence(PAGES, tuple(parts))
        return gathered

    def _rows(self, name: str) -> tuple[dict[int, Mapping[str, Any]], int]:
        """Returns all rows, and how many there should be. `count` is the number of rows beyond the last id, so each page gives
        the total anew. A list that changed while it was read is read once more."""
        rows: dict[int, Mapping[str, Any]] = {}
        totals: set[int] = set()
        for _ in range(PROBES):
            rows, totals = self._once(name)
            if totals == {len(rows)}:
                break
        return rows, next((number for number in sorted(totals) if number != len(rows)), len(rows))

    def _once(self, name: str) -> tuple[dict[int, Mapping[str, Any]], set[int]]:
        """Returns the rows and every total that was given. It reads pages by key: each takes what lies beyond the last id, and an
        empty page is the end."""
        rows: dict[int, Mapping[str, Any]] = {}
        totals: set[int] = set()
        last = 0
        while True:
            parameters = {"id__gt": last, "ordering": "id", "limit": self.page_size}
            if name in ("device", "virtualmachine"):
                parameters["exclude"] = "config_context"
            answer = self.client.request("GET", f"api/{PATHS[name]}/", parameters=parameters)
            page = answer.json()
            if not isinstance(page, dict) or not isinstance(page.get("results"), list):
                raise SourceFailed(f"{answer.where} gave no list")
            if not isinstance(page.get("count"), int):
                raise SourceFailed(f"{answer.where} gave no count")
            totals.add(len(rows) + page["count"])
            if not page["results"]:
                return rows, totals
            for row in page["results"]:
                if row["id"] <= last:
                    raise SourceFailed(f"{answer.where} ignores id__gt or ordering: paging would lose rows")
                last = row["id"]
                rows[last] = row


def _flat(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns a row with nested objects as their ids and choices as their values."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            flat[name] = value["id"] if "id" in value else value.get("value")
        else:
            flat[name] = value
    if row.get("termination_type") == "circuits.providernetwork":
        flat["provider_network"] = row.get("termination_id")
    return flat


def _take_nested(data: NetboxData, name: str, number: int, row: Mapping[str, Any]) -> None:
    if isinstance(row.get("role"), Mapping):
        data.roles[row["role"]["id"]] = str(row["role"].get("slug", ""))
    if isinstance(row.get("tenant"), Mapping):
        data.names["tenant", row["tenant"]["id"]] = str(row["tenant"].get("name", ""))
    if row.get("connected_endpoints_reachable") and row.get("connected_endpoints"):
        kind = ENDPOINT.get(str(row.get("connected_endpoints_type")))
        if kind:
            data.paths[name, number] = [(kind, int(end["id"])) for end in row["connected_endpoints"]]


@dataclass(slots=True)
class DumpSource(ReadWhole):
    """A file of `manage.py dumpdata`."""

    location: Path

    def check(self) -> Sequence[str]:
        gathered = self.read()
        return [f"{len(gathered.ci_records)} CIs, {len(gathered.dependency_records)} dependencies"]

    def read(self, folder: Path | None = None) -> Gathered:
        objects = strict_json(read_bytes(self.location), self.location.name)
        if not isinstance(objects, list):
            raise SourceFailed(f"{self.location.name} is no Django dump: it holds no list")
        data, left = NetboxData(), dict[str, int]()
        used = {*LISTS, "devicebay", "devicerole", "tenant", "cable", "cabletermination"}
        for body in objects:
            name = str(body["model"]).partition(".")[2]
            if name not in used:
                left[name] = left.get(name, 0) + 1
                continue
            data.rows.setdefault(name, {})[int(body["pk"])] = body["fields"]
        data.roles = {number: str(row.get("slug", "")) for number, row in data.list("devicerole").items()}
        data.names = {("tenant", number): str(row.get("name", "")) for number, row in data.list("tenant").items()}
        data.paths = dict(_paths(data))
        parts = tuple(Part(name, len(data.list(name))) for name in LISTS)
        gathered = derive(data, Evidence(SAID, parts))
        gathered.notes.append("not read: " + ", ".join(f"{count} {name}" for name, count in sorted(left.items())))
        return gathered


def _paths(data: NetboxData) -> Iterator[tuple[tuple[str, Id], list[tuple[str, Id]]]]:
    """Yields the ends of live cables, each with the ends on the other side."""
    ends: dict[tuple[Id, str], list[tuple[str, Id]]] = {}
    for row in data.list("cabletermination").values():
        kind = row["termination_type"][1] if isinstance(row["termination_type"], list) else str(row["termination_type"])
        ends.setdefault((int(row["cable"]), str(row["cable_end"])), []).append((kind, int(row["termination_id"])))
    for number, cable in sorted(data.list("cable").items()):
        if cable.get("status") in DEAD_CABLES:
            continue
        a, b = ends.get((number, "A"), []), ends.get((number, "B"), [])
        for near, far in ((a, b), (b, a)):
            for end in near:
                if far:
                    yield end, far
