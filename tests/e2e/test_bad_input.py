"""Bad input through the public ways in: a clear error or a counted refusal, and the revision before stands untouched."""

from __future__ import annotations

import http.client
import json
import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from waitress.server import create_server

from app.domain.nouns import NOUNS, OPEN_NEED
from app.jobs.runner import run_one
from app.usecases.answers.area_order import AreasAsked
from app.usecases.uploads import UPLOADED
from tests.e2e.conftest import Service

CIS = "key,name,class,failures_per_year\nshop,Shop,business_service,\ndb,Main DB,database,2\nweb,Web,server,0.5\n"
NEEDS = "dependent,provider\nshop,db\nshop,web\n"
SERVICES = "key,customers\nshop,1000\n"
MANIFEST = "file,rows\ncis,3\ndependencies,2\nservices,1\n"


def written(service: Service, **sheets: str | bytes) -> Path:
    folder = service.folder / "input" / "csv"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, text in sheets.items():
        (folder / f"{name}.csv").write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


@pytest.fixture
def shop(service: Service) -> Service:
    return filled(service)


def filled(service: Service) -> Service:
    service.cli_json("import", "csv", str(written(service, cis=CIS, dependencies=NEEDS, services=SERVICES)), "--complete")
    return service


def state(service: Service, whole: bool = False) -> Any:
    """What must not move: the areas as answered, every CI, and the ledger's own digest of each noun. Not `whole`: but for what
    marks that something was not read."""
    revision = service.get("/health")["revision"]
    areas = service.get("/areas", limit=500)
    del areas["stamp"]["sources"]
    store = service.forestay.store
    nouns = [noun for noun in NOUNS if whole or noun != OPEN_NEED.name]
    if not whole:
        marked = ("open_needs", "reason")
        areas = [{name: value for name, value in row.items() if name not in marked} for row in areas["items"]]
    digests = [store.digest(0, revision, noun) for noun in nouns]
    return areas, service.get("/cis")["items"], revision if whole else None, digests


@contextmanager
def untouched(service: Service, whole: bool = False) -> Iterator[None]:
    before = state(service, whole)
    yield
    assert state(service, whole) == before


def refused(service: Service, kind: str, place: Path, sentence: str) -> None:
    """The import fails with this sentence, which the run, health and doctor repeat; nothing moves."""
    with untouched(service, whole=True):
        result = service.cli("import", kind, str(place))
    assert (result.exit_code, result.stdout) == (1, "")
    assert sentence in result.stderr
    assert "Traceback" not in result.output
    newest = service.get("/runs", limit=1)["items"][0]
    assert (newest["source"], newest["state"]) == (kind, "failed")
    assert sentence in newest["error"]
    health = service.get("/health")
    assert health["status"] == "attention"
    assert {row["name"]: row["state"] for row in health["sources"]}[kind] == "failed"
    findings = service.cli_json("doctor")
    assert any(kind in row["what"] and sentence in row["what"] for row in findings)


def report_of(service: Service, *options: str, **sheets: str | bytes) -> Any:
    result = service.cli("import", "csv", str(written(service, **sheets)), *options, "--json")
    report = json.loads(result.stdout)
    assert result.exit_code == (1 if report["state"] == "partial" else 0), result.output
    assert (report["state"] == "partial") == bool(report["incomplete"])
    return report


def rejections(report: Any) -> list[tuple[str, str, str, str]]:
    assert all(
        c["read"] == c["stored"] + c["unchanged"] + sum(c["ignored"].values()) + c["duplicate"] + c["rejected"]
        for c in report["counts"].values()
    )
    assert all(row["advice"] for row in report["rejected"])
    return [(row["where"], row["key"], row["field"], row["reason"]) for row in report["rejected"]]


# --- cut files


def test_a_file_cut_inside_a_line_refuses_that_line_and_is_not_complete(shop: Service) -> None:
    with untouched(shop):
        report = report_of(shop, "--complete", cis=CIS[: CIS.index("server,0.5") + 3], dependencies=NEEDS, services=SERVICES)
    assert rejections(report) == [("cis.csv line 4", "web", "row", "has 3 cells, the header 4")]
    assert (report["complete"], report["retired"]) == (False, 0)
    assert report["proof"] == "cis: the end was not reached after 3 rows"


def test_a_file_cut_at_a_lines_end_is_not_complete_by_its_manifest(shop: Service) -> None:
    cut = CIS[: CIS.index("web,")]
    with untouched(shop):
        report = report_of(shop, "--complete", cis=cut, dependencies=NEEDS, services=SERVICES, manifest=MANIFEST)
    assert (report["complete"], report["retired"], report["proof"]) == (False, 0, "cis: 2 rows read, 3 expected")


def test_a_checksum_that_differs_is_not_complete(shop: Service) -> None:
    manifest = f"file,rows,sha256\ncis,3,{'0' * 64}\ndependencies,2,\nservices,1,\n"
    with untouched(shop):
        report = report_of(shop, cis=CIS, dependencies=NEEDS, services=SERVICES, manifest=manifest)
    assert (report["complete"], report["proof"]) == (False, "cis: the checksum differs from the manifest's")


def test_without_a_manifest_and_a_word_nothing_is_retired(shop: Service) -> None:
    with untouched(shop):
        report = report_of(shop, cis=CIS[: CIS.index("web,")], dependencies=NEEDS, services=SERVICES)
    assert (report["complete"], report["retired"]) == (False, 0)
    assert report["proof"] == "no manifest, and nobody said it is complete: adds and updates only"


# --- files that are not what they should be


@pytest.mark.parametrize(
    ("cis", "sentence"),
    [
        (CIS.replace("Main", "M\x81in").encode("latin-1"), "cis.csv is not text in utf-8-sig or windows-1252"),
        (CIS.encode("utf-16"), "cis.csv is UTF-16: save it as UTF-8"),
        ("name,class\nx,server\n", "cis.csv: the header misses key; it has name, class"),
        ("key,key\nx,y\n", "cis.csv: the header names key twice"),
        ("", "cis.csv: the header misses key; it has nothing"),
    ],
    ids=["encoding", "utf-16", "no key", "key twice", "empty"],
)
def test_a_sheet_that_cannot_be_read(shop: Service, cis: str | bytes, sentence: str) -> None:
    refused(shop, "csv", written(shop, cis=cis, dependencies=NEEDS, services=SERVICES), sentence)


def test_an_empty_folder_and_a_place_that_is_not_there(shop: Service) -> None:
    refused(shop, "csv", written(shop), "holds none of cis.csv, dependencies.csv")
    refused(shop, "json", shop.folder / "nowhere.json", "nowhere.json cannot be read: No such file or directory")


def test_sheets_without_rows_give_nothing_and_say_so(shop: Service) -> None:
    with untouched(shop):
        report = report_of(shop, "--complete", cis="key,name\n", dependencies="dependent,provider\n")
    assert (report["state"], report["complete"], report["proof"]) == ("unchanged", False, "nothing was read")
    assert report["warnings"] == ["0 records: the sheets cis, dependencies hold no rows below their headers"]
    with untouched(shop):
        (shop.folder / "empty.json").write_text("{}")
        printed = shop.cli("import", "json", str(shop.folder / "empty.json"), "--complete").output
    assert "0 records: the input holds none" in printed


# --- bad rows among good ones


@pytest.mark.parametrize(
    ("row", "sheet", "rejection"),
    [
        ("db,Other,server,7", "cis", ("db", "key", "was given before in this run with other content; the first one counts")),
        (",X,server,1", "cis", ("", "key", "is empty")),
        ("shop,nobody", "dependencies", ("shop -> nobody", "provider", "no CI answers to 'nobody'")),
        ("nobody,db", "dependencies", ("nobody -> db", "dependent", "no CI answers to 'nobody'")),
        ("nobody,5", "services", ("nobody", "key", "no CI answers to 'nobody'")),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else "",
)
def test_a_bad_row_is_refused_by_its_line_and_the_rest_stands(
    shop: Service, row: str, sheet: str, rejection: tuple[str, str, str]
) -> None:
    sheets = {"cis": CIS, "dependencies": NEEDS, "services": SERVICES}
    line = sheets[sheet].count("\n") + 1
    with untouched(shop):
        report = report_of(shop, "--complete", **{**sheets, sheet: sheets[sheet] + row + "\n"})
    assert rejections(report) == [(f"{sheet}.csv line {line}", *rejection)]
    page = shop.get(f"/runs/{report['run_id']}/rejected")
    assert (page["total"], [row["where"] for row in page["items"]]) == (1, [f"{sheet}.csv line {line}"])


@pytest.mark.parametrize(
    ("row", "sheet", "lost"),
    [
        ("x,X,server,NaN", "cis", ("x", "failures_per_year", "'NaN' is not a finite number")),
        ("x,X,server,inf", "cis", ("x", "failures_per_year", "'inf' is not a finite number")),
        ("x,X,server,1" + "0" * 400, "cis", ("x", "failures_per_year", f"'1{'0' * 39}' is not a finite number")),
        ("x,X,server,-1", "cis", ("x", "failures_per_year", "-1.0 is not between 0 and 1e+09")),
        ("x,X,server,many", "cis", ("x", "failures_per_year", "'many' is not a number")),
        ("web,nan", "services", ("web", "customers", "'nan' is not a finite number")),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else "",
)
def test_a_bad_cell_costs_the_cell_and_is_named(shop: Service, row: str, sheet: str, lost: tuple[str, str, str]) -> None:
    sheets = {"cis": CIS, "dependencies": NEEDS, "services": SERVICES}
    line = sheets[sheet].count("\n") + 1
    report = report_of(shop, "--complete", **{**sheets, sheet: sheets[sheet] + row + "\n"})
    assert rejections(report) == [(f"{sheet}.csv line {line}", *lost)]
    kind = "ci" if sheet == "cis" else "service"
    assert (report["counts"][kind]["rejected"], report["counts"][kind]["cells_lost"]) == (0, 1)
    assert shop.get(f"/cis/{lost[0]}")["open_needs_total"] == 1  # the value is unknown, and that is said


def test_every_one_of_many_refused_records_can_be_read(shop: Service) -> None:
    """Of the newest run of a source all, of earlier ones the first 1,000."""
    many = "".join(f"bad{n},Bad {n},server\n" for n in range(1_730))
    with untouched(shop):
        report = report_of(shop, cis=CIS + many, dependencies=NEEDS, services=SERVICES)
    assert (report["counts"]["ci"]["rejected"], len(report["rejected"])) == (1_730, 1_000)

    def read(run_id: str) -> tuple[list[str], bool]:
        found: list[str] = []
        after = {}
        while True:
            page = shop.get(f"/runs/{run_id}/rejected", limit=300, **after)
            assert page["total"] == 1_730
            found += [row["key"] for row in page["items"]]
            if page["next"] is None:
                return found, page["truncated"]
            after = {"after": page["next"]}

    every = [f"bad{n}" for n in range(1_730)]
    assert read(report["run_id"]) == (every, False)
    shown = shop.cli_json("runs", "refused", str(int(report["run_id"])), "--offset", "990", "--limit", "700")
    assert [row["key"] for row in shown] == every[990:1_690]
    later = report_of(shop, cis=CIS + many, dependencies=NEEDS, services=SERVICES)
    assert read(later["run_id"]) == (every, False)
    assert read(report["run_id"]) == (every[:1_000], True)
    report_of(shop, cis=CIS, dependencies=NEEDS, services=SERVICES)
    assert read(later["run_id"]) == (every[:1_000], True)


def test_a_cell_of_a_known_record_that_turns_bad_is_unknown_and_marked(shop: Service) -> None:
    report = report_of(shop, "--complete", cis=CIS.replace("database,2", "database,NaN"), dependencies=NEEDS, services=SERVICES)
    assert rejections(report) == [("cis.csv line 3", "db", "failures_per_year", "'NaN' is not a finite number")]
    rate = shop.get("/cis/db")["values"][0]
    assert (rate["name"], rate["origin"]) == ("failures_per_year", "assumed")
    assert [row["open_needs"] for row in shop.get("/services")["items"]] == [1]


def test_a_known_record_that_is_refused_keeps_what_was_known(shop: Service) -> None:
    with untouched(shop):
        report = report_of(shop, "--complete", cis=CIS.replace("database,2", "database"), dependencies=NEEDS, services=SERVICES)
    assert rejections(report) == [("cis.csv line 3", "db", "row", "has 3 cells, the header 4")]
    assert [row["open_needs"] for row in shop.get("/services")["items"]] == [1]


def test_self_dependencies_are_counted_and_cycles_are_computed(shop: Service) -> None:
    with untouched(shop):
        report = report_of(shop, "--complete", cis=CIS, dependencies=NEEDS + "db,db\n", services=SERVICES)
    count = report["counts"]["dependency"]
    assert (count["read"], count["unchanged"], sum(count["ignored"].values())) == (3, 2, 1)
    assert "itself" in next(iter(count["ignored"])) or "self" in next(iter(count["ignored"]))
    report_of(shop, "--complete", cis=CIS, dependencies=NEEDS + "db,web\nweb,db\n", services=SERVICES)
    assert shop.failed("web") == shop.failed("db") == {"Shop", "Main DB", "Web"}


# --- XML and JSON that want to do harm

BOMB = '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol0 "lol">{}]><model><elements>&lol9;</elements></model>'.format(
    "".join(f'<!ENTITY lol{n} "{f"&lol{n - 1};" * 10}">' for n in range(1, 10))
)
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]><model><elements>&x;</elements></model>'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (BOMB, "model.xml is not a safe XML file"),
        (OUTSIDE, "model.xml is not a safe XML file"),
        ("<model>" + "<a>" * 5000 + "</a>" * 5000 + "</model>", "model.xml is nested deeper than 32"),
        ("<html/>", "model.xml is no ArchiMate exchange file: its root is html"),
        ("<model><elements>", "model.xml is not a safe XML file: ParseError"),
    ],
    ids=["billion laughs", "external entity", "deep", "another root", "cut"],
)
def test_an_archimate_file_that_is_refused(shop: Service, text: str, sentence: str) -> None:
    (shop.folder / "model.xml").write_text(text)
    refused(shop, "archimate", shop.folder / "model.xml", sentence)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"cis": [{"key": "a", "failures_per_year": NaN}]}', "estate.json is not strict JSON: NaN is not a JSON number"),
        ('{"cis": [{"key": "a", "failures_per_year": -Infinity}]}', "-Infinity is not a JSON number"),
        ('{"cis": [], "cis": []}', "estate.json is not strict JSON: the key 'cis' is given twice"),
        ('{"cis": [{"key": "a", "key": "b"}]}', "estate.json is not strict JSON: the key 'key' is given twice"),
        ("[" * 10_000 + "]" * 10_000, "estate.json is nested deeper than 64"),
        ('{"cis": [{"key": "a", "attributes": {"x": ' + "[" * 10_000 + "]" * 10_000 + "}}]}", "is nested deeper than 64"),
        ('{"cis": [{"key": "a"}, {"ke', "estate.json is not strict JSON: Unterminated string"),
        ("", "estate.json is not strict JSON"),
        ("[]", "estate.json: Expected `object`, got `array`"),
    ],
    ids=["NaN", "Infinity", "twice", "twice inside", "deep", "deep inside", "cut", "empty", "a list"],
)
def test_a_json_document_that_is_refused(shop: Service, text: str, sentence: str) -> None:
    (shop.folder / "estate.json").write_text(text)
    refused(shop, "json", shop.folder / "estate.json", sentence)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"key": "a", "colour": 1}', "Object contains unknown field `colour`"),
        ('{"key": 7}', "Expected `str`, got `int` - at `$.key`"),
    ],
    ids=["unknown field", "a key that is none"],
)
def test_a_json_record_is_refused_by_its_position(shop: Service, text: str, reason: str) -> None:
    (shop.folder / "estate.json").write_text('{"cis": [' + text + "]}")
    with untouched(shop):
        report = shop.cli_json("import", "json", str(shop.folder / "estate.json"), "--complete")
    assert [(where, field, said) for where, _, field, said in rejections(report)] == [("estate.json cis[0]", "record", reason)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"key": "a", "failures_per_year": 1e400}', "Number out of range - at `$.failures_per_year`"),
        ('{"key": "a", "failures_per_year": 1' + "0" * 400 + "}", "Number out of range - at `$.failures_per_year`"),
        ('{"key": "a", "failures_per_year": "2"}', "Expected `float | null`, got `str` - at `$.failures_per_year`"),
    ],
    ids=["1e400", "10^400", "a text"],
)
def test_a_json_cell_costs_the_cell(shop: Service, text: str, reason: str) -> None:
    (shop.folder / "estate.json").write_text('{"cis": [' + text + "]}")
    report = shop.cli_json("import", "json", str(shop.folder / "estate.json"), "--complete")
    assert rejections(report) == [("estate.json cis[0]", "a", "record", reason)]
    assert shop.get("/cis/a")["open_needs_total"] == 1


# --- uploads and request bodies


@contextmanager
def served(service: Service) -> Iterator[int]:
    """The real server on a free port, as `forestay serve` starts it."""
    web = service.forestay.settings.web
    largest = max(web.request_bytes, web.upload_bytes) + 1
    server = create_server(
        service.client.application, host="127.0.0.1", port=0, max_request_body_size=largest, asyncore_use_poll=True
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server.effective_port
    finally:
        server.trigger.pull_trigger(server.close)
        thread.join(5)
        assert not thread.is_alive()


def sent(
    port: int, method: str, path: str, body: Any, chunked: bool = False, kind: str = "application/json"
) -> tuple[int, str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(
            method,
            path,
            body=iter([body]) if chunked else body,
            headers={"Content-Type": kind, "If-Match": "*"},
            encode_chunked=chunked,
        )
        answer = connection.getresponse()
        text = answer.read()
        mime = answer.getheader("Content-Type", "")
        return answer.status, mime, json.loads(text) if "json" in mime else text.decode()
    finally:
        connection.close()


def uploadable(make_service: Callable[..., Service], **environment: str) -> Service:
    service = filled(make_service(**environment))
    service.post(
        "/sources", {"name": "doc", "kind": "json", "location": str(service.folder / "data" / "input" / "doc" / "x.json")}
    )
    return service


@pytest.mark.parametrize("chunked", [False, True])
def test_an_upload_over_its_limit_is_refused_and_leaves_nothing(make_service: Callable[..., Service], chunked: bool) -> None:
    service = uploadable(make_service, FORESTAY_WEB_UPLOAD_BYTES="1000", FORESTAY_WEB_REQUEST_BYTES="100000")
    place = "/api/v1/sources/doc/file?filename=estate.json"
    headers = {} if not chunked else {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    with untouched(service):
        direct = service.client.put(place, data=b" " * 1001, headers={"If-Match": "*"}, environ_overrides=headers)
        assert (direct.status_code, direct.mimetype) == (413, "application/problem+json")
        with served(service) as port:
            status, mime, problem = sent(port, "PUT", place, b" " * 1001, chunked)
            assert (status, mime) == (413, "application/problem+json")
            assert problem["code"] == "limit_exceeded" and problem["detail"] == "the file is larger than 1,000 bytes"
            fits = json.dumps({"cis": [{"key": "late"}]}).encode().ljust(1000)
            status, _, made = sent(port, "PUT", place, fits, chunked)
            assert (status, made["bytes"]) == (201, 1000)
        left = sorted(path.name for path in (service.folder / "data" / "input" / "doc").iterdir())
        assert len(left) == 1 and UPLOADED.fullmatch(left[0])
    service.post("/sources/doc/sync", {"apply": True}, status=202)
    assert run_one(service.forestay)
    assert service.get("/cis/late")["name"] == "late"


def test_an_upload_with_another_ending_or_that_is_cut_is_refused(make_service: Callable[..., Service]) -> None:
    service = uploadable(make_service)
    for name in ("estate.exe", "estate", "", "../../estate.json/.."):
        answer = service.client.put(
            "/api/v1/sources/doc/file", query_string={"filename": name}, data=b"{}", headers={"If-Match": "*"}
        )
        assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert (
        service.client.put("/api/v1/sources/nobody/file?filename=a.json", data=b"{}", headers={"If-Match": "*"}).status_code
        == 404
    )
    answer = service.client.put(
        "/api/v1/sources/doc/file?filename=..%2F..%2Fa.json", data=b'{"cis": [', headers={"If-Match": "*"}
    )
    assert answer.status_code == 201
    place = Path(answer.get_json()["location"])
    assert place.parent == service.folder / "data" / "input" / "doc" and UPLOADED.fullmatch(place.name)
    with untouched(service):
        job = service.post("/sources/doc/sync", {"complete": True}, status=202)
        assert run_one(service.forestay)
    job = service.get(f"/jobs/{job['job_id']}")
    assert (job["state"], job["error"]) == (
        "failed",
        f"{place.name} is not strict JSON: Expecting value: line 1 column 10 (char 9)",
    )
    assert service.get("/health")["status"] == "attention"


def test_a_body_over_the_limit_and_bodies_that_are_not_json(make_service: Callable[..., Service]) -> None:
    service = filled(make_service(FORESTAY_WEB_REQUEST_BYTES="2000", FORESTAY_WEB_UPLOAD_BYTES="100000"))
    deep = b'{"settings": ' + b"[" * 900 + b"]" * 900 + b', "name": "x", "kind": "json"}'
    with untouched(service), served(service) as port:
        for path in ("/api/v1/simulations", "/api/v1/sources"):
            for chunked in (False, True):
                status, mime, problem = sent(port, "POST", path, b'{"cis": ["' + b"x" * 3000 + b'"]}', chunked)
                assert (status, mime, problem["status"]) == (413, "application/problem+json", 413)
            for body in (b"{", b"\xff\xfe", b'{"cis": [NaN', b"[" * 1900, deep):
                status, mime, problem = sent(port, "POST", path, body)
                assert status in (400, 413, 422) and mime == "application/problem+json", (path, body[:20])
        for number in (b"NaN", b"-Infinity", b"1e999"):
            body = b'{"cis": ["shop"], "duration_hours": ' + number + b"}"
            status, mime, problem = sent(port, "POST", "/api/v1/simulations", body)
            assert (status, mime) == (400, "application/problem+json")
            assert problem["detail"] == f"the body is not strict JSON: {number.decode()} is not a JSON number"
        for body in (
            b'{"cis": ["shop"], "duration_hours": -1}',
            b'{"cis": ["shop"], "duration_hours": "8h"}',
            b"[]",
            b"1",
            b"null",
        ):
            assert sent(port, "POST", "/api/v1/simulations", body)[0] == 422, body
        status, mime, problem = sent(port, "POST", "/api/v1/simulations", b'{"cis": ["shop"]}', kind="text/plain")
        assert (status, mime) == (415, "application/problem+json")


def test_numbers_json_does_not_have_never_reach_the_settings_of_a_source(shop: Service) -> None:
    for wrong in (b"NaN", b"1e999", rb'"\ud800"'):
        body = b'{"name": "x", "kind": "csv", "location": "", "settings": {"columns": {"cis": {"a": ' + wrong + b"}}}}"
        answer = shop.client.post("/api/v1/sources", data=body, content_type="application/json")
        assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert [row["name"] for row in shop.get("/sources")["items"]] == ["csv"]


def test_json_nested_ten_thousand_deep_is_refused(shop: Service) -> None:
    body = b'{"name": "x", "kind": "json", "location": "", "settings": {"a": ' + b"[" * 10_000 + b"]" * 10_000 + b"}}"
    with untouched(shop):
        for path in ("/api/v1/sources", "/api/v1/simulations", "/api/v1/assessments"):
            answer = shop.client.post(path, data=body, content_type="application/json")
            assert answer.status_code in (400, 413, 422), (path, answer.status_code)
            assert answer.mimetype == "application/problem+json"


# --- questions that make no sense


def cursor(**parts: Any) -> str:
    return urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


PAGED = {
    "/areas": {"revision": 1, "kind": "ci", "offset": 0, "locations": None, "asked": AreasAsked().tag},
    "/services": {"revision": 1, "service_offset": 0, "locations": None},
    "/services/shop": {"revision": 1, "service": "shop", "point_offset": 0, "locations": None},
    "/cis": {"revision": 1, "ci": 0},
    "/cis/db/blast-radius": {"revision": 1, "offset": 0, "cis": "db"},
    "/revisions": {"revision": 1},
    "/revisions/1/changes": {"offset": 0},
}


@pytest.mark.parametrize("path", PAGED)
def test_malformed_cursors(shop: Service, path: str) -> None:
    good = PAGED[path]
    shop.get(path, after=cursor(**good))
    bad = ["x", "????", "e30", "bnVsbA", "é", urlsafe_b64encode(b"[" * 5000).decode(), cursor(other=1), cursor(**good, more=1)]
    for name, wrong in ((name, wrong) for name in good for wrong in ("text", -1, 1.5, None, [], {}, 10**30, True, "\x00")):
        if (name, wrong) in (("locations", None), ("locations", True)):
            continue
        if isinstance(wrong, str) and isinstance(good[name], str):
            continue
        bad.append(cursor(**{**good, name: wrong}))
    for text in bad:
        problem = shop.get(path, after=text, status=422)
        assert problem["code"] in ("invalid_input", "unprocessable_entity") and problem["detail"], text


@pytest.mark.parametrize(
    "path", ["/areas", "/services", "/cis", "/cis/db", "/cis/db/blast-radius", "/area?name=db", "/impact?id=db"]
)
def test_bad_dates_and_revisions(shop: Service, path: str) -> None:
    joint = "&" if "?" in path else "?"
    for text in (
        "as_of=yesterday",
        "as_of=2026-13-01T00:00:00Z",
        "as_of=2026-11-01T00:00:00",
        "as_of=",
        "revision=-1",
        "revision=x",
        "revision=1.5",
        "revision=" + "9" * 40,
        "revision=1&as_of=2026-11-01T00:00:00Z",
    ):
        answer = shop.client.get(f"/api/v1{path}{joint}{text}")
        assert (answer.status_code, answer.mimetype) == (422, "application/problem+json"), (text, answer.text)
    answer = shop.client.get(f"/api/v1{path}{joint}revision=99")
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")


@pytest.mark.parametrize("path", ["/", "/services", "/ci?key=db", "/search?q=db", "/area?name=db"])
def test_bad_dates_on_pages_are_pages(shop: Service, path: str) -> None:
    joint = "&" if "?" in path else "?"
    for text, status in (("as_of=yesterday", 422), ("as_of=2026-11-01T10:00", 422), ("revision=x", 422), ("revision=99", 404),
                         ("revision=²", 422), ("revision=" + "9" * 40, 422), ("revision=1&as_of=2026-11-01", 422)):  # fmt: skip
        answer = shop.client.get(f"{path}{joint}{text}")
        assert (answer.status_code, answer.mimetype) == (status, "text/html"), (text, answer.text[-500:])
        assert "<h1>" in answer.text


@pytest.mark.parametrize(
    ("kind", "location", "settings", "field"),
    [
        ("csv", "/etc", {}, "location"),
        ("servicenow", "http://localhost/", {"user": "x", "password_env": "FORESTAY_STORE_PASSWORD"}, "password_env"),
        ("servicenow", "http://localhost/", {"user": "x", "password_env": "SN", "ca_file": "/etc/passwd"}, "ca_file"),
        ("servicenow", "http://localhost/", {"user": "x", "password_env": "SN", "mapping": "/etc/passwd"}, "mapping"),
        ("netbox", "http://localhost/", {"token_env": "forestay_web_session_secret"}, "token_env"),
    ],
)
def test_the_api_reaches_no_file_and_no_secret_of_the_service_itself(
    shop: Service, kind: str, location: str, settings: dict[str, str], field: str
) -> None:
    answer = shop.client.post("/api/v1/sources", json={"name": "sly", "kind": kind, "location": location, "settings": settings})
    assert answer.status_code == 422 and field in answer.get_json()["detail"], answer.text
