"""The pages of the admin: sources and runs, one run with what it would change, its approval, and who may do what there."""

from __future__ import annotations

import re
from collections.abc import Callable

from app.jobs.runner import run_one
from app.usecases.keep.sources import add_source, get_source
from app.usecases.keep.sync_runs import page_runs
from app.usecases.run_sync import SyncRequest, run_sync
from tests.e2e.conftest import Service
from tests.e2e.test_approval import SHOP, cis, write


def held(service: Service) -> str:
    place = write(
        service, cis=[SHOP, *cis("db", team="Ops & <b>more</b>")], dependencies=[{"dependent": "shop", "provider": "db"}]
    )
    add_source(service.forestay.documents, "doc", "json", str(place), schedule="0 3 * * *")
    return run_sync(service.forestay, SyncRequest("doc", complete=True)).run_id


def test_a_held_run_is_seen_looked_at_and_approved(service: Service) -> None:
    run_id = held(service)
    page = service.page("/sources")
    assert "Run 1 of doc</a> is held: first run of a new source" in page
    assert "0 3 * * *; next 20" in page and "never" in page
    look = service.page("/run", id=run_id)
    assert "Approve: write what is shown below" in look
    assert "doc:ci:shop -&gt; doc:ci:db (hard, doc)" in look
    assert "Ops &amp; &lt;b&gt;more&lt;/b&gt;" in look and "<b>more" not in look
    answer = service.client.post("/run/approve", data={"id": run_id})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sources")
    assert re.search(r">approve run 1</td><td[^>]*>local</td><td[^>]*>waiting", service.page("/sources"))
    assert run_one(service.forestay)
    page = service.page("/sources")
    assert "Waiting for a person" not in page and "In hand" not in page
    assert "approved" in service.page("/run", id=run_id) and "Approve:" not in service.page("/run", id=run_id)
    assert [entry["action"] for entry in service.get("/audit")["items"]].count("approval asked") == 1
    assert service.client.post("/run/approve", data={"id": run_id}).status_code == 409


def test_a_source_is_run_from_its_page(service: Service) -> None:
    held(service)
    assert service.client.post("/sources/sync", data={"source": "doc", "look": "1"}).status_code == 303
    assert run_one(service.forestay)
    assert page_runs(service.forestay.documents, "", 1)[0].state == "dry_run"
    assert service.client.post("/sources/sync", data={"source": "doc"}).status_code == 303
    assert run_one(service.forestay)
    assert get_source(service.forestay.documents, "doc").last_state == "held"
    assert service.client.post("/sources/sync", data={"source": "nobody"}).status_code == 404


def test_a_run_that_failed_or_refused_says_so(service: Service) -> None:
    place = write(service, cis=[SHOP, {"key": "", "name": "nameless"}])
    add_source(service.forestay.documents, "doc", "json", str(place))
    first = run_sync(service.forestay, SyncRequest("doc", apply=True))
    look = service.page("/run", id=first.run_id)
    assert "<h3>Refused</h3>" in look and "1 of 1" in look
    place.write_text("{")
    assert service.cli("sync", "doc").exit_code
    page = service.page("/sources")
    assert '<span class="state failed">failed</span>' in page
    assert "estate.json" in page  # the reason names the place


def test_runs_are_paged_newest_first_and_bad_addresses_are_refused(service: Service) -> None:
    run_id = held(service)
    for _ in range(51):
        run_sync(service.forestay, SyncRequest("doc", dry_run=True))
    page = service.page("/sources")
    numbers = [int(number) for number in re.findall(r'scope="row" class="n"[^>]*><a href="/run\?id=\d+">(\d+)</a>', page)]
    assert numbers == list(range(52, 2, -1))
    following = re.search(r'rel="next" href="/sources\?after=(\d+)"', page)
    assert following and ">2</a>" in service.page("/sources", after=following[1])
    assert service.client.get("/run?id=no").status_code == 404
    assert service.client.get(f"/run?id={run_id}&after=-1").status_code == 422


def test_a_viewer_sees_and_may_not_act(make_service: Callable[..., Service]) -> None:
    service = make_service(FORESTAY_WEB_SIGN_IN="keys")
    run_id = held(service)
    made = service.cli("key", "create", "vera", "--role", "viewer")
    secret = re.search(r"fsy_\w+_[\w-]+", made.output)
    assert secret
    assert service.client.post("/sign-in", data={"key": secret.group(), "then": "/sources"}).status_code == 302
    page = service.page("/sources")
    assert "Run 1 of doc" in page and '<button class="quiet" name="look"' not in page
    look = service.page("/run", id=run_id)
    assert "It waits for a person who may approve runs." in look and "Approve:" not in look
    for path, form in (("/run/approve", {"id": run_id}), ("/sources/sync", {"source": "doc"})):
        assert service.client.post(path, data=form).status_code == 403
    assert not run_one(service.forestay)  # nothing was asked
