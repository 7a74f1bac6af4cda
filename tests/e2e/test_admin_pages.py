"""The pages of the administrator: keys made, rotated and revoked without a script; the trail filtered, paged and verified."""

from __future__ import annotations

import re
from collections.abc import Callable

from app.jobs.runner import run_one
from app.usecases.keep import access, audit
from tests.e2e.conftest import Service


def test_a_key_is_made_shown_once_rotated_and_revoked(service: Service) -> None:
    documents = service.forestay.documents
    assert "No key yet" in service.page("/admin/keys")
    made = service.client.post("/admin/keys", data={"name": "Anna <b>", "role": "operator", "days": "30"})
    assert made.status_code == 201 and made.headers["Cache-Control"] == "no-store"
    secret = re.findall(r'id="secret">(fsy_\w{8}_[\w-]+)<', made.text)[0]
    assert access.caller_of(documents, secret).role == "operator"
    listed = service.page("/admin/keys")
    assert secret not in listed and "Anna &lt;b&gt;" in listed and "operator" in listed
    prefix = secret.split("_")[1]
    sure = service.page(f"/admin/keys/{prefix}/rotate")
    assert "stays good for" in sure
    rotated = service.client.post(f"/admin/keys/{prefix}/rotate", data={"overlap_hours": "2"})
    later = re.findall(r'id="secret">(fsy_\w{8}_[\w-]+)<', rotated.text)[0]
    assert access.caller_of(documents, secret).name == access.caller_of(documents, later).name == "Anna <b>"
    assert "at once and for good" in service.page(f"/admin/keys/{prefix}/revoke")
    assert access.caller_of(documents, secret), "looking does nothing"
    gone = service.client.post(f"/admin/keys/{prefix}/revoke")
    assert (gone.status_code, gone.headers["Location"]) == (303, "/admin/keys")
    assert "revoked" in service.page("/admin/keys")
    assert service.client.get("/api/v1/areas", headers={"Authorization": f"Bearer {secret}"}).status_code in (200, 401)
    actions = [row["action"] for row in service.get("/audit")["items"]]
    assert actions[:3] == ["key revoked", "key rotated", "key created"]


def test_what_cannot_be_made_is_said_beside_the_form(service: Service) -> None:
    for given, says in (
        ({"name": "x", "role": "boss"}, "role"),
        ({"name": " ", "role": "viewer"}, "needs a name"),
        ({"name": "x", "role": "admin", "scope": "site=Berlin"}, "Berlin"),
        ({"name": "x", "role": "viewer", "days": "soon"}, "days is a number"),
    ):
        answer = service.client.post("/admin/keys", data=given)
        assert answer.status_code == 422 and says in answer.text and "Make the key" in answer.text, given
    assert service.client.get("/admin/keys/nobody/revoke").status_code == 404
    assert service.client.post("/admin/keys/nobody/revoke").status_code == 404
    assert not access.list_keys(service.forestay.documents)


def test_the_trail_is_filtered_paged_and_verified(service: Service) -> None:
    documents = service.forestay.documents
    audit.record_all(documents, [audit.entry("bob" if n % 3 else "Anna", "looked", f"thing {n}") for n in range(150)])
    page = service.page("/admin/audit")
    assert "thing 149" in page and "50 of 150 entries" in page and "Verify that it is whole" in page
    following = re.findall(r'rel="next" href="([^"]+)"', page)[0].replace("&amp;", "&")
    assert "thing 99" in service.client.get(following).text and "thing 149" not in service.client.get(following).text
    annas = service.page("/admin/audit", caller="anna")
    assert "thing 147" in annas and "thing 149" not in annas and 'rel="next"' not in annas
    assert "No entry fits" in service.page("/admin/audit", action="burned")
    assert "No entry fits" in service.page("/admin/audit", since="2999-01-01")
    assert "No entry fits" in service.page("/admin/audit", before="2020-01-01")
    assert "thing 149" in service.page("/admin/audit", since="2020-01-01", before="2999-01-01")
    assert service.client.get("/admin/audit?since=yesterday").status_code == 422
    assert "as they were signed" in service.page("/admin/audit", verify=1)
    documents.delete(audit.KIND, audit.entries(documents, "", 10)[5].key)
    assert "The trail is not whole" in service.page("/admin/audit", verify=1)


def test_the_doctor_names_findings_and_cures(service: Service) -> None:
    page = service.page("/admin/doctor")
    assert "no source is registered" in page and "forestay source add" in page
    assert "were not read whole yet" in page


def test_store_and_trail_are_read_whole_as_a_job_and_what_is_found_stays(service: Service) -> None:
    service.csv("cmdb", cis=[{"key": "a", "name": "a", "class": "server"}])
    documents = service.forestay.documents
    documents.delete(audit.KIND, audit.entries(documents, "", 10)[0].key)
    for _ in range(2):  # the second one waits for no job of its own
        assert service.client.post("/admin/doctor").status_code == 303
    assert "are being read whole: waiting" in service.page("/admin/doctor")
    assert run_one(service.forestay) and not run_one(service.forestay)
    page = service.page("/admin/doctor")
    assert "last read whole" in page and "restore from a backup" in page


def test_only_admins_see_them(make_service: Callable[..., Service]) -> None:
    service = make_service(FORESTAY_WEB_SIGN_IN="keys")
    secret, _ = access.create_key(service.forestay.documents, "Vera", "viewer")
    browser = service.client
    assert browser.get("/admin/keys").location.startswith("/sign-in")
    browser.post("/sign-in", data={"key": secret})
    page = browser.get("/services").text
    assert "Admin" not in page and "Signed in as" in page and "Vera" in page and ", viewer" in page
    for path in ("/admin/keys", "/admin/audit", "/admin/doctor"):
        assert browser.get(path).status_code == 403
    assert browser.post("/admin/keys", data={"name": "x", "role": "admin"}).status_code == 403
