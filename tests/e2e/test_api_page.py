"""The page of the API without a browser: every operation is listed, and what the viewer needs comes from this service."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from tests.e2e.conftest import Service

VENDOR = Path(__file__).parents[2] / "app" / "web" / "static" / "vendor" / "swagger-ui"


def test_every_operation_is_listed_without_script(service: Service) -> None:
    page, document = service.page("/api"), service.get("/openapi.json")
    plain = page[page.index("<noscript>") : page.index("</noscript>")]
    named = re.findall(r'<dt id="(\w+)"', plain)
    assert sorted(named) == sorted(
        told["operationId"] for item in document["paths"].values() for method, told in item.items() if method != "parameters"
    )
    assert "GET /api/v1/impact" in plain and "POST /api/v1/simulations" in plain


def test_the_viewer_is_the_one_that_was_noted_and_comes_from_here(service: Service) -> None:
    page = service.page("/api")
    sources = re.findall(r'(?:src|href)="([^"]+\.(?:js|css))"', page)
    assert "/static/vendor/swagger-ui/swagger-ui-bundle.js" in sources and "/static/api.js" in sources
    assert all(source.startswith("/static/") and service.client.get(source).status_code == 200 for source in sources)
    noted = dict(re.findall(r"`(swagger-ui[^`]+)` \| `([0-9a-f]{64})`", (VENDOR / "README.md").read_text("utf-8")))
    assert noted == {name: hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() for name in noted} and len(noted) == 2
