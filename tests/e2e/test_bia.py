"""The impact analysis of a service: begun with a class, MTPD and RTO by the rule, kept as an exposure, taken back."""

from __future__ import annotations

import pytest

from app.domain.bia import HOURS, Bia, bia_of, impact_of, limits_of, service_classes
from app.domain.errors import InvalidInput
from tests.e2e.conftest import Service
from tests.e2e.test_page_sentences import text_of

CALM = dict.fromkeys(("customers", "legal", "reputation"), (0,) * 6)


def test_the_rule_by_hand() -> None:
    assert (limits_of(Bia(CALM)).mtpd_hours, limits_of(Bia(CALM)).rto_hours) == (None, None)
    at_once = limits_of(Bia({**CALM, "legal": (3, 3, 3, 3, 3, 4)}))
    assert (at_once.mtpd_hours, at_once.rto_hours) == (1.0, 0.5)
    paid = limits_of(Bia(CALM, (0, 10, 100, 100, 100, 1000), 100))
    assert (paid.mtpd_hours, paid.rto_hours, paid.because) == (168.0, 72.0, ["money: more than can be borne"])
    for wrong in ({"legal": (1, 0, 0, 0, 0, 0)}, {"legal": (0,) * 5}, {"legal": (9,) * 6}):
        with pytest.raises(InvalidInput):
            Bia(wrong)
    limits = [limits_of(Bia(row.levels)).mtpd_hours for row in service_classes().values()]
    assert limits == [4.0, 24.0, 168.0, None]  # the graver the class, the sooner
    bia = Bia({**CALM, "legal": (0, 0, 1, 1, 2, 4)}, (0.0, 1.0, 2.0, 3.0, 4.0, 5.0))
    assert bia_of(impact_of(bia)) == bia and bia_of({"money": ((0, 0), (1, 5))}) is None


def test_an_analysis_is_kept_as_an_exposure_and_taken_back(service: Service) -> None:
    service.csv(
        cis=[{"key": "shop", "name": "Shop", "class": "business_service"}],
        services=[{"key": "shop", "customers": 100, "money_per_hour": 1000, "mtpd_hours": 30}],
    )
    key = "csv:ci:shop"
    assert f'href="/bia?service={key}"' in service.page("/service", key=key)
    begun = service.page("/bia", service=key, **{"class": "vital"})
    assert "so the MTPD is 4 h" in text_of(begun) and 'value="168000"' in begun
    form = {f"{name}-{hour:g}": "0" for name in CALM for hour in HOURS} | {"service": key}
    form |= {"legal-168": "3", **{f"money-{hour:g}": str(hour * 10) for hour in HOURS}}
    looked = text_of(service.page("/bia", look="1", **form))
    assert "Legal: severe after 168 h, so the MTPD is 168 h" in looked
    assert service.client.get("/bia", query_string={**form, "look": "1", "legal-1": "4"}).status_code == 422  # it falls
    kept = service.client.post("/bia", data=form)
    assert kept.status_code == 303
    now = service.get(f"/services/{key}")
    assert (now["service"]["mtpd_hours"], now["service"]["rto_hours"], now["service"]["customers"]) == (168.0, 72.0, 100.0)
    assert now["impact"]["legal"][-1] == [168.0, 3.0] and now["impact"]["money"][1] == [1.0, 10.0]
    assert "As a person kept it" in service.page("/bia", service=key)
    assert service.client.post("/bia/undo", data={"service": key, "before": "1"}).status_code == 303
    back = service.get(f"/services/{key}")
    assert (back["service"]["mtpd_hours"], back["impact"]) == (30.0, {})
