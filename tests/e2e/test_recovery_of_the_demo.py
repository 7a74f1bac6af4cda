"""Recovery of the example estate against brute force: contradictions of RTO with what each outage takes, and the order of start,
run step by step. Both work in plain Python on rows of the ledger, with nothing of app/risk but the restore times, its input."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import pytest

from app.demo import retailer
from tests.e2e.conftest import Service

KINDS = {"cmdb": "csv", "datacentre": "json", "tracing": "callgraph"}


class Ledger:
    """The assessed CIs by key, with what each needs: CIs (hard or supply) and groups (needed, members)."""

    def __init__(self, service: Service) -> None:
        store = service.forestay.store
        revision = store.current().revision
        ci = store.load_columns(revision, "ci")
        graph = service.forestay.estates.at().graph
        used = [row for row in range(len(ci["key"]))
                if (ci["lifecycle"][row] or "active") in ("active", "maintenance")
                and (ci["environment"][row] or "production") == "production"]  # fmt: skip
        key = {int(ci["ci_id"][row]): ci["key"][row] for row in used}
        hours = {int(number): float(value) for number, value in zip(graph.cis.ci_id, graph.cis.repair_hours, strict=True)}
        self.hours = {name: hours[number] for number, name in key.items()}
        self.needs: dict[str, set[str]] = defaultdict(set)
        self.groups: dict[str, list[tuple[int, tuple[str, ...]]]] = defaultdict(list)
        rows = store.load_columns(revision, "dependency")
        for a, b, kind in zip(rows["dependent_id"], rows["provider_id"], rows["kind"], strict=True):
            if kind != "soft" and int(a) in key and int(b) in key:
                self.needs[key[int(a)]].add(key[int(b)])
        rows = store.load_columns(revision, "redundancy_group")
        for a, needed, members in zip(rows["dependent_id"], rows["needed"], rows["members"], strict=True):
            self.groups[key[int(a)]].append((int(needed), tuple(key[m] for m in json.loads(members) if m in key)))
        self.rto = {key[row.ci_id]: row.rto_hours for row in graph.services if row.rto_hours is not None}
        self.dependents: dict[str, set[str]] = defaultdict(set)
        for name, providers in self.needs.items():
            for provider in providers:
                self.dependents[provider].add(name)
        for name, groups in self.groups.items():
            for _, members in groups:
                for member in members:
                    self.dependents[member].add(name)

    def is_lost(self, name: str, down: set[str]) -> bool:
        return bool(self.needs[name] & down) or any(
            sum(member not in down for member in members) < needed for needed, members in self.groups[name]
        )

    def fallen(self, first: str) -> set[str]:
        down, queue = {first}, [first]
        for at in queue:
            for name in self.dependents[at]:
                if name not in down and self.is_lost(name, down):
                    down.add(name)
                    queue.append(name)
        return down


def every(service: Service, path: str) -> list[dict[str, Any]]:
    page = service.get(path, limit=500)
    rows = page["items"]
    while page["next"]:
        page = service.get(path, limit=500, after=page["next"])
        rows += page["items"]
    assert len(rows) == page["total_rows"]
    return rows


@pytest.mark.compiled
def test_contradictions_and_start_order_equal_brute_force(service: Service) -> None:
    for name, place in retailer.write(retailer.build(7), service.folder / "example").items():
        service.sync(name, KINDS[name], place)
    ledger = Ledger(service)
    want = {
        (name, first): ledger.hours[first]
        for first in ledger.hours
        for name in ledger.fallen(first)
        if name in ledger.rto and ledger.hours[first] > ledger.rto[name]
    }
    gaps = [gap for gap in every(service, "/recovery/gaps") if gap["kind"] == "outage"]
    told = {(gap["service_key"], gap["key"]): gap["takes_hours"] for gap in gaps}
    assert told == pytest.approx(want) and len(gaps) == len(want) > 100
    assert all(gap["wants_hours"] == ledger.rto[gap["service_key"]] for gap in gaps)
    sizes = [gap["gap_hours"] for gap in gaps]
    assert sizes == sorted(sizes, reverse=True)
    assert all(gap["path"][0]["key"] == gap["key"] and gap["path"][-1]["key"] == gap["service_key"] for gap in gaps)

    started, traps, forced = in_order(service, ledger)
    print(f"\n{len(want)} contradictions, {started} CIs started in order, {traps} on or behind circles, {forced} forced")
    assert traps == forced == 0
    # a need the other way round makes a circle: nothing starts it, nor what waits for it
    a, b = next((name, provider) for name in sorted(ledger.needs) for provider in sorted(ledger.needs[name]))
    service.document({"dependencies": [{"dependent": b, "provider": a}]}, "circle")
    started, traps, forced = in_order(service, Ledger(service))
    print(f"with a circle: {started} CIs started in order, {traps} on or behind circles, {forced} forced")
    assert traps >= 2 and forced >= 1


def in_order(service: Service, ledger: Ledger) -> tuple[int, int, int]:
    """Start the estate from nothing in the order proposed: how many CIs start, lie on or behind a circle, had to be forced."""
    steps = every(service, "/cold-start/order")
    assert sorted(step["key"] for step in steps) == sorted(ledger.hours), "each CI once"
    up, forced = set[str](), set[str]()
    for step in steps:
        short = [g for g in ledger.groups[step["key"]] if sum(member in up for member in g[1]) < g[0]]
        if ledger.needs[step["key"]] - up or short:
            forced.add(step["key"])
        up.add(step["key"])
    startable = set[str]()
    while more := {
        name
        for name in ledger.hours.keys() - startable
        if not ledger.needs[name] - startable
        and all(sum(member in startable for member in members) >= needed for needed, members in ledger.groups[name])
    }:
        startable |= more
    traps = ledger.hours.keys() - startable
    assert {step["key"] for step in steps if step["trap"]} == traps, "every trap is named, and nothing else"
    assert forced <= {step["key"] for step in steps if step["trap"] == "on a circle"}, "what waits behind a circle is not forced"
    return len(steps), len(traps), len(forced)
