"""The API page: an operation is found, read and tried, in the policy of the service and without anything from elsewhere."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

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
