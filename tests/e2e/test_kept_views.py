"""Named views: one's own and shared, on the page, over the API and in the shell; no address leads to another host."""

from __future__ import annotations

import json

import pytest

from app.domain.errors import InvalidInput, NotAllowed, NotFound
from app.usecases.keep import views
from app.usecases.keep.access import Caller
from tests.e2e.conftest import Service

ANN, BEN, SEES_SHOP, EVE = (
    Caller("Ann", "viewer", "k1"),
    Caller("Ben", "analyst", "k2"),
    Caller("shop", "viewer", "k3", "service=shop"),
    Caller("Eve", "admin", "k4"),
)


def test_a_view_is_its_owners_until_it_is_shared(service: Service) -> None:
    documents = service.forestay.documents
    own = views.keep_view(documents, ANN, "Teams", "/?kind=team")
    shared = views.keep_view(documents, BEN, "Gaps", "/recovery-gaps", shared=True)
    seen = {who.name: [view.name for view in views.views_of(documents, who)] for who in (ANN, BEN, SEES_SHOP)}
    assert seen == {"Ann": ["Gaps", "Teams"], "Ben": ["Gaps"], "shop": []}
    with pytest.raises(NotAllowed):
        views.keep_view(documents, ANN, "Mine", "/", shared=True)
    with pytest.raises(NotFound):
        views.remove_view(documents, BEN, own.view)
    with pytest.raises(NotAllowed):
        views.remove_view(documents, ANN, shared.view)
    with pytest.raises(InvalidInput, match="already"):
        views.keep_view(documents, ANN, "teams", "/")
    assert views.change_view(documents, ANN, own.view, "By team", False).name == "By team"
    views.remove_view(documents, EVE, shared.view)
    assert [view.name for view in views.views_of(documents, BEN)] == []


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/%0a\nx", "page", "",
        "/api/v1/areas", "/sign-out",
    ],
)  # fmt: skip
def test_only_addresses_of_our_own_pages_are_kept(service: Service, address: str) -> None:
    answer = service.client.post("/views", data={"name": "x", "address": address})
    assert answer.status_code == 422 and "Not kept" in answer.text
    assert service.get("/views")["items"] == []


def test_a_page_is_kept_opened_renamed_and_removed(service: Service) -> None:
    assert "/views?keep=/services#keep" in service.page("/services").replace("%2F", "/")
    assert 'value="/services?after=3"' in service.page("/views", keep="/services?after=3")
    given = {"name": "<b>Ours", "address": "/?kind=team&amp=1", "shared": "yes"}
    assert service.client.post("/views", data=given).status_code == 303
    [view] = service.get("/views")["items"]
    page = service.page("/views")
    assert "&lt;b&gt;Ours" in page and 'href="/?kind=team&amp;amp=1"' in page and view["shared"]
    renamed = {"name": "Teams", "act": "keep"}
    assert service.client.post(f"/views/{view['view']}", data=renamed).status_code == 303
    told = json.loads(service.cli("view", "list", "--json").output)
    assert [(row["name"], row["shared"]) for row in told] == [("Teams", False)]
    assert service.client.post(f"/views/{view['view']}", data={"act": "remove"}).status_code == 303
    assert service.get("/views")["items"] == []
    assert service.cli("view", "keep", "Gaps", "/recovery-gaps").exit_code == 0
    assert [row["name"] for row in service.get("/views", limit=1)["items"]] == ["Gaps"]
