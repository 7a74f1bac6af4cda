"""The four inheritance rules of BSI IT-Grundschutz (standard 200-2, protection requirements): nothing codes them, the loss model
has them.

Four small estates, asked through the API. A loss of 600 an hour and restores of 2 h: an outage of a service costs 1,200.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.e2e.conftest import Service

OUTAGE = 600 * 2.0


def ci(key: str, rate: float | None = None, **values: Any) -> dict[str, Any]:
    own = {"unavailability": 0} if rate is None else {"failures_per_year": rate, "repair_hours": 2}
    return {"key": key, "name": key, "class": "server", **own, **values}


def hard(*pairs: str) -> list[dict[str, Any]]:
    return [dict(zip(("dependent", "provider"), pair.split(">"), strict=True)) for pair in pairs]


def soft(pair: str, weight: float) -> dict[str, Any]:
    return {**hard(pair)[0], "kind": "soft", "weight": weight}


def areas(service: Service) -> dict[str, float]:
    return {row["label"]: row["money_per_year"] for row in service.get("/areas")["items"]}


def total_by_ci(service: Service, *services: str) -> dict[str, float]:
    """Both parts, over some services."""
    sums: dict[str, float] = {}
    for name in services:
        for row in service.get(f"/services/{name}/loss")["items"]:
            sums[row["name"]] = sums.get(row["name"], 0.0) + row["money_total"]
    return sums


def test_maximum_principle(service: Service) -> None:
    """A server inherits the worst of what its applications do to one service, not their sum: one stops it, one takes 30 % of
    it."""
    service.document(
        {
            "cis": [ci("shop"), ci("checkout"), ci("search"), ci("host", rate=1)],
            "dependencies": [*hard("shop>checkout", "checkout>host", "search>host"), soft("shop>search", 0.3)],
            "services": [{"key": "shop", "money_per_hour": 600}],
        }
    )
    assert areas(service)["host"] == pytest.approx(OUTAGE, rel=1e-12)  # not 1.3 times it
    alone = [service.get(f"/cis/{name}/blast-radius")["services"][0]["lost_share"] for name in ("checkout", "search", "host")]
    assert alone == [1.0, pytest.approx(0.3), 1.0]


def test_dependency(service: Service) -> None:
    """What looks unimportant inherits from what needs it, however long the way: the time server has no money of its own."""
    chain = ["shop", "app", "sign-in", "directory", "time-server"]
    service.document(
        {
            "cis": [*map(ci, chain[:-1]), ci("time-server", rate=1), ci("wiki"), ci("wiki-host", rate=1)],
            "dependencies": hard(*(f"{a}>{b}" for a, b in pairwise(chain)), "wiki>wiki-host"),
            "services": [{"key": "shop", "money_per_hour": 600}, {"key": "wiki", "money_per_hour": 1}],
        }
    )
    told = areas(service)
    assert told["time-server"] == pytest.approx(OUTAGE, rel=1e-12)
    assert told["wiki-host"] == pytest.approx(2.0, rel=1e-12)


def test_cumulation_effect(service: Service) -> None:
    """Many small losses on one server are a large one: thirty services of 600 an hour, one host, against one dear service on
    another."""
    small = [f"s{i}" for i in range(30)]
    service.document(
        {
            "cis": [*map(ci, small), ci("dear"), ci("shared-host", rate=1), ci("dear-host", rate=1)],
            "dependencies": hard(*(f"{name}>shared-host" for name in small), "dear>dear-host"),
            "services": [*({"key": name, "money_per_hour": 600} for name in small), {"key": "dear", "money_per_hour": 6000}],
        }
    )
    told = areas(service)
    assert told["shared-host"] == pytest.approx(30 * OUTAGE, rel=1e-12) and told["dear-host"] == pytest.approx(
        10 * OUTAGE, rel=1e-12
    )
    assert service.get("/areas")["items"][0]["label"] == "shared-host"  # above the one with the dearest service


def test_distribution_effect(service: Service) -> None:
    """Spread over several servers each weighs less than the service: two of which one suffices almost nothing, two halves of the
    load half."""
    service.document(
        {
            "cis": [ci("shop"), ci("pool"), *(ci(name, rate=1) for name in ("a", "b", "half-a", "half-b", "single"))],
            "dependencies": hard("shop>single"),
            "groups": [
                {"key": "pair", "dependent": "shop", "needed": 1, "members": ["a", "b"]},
                {"key": "halves", "dependent": "pool", "needed": 1, "members": ["half-a", "half-b"], "shares": [0.5, 0.5]},
            ],
            "services": [{"key": "shop", "money_per_hour": 600}, {"key": "pool", "money_per_hour": 600}],
        }
    )
    told, both = areas(service), total_by_ci(service, "shop")
    assert told["single"] == pytest.approx(OUTAGE, rel=1e-12)
    assert told["a"] == told["b"] == 0.0  # first order: the other carries on
    u = (2 / 8766) / (1 + 2 / 8766)
    assert both["a"] == pytest.approx(both["b"], rel=1e-12)
    assert both["a"] + both["b"] == pytest.approx(8766 * 600 * u * u * (1 - u), rel=1e-6)  # both at once
    assert 0 < both["a"] < OUTAGE / 4000
    assert told["half-a"] == told["half-b"] == pytest.approx(OUTAGE / 2, rel=1e-12)
