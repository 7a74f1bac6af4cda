"""What needs no directory: names in DNs, large groups in ranges as Active Directory gives them, identities."""

from __future__ import annotations

import pytest

from app.domain.errors import InvalidInput, SourceFailed
from importers.http.client import Outbound
from importers.ldap.directory import whole
from importers.ldap.source import _identity, first_name
from importers.registry import open_source


def test_the_first_part_of_a_name():
    assert first_name(r"cn=Muster\2C Anna,ou=people,dc=example,dc=com") == "Muster, Anna"
    assert first_name(r"cn=M\C3\BCller\, B+uid=7,dc=x") == "Müller, B"
    assert first_name("") == ""


def test_a_large_group_is_put_together_to_its_end():
    parts = {
        f"member;range={low}-*": {
            f"member;range={low}-{high}": [b"%d" % n for n in range(low, 3200 if high == "*" else high + 1)]
        }
        for low, high in ((1500, 2999), (3000, "*"))
    }
    found = whole({"cn": [b"all"], "member;range=0-1499": [b"%d" % n for n in range(1500)]}, parts.__getitem__)
    assert found["member"] == [b"%d" % n for n in range(3200)] and found["cn"] == [b"all"]


@pytest.mark.parametrize("answer", [{}, {"member": []}, {"member;range=0-1": [b"a"]}])
def test_a_range_that_is_not_gone_on_with_is_no_end(answer):
    with pytest.raises(SourceFailed, match="not the rest"):
        whole({"member;range=0-1": [b"a", b"b"]}, lambda attribute: answer)


def test_the_guid_of_active_directory():
    raw = bytes.fromhex("78563412bc9af0de0123456789abcdef")
    assert _identity("objectGUID", [raw]) == "12345678-9abc-def0-0123-456789abcdef"


def test_settings_are_checked(monkeypatch):
    monkeypatch.setenv("LDAP_PASSWORD", "secret-of-ldap")
    given = {"user": "cn=reader", "base": "dc=x"}
    for missing in given:
        with pytest.raises(InvalidInput, match=missing):
            open_source("ldap", "ldaps://localhost", {k: v for k, v in given.items() if k != missing}, Outbound(["localhost"]))
