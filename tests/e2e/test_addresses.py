"""Which addresses importers may call: 60 tricks and more, none of which leads anywhere but to a host that the settings name."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.domain.errors import InvalidInput, NotAllowed
from importers.http.outbound import Outbound, checked_place
from tests.e2e.conftest import Service

NAMED = "192.0.2.10"  # the one host that the settings name; a literal, so that nobody is asked for its address

TO_OTHERS = [  # what is written so that it looks like the host that is named, or like none
    "http://192.0.2.10@evil.example/",
    "http://192.0.2.10:80@evil.example/",
    "http://evil.example@192.0.2.10/",
    "http://:@192.0.2.10/",
    "http://192.0.2.10.evil.example/",
    "http://evil.example/192.0.2.10",
    "http://evil.example?192.0.2.10",
    "http://evil.example#192.0.2.10",
    "http://evil.example#@192.0.2.10/",
    "http://evil.example\\@192.0.2.10/",
    "http://192.0.2.10\\@evil.example/",
    "http://192.0.2.10\\.evil.example/",
    "http://192.0.2.10%2eevil.example/",
    "http://192.0.2.10%00.evil.example/",
    "http://192.0.2.10%20evil.example/",
    "http://evil.example;192.0.2.10/",
    "http://192.0.2.10,evil.example/",
    "http://[192.0.2.10]/",
    "http://[::ffff:192.0.2.11]/",
    "http://[::ffff:c000:20b]/",
    "http://3221225995/",
    "http://0xc000020b/",
    "http://0300.0000.0002.0013/",
    "http://192.0.523/",
    "http://192.0.2.11/",
    "http://192.0.2.10:99999/",
    "http://192.0.2.10:-1/",
    "http://192.0.2.10:80:80/",
    "http://192.0.2.10:８０８０/",
    "http://192.0.2.10:0/",
    "http://192.0.2.10:x/",
    "http://１９２.０.２.１１/",
    "http://evil。example/",
    "http://ｅvil.example/",
    "http://[::1/",
    "http://::1]/",
    "http://[v1.evil]/",
    "http://[fe80::1%25eth0]/",
    "http:///192.0.2.10/",
    "http:192.0.2.10/",
    "http:/192.0.2.10/",
    "//192.0.2.10/",
    "192.0.2.10",
    "http://",
    "http://?",
    "http://#192.0.2.10",
    "",
    "file://192.0.2.10/etc/passwd",
    "file:///etc/passwd",
    "ftp://192.0.2.10/",
    "gopher://192.0.2.10/",
    "ldap://192.0.2.10/",
    "data:text/plain,x",
    "javascript:alert(1)",
    "unix:///run/x.sock",
    "jar:http://192.0.2.10!/",
    "httpſ://192.0.2.10/",
    "http\u2024://192.0.2.10/",
    "dict://192.0.2.10:11211/",
]
NEVER = [  # metadata services and link-local addresses in every way to write them, though the settings name them
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "169.254.43518",
    "0xa9.0xfe.0xa9.0xfe",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[::169.254.169.254]",
    "[64:ff9b::169.254.169.254]",
    "[2002:a9fe:a9fe::1]",
    "[2001:0:1:2:3:4:5601:5601]",
    "[fe80::1]",
    "[febf::1]",
    "[fd00:ec2::254]",
    "100.100.100.200",
    "metadata",
    "metadata.google.internal",
    "0.0.0.0",
    "0",
    "[::]",
    "224.0.0.1",
    "[ff02::1]",
    "255.255.255.255",
    "240.0.0.1",
    "169.254.0.1",
]
PRIVATE = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "localhost",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:10.0.0.1]",
    "[fc00::1]",
    "[64:ff9b::10.0.0.1]",
    "[2002:7f00:1::]",
]


def test_there_are_more_than_sixty_of_them() -> None:
    assert len({*TO_OTHERS, *NEVER, *PRIVATE}) >= 100


@pytest.mark.parametrize("address", TO_OTHERS)
def test_an_address_that_is_not_that_of_a_named_host_is_not_called(address: str) -> None:
    with pytest.raises((InvalidInput, NotAllowed)):
        checked_place(address, Outbound([NAMED]))


@pytest.mark.parametrize("host", NEVER)
def test_metadata_services_are_never_called(host: str) -> None:
    with pytest.raises(NotAllowed):
        checked_place(f"http://{host}/", Outbound([host.strip("[]")]))


@pytest.mark.parametrize("host", PRIVATE)
def test_private_addresses_are_called_only_where_that_is_allowed(host: str) -> None:
    with pytest.raises(NotAllowed):
        checked_place(f"http://{host}/", Outbound([host.strip("[]")], private_hosts=False))


@pytest.mark.parametrize("address", ["http://192.0.2.10/", "HTTPS://192.0.2.10", "http://192.0.2.10:80/a?b#c"])
def test_a_named_host_is_called_at_its_address(address: str) -> None:
    assert checked_place(address, Outbound([NAMED])) == (NAMED, NAMED)


def test_the_api_answers_each_of_them(make_service: Callable[..., Service]) -> None:
    service = make_service(FORESTAY_OUTBOUND_HOSTS=NAMED)
    for address in (*TO_OTHERS, *(f"http://{host}/" for host in (*NEVER, *PRIVATE))):
        asked = {"name": "sly", "kind": "netbox", "location": address, "settings": {"token_env": "NB"}}
        answer = service.client.post("/api/v1/sources", json=asked)
        if answer.status_code == 201:  # its host is checked when it is called
            checked = service.client.post("/api/v1/sources/sly/check")
            assert checked.status_code in (403, 422), (address, checked.text)
            service.client.delete("/api/v1/sources/sly")
        else:
            assert (answer.status_code, answer.mimetype) in {(n, "application/problem+json") for n in (403, 422)}, (
                address,
                answer.text,
            )
