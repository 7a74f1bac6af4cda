"""Golden set: every pair of one kind of identifier equal and one unequal, in both orders, and every pair of families of class."""

from __future__ import annotations

from itertools import combinations, permutations, product

import pytest

from app.domain.ci_classes import ci_classes
from app.domain.identity import claim_of, partition
from app.domain.identity_rules import searched
from app.domain.identity_spelling import normalise, says_nothing
from app.domain.records import CiRecord

EQUAL = {
    "serial": "CZ17X4K9", "uuid": "4211b0c1-7f3a-4d52-9a1e-0c5c0f1d2e3f", "mac": "00:50:56:aa:bb:01", "fqdn": "app7.north.corp",
    "address": "10.9.0.4", "asset_tag": "INV-2041-A", "cloud_id": "i-0abc12def34",
}  # fmt: skip
UNEQUAL = {
    "serial": ("CZ17X4K9", "CZ22B8M1"), "uuid": (EQUAL["uuid"], "9a31b0c1-1f3a-4d52-8a1e-7c5c0f1d2e99"),
    "fqdn": ("app7.north.corp", "db2.south.corp"),
    "cloud_id": ("i-0abc12def34", "i-0999aaa1111"), "maker": ("Dell Inc.", "Supermicro"),
}  # fmt: skip


def claim(source: int, ci_class: str = "server", raw: str = "", maker: str = "", **identifiers: str):
    pairs = tuple(sorted(identifiers.items()))
    attributes = {"manufacturer": maker} if maker else {}
    record = CiRecord("ci", f"k{source}", f"n{source}", ci_class, raw_class=raw, identifiers=pairs, attributes=attributes)
    return claim_of((source, f"ci:k{source}"), record, searched(record))


def is_one(*claims) -> bool:
    """The same in both orders."""
    answers = {len(partition(order).groups) for order in permutations(claims)}
    assert len(answers) == 1
    return answers == {1}


@pytest.mark.parametrize("kind", EQUAL)
def test_one_identifier_in_common_joins_where_nothing_differs(kind):
    assert is_one(claim(1, **{kind: EQUAL[kind]}), claim(2, **{kind: EQUAL[kind]}))


@pytest.mark.parametrize(("shared", "other"), [pair for pair in product(EQUAL, UNEQUAL) if pair[0] != pair[1]])
def test_no_identifier_joins_where_a_strong_one_differs(shared, other):
    a, b = (
        claim(1, **{shared: EQUAL[shared], other: UNEQUAL[other][0]}),
        claim(2, **{shared: EQUAL[shared], other: UNEQUAL[other][1]}),
    )
    assert not is_one(a, b)
    if shared not in ("address",):
        assert any(f"{shared} " in text for text in partition([a, b]).conflicts), "the run says so"


@pytest.mark.parametrize(("one", "two"), list(combinations(["serial", "uuid", "asset_tag", "cloud_id"], 2)))
def test_two_that_agree_outweigh_one_that_differs(one, two):
    same = {one: EQUAL[one], two: EQUAL[two]}
    assert is_one(claim(1, **same, fqdn="old.north.corp"), claim(2, **same, fqdn="new.north.corp"))


def test_uuid_and_mac_of_a_clone_are_one_thing():
    same = {"uuid": EQUAL["uuid"], "mac": EQUAL["mac"]}
    assert not is_one(claim(1, **same, fqdn="old.north.corp"), claim(2, **same, fqdn="new.north.corp"))


FAMILIES = {
    "machine": "server", "guest": "virtual_machine", "host": "hypervisor", "enclosure": "enclosure", "network": "load_balancer",
    "power": "pdu", "storage": "storage_array", "cluster": "cluster", "container": "container",
    "place": "room", "line": "circuit",
    "software": "application", "service": "business_process", "paper": "certificate",
}  # fmt: skip
GO_TOGETHER = {frozenset(("machine", "guest")), frozenset(("machine", "host"))}


@pytest.mark.parametrize("pair", list(combinations(FAMILIES, 2)))
@pytest.mark.parametrize("kind", ["serial", "uuid", "asset_tag", "cloud_id", "mac"])
def test_nothing_joins_across_families(pair, kind):
    a, b = (FAMILIES[name] for name in pair)
    same = {kind: EQUAL[kind], "asset_tag": EQUAL["asset_tag"], "serial": EQUAL["serial"]}
    assert is_one(claim(1, a, **same), claim(2, b, **same)) == (frozenset(pair) in GO_TOGETHER)


@pytest.mark.parametrize("name", sorted(set(ci_classes()) - {"common_cause"}))
def test_a_class_goes_with_itself(name):
    assert is_one(claim(1, name, serial=EQUAL["serial"]), claim(2, name, serial=EQUAL["serial"]))


@pytest.mark.parametrize(("raw", "ci_class"), [("Chassis", "server"), ("switch", "pdu"), ("Blade Chassis", "virtual_machine")])
def test_a_word_of_a_source_tells_the_family_of_a_class_nobody_knows(raw, ci_class):
    assert not is_one(claim(1, "other", raw, serial=EQUAL["serial"]), claim(2, ci_class, serial=EQUAL["serial"]))


def test_one_uuid_in_both_byte_orders_and_as_vmwares_serial_number():
    said = [
        {"uuid": "4211b0c1-7f3a-4d52-9a1e-0c5c0f1d2e3f"}, {"uuid": "C1B01142-3A7F-524D-9A1E-0C5C0F1D2E3F"},
        {"serial": "VMware-42 11 b0 c1 7f 3a 4d 52-9a 1e 0c 5c 0f 1d 2e 3f"},
    ]  # fmt: skip
    for a, b in combinations(said, 2):
        assert is_one(claim(1, **a), claim(2, **b))


def test_what_more_than_a_few_unlike_hold_identifies_nothing():
    many = [
        claim_of((n, f"ci:{n}"), record, searched(record))
        for n in range(1, 6)
        for record in (CiRecord("ci", str(n), f"host{n}x", "server", identifiers=(("serial", "CZ17X4K9"),)),)
    ]
    found = partition(many)
    assert len(found.groups) == 5 and "held by 5 records" in found.conflicts[0]
    records = [CiRecord("ci", str(n), "web", "server", identifiers=(("serial", "CZ17X4K9"),)) for n in range(1, 6)]
    like = [claim_of((n, f"ci:{n}"), record, searched(record)) for n, record in enumerate(records, 1)]
    assert len(partition(like).groups) == 1


JUNK = (
    "Virtual", "NotSpecified", "System Serial", "SerNum", "Type2 - Board Serial Number", "N/A (VM)", "123456", "0123456789ABCDEF",
    "VMware", "000000000001",
    "Unspecified", "none available", "No Serial", "Not-Available", "Default", "SN-UNKNOWN", "$(DEFAULT_STRING)", "Filled By OEM",
    "To Be Filled By O.E.M",
    "tbc", "k.A.", "inconnu", "xxxxxxxxxx", "........", "#N/A", "#NV", "#REF!", "unbekannt", "ohne", "keine", "Desconocido",
    "sin serie", "неизвестно", "不明",
    "nil", "<none>", "%SERIAL%", "9876543210", "System Product Name", "Not Applicable", "Chassis Serial Number", "0",
)  # fmt: skip
REAL = (
    "CZ1234XY",
    "7XK2B4F",
    "HXVBTZZ",
    "2UA1230QXV",
    "FOX1234G0AB",
    "VNB3K12345",
    "JX7004201",
    "99A12B3",
    "5CD8123ABC",
    "MXL0123456",
)


@pytest.mark.parametrize("text", JUNK)
def test_a_placeholder_in_any_language_says_nothing(text):
    assert says_nothing(normalise("serial", text))


@pytest.mark.parametrize("text", REAL)
def test_a_serial_number_says_something(text):
    assert not says_nothing(normalise("serial", text))


@pytest.mark.parametrize("text", ["localhost", "localhost.localdomain", "LOCALHOST.corp.example", "unknown", "n/a"])
def test_a_dns_name_that_every_machine_has(text):
    assert says_nothing(normalise("fqdn", text))
