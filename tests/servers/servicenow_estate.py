"""A small ServiceNow estate by names, and one of any size by numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.servers.servicenow import NumberedTable, Table

AT, OLD = "2026-11-02 08:11:04", "2025-06-01 00:00:00"
CI_TABLES = (
    "cmdb_ci_service", "cmdb_ci_appl", "cmdb_ci_computer", "cmdb_ci_netgear", "cmdb_ci_vm_instance", "cmdb_ci_cluster",
)  # fmt: skip
BELOW = {
    "cmdb_ci_service": ("cmdb_ci_service", "cmdb_ci_service_auto", "cmdb_ci_service_discovered"),
    "cmdb_ci_appl": ("cmdb_ci_appl", "cmdb_ci_db_instance", "cmdb_ci_app_server_tomcat"),
    "cmdb_ci_computer": ("cmdb_ci_computer", "cmdb_ci_linux_server", "cmdb_ci_win_server", "u_cmdb_ci_blade"),
    "cmdb_ci_netgear": ("cmdb_ci_netgear", "cmdb_ci_ip_switch"),
    "cmdb_ci_vm_instance": ("cmdb_ci_vm_instance", "cmdb_ci_vmware_instance"),
    "cmdb_ci_cluster": ("cmdb_ci_cluster",),
}


def sys_id(name: str) -> str:
    """32 hex digits that anyone can tell apart: the name's bytes."""
    return name.encode().hex()[:32].ljust(32, "0")


def ci(name: str, sys_class: str, at: str = AT, **more: Any) -> dict[str, Any]:
    row = {
        "sys_id": sys_id(name),
        "name": name,
        "sys_class_name": sys_class,
        "sys_updated_on": ("time", at),
        "operational_status": "1",
    }
    return row | {"support_group": ("", ""), "location": ("", "")} | more


def relation(parent: Mapping[str, Any], kind: str, child: Mapping[str, Any], at: str = AT) -> dict[str, Any]:
    return {
        "sys_id": sys_id(f"{parent['name']}{kind[:3]}{child['name']}"),
        "type.name": kind,
        "sys_updated_on": ("time", at),
        "name": "",
        **{f"parent.{name}": parent[name] for name in ("sys_id", "name", "sys_class_name")},
        **{f"child.{name}": child[name] for name in ("sys_id", "name", "sys_class_name")},
    }


def tables(
    cis: Sequence[Mapping[str, Any]], relations: Sequence[Mapping[str, Any]] = (), **more: Sequence[Mapping[str, Any]]
) -> dict[str, Table]:
    """Every table of the inheritance: a CI is in the table of its class's base and in cmdb_ci."""
    found = {name: Table([row for row in cis if row["sys_class_name"] in below]) for name, below in BELOW.items()}
    found |= {"cmdb_ci": Table(cis), "cmdb_rel_ci": Table(relations), **{name: Table(rows) for name, rows in more.items()}}
    for table in found.values():
        table.fields |= {"parent.sys_id", "child.sys_id", "service_id", "ci_id"}
    return found


def numbered(cis: int, relations: int) -> dict[str, Table]:
    """An estate of any size by numbers: 1 CI in 1,000 is a service, a third are applications, the rest computers; a relation
    leads from a CI to one with a higher number of the next layers."""
    services, apps = max(1, cis // 1000), cis // 3
    counts = {"cmdb_ci_service": services, "cmdb_ci_appl": apps, "cmdb_ci_computer": cis - services - apps}

    def number_of(place: int) -> tuple[str, str]:
        if place < services:
            return "cmdb_ci_service", f"{place:032x}"
        if place < services + apps:
            return "cmdb_ci_appl", f"{place - services + (1 << 60):032x}"
        return "cmdb_ci_computer", f"{place - services - apps + (2 << 60):032x}"

    def make_ci(table: str, offset: int) -> Any:
        def make(number: int) -> dict[str, Any]:
            name = f"{table[8:]}-{number}"
            return {
                "sys_id": f"{number + offset:032x}",
                "name": name,
                "sys_class_name": table,
                "sys_updated_on": ("time", OLD if number else AT),
                "operational_status": "1",
                "location": (f"{number % 40:032x}", f"site {number % 40}"),
                "support_group": (f"{number % 97:032x}", f"team {number % 97}"),
                "serial_number": f"SN{number}",
                "busines_criticality": "",
            }

        return make

    def make_relation(number: int) -> dict[str, Any]:
        parent, child = ends(number, cis)
        (parent_class, parent_id), (child_class, child_id) = number_of(parent), number_of(child)
        return {
            "sys_id": f"{number:032x}",
            "sys_updated_on": ("time", OLD if number else AT),
            "type.name": "Depends on::Used by",
            "parent.sys_id": parent_id,
            "parent.sys_class_name": parent_class,
            "child.sys_id": child_id,
            "child.sys_class_name": child_class,
        }

    fields = ("operational_status", "location", "support_group", "serial_number", "busines_criticality")
    found: dict[str, Table] = {
        name: OffsetTable(count, make_ci(name, place << 60), fields, OLD, place << 60)
        for place, (name, count) in enumerate(counts.items())
    }
    found |= {name: Table() for name in ("cmdb_ci_netgear", "cmdb_ci_vm_instance", "cmdb_ci_cluster", "cmdb_ci")}
    found["cmdb_rel_ci"] = NumberedTable(relations, make_relation, ("parent.sys_id", "child.sys_id", "type.name"), OLD)
    return found


def ends(number: Any, cis: int) -> Any:
    """Places of parent and child of a relation by its number (or an array of them)."""
    parent = number * 7919 % (cis - 1)
    return parent, parent + 1 + (number * 104_729 + number // cis) % (cis - parent - 1)


class OffsetTable(NumberedTable):
    """Numbers that begin elsewhere."""

    def __init__(self, count: int, make: Any, fields: Sequence[str], stamp: str, offset: int) -> None:
        super().__init__(count, make, fields, stamp)
        self.offset = offset

    def select(self, conditions: Any, order: str, offset: int, limit: int) -> Any:
        moved = []
        for name, sign, word in conditions:
            if (name, sign) == ("sys_id", "<="):
                word = f"{max(int(word, 16) - self.offset, 0):x}"
            elif (name, sign) == ("sys_id", ">"):
                word = f"{max(int(word, 16) - self.offset, -1):x}" if int(word, 16) >= self.offset else ""
                if not word:
                    continue
            moved.append((name, sign, word))
        return super().select(moved, order, offset, limit)
