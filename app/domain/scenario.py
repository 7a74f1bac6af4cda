"""OutageScenario: the question of a simulation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OutageScenario:
    """CIs (any identity), and all CIs of a site, team or supplier, are down together for `duration_hours`; None means until the
    longest repair is done."""

    cis: tuple[str, ...] = ()
    site: str = ""
    team: str = ""
    supplier: str = ""
    duration_hours: float | None = None
    at_hours: tuple[float, ...] = ()  # times at which the cost is asked for
    rule: str = "product"
