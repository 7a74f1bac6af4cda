"""Whatever a question may cost has a limit in the settings; beyond it the answer is 422 and names the setting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import marshmallow as ma
import pytest
from marshmallow import validate

from app.api.schemas import questions
from tests.e2e.conftest import Service

LOW = {
    "NODES": "5000", "SECONDS": "2", "YEARS": "10", "FAILED_CIS": "3", "MOMENTS": "2", "PAGE": "120", "CUT_SETS": "7",
    "STUDY_SECONDS": "3", "STUDY_WORLDS": "100", "STUDY_DRAWS": "30", "STUDY_YEARS": "5", "STUDY_EXAMINED": "9",
    "SCENARIO_STEPS": "2", "SCENARIO_SELECTORS": "3", "SCENARIO_CIS": "1",
}  # fmt: skip
FOUR, THREE = ["db"] * 4, [1.0, 2.0, 3.0]
RISKS = ("availability", "importance", "cut-sets", "loss", "goal")
ASKED: list[tuple[str, str, dict[str, Any], str]] = [
    *(("GET", f"/services/shop/{risk}", {"nodes": 5001}, "nodes") for risk in RISKS),
    *(("GET", f"/services/shop/{risk}", {"seconds": 2.5, "nodes": 2000}, "seconds") for risk in RISKS),
    *(("GET", f"/services/shop/{risk}", {"years": 11, "nodes": 2000}, "years") for risk in RISKS),
    *(("GET", f"/services/shop/{risk}", {"down": FOUR, "nodes": 2000}, "failed_cis") for risk in RISKS),
    ("GET", "/services/shop/availability", {"longer_than": THREE, "nodes": 2000}, "moments"),
    ("GET", "/services/shop/cut-sets", {"limit": 8, "nodes": 2000}, "cut_sets"),
    ("GET", "/services/shop/goal", {"limit": 8, "nodes": 2000}, "cut_sets"),
    ("GET", "/cis/db/blast-radius", {"also": FOUR}, "failed_cis"),
    *(
        ("GET", path, {"limit": 121}, "page")
        for path in ("/areas", "/services", "/cis", "/jobs", "/runs", "/audit", "/conflicts", "/quality")
    ),
    ("POST", "/simulations", {"cis": FOUR}, "failed_cis"),
    ("POST", "/simulations", {"cis": ["db"], "at_hours": THREE}, "moments"),
    (
        "POST",
        "/timelines",
        {"scenario": {"steps": [{"at_hours": 0, "do": "fail", "select": [{"ci": "db"}]}] * 3}},
        "scenario_steps",
    ),
    ("POST", "/timelines", {"text": "; ".join(["t=0 fail ci:db"] * 3)}, "scenario_steps"),
    ("POST", "/timelines", {"text": "t=0 fail ci:db ci:db ci:db ci:db"}, "scenario_selectors"),
    ("POST", "/timelines", {"text": "t=0 fail ci:db ci:shop"}, "scenario_cis"),
    ("POST", "/studies", {"nodes": 5001}, "nodes"),
    *(
        ("POST", "/studies", {"nodes": 2000, name: value}, f"study_{name}")
        for name, value in (("seconds", 3.5), ("worlds", 101), ("draws", 31), ("years", 6), ("examined", 10))
    ),
]


@pytest.fixture(scope="module")
def low(tmp_path_factory: pytest.TempPathFactory) -> Service:
    from app.bootstrap import assemble_service
    from app.settings import load_settings

    folder = tmp_path_factory.mktemp("service")
    environment = {f"FORESTAY_LIMITS_{name}": value for name, value in LOW.items()}
    service = Service(folder, assemble_service(load_settings(environment=environment, data_folder=folder / "data")))
    service.csv("cmdb", cis=[{"key": "shop"}, {"key": "db"}], services=[{"key": "shop"}])
    return service


@pytest.mark.parametrize(("method", "path", "asked", "limit"), ASKED, ids=lambda value: str(value)[:40])
def test_beyond_a_limit_the_answer_names_the_setting(
    low: Service, method: str, path: str, asked: dict[str, Any], limit: str
) -> None:
    if method == "GET":
        answer = low.client.get(f"/api/v1{path}?{urlencode(asked, doseq=True)}")
    else:
        answer = low.client.open(f"/api/v1{path}", method=method, json=asked)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json"), answer.text
    most = LOW[limit.upper()]
    assert f"At most {float(most) if 'seconds' in limit else int(most):,} (setting limits.{limit})." in answer.text


def test_every_limit_is_tried() -> None:
    assert {limit for *_, limit in ASKED} == {name.casefold() for name in LOW}
    # nobody asks for these: one ends a job (test_studies.py), one a scenario (test_timelines.py)
    elsewhere = {"study_whole_seconds", "scenario_seconds", "recovery_draws"}
    assert set(questions.LimitSettings.__dataclass_fields__) - elsewhere == {name.casefold() for name in LOW}


def test_what_nobody_named_is_no_more_than_the_settings_allow(low: Service) -> None:
    effort = low.get("/services/shop/availability")["effort"]
    assert (effort["budget_nodes"], effort["budget_seconds"]) == (5000, 2.0)
    job = low.post("/studies", {}, status=202)
    assert {name: job["arguments"][name] for name in ("nodes", "seconds", "worlds", "draws", "years", "examined")} == {
        "nodes": 5000, "seconds": 3.0, "worlds": 100, "draws": 30, "years": 0, "examined": 9,
    }  # fmt: skip


def test_a_limit_that_is_raised_counts(make_service: Callable[..., Service]) -> None:
    service = make_service(FORESTAY_LIMITS_MOMENTS="300")
    service.csv("cmdb", cis=[{"key": "shop"}, {"key": "db"}], services=[{"key": "shop"}])
    made = service.post("/simulations", {"cis": ["db"], "duration_hours": 4, "at_hours": [n / 100 for n in range(300)]})
    assert len(made["money_over_time"]) >= 300


def _schemas() -> list[type[ma.Schema]]:
    found = [value for value in vars(questions).values() if isinstance(value, type) and issubclass(value, questions.Question)]
    assert len(found) > 30
    return found


def test_no_number_and_no_list_of_a_question_is_without_a_limit() -> None:
    for schema in _schemas():
        for name, field in schema().fields.items():
            if isinstance(field, ma.fields.Integer | ma.fields.Float | ma.fields.List):
                ends = [
                    rule for rule in field.validators if isinstance(rule, validate.Range | validate.Length | questions.AtMost)
                ]
                assert any(isinstance(rule, questions.AtMost) or rule.max or rule.equal for rule in ends), (schema, name)
