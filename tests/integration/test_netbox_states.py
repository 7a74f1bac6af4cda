"""What a NetBox and a Nautobot say of where things stand and of what is switched off, through a whole sync and into the
answers."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.completeness import PAGES, Evidence
from app.domain.record_checks import ci_fault
from importers.netbox.model import NetboxData, derive
from importers.netbox.nautobot import NautobotSource


def derived(**rows: Any) -> Any:
    return derive(NetboxData(rows=rows), Evidence(PAGES, ()))


def test_a_virtual_machine_that_has_only_a_site_hangs_on_it():
    found = derived(site={1: {"name": "Zurich"}}, virtualmachine={7: {"name": "vm", "site": 1}})
    assert [(row.dependent, row.provider, row.kind) for row in found.dependency_records] == [
        ("virtualmachine:7", "site:1", "hard")
    ]


@pytest.mark.parametrize("status", ["offline", {"name": "Offline", "id": "s1"}, {"value": "offline", "display": "Offline"}])
def test_a_device_that_is_offline_is_out_in_both(status):
    row: dict[str, Any] = {"name": "sw-1", "status": status}
    if isinstance(status, dict):
        row = dict(NautobotSource(client=None)._flat(NetboxData(), "device", "d1", row))  # type: ignore[arg-type]
    record = derived(device={"d1": row}).ci_records[0]
    assert (record.level_share, record.lifecycle, ci_fault(record)) == (0.0, "maintenance", None)


def test_a_device_that_is_active_is_not():
    assert derived(device={"d1": {"name": "sw-1", "status": "active"}}).ci_records[0].level_share is None
