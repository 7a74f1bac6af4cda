"""Sentences of goals, simulations, the quality page, runs and headers of rankings, derived again from the figures beside them."""

from __future__ import annotations

import html
import json
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest

from app.domain.results import MEASURES
from app.domain.sentences import number
from tests.e2e.conftest import Service
from tests.e2e.test_sentences import of_outage, random_estate

GOAL = re.compile(
    r"(meets|misses|may or may not meet) its goal of ([\d.]+)%: (?:(between [\d.]+% and [\d.]+%|[\d.]+%|an availability nobody "
    r"can bound)) is expected"
    r"( at most, as needs were not read)?; the goal allows (.+?) bad minutes a year\.(?: (.+) allows ([\d.]+)% at most\.)?$"
)
WORDS = {"met": "meets", "missed": "misses", "undecided": "may or may not meet"}


def of_goal(answer: dict[str, Any]) -> Iterator[str]:
    """What the sentence of a goal says beyond its figures."""
    text, target = answer["sentence"], answer["target"]
    if target is None:
        if "has no availability goal" not in text and "down in the state at rest" not in text:
            yield "a goal nobody set"
        return
    if "down in the state at rest" in text:
        if answer["availability"]["value"] != 0.0:
            yield "down at rest and available"
        return
    found = GOAL.search(text)
    if found is None:
        yield "a sentence nobody reads"
        return
    word, goal, reached, at_most, allowed, binding, binds = found.groups()
    if word != WORDS[answer["verdict"]]:
        yield f"{word}: {answer['verdict']}"
    if float(goal) != pytest.approx(100 * target, abs=1e-4):
        yield f"goal {goal}"
    value = answer["availability"]["value"]
    if value is not None and reached != f"{value:.4%}":
        yield f"{reached} is {value}"
    if value is not None and not answer["open_needs"] and answer["verdict"] != ("met" if value >= target else "missed"):
        yield f"{answer['verdict']}: {value} of {target}"
    if bool(at_most) != (answer["open_needs"] > 0):
        yield "at most"
    if allowed != number((1 - target) * 525960) or answer["budget_minutes_per_year"] != pytest.approx((1 - target) * 525960):
        yield f"allows {allowed}"
    if binding and (
        binds != f"{answer['binding']['availability']['value']:.4%}"[:-1] or answer["binding"]["names"][0] not in binding
    ):
        yield f"binding {binding} {binds}"
    rows = sum(row["bad_minutes_per_year"] or 0.0 for row in answer["rows"]) + answer["rows_not_shown_minutes"]
    if answer["bad_minutes_per_year"]["value"] is not None and rows != pytest.approx(
        answer["bad_minutes_per_year"]["value"], abs=1e-6
    ):
        yield f"rows make {rows}"


COST = re.compile(r"([\d.,]+(?: \w+illion)?) hours? costs?( at least)? ([\d.,]+(?: \w+illion)?) EUR\.")
BREACH = re.compile(r" (\S+) breaches its MTPD first, after ([\d.,]+) hours?\.")


def of_simulation(made: dict[str, Any]) -> Iterator[str]:
    """The same of a simulation."""
    text = made["sentence"]
    yield from of_outage(COST.sub("", BREACH.sub("", text)), made)
    cost, breach = COST.search(text), BREACH.search(text)
    known = [row["money"] for row in made["services"] if row["money"] is not None]
    if (cost is None) != (not known):
        yield "cost"
    if cost is not None and (cost[1] != number(made["duration_hours"]) or cost[3] != number(made["money"])):
        yield f"cost {cost.groups()}: {made['money']}"
    if cost is not None and bool(cost[2]) != (made["money_unknown"] > 0 or made["services_incomplete"] > 0):
        yield "at least"
    if (breach is None) != (made["first_mtpd_breached_at_hours"] is None):
        yield "breach"
    if breach is not None and (
        breach[1] != made["first_mtpd_service"] or breach[2] != number(made["first_mtpd_breached_at_hours"])
    ):
        yield f"breach {breach.groups()}"
    if ("Incomplete:" in text) != (made["services_incomplete"] > 0):
        yield "incomplete"


def text_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def of_pages(service: Service) -> Iterator[str]:
    for kind in ("ci", "service", "class"):
        page, said = service.get("/areas", kind=kind), text_of(service.page("/", kind=kind))
        if f"Ranked by {MEASURES[page['measure']]};" not in said:
            yield f"ranked by: {page['measure']}"
        if page["total"] is not None and f"total {number(page['total'])}" not in said:
            yield f"total {page['total']}"
        if f"{len(page['items'])} of {page['total_rows']} areas" not in said:
            yield "areas"
    quality, said = service.get("/quality"), text_of(service.page("/quality"))
    if f"{quality['cis']} CIs and {quality['services']} services" not in said:
        yield "quality: CIs"
    for row in quality["findings"]:
        share = "unknown" if row["share"] is None else f"{row['share']:.1%}"
        if f"{row['kind']} {row['count']} of {row['of']} {share}" not in said:
            yield f"quality: {row['kind']}"
        if row["share"] is not None and not -1e-9 <= row["share"] <= 1 + 1e-9:
            yield f"quality: share {row['share']} of {row['kind']}"
    if f"{quality['groups_on_paper']} of {quality['groups']} redundant groups" not in said:
        yield "quality: groups"
    run = service.get("/runs")["items"][0]
    said = text_of(service.page("/run", id=run["run_id"]))
    for what in (
        f"+ {run['created']} ~ {run['changed']} − {run['retired']}".replace(" ", ""),
        f"+{run['dependencies_added']}~{run['dependencies_changed']}−{run['dependencies_retired']}",
    ):
        if what not in said.replace(" ", ""):
            yield f"run: {what}"
    for kind, counts in run["counts"].items():
        if (
            counts["read"]
            and f"{kind} {counts['read']} {counts['stored']} {counts['unchanged']} {counts['duplicate']} {counts['rejected']}"
            not in said
        ):
            yield f"run: {kind}"


def unread_estate(rng: random.Random) -> dict[str, Any]:
    """With goals, MTPDs and now and then a need that nobody can resolve."""
    estate = random_estate(rng)
    for row in estate["services"]:
        row |= {"availability_target": rng.choice((0.9, 0.999, 1.0)), "mtpd_hours": rng.choice((1, 24))}
    if rng.random() < 0.4:
        keys = [ci["key"] for ci in estate["cis"]]
        estate["dependencies"].append({"dependent": rng.choice(keys), "provider": "ghost"})
    return estate


def over_estates(service: Service, seeds: range) -> int:
    checked = 0
    for seed in seeds:
        estate = unread_estate(random.Random(f"pages {seed}"))
        path = service.folder / "estate.json"
        path.write_text(json.dumps(estate))
        service.sync("json", "json", path, approve=True)
        false = list(of_pages(service))
        for row in estate["services"]:
            false += [f"goal of {row['key']}: {what}" for what in of_goal(service.get(f"/services/{row['key']}/goal"))]
        for ci in estate["cis"]:
            made = service.post("/simulations", {"cis": [ci["key"]], "duration_hours": random.Random(seed).choice((1, 2, 30))})
            false += [f"{made['sentence']} -- {what}" for what in of_simulation(made)]
            checked += 1
        assert not false, (seed, false)
        checked += len(estate["services"]) + 10
    return checked


def test_sentences_of_pages_goals_and_simulations_are_true(service: Service) -> None:
    assert over_estates(service, range(4)) > 60


@pytest.mark.slow
def test_sentences_of_pages_goals_and_simulations_are_true_in_40_estates(service: Service) -> None:
    assert over_estates(service, range(100, 140)) > 600
