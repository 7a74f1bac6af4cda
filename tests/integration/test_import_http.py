"""The guarded client and the two sources that use it, against stubs that follow what the real systems do."""

from __future__ import annotations

import json
import re

import pytest
from werkzeug import Request, Response

from app.domain.completeness import proven
from app.domain.errors import InvalidInput, LimitExceeded, NotAllowed, SourceFailed
from importers.http import client as client_module
from importers.http.client import Client, Outbound
from importers.netbox.source import PATHS
from importers.registry import open_source

TOKEN = "0123456789abcdef0123456789abcdef01234567"


def ref(number, name="n"):
    return {"id": number, "url": "u", "display": name, "name": name, "slug": name}


LISTS = {
    "site": [{"id": 1, "name": "S", "status": {"value": "active", "label": "Active"}}],
    "rack": [{"id": 2, "name": "R", "site": ref(1), "location": None, "status": {"value": "active"}}],
    "device": [
        {
            "id": 3,
            "name": "host",
            "role": ref(1, "server"),
            "rack": ref(2),
            "site": ref(1),
            "cluster": ref(5),
            "serial": "SN1",
            "parent_device": None,
            "virtual_chassis": None,
            "tenant": ref(8, "Initech"),
            "status": {"value": "active"},
        },
        {
            "id": 4,
            "name": None,
            "role": ref(2, "pdu"),
            "rack": ref(2),
            "site": ref(1),
            "cluster": None,
            "serial": "",
            "parent_device": None,
            "virtual_chassis": None,
            "status": {"value": "active"},
        },
    ],
    "cluster": [{"id": 5, "name": "C", "status": {"value": "active"}}],
    "virtualmachine": [
        {"id": n, "name": f"vm{n}", "cluster": ref(5), "device": None, "status": {"value": "active"}} for n in range(10, 17)
    ],
    "poweroutlet": [{"id": 7, "device": ref(4), "power_port": None, "name": "o"}],
    "powerport": [
        {
            "id": 6,
            "device": ref(3),
            "name": "p",
            "connected_endpoints": [ref(7)],
            "connected_endpoints_type": "dcim.poweroutlet",
            "connected_endpoints_reachable": True,
        },
        {
            "id": 8,
            "device": ref(3),
            "name": "dead",
            "connected_endpoints": [ref(7)],
            "connected_endpoints_type": "dcim.poweroutlet",
            "connected_endpoints_reachable": False,
        },
    ],
}


class NetboxStub:
    """Pages by offset and id__gt, ignores parameters it does not know, answers 403 without a token, HTML on a wrong path."""

    def __init__(self, hidden: int = 0, knows_id_gt: bool = True) -> None:
        self.lists = {path: LISTS.get(name, []) for name, path in PATHS.items()}
        self.hidden, self.knows_id_gt, self.failures = hidden, knows_id_gt, 1

    def __call__(self, request: Request) -> Response:
        if request.headers.get("Authorization") != f"Token {TOKEN}":
            return Response('{"detail": "Invalid token"}', 403, content_type="application/json")
        path = request.path.removeprefix("/api/").strip("/")
        if path == "status":
            return Response('{"netbox-version": "4.4.10"}', content_type="application/json")
        if path not in self.lists or not request.path.endswith("/"):
            return Response("<html>not found</html>", 404)
        if self.failures:
            self.failures -= 1
            return Response("slow down", 429, {"Retry-After": "0"})
        rows = self.lists[path]
        if self.knows_id_gt:
            rows = [row for row in rows if row["id"] > int(request.args.get("id__gt", 0))]
        size = min(int(request.args.get("limit", 50)) or 1000, 1000, 3)
        body = {"count": len(rows) + self.hidden, "next": None, "previous": None, "results": rows[:size]}
        return Response(json.dumps(body), content_type="application/json")


def netbox(httpserver, monkeypatch, stub, token=TOKEN):
    monkeypatch.setenv("NETBOX_TOKEN", token)
    httpserver.expect_request(re.compile(".*")).respond_with_handler(stub)
    return open_source("netbox", httpserver.url_for("/"), {}, Outbound([f"{httpserver.host}:{httpserver.port}"]))


def test_netbox_over_rest(httpserver, monkeypatch):
    source = netbox(httpserver, monkeypatch, NetboxStub())
    assert source.check() == ["NetBox 4.4.10"]
    found = source.read()
    assert proven(found.evidence(), False)[0]
    assert {row.source_key for row in found.ci_records} >= {"device:3", "device:4", "powerport:6", "virtualmachine:16"}
    assert "powerport:8" not in {row.source_key for row in found.ci_records}
    pairs = {(row.dependent, row.provider) for row in found.dependency_records}
    assert {("device:3", "powerport:6"), ("powerport:6", "device:4"), ("cluster:5", "device:3"), ("device:3", "rack:2")} <= pairs
    assert ("device:4", "device:3") not in pairs
    device = next(row for row in found.ci_records if row.source_key == "device:3")
    assert (device.ci_class, device.identifiers, device.site, device.attributes) == (
        "server",
        (("serial", "SN1"),),
        "S",
        {"tenant": "Initech"},
    )


def test_netbox_rows_hidden_by_permissions_are_not_complete(httpserver, monkeypatch):
    found = netbox(httpserver, monkeypatch, NetboxStub(hidden=1)).read()
    assert proven(found.evidence(), True)[0] is False


def test_netbox_that_ignores_the_filter_is_noticed(httpserver, monkeypatch):
    with pytest.raises(SourceFailed, match="id__gt"):
        netbox(httpserver, monkeypatch, NetboxStub(knows_id_gt=False)).read()


def test_netbox_refuses_the_token(httpserver, monkeypatch):
    with pytest.raises(NotAllowed):
        netbox(httpserver, monkeypatch, NetboxStub(), token="x" * 40).read()


def test_jaeger_dependencies(httpserver):
    rows = [{"parent": "frontend", "child": "checkout", "callCount": 3}]
    httpserver.expect_request("/api/dependencies").respond_with_json({"data": rows, "total": 0, "errors": None})
    source = open_source("callgraph", httpserver.url_for("/"), {}, Outbound([httpserver.host]))
    assert [(row.dependent, row.provider) for row in source.read().dependency_records] == [
        ("service:frontend", "service:checkout")
    ]


def make(httpserver, hosts=None, **options):
    return Client(httpserver.url_for("/"), Outbound(hosts or [httpserver.host], **options))


def test_only_named_hosts_are_called(httpserver):
    with pytest.raises(NotAllowed, match="not among the hosts"):
        make(httpserver, hosts=["other.example"])
    with pytest.raises(NotAllowed, match="private"):
        make(httpserver, private_hosts=False)
    for address in ("http://169.254.169.254/", "http://metadata.google.internal/", "http://[fe80::1]/", "http://0.0.0.0/"):
        with pytest.raises(NotAllowed):
            Client(address, Outbound(["169.254.169.254", "metadata.google.internal", "fe80::1", "0.0.0.0"]))
    for address in ("ftp://localhost/", "http://user@localhost/", "nonsense"):
        with pytest.raises(InvalidInput):
            Client(address, Outbound(["localhost"]))


def test_redirects_are_not_followed(httpserver):
    httpserver.expect_request("/a").respond_with_data("", 302, {"Location": httpserver.url_for("/b")})
    with pytest.raises(SourceFailed, match="302"):
        make(httpserver).get_json("a")


def test_a_link_to_another_host_is_not_followed(httpserver):
    with pytest.raises(SourceFailed, match="another host"):
        make(httpserver).get_json("http://other.example/api/")


def test_environment_proxies_and_large_answers(httpserver, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    httpserver.expect_request("/a").respond_with_data("[1, 2, 3]")
    assert make(httpserver).get_json("a") == [1, 2, 3]
    monkeypatch.setattr(client_module, "ANSWER_BYTES", 5)
    with pytest.raises(LimitExceeded):
        make(httpserver).get_json("a")


def test_what_is_not_json(httpserver):
    httpserver.expect_request("/a").respond_with_data("<html>")
    with pytest.raises(SourceFailed, match="web page instead of JSON"):
        make(httpserver).get_json("a")
