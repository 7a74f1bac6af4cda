"""Hidden common causes of redundant groups: planted ones are found, decoys are not."""

from __future__ import annotations

import random
from typing import Any

import pytest

from app.jobs import runner
from app.usecases.answers import causes_found
from app.usecases.answers.common_causes import common_causes
from app.usecases.assess import assessed
from tests.e2e.conftest import Service

SAID = {  # kind -> attribute, values that are one thing, values that are not
    "rack": ("rack", ("R 12", "r-12"), ("R 12", "R 13")),
    "power": ("power_feed", ("Feed A", "feed a"), ("Feed A", "Feed B")),
    "storage": ("Datastore", ("ds-7", "DS 7"), ("ds-7", "ds-8")),
    "dns": ("dns_server", ("10.0.0.53", "10.0.0.53"), ("10.0.0.53", "10.0.1.53")),
    "identity provider": ("realm", ("CORP.EXAMPLE", "corp.example"), ("corp.example", "dmz.example")),
    "certificate": ("certificate_serial", ("4F:01", "4f:01"), ("4F:01", "4F:02")),
    "supplier": ("vendor", ("Acme", "ACME"), ("Acme", "Bolt")),
    "on-call team": ("on_call", ("night-a", "Night A"), ("night-a", "night-b")),
    "software version": ("version", ("15.4", "15.4"), ("15.4", "16.1")),
}
SILENT = ("unknown", "n/a", "", "none")
DEPENDED = {"storage": "storage_array", "power": "ups", "dns": "dns", "identity provider": "identity_provider"}


def pair(number: int, **said: tuple[Any, Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """A dependent that needs one of two servers, at sites of their own, of which each of `said` says something."""
    cis = [{"key": f"d{number}", "class": "application", "name": f"d{number}"}]
    for side in (0, 1):
        attributes = {name: both[side] for name, both in said.items() if name != "site" and both[side] is not None}
        site = said["site"][side] if "site" in said else f"site {number}-{side}"
        cis.append({"key": f"m{number}-{side}", "class": "server", "site": site, "attributes": attributes})
    members = [f"m{number}-0", f"m{number}-1"]
    return cis, {"key": f"g{number}", "dependent": f"d{number}", "members": members, "needed": 1}


def estate(groups: list[tuple[list[dict[str, Any]], dict[str, Any]]], **more: Any) -> dict[str, Any]:
    return {"cis": [ci for cis, _ in groups for ci in cis], "groups": [group for _, group in groups], **more}


def found(service: Service) -> set[tuple[str, str]]:
    rows = common_causes(service.forestay, 500).items
    return {(row.group.rpartition(":g")[2], row.kind) for row in rows}


def test_of_100_planted_common_causes_95_are_found_and_decoys_are_not(service: Service) -> None:
    """100 groups with one planted cause each (in the spellings that sources use, half of those of four kinds as a CI that both
    need), and 100 without, whose members say other or silent values. The planted ones' other attributes differ as well."""
    rng, planted = random.Random(19), set[tuple[str, str]]()
    groups, providers, needs = [], list[dict[str, Any]](), list[dict[str, str]]()
    kinds = list(SAID)
    for number in range(200):
        said = {SAID[kind][0]: SAID[kind][2] if rng.random() < 0.5 else (rng.choice(SILENT),) * 2 for kind in kinds}
        if number < 100:
            kind = kinds[number % len(kinds)]
            planted.add((str(number), kind))
            if kind in DEPENDED and number % 2:
                providers.append({"key": f"p{number}", "class": DEPENDED[kind]})
                needs += [{"dependent": f"m{number}-{side}", "provider": f"p{number}"} for side in (0, 1)]
            else:
                said[SAID[kind][0]] = SAID[kind][1]
                if kind in ("rack", "power", "storage"):
                    said["site"] = (f"s{number}", f"s{number}")
                    planted.add((str(number), "site"))
        groups.append(pair(number, **said))
    document = estate(groups, dependencies=needs)
    document["cis"] += providers
    service.document(document)
    told = found(service)
    causes = {one for one in planted if one[1] != "site"}
    assert len(causes) == 100 and len(told & causes) == 100
    assert not told - planted, "no false alarm on 200 groups"


def test_a_rack_of_one_name_at_two_sites_is_two_racks(service: Service) -> None:
    service.document(estate([pair(1, rack=("R1", "R1")), pair(2, rack=("R1", "R1"), site=("fra", "fra"))]))
    assert found(service) == {("2", "rack"), ("2", "site")}


def test_a_version_is_one_of_a_product(service: Service) -> None:
    service.document(estate([pair(1, version=("2.1", "2.1"), product=("nginx", "apache")), pair(2, version=("2.1", "2.1"))]))
    assert found(service) == {("2", "software version")}


def test_what_leaves_enough_members_is_no_cause(service: Service) -> None:
    cis, group = pair(1, dns=("a", "a"))
    cis.append({"key": "m1-2", "class": "server", "site": "else", "attributes": {"dns": "b"}})
    group["members"].append("m1-2")
    service.document(estate([(cis, group)]))
    assert found(service) == set()
    service.document(estate([(cis, {**group, "needed": 2})]))
    assert found(service) == {("1", "dns")}


def test_doors_say_the_same_and_what_is_unsaid_is_counted(service: Service) -> None:
    exposed = [{"key": "d1", "money_per_hour": 10.0}]
    service.document(estate([pair(1, rack=("R1", "r1"), site=("fra", "fra"), dns=("a", None))], services=exposed))
    told = service.get("/common-causes")
    assert [(row["kind"], row["shared"], row["attribute"], row["services"]) for row in told["items"]] == [
        ("rack", "R1", "rack", 1), ("site", "fra", "site", 1),
    ]  # fmt: skip
    assert told["unsaid"]["dns"] == 1 and told["affected"] == told["groups"] == 1
    assert told["sentence"] == "Of 1 redundant group, 1 hangs by a single thing: rack 1, site 1."
    first = service.get("/common-causes", limit=1)
    assert first["truncated"] and service.get("/common-causes", limit=1, after=first["next"])["items"] == told["items"][1:]
    assert service.get("/common-causes", kind="site")["items"] == told["items"][1:]
    assert service.cli_json("common-causes")["items"] == told["items"]
    assert told["sentence"].replace("'", "&#39;") in service.page("/common-causes", kind="rack")


@pytest.mark.parametrize("text", ["unknown", "N/A", "none", "-", "0"])
def test_silent_values_are_no_common_cause(service: Service, text: str) -> None:
    service.document(estate([pair(1, rack=(text, text), dns=(text, text), site=("fra", "fra"))]))
    assert found(service) == {("1", "site")}


def test_those_of_a_large_estate_are_found_ahead_for_every_process(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    groups = [pair(number, rack=("R1", "r1"), site=("fra", "fra"), dns=("a", None)) for number in range(3)]
    service.document(estate(groups, services=[{"key": "d1", "money_per_hour": 10.0}]))
    forestay, at_once = service.forestay, service.get("/common-causes")
    known = assessed(forestay.estates, forestay.cache, None).found
    known.clear()
    monkeypatch.setattr(causes_found, "AT_ONCE", 0)
    waiting = service.get("/common-causes")
    assert not waiting["worked_out"] and waiting["items"] == [] and "being worked out" in service.page("/common-causes")
    monkeypatch.setattr(runner, "KEEPERS", (causes_found.keep_causes,))
    ahead = runner._Ahead(forestay)
    assert ahead.look() and not ahead.look(), "they are there"
    known.clear()
    assert service.get("/common-causes") == at_once and at_once["worked_out"]
