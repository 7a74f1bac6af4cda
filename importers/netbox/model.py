"""Derives records from a NetBox, whichever way it was read: sites to circuits as CIs, power and clusters as dependencies and
groups.

Objects are plain rows: references are ids (numbers in NetBox, UUIDs in Nautobot). A device depends on its rack, location and
site, its parent and its power; a virtual machine on its device, else on its cluster; a cluster on one of its devices; a virtual
chassis on one of its members.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.domain.completeness import Evidence
from app.domain.records import CiRecord, GroupRecord
from importers.gathered import Gathered

Id = int | str
Rows = Mapping[Id, Mapping[str, Any]]
LISTS = (
    "site",
    "location",
    "rack",
    "device",
    "virtualchassis",
    "cluster",
    "virtualmachine",
    "powerpanel",
    "powerfeed",
    "powerport",
    "poweroutlet",
    "circuit",
    "provider",
    "providernetwork",
    "circuittermination",
)
ROLE_CLASSES = (
    ("router", "router"),
    ("switch", "network_switch"),
    ("firewall", "firewall"),
    ("load-balancer", "load_balancer"),
    ("pdu", "pdu"),
    ("ups", "ups"),
    ("storage", "storage_array"),
    ("server", "server"),
    ("patch", "hardware"),
    ("console", "network_device"),
)
POWERED_OFF = "offline"  # out, not only away for a while: it carries nothing and is no redundancy
LIFECYCLES = {
    "active": "active",
    "planned": "planned",
    "staged": "planned",
    "offline": "maintenance",
    "failed": "active",
    "inventory": "planned",
    "decommissioning": "active",
    "decommissioned": "retired",
    "provisioning": "planned",
    "deprovisioning": "active",
    "retired": "retired",
}


@dataclass(slots=True)
class NetboxData:
    """Rows by list and id, and where the cable of each power port and outlet leads: ("powerport", 5) -> [("poweroutlet", 9)]. A
    path that is not live (planned or cut) is not in `paths`."""

    rows: dict[str, dict[Id, Mapping[str, Any]]] = field(default_factory=dict)
    paths: dict[tuple[str, Id], list[tuple[str, Id]]] = field(default_factory=dict)
    roles: dict[Id, str] = field(default_factory=dict)  # id -> slug
    names: dict[tuple[str, Id], str] = field(default_factory=dict)  # of tenants and device types

    def list(self, name: str) -> Rows:
        return self.rows.get(name, {})


def _listed(value: Any) -> list[Id]:
    """Returns a list of references, where a field holds one, several or none."""
    return value if isinstance(value, list) else [] if value is None else [value]


def derive(data: NetboxData, proof: Evidence) -> Gathered:
    return _Derivation(data, Gathered("netbox", proof)).run()


class _Derivation:
    def __init__(self, data: NetboxData, gathered: Gathered) -> None:
        self._data, self._gathered = data, gathered
        self._ports = self._by("powerport", "device")
        self._groups = gathered.small_records.setdefault("group", [])

    def run(self) -> Gathered:
        self._places()
        self._devices()
        self._power()
        self._clusters()
        self._circuits()
        return self._gathered

    def _by(self, name: str, field_name: str) -> dict[Id, list[Id]]:
        ids: dict[Id, list[Id]] = {}
        for number, row in sorted(self._data.list(name).items()):
            for other in _listed(row.get(field_name)):
                ids.setdefault(other, []).append(number)
        return ids

    def _ci(self, kind: str, number: Id, row: Mapping[str, Any], ci_class: str, name: str = "", **more: Any) -> None:
        status = str(row.get("status") or "active")
        tenant = self._data.names.get(("tenant", row["tenant"])) if row.get("tenant") else None
        self._gathered.ci_records.append(
            CiRecord(
                kind,
                str(number),
                name or str(row.get("name") or row.get("cid") or f"{kind} {number}"),
                ci_class,
                raw_class=kind,
                lifecycle=LIFECYCLES.get(status, "active"),
                level_share=0.0 if status == POWERED_OFF else None,
                attributes={"tenant": tenant} if tenant else {},
                site=self._site(row),
                **more,
            )
        )

    def _site(self, row: Mapping[str, Any]) -> str:
        site = self._data.list("site").get(row["site"]) if row.get("site") else None
        return str(site["name"]) if site else self._site_above(row.get("location"))

    def _site_above(self, place: Any) -> str:
        """Returns the name of the location that is a site, at or above a place."""
        places, seen = self._data.list("location"), set[Id]()
        while place in places and place not in seen:
            if places[place].get("is_site"):
                return str(places[place]["name"])
            seen.add(place)
            place = places[place].get("parent")
        return ""

    def _needs(self, me: str, kind: str, number: Any, relation: str, supply: bool = False) -> bool:
        if number is None or number not in self._data.list(kind):
            return False
        self._gathered.depend(me, f"{kind}:{number}", relation, "supply" if supply else "hard")
        return True

    def _places(self) -> None:
        for number, row in sorted(self._data.list("site").items()):
            self._ci("site", number, row, "site")
        for number, row in sorted(self._data.list("location").items()):
            self._ci("location", number, row, "site" if row.get("is_site") else "room")
            me = f"location:{number}"
            self._needs(me, "location", row.get("parent"), "in location") or self._needs(me, "site", row.get("site"), "in site")
        for number, row in sorted(self._data.list("rack").items()):
            self._ci("rack", number, row, "rack")
            me = f"rack:{number}"
            self._needs(me, "location", row.get("location"), "in location") or self._needs(me, "site", row.get("site"), "in site")

    def _devices(self) -> None:
        children = {}
        for row in self._data.list("devicebay").values():
            if row.get("installed_device") is not None:
                children[row["installed_device"]] = row.get("device")
        for number, row in sorted(self._data.list("device").items()):
            role = self._data.roles.get(row["role"], "") if row.get("role") else ""
            ci_class = next((name for word, name in ROLE_CLASSES if word in role), "hardware")
            serial = str(row.get("serial") or "")
            fallback = f"{role or 'device'} ({number})"
            self._ci(
                "device",
                number,
                row,
                ci_class,
                str(row.get("name") or fallback),
                identifiers=(("serial", serial),) if serial else (),
            )
            me = f"device:{number}"
            self._needs(me, "device", row.get("parent_device") or children.get(number), "in parent device")
            placed = self._needs(me, "rack", row.get("rack"), "in rack") or self._needs(
                me, "location", row.get("location"), "in location"
            )
            if not placed:
                self._needs(me, "site", row.get("site"), "in site")
        for kind, reference in (("virtualchassis", "virtual_chassis"), ("redundancygroup", "redundancy_group")):
            members = self._by("device", reference)
            for number, row in sorted(self._data.list(kind).items()):
                self._ci(kind, number, row, "cluster")
                self._group(f"{kind}:{number}", "members", [f"device:{n}" for n in members.get(number, [])], "ordinary")

    def _group(self, dependent: str, name: str, members: list[str], kind: str) -> None:
        """Adds a group of which one member suffices; one member alone is a plain need."""
        if len(members) == 1:
            self._gathered.depend(dependent, members[0], name, "supply" if kind == "supply" else "hard")
        elif members:
            self._groups.append(GroupRecord(f"{dependent} {name}", dependent, tuple(members), 1, kind))

    def _power(self) -> None:
        """Adds inlets, PDUs, feeds and panels as CIs, so that what two power supplies share stands in the graph."""
        for number, row in sorted(self._data.list("powerpanel").items()):
            self._ci("powerpanel", number, row, "power_source")
            me = f"powerpanel:{number}"
            self._needs(me, "location", row.get("location"), "in location") or self._needs(me, "site", row.get("site"), "in site")
        for number, row in sorted(self._data.list("powerfeed").items()):
            self._ci("powerfeed", number, row, "power_feed")
            self._needs(f"powerfeed:{number}", "powerpanel", row.get("power_panel"), "fed by panel", supply=True)
        for device, ports in sorted(self._ports.items()):
            fed = [port for port in ports if self._port(device, port)]
            outlets = any(row.get("device") == device for row in self._data.list("poweroutlet").values())
            if not outlets:
                self._group(f"device:{device}", "power", [f"powerport:{port}" for port in fed], "supply")

    def _port(self, device: Id, port: Id) -> bool:
        """Adds a fed inlet as a CI of its own, which never fails by itself, on what feeds it; returns False where nothing known
        feeds it."""
        ends = [end for end in self._data.paths.get(("powerport", port), []) if end[0] in ("poweroutlet", "powerfeed")]
        if not ends or device not in self._data.list("device"):
            return False
        holder = self._data.list("device")[device].get("name") or f"device {device}"
        name = f"{holder} {self._data.list('powerport')[port].get('name')}"
        self._ci("powerport", port, {}, "power_source", name, failures_per_year=0.0, repair_hours=0.0)
        me = f"powerport:{port}"
        for kind, number in ends:
            if kind == "powerfeed":
                self._needs(me, "powerfeed", number, "fed by feed", supply=True)
            else:
                self._outlet(me, self._data.list("poweroutlet").get(number, {}))
        return True

    def _outlet(self, me: str, outlet: Mapping[str, Any]) -> None:
        """Adds the needs of an outlet: its PDU and the inlet that feeds it, or, without a named inlet, any of the PDU's fed
        ones."""
        pdu = outlet.get("device")
        self._needs(me, "device", pdu, "outlet of", supply=True)
        inlet = outlet.get("power_port")
        fed = [n for n in self._ports.get(pdu or 0, []) if self._data.paths.get(("powerport", n))]
        if inlet is not None and inlet in fed:
            self._gathered.depend(me, f"powerport:{inlet}", "fed through", "supply")
        elif inlet is None:
            self._group(me, "fed through", [f"powerport:{n}" for n in fed], "supply")

    def _clusters(self) -> None:
        devices = self._by("device", "cluster")
        for number, row in sorted(self._data.list("cluster").items()):
            self._ci("cluster", number, row, "cluster")
            self._group(f"cluster:{number}", "hosts", [f"device:{n}" for n in devices.get(number, [])], "ordinary")
        for number, row in sorted(self._data.list("virtualmachine").items()):
            self._ci("virtualmachine", number, row, "virtual_machine")
            me = f"virtualmachine:{number}"
            hosted = self._needs(me, "device", row.get("device"), "runs on device") or self._needs(
                me, "cluster", row.get("cluster"), "runs on cluster"
            )
            if not hosted:
                self._needs(me, "site", row.get("site"), "in site")

    def _circuits(self) -> None:
        for number, row in sorted(self._data.list("provider").items()):
            self._ci("provider", number, row, "supplier_service")
        for number, row in sorted(self._data.list("providernetwork").items()):
            self._ci("providernetwork", number, row, "network")
            self._needs(f"providernetwork:{number}", "provider", row.get("provider"), "of provider")
        for number, row in sorted(self._data.list("circuit").items()):
            provider = self._data.list("provider").get(row.get("provider") or 0, {})
            self._ci("circuit", number, row, "circuit", supplier=str(provider.get("name") or ""))
            self._needs(f"circuit:{number}", "provider", row.get("provider"), "of provider")
        seen: set[tuple[Id, Id]] = set()
        for _, row in sorted(self._data.list("circuittermination").items()):
            pair = (row.get("circuit") or 0, row.get("provider_network") or 0)
            if all(pair) and pair not in seen:
                seen.add(pair)
                self._needs(f"circuit:{pair[0]}", "providernetwork", pair[1], "over network")
