"""Traps found in existing tools (model.md, section 3), each asked through the public ways in."""

from __future__ import annotations

import random
import re

from tests.e2e.conftest import Service


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
        assert re.search(r"<dt>Services down</dt><dd>(\d+)</dd>", page).group(1) == str(services)
        assert re.search(r"<dt>CIs down</dt><dd>(\d+)</dd>", page).group(1) == str(api["cis_down"])


def test_t3_degraded_becomes_down_when_every_member_is_down(service: Service) -> None:
    service.csv(
        cis=[ci("shop", "business_service"), ci("a"), ci("b")],
        groups=[{"key": "pair", "dependent": "shop", "needed": 1, "members": "a|b", "shares": "0.5|0.5"}],
    )
    one = service.get("/cis/a/blast-radius")
    both = service.get("/cis/a/blast-radius", also=["b"])
    assert [(hit["state"], hit["lost_share"]) for hit in one["services"]] == [("degraded", 0.5)]
    assert [(hit["state"], hit["lost_share"]) for hit in both["services"]] == [("down", 1.0)]


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
        assert answer["limit"] == 10 and answer["fallen_total"] == 43 and len(answer["services"]) == 12
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
