"""axe-core has nothing serious to say of any page, wide and narrow, light and dark by turns, and no page asks another host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Site
from tests.browser.test_pages import PAGES

pytestmark = pytest.mark.browser
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
LOOKS = (("light", 1440), ("dark", 390)), (("dark", 1440), ("light", 390))  # of one page and of the next
RUN = """async () => (await axe.run(document, {resultTypes: ['violations']})).violations
  .filter(found => ['serious', 'critical'].includes(found.impact))
  .map(found => [found.id, ...found.nodes.slice(0, 3).map(node => node.html.slice(0, 120))])"""


@pytest.fixture(scope="module")
def looked(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_nothing_serious_and_nobody_else_is_asked(looked: Page, site: Site, path: str) -> None:
    asked: set[str] = set()

    def note(request: Any) -> None:
        if not request.url.startswith((site.url, "data:", "blob:")):
            asked.add(request.url)

    looked.on("request", note)
    looked.goto(site.url + path, wait_until="networkidle" if path == "/api" else "load")
    looked.evaluate(AXE)  # beside the page's policy, which forbids scripts of others
    found = {}
    for scheme, width in LOOKS[PAGES.index(path) % 2]:
        looked.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        looked.set_viewport_size({"width": width, "height": 900})
        if faults := looked.evaluate(RUN):
            found[f"{scheme} {width}"] = faults
    looked.remove_listener("request", note)
    assert (found, asked) == ({}, set())
