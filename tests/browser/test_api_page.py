"""The API page: an operation is found, read and tried, in the policy of the service and without anything from elsewhere."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from app.bootstrap import assemble_service
from app.settings import load_settings
from app.usecases.keys import make_key
from tests.browser.conftest import Site

pytestmark = pytest.mark.browser


def test_an_operation_is_tried_on_the_page(page: Page, site: Site) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(site.url + "/api")
    page.locator("#operations-tag-impact").click()
    operation = page.locator("#operations-impact-impact_get")
    operation.locator(".opblock-summary-control").click()
    expect(operation).to_contain_text("Any identity of the CI")
    operation.get_by_role("button", name="Try it out").click()
    operation.locator("tr[data-param-name=id] input").fill("san-fra1-02")
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table .response .response-col_status").first).to_contain_text("200")
    expect(operation.locator(".live-responses-table")).to_contain_text("services_down")
    assert all(url.startswith((site.url, "data:")) for url in asked)


def test_a_pasted_key_asks_for_what_the_reader_may_not(page: Page, guarded: Site) -> None:
    """A viewer who signed in sees no keys; with the key of an administrator pasted the same operation answers."""
    forestay = assemble_service(load_settings(environment={}, data_folder=guarded.data))
    viewer, _ = make_key(forestay.documents, forestay.store, "test", "reads", "viewer", None, "")
    admin, _ = make_key(forestay.documents, forestay.store, "test", "runs it", "admin", None, "")
    forestay.close()
    page.goto(guarded.url + "/sign-in?then=/api")
    page.get_by_label("API key").fill(viewer)
    page.get_by_role("button", name="Enter").click()
    page.locator("#operations-tag-keys").click()
    operation = page.locator("#operations-keys-keys_list")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    page.locator(".auth-wrapper .authorize").click()
    page.locator(".dialog-ux input").fill(admin)
    page.locator(".dialog-ux .auth-btn-wrapper .authorize").click()
    page.locator(".dialog-ux .btn-done").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table .response .response-col_status").first).to_contain_text("200")
    expect(operation.locator(".live-responses-table")).to_contain_text("runs it")
