"""The map by keyboard: arrows, a way shown without loading the page anew, zoom, Enter; and a CI added to what-if by typing."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site

pytestmark = pytest.mark.browser


def test_the_map_is_walked_by_keyboard(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/map?ci=cmdb:ci:db-orders-1&hops=3")
    page.locator("a.node.focus").focus()
    for name in ("Database orders", "orders"):
        page.keyboard.press("ArrowUp")
        assert page.evaluate("document.activeElement.dataset.name") == name
    page.keyboard.press("Space")
    expect(page.locator("#chosen")).to_contain_text("db-orders-01 → Database orders → orders")
    expect(page.locator(".need.way")).to_have_count(2)
    expect(page).to_have_url(re.compile("select="))
    before = page.locator(".map-view svg").get_attribute("viewBox")
    page.keyboard.press("+")
    assert page.locator(".map-view svg").get_attribute("viewBox") != before
    page.keyboard.press("0")
    assert page.locator(".map-view svg").get_attribute("viewBox") == before
    page.keyboard.press("Escape")
    expect(page.locator("a.node.way")).to_have_count(0)
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_have_attribute("open", "")
    page.locator("a.node.focus").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/ci\?key=cmdb:ci:db-orders-1"))


def test_what_is_out_is_found_by_typing(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/what-if")
    page.get_by_label("What is out: a CI").fill("db-orders")
    expect(page.locator("#add-suggested li").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("list", name="What is out")).to_contain_text("orders")
