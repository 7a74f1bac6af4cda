"""Every sentence about an outage or an area, of random estates and of the demo, derived again from the figures beside it."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.e2e.conftest import Service
from tests.seeds import some_of

COUNT = re.compile(r"(?P<n>[\d,]+) services? (?P<verb>stops?|works? at a part)|(?P<more>[\d,]+) more works? at a part")
STARTS = re.compile(
    r"(all of it|most of it|the largest part)(?: \(([\d.]+|less than 0\.01) %\))? starts at (.+?)(?:; the first five make "
    r"(\d+|\d\.\d) %)?(?:, by hours out)?[.;]"
)


def random_estate(rng: random.Random) -> dict[str, Any]:
    cis = [
        {"key": f"c{k}", "failures_per_year": rng.choice((0.0, 0.5, 4.0)), "repair_hours": 4.0} for k in range(rng.randint(3, 9))
    ]
    if rng.random() < 0.15:
        cis[0] = {"key": "c0", "unavailability": 1.0}
    keys = [ci["key"] for ci in cis]
    needs = [
        {"dependent": a, "provider": b, **({"kind": "soft", "weight": 0.4} if rng.random() < 0.3 else {})}
        for k, b in enumerate(keys) for a in keys[k + 1 :] if rng.random() < 0.2
    ]  # fmt: skip
    groups = []
    for k in range(2, len(keys)):
        if rng.random() < 0.35:
            members = rng.sample(keys[:k], rng.randint(2, min(k, 3)))
            switch = {"failover_minutes": 5, "failover_success": 0.9} if rng.random() < 0.4 else {}
            groups.append(
                {"key": f"g{k}", "dependent": keys[k], "needed": rng.randint(1, len(members) - 1), "members": members, **switch}
            )
    services = [
        {"key": key, "customers": rng.choice((None, 5, 50)), "money_per_hour": rng.choice((None, 10.0))} for key in keys[-2:]
    ]
    services = [{name: value for name, value in service.items() if value is not None} for service in services]
    return {"cis": cis, "dependencies": needs, "groups": groups, "services": services}


def of_outage(text: str, blast: dict[str, Any]) -> Iterator[str]:
    """What a sentence about an outage claims beyond its figures; nothing where all is true."""
    stopped = [hit["name"] for hit in blast["services"] if hit["state"] == "down"]
    down = degraded = 0
    for found in COUNT.finditer(text):
        if found["more"]:
            degraded = int(found["more"].replace(",", ""))
        elif found["verb"].startswith("stop"):
            down = int(found["n"].replace(",", ""))
        else:
            degraded = int(found["n"].replace(",", ""))
    if (down, degraded) != (blast["services_down"], blast["services_degraded"]):
        yield f"counts {down}, {degraded} of {blast['services_down']}, {blast['services_degraded']}"
    if stopped and not any(name in text for name in stopped):
        yield "names no service that stops"
    if ("second path" in text) != (
        not down
        and not degraded
        and not blast["services_interrupted"]
        and bool(blast["redundancy_used_up"])
        and "down already" not in text
    ):
        yield "second path"
    if ("failover interrupts" in text) != (blast["services_interrupted"] > 0):
        yield "failover"
    if "Nothing is known to depend" in text and blast["cis_down"] + blast["cis_degraded"] > 1:
        yield "something depends on it"
    if "with it, and no service hangs" in text and blast["cis_down"] + blast["cis_degraded"] < 2:
        yield "nothing falls with it"


def of_area(row: dict[str, Any], detail: dict[str, Any]) -> Iterator[str]:
    text, parts = row["reason"], detail["contributions"]
    found = STARTS.search(text)
    shares = [(part["name"], part["share"]) for part in parts]
    if found is None:
        if "starts at" in text and "none of it starts at a CI alone" not in text:
            yield "a claim nobody reads"
        if "none of it starts" in text and any(share > 0 for _, share in shares):
            yield "something starts it"
        return
    word, percent, name, five = found.groups()
    share = dict(shares).get(name)
    if share is None or share < max(part for _, part in shares) - 1e-12:
        yield f"{name} is not the largest: {shares[:3]}"
        return
    if percent and percent[0].isdigit() and float(percent) != pytest.approx(100 * share, rel=0.06):
        yield f"{percent} % is {share}"
    if (
        (word == "all of it" and share < 0.999)
        or (word == "most of it" and share <= 0.5)
        or (word == "the largest part" and share > 0.5)
    ):
        yield f"{word}: {share}"
    if five and float(five) != pytest.approx(100 * sum(sorted((part for _, part in shares), reverse=True)[:5]), rel=0.06):
        yield f"the first five make {five} %"


def claims(service: Service, kinds: tuple[str, ...], most: int) -> tuple[int, list[str]]:
    """How many sentences were checked, and those that are false."""
    checked, false = 0, []
    for row in service.get("/areas", kind="ci", limit=most)["items"]:
        blast = service.get(f"/cis/{row['name']}/blast-radius")
        said = [(blast["sentence"], of_outage(blast["sentence"], blast))]
        if not row["not_counted"]:
            said.append((row["reason"], of_outage(row["reason"], blast)))
        impact = service.get("/impact", id=row["name"])
        said.append((impact["reason"], of_outage(impact["reason"].split(" now hang")[0], blast)))
        for text, wrong in said:
            checked += 1
            false += [f"{text} -- {what}" for what in wrong]
    for kind in kinds:
        for row in service.get("/areas", kind=kind, limit=most)["items"]:
            if row["not_counted"]:
                continue
            checked += 1
            detail = service.get("/area", kind=kind, name=row["name"])
            false += [f"{row['reason']} -- {what}" for what in of_area(row, detail)]
    return checked, false


def over_estates(service: Service, seeds: Sequence[int]) -> int:
    total = 0
    for seed in seeds:
        path = service.folder / "estate.json"
        path.write_text(json.dumps(random_estate(random.Random(seed))))
        assert service.sync("json", "json", path, approve=True).state == "done"
        checked, false = claims(service, ("service", "class"), 50)
        assert not false, (seed, false)
        total += checked
    return total


def test_sentences_of_random_estates_are_true(service: Service) -> None:
    assert over_estates(service, range(5)) > 80


@pytest.mark.slow
@pytest.mark.parametrize("block", range(6))
def test_sentences_of_300_random_estates_are_true(service: Service, block: int) -> None:
    seeds = some_of(range(1000 + 50 * block, 1050 + 50 * block), 2)
    assert over_estates(service, seeds) > 18 * len(seeds)
