"""The page of losses: the matrix by hand, who carries the loss, and the curve once a study was made."""

from __future__ import annotations

from app.domain.study import StudyOptions
from app.usecases.studies.make import make_study
from tests.e2e.conftest import Service
from tests.e2e.test_page_sentences import text_of


def test_the_matrix_the_carriers_and_the_curve(service: Service) -> None:
    service.csv(
        cis=[
            {"key": "shop", "name": "Shop", "class": "business_service", "failures_per_year": 0, "team": "front"},
            {"key": "db", "name": "db", "class": "database", "failures_per_year": 20, "repair_hours": 1, "team": "data"},
            {"key": "net", "name": "net", "class": "network", "failures_per_year": 0.5, "repair_hours": 10, "team": "net"},
            {"key": "spare", "name": "spare", "class": "server", "failures_per_year": 1, "repair_hours": 1, "team": "net"},
        ],
        dependencies=[{"dependent": "shop", "provider": "db"}, {"dependent": "shop", "provider": "net"}],
        services=[{"key": "shop", "customers": 10, "money_per_hour": 100}],
    )
    picture = service.get("/loss", often="0", much="1")
    found = {(cell["often"], cell["much"]): (cell["cis"], cell["loss"]) for cell in picture["cells"] if cell["cis"]}
    # by hand: db 20 times a year 100 each, net every second year 1,000; the bands of money begin at 1,000
    assert found == {(0, 1): (1, 2000.0), (2, 0): (1, 500.0)} and picture["much"][0] == 1000.0
    assert [(ci["name"], ci["per_failure"]) for ci in picture["cis"]] == [("db", 100.0)]
    assert (picture["not_placed"], picture["without_loss"], picture["total"]) == (0, 2, 2500.0)
    teams = next(tiles for tiles in picture["carriers"] if tiles["kind"] == "team")
    assert [(tile["name"], tile["loss"]) for tile in teams["tiles"]] == [("data", 2000.0), ("net", 500.0)]
    page = service.page("/loss", cell="0-1")
    assert "Make a study of 10,000 years" in page and 'href="/loss?cell=2-0#cell"' in page
    assert "20 to" not in page and "1 of 1 CIs" in text_of(page)
    assert service.client.post("/loss/study").status_code == 303
    assert "A study is being made" in service.page("/loss")
    make_study(service.forestay, StudyOptions(worlds=4096, draws=20, years=64))
    text = text_of(service.page("/loss"))
    assert "One year in ten loses more than" in text and "Needed of" in text
    assert service.client.get("/loss?cell=9-9").status_code == 422 and service.client.get("/loss?cell=x").status_code == 422
