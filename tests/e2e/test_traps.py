"""Traps found in existing tools (model.md, section 3), each asked through the public ways in."""

from __future__ import annotations

import random
import re
from itertools import combinations
from pathlib import Path

import pytest

from tests.e2e.conftest import Service

MODEL = Path(__file__).parents[2] / "docs" / "model.md"


def ci(key: str, ci_class: str = "server", **values: object) -> dict[str, object]:
    return {"key": key, "name": key, "class": ci_class, **values}


def needs(*pairs: str) -> list[dict[str, str]]:
    return [dict(zip(("dependent", "provider"), pair.split(">"), strict=True)) for pair in pairs]


def test_t1_the_order_of_rows_never_changes_a_failed_set(make_service) -> None:
    """A depth limit with first-visit marking loses what is reached by a longer path first: here chains of 40 with shortcuts."""
    rng = random.Random(1)
    names = [f"n{i}" for i in range(40)]
    pairs = [f"n{i}>n{i + 1}" for i in range(39)] + [f"n{i}>n{i + 7}" for i in range(0, 32, 5)]
    groups = [{"key": "g", "dependent": "shop", "needed": 1, "members": "n0|n20"}]
    answers = []
    for turn in range(3):
        service = make_service()
        cis, dependencies = [ci("shop", "business_service"), *map(ci, names)], needs(*pairs)
        if turn:
            rng.shuffle(cis)
            rng.shuffle(dependencies)
        service.csv(cis=cis, dependencies=dependencies, groups=groups)
        answers.append([sorted(service.failed(name)) for name in ("n39", "n20", "n5")])
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][0] == sorted(["shop", *names])
    assert "shop" not in answers[0][2]


def test_t2_the_blast_radius_is_the_same_in_every_way_in(service: Service) -> None:
    """Redundancy is on in the API, on the command line and on the page alike."""
    service.csv(
        cis=[ci("shop", "business_service"), ci("a"), ci("b"), ci("san")],
        dependencies=needs("a>san", "b>san"),
        groups=[{"key": "pair", "dependent": "shop", "needed": 1, "members": "a|b"}],
    )
    for down, services in (("a", 0), ("san", 1)):
        api = service.get(f"/cis/{down}/blast-radius")
        cli = service.cli_json("blast", down)
        page = service.page("/ci", key=down)
        assert api["services_down"] == services
        assert {**cli, "limit": 0, "stamp": 0} == {**api, "limit": 0, "stamp": 0}
        assert re.search(r"<dt>Services down</dt><dd>(?:<a [^>]*>)?(\d+)", page).group(1) == str(services)
        assert re.search(r"<dt>CIs down</dt><dd>(?:<a [^>]*>)?(\d+)", page).group(1) == str(api["cis_down"])


def test_t3_degraded_becomes_down_when_every_member_is_down(service: Service) -> None:
    service.csv(
        cis=[ci("shop", "business_service"), ci("a"), ci("b")],
        groups=[{"key": "pair", "dependent": "shop", "needed": 1, "members": "a|b", "shares": "0.5|0.5"}],
    )
    one = service.get("/cis/a/blast-radius")
    both = service.get("/cis/a/blast-radius", also=["b"])
    assert [(hit["state"], hit["lost_share"]) for hit in one["services"]] == [("degraded", 0.5)]
    assert [(hit["state"], hit["lost_share"]) for hit in both["services"]] == [("down", 1.0)]


def k_of_n_table() -> dict[tuple[int, int], int]:
    """(members, needed) -> how many must be down, as docs/model.md says it."""
    text = MODEL.read_text().split("<!-- k-of-n table")[1].split("<!-- end of table -->")[0]
    rows = [[int(cell) for cell in line.strip("| ").split("|")] for line in text.splitlines() if line.startswith("| ")]
    assert len({(members, needed) for members, needed, _ in rows}) == len(rows)
    return {(members, needed): down for members, needed, down in rows}


def test_t4_the_k_of_n_table_of_the_documents_is_what_the_api_does(service: Service) -> None:
    """Needed k of n: fails when n - k + 1 are down, whichever they are; asked for every k of every n up to 5."""
    told = k_of_n_table()
    assert told == {(n, k): n - k + 1 for n in range(1, 6) for k in range(1, n + 1)}
    names = [f"m{i}" for i in range(5)]
    services = {(n, k): f"s{k}of{n}" for n, k in told}
    service.csv(
        cis=[*map(ci, names), *(ci(name, "business_service") for name in services.values())],
        groups=[
            {"key": f"g{name}", "dependent": name, "needed": k, "members": "|".join(names[:n])}
            for (n, k), name in services.items()
        ],
    )
    for count in range(1, 6):
        for down in combinations(names, count):
            fallen = service.failed(*down)
            for (n, k), name in services.items():
                assert (name in fallen) == (len(set(down) & set(names[:n])) >= told[n, k]), (down, name)


def test_t5_the_cause_among_many_providers_is_named_at_once(service: Service) -> None:
    """No power set of causes: a service with 3,000 direct needs and a group of 3,000 names the one that is out (the 100,000 are a
    unit test)."""
    names = [f"p{i}" for i in range(3000)]
    service.csv(
        cis=[ci("shop", "business_service"), *map(ci, names), *(ci(f"r{i}") for i in range(3000))],
        dependencies=needs(*(f"shop>{name}" for name in names)),
        groups=[{"key": "g", "dependent": "shop", "needed": 3000, "members": "|".join(f"r{i}" for i in range(3000))}],
    )
    for down in ("p1234", "r2718"):
        (hit,) = service.get(f"/cis/{down}/blast-radius")["services"]
        assert [step["name"] for step in hit["path"]] == [down, "shop"]


def test_t6_the_twin_of_a_redundant_path_counts(service: Service) -> None:
    """One of two paths down costs nothing; with the second down as well the impact is full, whichever CI of it is out; and the
    first tells of it."""
    service.csv(
        cis=[ci("shop", "business_service"), *map(ci, ("front-a", "link-a", "front-b", "link-b"))],
        dependencies=needs("front-a>link-a", "front-b>link-b"),
        groups=[{"key": "paths", "dependent": "shop", "needed": 1, "members": "front-a|front-b"}],
        services=[{"key": "shop", "customers": 10, "money_per_hour": 100}],
    )
    for first, twin in (("link-a", ("front-b", "link-b")), ("front-b", ("front-a", "link-a"))):
        assert service.get(f"/cis/{first}/blast-radius")["services"] == []
        (near,) = service.post("/simulations", {"cis": [first], "duration_hours": 3})["one_failure_away"]
        assert {service.get(f"/cis/{key}")["name"] for key in near["cis"]} == set(twin)
        for second in twin:
            (hit,) = service.get(f"/cis/{first}/blast-radius", also=[second])["services"]
            assert (hit["state"], hit["lost_share"]) == ("down", 1.0)
            both = service.post("/simulations", {"cis": [first, second], "duration_hours": 3})
            assert both["money"] == 300.0


def test_t11_a_shared_ci_carries_the_sum_of_what_hangs_on_it(service: Service) -> None:
    profile = {"failures_per_year": 2, "repair_hours": 1}
    service.csv(
        cis=[ci("shop", "business_service"), ci("crm", "business_service"), ci("db", "database", **profile)],
        dependencies=needs("shop>db", "crm>db"),
        services=[
            {"key": "shop", "customers": 1000, "money_per_hour": 500},
            {"key": "crm", "customers": 200, "money_per_hour": 70},
        ],
    )
    row = next(area for area in service.get("/areas")["items"] if area["label"] == "db")
    assert row["services_hit"] == 2
    assert abs(row["money_per_year"] - 2 * 1 * (500 + 70)) < 1e-9
    assert abs(row["customer_hours_per_year"] - 2 * 1 * 1200) < 1e-9


def test_t12_a_sync_of_one_source_never_retires_what_another_claims(service: Service) -> None:
    shared = {"fqdn": "web-1.example.com"}
    service.csv("a", cis=[ci("web-1", **shared), ci("only-a")])
    service.csv("b", cis=[ci("host-17", **shared)])
    report = service.csv("a", cis=[ci("only-a")])
    assert report.retired == 0
    assert service.get("/cis/web-1.example.com")["records"][0]["source"] == "b"
    held = service.csv("b", cis=[ci("something-else")])
    assert held.state == "held" and "all of it" in held.held_because[0]  # the guard asks first
    service.get("/cis/web-1.example.com")
    service.csv("b", approve=True, cis=[ci("something-else")])
    service.get("/cis/web-1.example.com", status=404)


def test_t13_nothing_is_cut_off_in_silence(service: Service) -> None:
    names = [f"n{i:03}" for i in range(30)]
    service.csv(
        cis=[ci("root"), *map(ci, names), *(ci(f"s{i}", "business_service") for i in range(12))],
        dependencies=needs(*(f"{name}>root" for name in names), *(f"s{i}>n{i:03}" for i in range(12))),
    )
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        answer = service.get("/cis/root/blast-radius", limit=10, **after)
        seen += [row["name"] for row in answer["fallen"]]
        assert answer["limit"] == 10 and answer["fallen_total"] == 43 and answer["services_total"] == 12
        assert answer["truncated"] == (answer["next"] is not None)
        if not answer["truncated"]:
            break
        after = {"after": answer["next"]}
    assert len(seen) == len(set(seen)) == 43
    for path, total in (("/areas", 43), ("/services", 12), ("/cis", 43)):
        rows, after = [], {}
        while True:
            answer = service.get(path, limit=7, **after)
            rows += answer["items"]
            assert answer["truncated"] == (answer["next"] is not None)
            if not answer["truncated"]:
                break
            after = {"after": answer["next"]}
        assert len(rows) == total, path


def test_t14_twelve_failures_a_year_are_twelve_losses(service: Service) -> None:
    """A rate is a rate, not the probability of "it happens this year": 12 a year of 1,000 each are 12,000, in every table that
    shows it."""
    service.document(
        {
            "cis": [
                {"key": "shop", "name": "shop", "class": "business_service", "unavailability": 0},
                {"key": "db", "name": "db", "class": "database", "failures_per_year": 12, "repair_hours": 0.5},
            ],
            "dependencies": [{"dependent": "shop", "provider": "db"}],
            "services": [{"key": "shop", "impact": {"money": [[0, 0], [0, 1000], [1, 1000]]}, "mtpd_hours": 0}],
        }
    )
    told = service.get("/services/shop/loss")
    assert told["money_first_order"] == {
        "value": pytest.approx(12_000, rel=1e-12),
        "method": "exact",
        "low": None,
        "high": None,
        "note": "",
    }
    assert told["hours_first_order"]["value"] == pytest.approx(6.0, rel=1e-12)
    assert told["mtpd_breaches_first_order"] == pytest.approx(12.0, rel=1e-12)
    (row,) = [row for row in service.get("/areas")["items"] if row["label"] == "db"]
    assert row["money_per_year"] == pytest.approx(12_000, rel=1e-12)
    stops = service.get("/services/shop/availability")["failures_per_year"]["value"]
    assert stops == pytest.approx(12 / (1 + 12 * 0.5 / 8766), rel=1e-12)  # a calendar year also holds the hours it is down
