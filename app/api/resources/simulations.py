"""What-if: outages of any set of CIs, a site, a team's or a supplier's CIs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import g

from app.api.bodies import Blueprint
from app.api.common import forestay, reply, route, stood_in
from app.api.schemas.questions import PageQuestion, SimulationQuestion
from app.domain.results import Simulation
from app.domain.scenario import OutageScenario
from app.usecases.answers.simulate import SimulationRow, get_simulation, page_simulations, simulate_outage

blueprint = Blueprint("simulations", __name__, url_prefix="/api/v1", description="What-if outages")


@dataclass(frozen=True, slots=True)
class SimulationPage:
    items: Sequence[SimulationRow]
    limit: int
    truncated: bool
    next: str | None


@route(blueprint, "/simulations", "read", SimulationPage)
@blueprint.arguments(PageQuestion, location="query")
def page(question: dict[str, Any]) -> Any:
    """Simulations made, newest first."""
    stored = page_simulations(forestay().documents, question.get("after", ""), question["limit"] + 1)
    more, rows = len(stored) > question["limit"], stored[: question["limit"]]
    return SimulationPage(rows, question["limit"], more, rows[-1].simulation if more else None)


@route(blueprint, "/simulations", "simulate", Simulation, method="POST", status=201, long=True)
@blueprint.arguments(SimulationQuestion)
def make(question: dict[str, Any]) -> Any:
    """Simulate an outage: failed and degraded services, customers hit, cost over time, first MTPD, lost redundancy, what is one
    failure away."""
    service = forestay()
    scenario = OutageScenario(
        cis=tuple(question["cis"]),
        site=question["site"] or "",
        team=question["team"] or "",
        supplier=question["supplier"] or "",
        duration_hours=question["duration_hours"],
        at_hours=tuple(question["at_hours"]),
        rule=question["rule"] or service.settings.model.rule,
    )
    simulation = simulate_outage(
        service,
        scenario,
        g.caller.name,
        question.get("revision"),
        question.get("as_of"),
        keep=not stood_in(),
    )
    if stood_in():  # answered, and kept nowhere
        return reply(simulation, 201)
    return reply(simulation, 201, {"Location": f"/api/v1/simulations/{simulation.simulation}"})


@route(blueprint, "/simulations/<simulation>", "read", Simulation, sensitive=True)
def one(simulation: str) -> Any:
    """A simulation as it was answered then."""
    return reply(get_simulation(forestay().documents, simulation))
