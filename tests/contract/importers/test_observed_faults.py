"""The fault table on sources of one answer, which tell of calls seen: Jaeger's dependency list and service-graph metrics.

Who was not called in the window is not gone, so a run ends nothing unless a person says that the answer is complete; then the
deletion guard stands between a broken answer and the ledger. Both are shown for every fault at every request of a run.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from werkzeug import Request, Response

from app.domain.errors import ForestayError
from importers.http.client import Outbound, Patience
from importers.registry import open_source
from tests.contract.importers.faults import FAULTS, Faulty, Subject, said, sync
from tests.servers.prometheus import TOKEN, PrometheusStub

CALLS = [(f"s{n:02}", f"s{n + 1:02}") for n in range(40)]


def jaeger(request: Request) -> Response:
    if request.path != "/api/dependencies" or set(request.args) != {"endTs", "lookback"}:
        return Response('{"data": null, "errors": [{"code": 404, "msg": "no such thing"}]}', 404, content_type="application/json")
    rows = [{"parent": a, "child": b, "callCount": 7} for a, b in CALLS]
    return Response(
        json.dumps({"data": rows, "total": 0, "limit": 0, "offset": 0, "errors": None}), content_type="application/json"
    )


def prometheus() -> PrometheusStub:
    labels = [{"client": a, "server": b, "connection_type": ""} for a, b in CALLS]
    made, last = [(row, "3600") for row in labels], [(row, "1763949000") for row in labels]
    return PrometheusStub({"sum by": made, "max by": last})


def altered(honest: Response, rows: Any, **top: Any) -> Response:
    """The answer with other rows (a function of those it has), and other words beside them."""
    body = json.loads(honest.get_data())
    if isinstance(body["data"], dict):
        body["data"]["result"] = rows(body["data"]["result"])
    else:
        body["data"] = rows(body["data"])
    return Response(json.dumps(body | top), content_type="application/json")


def subject(kind: str) -> Subject:
    stub = jaeger if kind == "callgraph" else prometheus()

    def open_it(url: str, ca_file: str, patience: Patience) -> Any:
        settings = {"ca_file": ca_file} if ca_file else {}
        source = open_source(
            kind, url, settings | ({"token_env": "OBSERVED_TOKEN"} if kind == "servicegraph" else {}), Outbound(["localhost"])
        )
        source.client.patience = patience  # type: ignore[attr-defined]
        return source

    return Subject(
        stub,
        open_it,
        lambda request: request.path,
        lambda request: "",
        lambda request: altered(stub(request), lambda rows: []),
        lambda request, honest: altered(honest, lambda rows: rows[:15]),
        lambda honest: altered(honest, lambda rows: rows, total=7),
        lambda: None,
    )


@pytest.mark.parametrize(
    "complete",
    [pytest.param(False, id="as it is"), pytest.param(True, id="said to be complete", marks=pytest.mark.slow)],
)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", ["callgraph", "servicegraph"])
def test_a_fault_at_every_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, fault: str, complete: bool) -> None:
    monkeypatch.setenv("OBSERVED_TOKEN", TOKEN)
    told = subject(kind)
    honest = Faulty(told, "", 0)
    first = sync(tmp_path, told, honest, True, 1, complete=True)
    assert (first.state, first.created, first.dependencies_added) == ("done", 41, 40)
    before = said(tmp_path)
    assert honest.pages == {"callgraph": 1, "servicegraph": 2}[kind]
    for at in range(1, honest.pages + 1):
        faulty = Faulty(told, fault, at)
        result = sync(tmp_path, told, faulty, True, 1 + at, complete)
        assert faulty.felt, "the fault was not played"
        now, about = said(tmp_path), (fault, at, result)
        assert now[1:] == before[1:], about
        if isinstance(result, ForestayError):
            assert "localhost" in result.message and now == before, about
            assert fault not in ("empty list", "missing last page", "total changed"), about
        elif fault in ("refused", "tls") and at == honest.pages:
            assert result.state in ("unchanged", "done"), about  # the last connection was answered before the fault
        elif fault == "total changed" or (at == 2 and fault in ("empty list", "missing last page")):
            assert result.state in ("unchanged", "done"), about  # the calls are all there
        elif complete and fault != "empty list":  # what is said to be all, and is nothing, is not believed
            assert result.state == "held" and result.held_because, about
        else:
            assert (result.state, result.retired, result.dependencies_retired) == ("unchanged", 0, 0), about
            assert not result.complete, about
    healed = sync(tmp_path, told, Faulty(told, "", 0), True, 9, complete=True)
    assert healed.state in ("unchanged", "done") and said(tmp_path)[1:] == before[1:]
