"""What makes records of three sources one CI, class by class, and what forbids it."""

from __future__ import annotations

from itertools import permutations

import pytest

from app.domain.identity import Claim, claim_of, partition
from app.domain.identity_rules import searched
from app.domain.records import CiRecord


def claim(place, ci_class="server", name="", environment="production", **identifiers):
    source, key = int(place[0]), place[1:]
    record = CiRecord("ci", key, name or key, ci_class, environment=environment, identifiers=tuple(identifiers.items()))
    return claim_of((source, f"ci:{key}"), record, searched(record))


def together(*claims: Claim) -> list[str]:
    """The groups, the same for every order of the claims."""
    answers = set()
    for order in permutations(claims):
        found = partition(order)
        groups = ["+".join(f"{order[p].source_id}{order[p].source_key[3:]}" for p in group) for group in found.groups]
        answers.add((tuple(groups), found.conflicts))
    ((groups, _),) = answers
    return list(groups)


ONE = [
    (claim("1a", serial="ab-1 "), claim("2b", serial="AB-1")),
    (claim("1a", fqdn="Web.Example."), claim("2b", fqdn="web.example")),
    (claim("1a", fqdn="web.example", ci_class="database"), claim("2b", fqdn="web.example", ci_class="virtual_machine")),
    (claim("1a", fqdn="web.example"), claim("2b", fqdn="WEB")),
    (claim("1a", fqdn="web"), claim("2b", fqdn="WEB")),
    (claim("1a", address="10.9.0.4"), claim("2b", address="10.9.0.4", serial="S1")),
    (
        claim("1a", serial="S1", asset_tag="T77", fqdn="old.example"),
        claim("2b", serial="S1", asset_tag="T77", fqdn="new.example"),
    ),
    (claim("1a", "business_service", "Checkout"), claim("2b", "business_service", "checkout")),
    (claim("1a", fqdn="web.example", serial="Default string"), claim("2b", fqdn="web.example", serial="S1")),
]
TWO = [
    (claim("1a", name="web"), claim("2b", name="web")),
    (claim("1a", serial="To Be Filled By O.E.M."), claim("2b", serial="To be filled by O.E.M.")),
    (claim("1a", serial="00000000"), claim("2b", serial="00000000")),
    (claim("1a", fqdn="localhost"), claim("2b", fqdn="localhost")),
    (claim("1a", fqdn="web.example", serial="S1"), claim("2b", fqdn="web.example", serial="S2")),
    (claim("1a", fqdn="web", environment="test"), claim("2b", fqdn="web.example")),
    (claim("1a", fqdn="web.north.example"), claim("2b", fqdn="web.south.example")),
    (claim("1a", fqdn="web", uuid="1111-2222"), claim("2b", fqdn="web.example", uuid="3333-4444")),
    (claim("1a", address="10.9.0.4", fqdn="a.example"), claim("2b", address="10.9.0.4", fqdn="b.example")),
    (claim("1a", serial="S1", fqdn="old.example"), claim("2b", serial="S1", fqdn="new.example")),
    (claim("1a", address="10.9.0.4", ci_class="database"), claim("2b", address="10.9.0.4")),
    (claim("1a", fqdn="shop.example", ci_class="application"), claim("2b", fqdn="shop.example", ci_class="load_balancer")),
    (claim("1a", "business_service", "Checkout"), claim("2b", "application", "checkout")),
]


@pytest.mark.parametrize("pair", ONE)
def test_one_ci(pair):
    assert len(together(*pair)) == 1


@pytest.mark.parametrize("pair", TWO)
def test_two_cis(pair):
    assert len(together(*pair)) == 2


def test_a_machine_and_its_software_in_one_source_leave_the_machine_its_dns_name():
    machine, software = claim("1vm", fqdn="db.example"), claim("1db", "database", fqdn="db.example")
    assert together(machine, software, claim("2vm", fqdn="db.example")) == ["1db", "1vm+2vm"]


def test_a_host_name_between_two_domains_belongs_to_neither():
    assert together(claim("1a", fqdn="web.north.example"), claim("2b", fqdn="web"), claim("3c", fqdn="web.south.example")) == [
        "1a", "2b", "3c",
    ]  # fmt: skip


def test_a_record_that_cannot_tell_between_two_serials_joins_neither_and_that_is_said():
    a, b, c = (
        claim("1a", fqdn="x.example", serial="S1"),
        claim("2b", fqdn="x.example", serial="S2"),
        claim("3c", fqdn="x.example"),
    )
    assert together(a, b, c) == ["1a", "2b", "3c"]
    assert any("serial S1 is not S2" in text for text in partition([a, b, c]).conflicts)


def test_a_serial_that_one_source_holds_twice_neither_joins_nor_forbids():
    twice = claim("1a", serial="S", fqdn="a.example"), claim("1b", serial="S")
    assert together(*twice, claim("2c", serial="T", fqdn="a.example")) == [
        "1a+2c", "1b",
    ]  # fmt: skip


def test_each_join_names_its_rule_and_value():
    found = partition([claim("1a", serial="s1", fqdn="a.example"), claim("2b", serial="S1", fqdn="a.example")])
    assert [(link.rule, link.value) for link in found.links] == [
        ("serial", "S1"), ("fqdn+class", "other:a.example"), ("fqdn", "a.example"),
    ]  # fmt: skip
