"""Every answer as plain text: its sentence, totals and rows, safe to paste, with a link that shows just this again."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from tests.e2e.conftest import Service
from tests.e2e.test_search import ESTATE

TEXT = {"Accept": "text/plain"}
ANSWERS = {
    "/cis/orders-db-01/blast-radius": "/ci",
    "/cis/orders-db-01/blast-radius?also=orders-db-02": "/what-if",
    "/cis/orders-db-01": "/ci",
    "/areas": "/",
    "/areas?kind=site": "/",
    "/area?name=orders-db-01": "/area",
    "/services": "/services",
    "/services/shop": "/service",
    "/recovery": "/recovery",
    "/recovery/gaps": "/recovery",
    "/services/shop/recovery": "/recovery-of",
    "/now": "/now",
    "/impact?id=orders-db-01": "/ci",
    "/search?q=orders": "/search",
}


def text_of(answer: Any) -> str:
    assert answer.status_code in (200, 201) and answer.mimetype == "text/plain", answer.text
    lines = answer.text.splitlines()
    assert 3 <= len(lines) <= 18 and max(map(len, lines[:-1])) <= 300, answer.text
    return answer.text


def test_every_answer_has_its_lines_and_its_view(service: Service) -> None:
    service.document(ESTATE)
    service.client.put("/api/v1/live/orders-db-01", json={"state": "down", "started_at": "2026-11-01T00:00:00Z"})
    for path, page in ANSWERS.items():
        text = text_of(service.client.get("/api/v1" + path, headers=TEXT))
        document = service.client.get("/api/v1" + path).get_json()
        if sentence := document.get("sentence"):
            assert text.startswith(sentence), path
        link = urlsplit(text.splitlines()[-1])
        assert link.path == page and ("revision=1" in link.query or page == "/now"), (path, text)
        shown = service.client.get(f"{link.path}?{link.query}")
        assert shown.status_code == 200 and "Revision 1 of" in shown.text, path
        assert "Revision 1 of" in text
    blast = text_of(service.client.get("/api/v1/cis/orders-db-01/blast-radius", headers=TEXT))
    assert "services down: 1" in blast and "customers: 100" in blast and "- Web shop: down" in blast


def test_a_what_if_comes_back_from_its_link(service: Service) -> None:
    service.document(ESTATE)
    body = {"text": "t=0 fail ci:orders-db-01 for 4h; t=1h fail site:south for 2h"}
    for path, asked in (("timelines", body), ("simulations", {"cis": ["orders-db-01"], "duration_hours": 4})):
        answer = service.client.post(f"/api/v1/{path}", json=asked, headers=TEXT)
        text = text_of(answer)
        link = urlsplit(text.splitlines()[-1])
        page = service.client.get(f"{link.path}?{link.query}")
        assert link.path == "/what-if" and page.status_code == 200, text
        if path == "timelines":
            assert text.splitlines()[0] in page.text.replace("&#39;", "'").replace("&#34;", '"')
    blast = service.client.get("/api/v1/cis/orders-db-01/blast-radius", headers=TEXT).text
    told = service.cli("blast", "orders-db-01", "--text").output
    assert told.splitlines()[:-1] == blast.splitlines()[:-1] and urlsplit(told.splitlines()[-1]).path == "/ci"
    assert "Copy summary" in service.page("/ci", key="orders-db-01") and "Copy summary" in service.page("/now")


def test_names_do_nothing_where_they_are_pasted(service: Service) -> None:
    name = "<b>x</b> `y` [z](javascript:1) @here http://evil.example srv\u202e1"
    service.document({"cis": [{"key": "k", "name": name, "class": "server"}]})
    text = text_of(service.client.get("/api/v1/cis/k", headers=TEXT))
    assert not re.search(r"[<>`\[\]\u202e]|(?<!\w)@|://e", text), text
    assert "\\u003cb\\u003ex" in text and "srv\\u202e1" in text


def test_text_is_asked_for_and_tagged_apart(service: Service) -> None:
    service.document(ESTATE)
    document, text = service.client.get("/api/v1/areas"), service.client.get("/api/v1/areas", headers=TEXT)
    assert document.mimetype == "application/json" and document.headers["ETag"] != text.headers["ETag"]
    assert text.headers["Vary"] == "Accept"
    again = service.client.get("/api/v1/areas", headers={**TEXT, "If-None-Match": text.headers["ETag"]})
    assert again.status_code == 304
    assert service.client.get("/api/v1/areas", headers={"Accept": "*/*"}).mimetype == "application/json"
    assert service.client.get("/api/v1/cis/nobody", headers=TEXT).status_code == 404
