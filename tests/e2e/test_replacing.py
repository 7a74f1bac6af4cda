"""What is replaced is named by its ETag; what is not named stays; and nobody changes through a side door what only others may
change."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.domain.records import ServiceRecord
from app.usecases.exposures import lay_exposure
from app.usecases.keep import sources as keep
from app.usecases.keep.access import create_key
from tests.e2e.conftest import Service

SHOP = "/api/v1/services/shop"


@pytest.fixture
def shop(service: Service) -> Service:
    service.csv(
        "cmdb",
        cis=[{"key": "shop", "class": "business_service"}, {"key": "db"}],
        dependencies=[{"dependent": "shop", "provider": "db"}],
        services=[{"key": "shop", "customers": 1000, "mtpd_hours": 4}],
    )
    return service


def tag(service: Service, path: str = SHOP) -> str:
    return service.client.get(path).headers["ETag"]


def put(service: Service, body: Any, path: str = SHOP, method: str = "PUT", **headers: str) -> tuple[int, str]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = service.client.open(path, method=method, json=body, headers=named)
    return answer.status_code, answer.get_json().get("code", "")


def test_replacing_needs_the_tag_of_what_is_replaced(shop: Service) -> None:
    known = tag(shop)
    assert put(shop, {"customers": 5}) == (428, "unconditional")
    assert put(shop, {"customers": 5}, If_None_Match="*") == (412, "stale")
    assert put(shop, {"customers": 5}, If_Match='"another.tag"') == (412, "stale")
    assert put(shop, {"customers": 5}, If_Match=known)[0] == 200
    assert put(shop, {"customers": 6}, If_Match=known) == (412, "stale")
    assert shop.get("/services/shop")["service"]["customers"] == 5.0
    assert put(shop, {"customers": 6}, If_Match="*")[0] == 200
    assert put(shop, {"customers": 7}, If_Match=tag(shop, SHOP + "?limit=3"))[0] == 200  # whatever page of it was read
    assert put(shop, {"customers": 8}, "/api/v1/services/db", If_Match="*") == (412, "stale")
    assert put(shop, {"customers": 8}, "/api/v1/services/db", If_None_Match="*")[0] == 200
    assert put(shop, {"customers": 8}, "/api/v1/services/nobody", If_None_Match="*") == (404, "not_found")


def test_a_tag_outlives_what_only_follows_from_the_rest_of_the_estate(shop: Service) -> None:
    known = tag(shop)
    lay_exposure(shop.forestay, ServiceRecord("db", customers=3.0), "another")
    assert tag(shop) != known
    assert put(shop, {"customers": 5}, If_Match=known)[0] == 200


def test_a_part_is_changed_and_the_rest_stays(shop: Service) -> None:
    body = {"customers": 5, "money_per_hour": 10, "currency": "EUR", "impact": {"money": [[0, 0], [2, 9]]}, "rto_hours": 2}
    assert put(shop, body, If_Match="*")[0] == 200
    assert put(shop, {"rto_hours": 3, "money_per_hour": None}, method="PATCH")[0] == 200
    told = shop.get("/services/shop")
    said = told["service"]
    assert (said["customers"], said["rto_hours"], said["money_per_hour"], told["impact"]) == (
        5.0,
        3.0,
        4.5,  # by the curve
        {"money": [[0.0, 0.0], [2.0, 9.0]]},
    )
    assert put(shop, {}, method="PATCH")[0] == 422
    assert put(shop, {"customers": 9}, method="PATCH", If_Match='"old"') == (412, "stale")
    assert put(shop, {"customers": 9}, "/api/v1/services/db", method="PATCH")[0] == 404


def test_both_stores_know_what_is_replaced(on_each_store: Service) -> None:
    service = on_each_store
    service.csv("cmdb", cis=[{"key": "shop"}, {"key": "db"}], services=[{"key": "shop", "customers": 1000, "mtpd_hours": 4}])
    known = tag(service)
    assert put(service, {"customers": 5, "rto_hours": 2, "currency": "EUR"}, If_Match=known)[0] == 200
    assert put(service, {"customers": 6}, If_Match=known) == (412, "stale")
    assert put(service, {"rto_hours": 3}, method="PATCH", If_Match=tag(service))[0] == 200
    said = service.get("/services/shop")["service"]
    assert (said["customers"], said["rto_hours"], said["mtpd_hours"]) == (5.0, 3.0, 4.0)
    assert put(service, {"customers": 8}, "/api/v1/services/db", If_None_Match="*")[0] == 200


def test_nothing_erases_nothing(shop: Service) -> None:
    before = shop.get("/services/shop")
    assert put(shop, {}, If_Match="*")[0] == 422
    assert shop.client.put(SHOP, headers={"If-Match": "*"}).status_code == 422
    assert shop.get("/services/shop") == before


@pytest.mark.parametrize(
    "body",
    [
        {"customers": 1e308},
        {"customers": "1_000"},
        {"customers": "１２"},
        {"customers": True},
        {"customers": " 5"},
        {"customers": "5e"},
        {"customers": -1},
        {"customers": 1e12},
        {"money_per_hour": 1e300},
        {"rto_hours": 1e9},
        {"impact": {"money": [[0, 0], [1, 1e300]]}},
        {"impact": {"money": [[0, 0], [1e300, 1]]}},
        {"mbco_share": 1.5},
        {"customers": "NaN"},
        {"customers": "Infinity"},
        {"customers": [1]},
    ],
)
def test_numbers_that_nobody_means_are_refused(shop: Service, body: Any) -> None:
    assert put(shop, body, If_Match="*")[0] == 422
    assert shop.get("/services/shop")["service"]["customers"] == 1000.0


def test_a_key_twice_is_refused(shop: Service) -> None:
    answer = shop.client.put(
        SHOP, data=b'{"customers": 1, "customers": 2}', content_type="application/json", headers={"If-Match": "*"}
    )
    assert answer.status_code == 400 and "given twice" in answer.get_json()["detail"]


# --- sources


@pytest.fixture
def integrated(make_service: Callable[..., Service]) -> Service:
    service = make_service(FORESTAY_WEB_SIGN_IN="keys")
    keep.add_source(service.forestay.documents, "cmdb", "csv", str(service.folder / "data" / "input" / "estate"))
    keep.add_source(service.forestay.documents, "empty", "json", "")
    return service


def asked(
    service: Service, role: str, method: str, path: str, json: Any = None, data: bytes | None = None, **headers: str
) -> int:
    key, _ = create_key(service.forestay.documents, role, role)
    named = {"Authorization": f"Bearer {key}", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return service.client.open("/api/v1" + path, method=method, json=json, data=data, headers=named).status_code


def test_who_may_only_sync_cannot_make_a_source_read_another_place(integrated: Service) -> None:
    before = keep.get_source(integrated.forestay.documents, "cmdb")
    file = "/sources/cmdb/file?filename=x.xlsx"
    assert asked(integrated, "integrator", "PUT", file, data=b"PK", If_Match="*") == 403
    assert keep.get_source(integrated.forestay.documents, "cmdb") == before
    assert asked(integrated, "admin", "PUT", file, data=b"PK") == 428
    assert asked(integrated, "admin", "PUT", file, data=b"PK", If_Match="*") == 201
    assert re.search(r"/upload-[0-9a-f]{12}\.xlsx$", keep.get_source(integrated.forestay.documents, "cmdb").location)
    assert asked(integrated, "integrator", "PUT", file, data=b"PK2", If_Match="*") == 201  # a newer version of the same file
    assert asked(integrated, "integrator", "PUT", "/sources/cmdb/file?filename=x.json", data=b"{}", If_Match="*") == 403
    assert asked(integrated, "integrator", "PUT", "/sources/empty/file?filename=x.json", data=b"{}", If_Match="*") == 201


def test_a_file_is_not_overwritten_unseen(integrated: Service) -> None:
    key, _ = create_key(integrated.forestay.documents, "a", "admin")
    known = integrated.client.get("/api/v1/sources/empty", headers={"Authorization": f"Bearer {key}"}).headers["ETag"]
    file = "/sources/empty/file?filename=x.json"
    assert asked(integrated, "integrator", "PUT", file, data=b"{}", If_Match=known) == 201
    assert asked(integrated, "integrator", "PUT", file, data=b'{"cis": []}', If_Match=known) == 412
    (left,) = (integrated.folder / "data" / "input" / "empty").iterdir()
    assert left.read_bytes() == b"{}"
    assert asked(integrated, "admin", "PATCH", "/sources/empty", json={"priority": 3}, If_Match=known) == 412


@pytest.mark.parametrize(
    ("role", "body", "status"),
    [
        ("integrator", {}, 202),
        ("integrator", {"approve": True}, 403),
        ("integrator", {"complete": True}, 403),
        ("integrator", {"approve": True, "complete": True, "apply": True}, 403),
        ("admin", {"approve": True, "complete": True}, 202),
    ],
)
def test_who_may_only_sync_passes_no_guard(integrated: Service, role: str, body: Any, status: int) -> None:
    assert asked(integrated, role, "POST", "/sources/cmdb/sync", json=body) == status


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("integrator", 403), ("analyst", 404), ("admin", 404)])
def test_who_may_only_sync_approves_nothing(integrated: Service, role: str, status: int) -> None:
    assert asked(integrated, role, "POST", "/runs/7/approve", json={}) == status


@pytest.mark.parametrize(
    "location", ["x://../../../etc", "file:///etc/passwd", "/etc", "../../etc", "http://host/../../etc", "input/../../x"]
)
def test_a_source_of_files_stays_in_its_folder(integrated: Service, location: str) -> None:
    kinds = ["csv", "json", "archimate"] if location.startswith("http") else ["csv", "json", "callgraph", "archimate"]
    for kind in kinds:  # a call graph may be that of a Jaeger
        assert asked(integrated, "admin", "POST", "/sources", json={"name": "new", "kind": kind, "location": location}) == 422


# --- two editors at once

EDITOR = """
import sys
from pathlib import Path
from app.bootstrap import assemble_service
from app.domain.errors import Conflict, Stale
from app.settings import load_settings
from app.usecases.exposures import change_exposure, exposure_tag, _said
from app.usecases.find import identify
from app.usecases.keep.sources import manual_source
forestay = assemble_service(load_settings(environment={}, data_folder=Path(sys.argv[1])))
store, done = forestay.store, 0
while done < int(sys.argv[2]):
    revision = store.current().revision
    ci = identify(store, revision, "shop").ci_id
    held = exposure_tag(store, revision, ci)
    customers = _said(store, revision, ci, manual_source(forestay.documents).source_id).customers
    def met(tag):
        if tag != held:
            raise Stale("changed")
    try:
        change_exposure(forestay, "shop", {"customers": customers + 1}, "editor", met)
        done += 1
    except Conflict:
        pass
forestay.close()
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_of_two_editors_in_two_processes_no_update_is_lost(shop: Service) -> None:
    rounds = 60
    lay_exposure(shop.forestay, ServiceRecord("shop", customers=0.0), "first")
    editors = [subprocess.Popen([sys.executable, "-c", EDITOR, str(shop.folder / "data"), str(rounds)]) for _ in range(2)]
    assert [editor.wait(240) for editor in editors] == [0, 0]
    assert shop.get("/services/shop")["service"]["customers"] == 2 * rounds


class Overtaken(io.RawIOBase):
    """A body in whose middle somebody else is quicker."""

    def __init__(self, quicker: Callable[[], None]) -> None:
        self._quicker, self._left = quicker, [b"{", b"}"]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            return 0
        if len(self._left) == 1:
            self._quicker()
        buffer[:1] = self._left.pop(0)
        return 1


@pytest.mark.parametrize(("known", "status"), [("*", 409), ("the tag", 412)])
def test_a_long_upload_that_was_overtaken_is_refused_with_what_to_do(service: Service, known: str, status: int) -> None:
    documents = service.forestay.documents
    keep.add_source(documents, "doc", "json", "")
    place = "/api/v1/sources/doc/file?filename=x.json"
    wanted = {"If-Match": known if known == "*" else tag(service, "/api/v1/sources/doc")}

    def quicker() -> None:
        assert service.client.put(place, data=b"[]", headers={"If-Match": "*"}).status_code == 201

    body = {"wsgi.input": Overtaken(quicker), "CONTENT_LENGTH": "2"}
    slow = service.client.put(place, headers=wanted, environ_overrides=body)
    assert slow.status_code == status and ("then send again" in slow.text or "read it again" in slow.text)
    assert Path(keep.get_source(documents, "doc").location).read_bytes() == b"[]"
    assert [entry["action"] for entry in service.get("/audit")["items"]].count("file uploaded") == 1
    assert len(list((service.folder / "data" / "input" / "doc").iterdir())) == 1


def test_a_job_that_has_ended_is_not_cancelled_and_nothing_is_said(service: Service) -> None:
    job = service.post("/assessments", {}, status=202)["job_id"]
    for state in ("cancelled", "cancelled"):
        answer = service.client.delete(f"/api/v1/jobs/{job}")
        assert (answer.status_code, answer.get_json()["state"]) == (200, state)
    assert [entry["action"] for entry in service.get("/audit")["items"]].count("job cancelled") == 1
