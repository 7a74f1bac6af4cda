"""What the example's people changed in its two years, and what they made of it: CIs whose failures or restores changed for good,
three improvements (one of them did not work), three accepted risks, and what hangs together although nobody wrote it down."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from app.domain.improvements import CORRECT, DONE, STANDARDISE, START
from app.domain.measures import RATE, RESTORE, Measure
from app.domain.stated_history import StatedAcceptance, StatedHistory, StatedImprovement, StatedStep

SET_UP = datetime(2025, 10, 1, tzinfo=UTC)  # the service began here, with the eleven months before it
SPREAD = 0.5  # of the logarithm of the hours of one outage


@dataclass(frozen=True, slots=True)
class Changed:
    """A CI that failed `before` (times a year, hours each) until `since`, and `after` from then on."""

    ci: str
    since: datetime
    before: tuple[float, float]
    after: tuple[float, float]

    def outages(self, rng: random.Random, begin: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """Returns begin and end of each outage."""
        found = []
        for low, high, (rate, hours) in ((begin, self.since, self.before), (self.since, end, self.after)):
            years = (high - low).days / 365.25
            clock = rng.expovariate(rate)
            while clock < years:
                started = low + (high - low) * (clock / years)
                lasts = hours * rng.lognormvariate(-(SPREAD**2) / 2, SPREAD) / 24.0
                found.append((started, datetime.fromtimestamp(started.timestamp() + lasts * 86400.0, UTC)))
                clock += rng.expovariate(rate)
        return found


CHANGED = (
    Changed("app-collect", datetime(2025, 10, 27, tzinfo=UTC), (34.0, 1.6), (34.0, 0.5)),
    Changed("app-partner-api", datetime(2025, 11, 10, tzinfo=UTC), (40.0, 0.5), (4.0, 0.4)),
    Changed("app-labels", datetime(2025, 11, 17, tzinfo=UTC), (52.0, 0.3), (52.0, 0.3)),  # the patch changed nothing
    Changed("app-billing", datetime(2026, 2, 2, tzinfo=UTC), (5.0, 1.0), (16.0, 1.0)),
)
# tools that fall with an application, as nobody but their users knows
HIDDEN_NEEDS = {"tool-117": "app-collect", "tool-342": "app-partner-api"}
RELAYS = ("smtp-relay-01", "smtp-relay-02")  # either does, the CMDB says that both are needed

HISTORY = StatedHistory(
    [
        StatedImprovement(
            "Bring click and collect back in half the time", "Stores",
            "Most of an outage is the search for the right image: with one kept ready, the restart takes half as long",
            [Measure(RESTORE, "app-collect", share=0.5, cost=9000.0)], "2025-10-31", ["app-collect"], "2025-10-06T09:00:00+02:00",
            [
                StatedStep(START, "2025-10-08T09:00:00+02:00"),
                StatedStep(DONE, "2025-10-27T00:00:00+00:00", "The image is kept ready on both sites"),
                StatedStep(STANDARDISE, "2026-10-19T10:00:00+02:00", "In the runbook of all applications of the shops"),
            ],
        ),
        StatedImprovement(
            "Fewer failures of the partner interface", "Partners",
            "Four of five failures are one partner's retries that pile up: a limit for each partner ends them",
            [Measure(RATE, "app-partner-api", share=0.2, cost=14000.0)], "2025-11-15", ["app-partner-api"],
            "2025-10-07T14:00:00+02:00",
            [
                StatedStep(START, "2025-10-13T09:00:00+02:00"),
                StatedStep(DONE, "2025-11-10T00:00:00+00:00", "Limits in force for all partners"),
                StatedStep(STANDARDISE, "2026-10-19T10:30:00+02:00", "Limits belong to every interface for partners"),
            ],
        ),
        StatedImprovement(
            "The vendor's patch for label printing", "Warehouse",
            "The vendor says that the hangs come from a leak in the driver: with the patch one in five is left",
            [Measure(RATE, "app-labels", share=0.2, cost=6000.0)], "2025-11-20", ["app-labels"], "2025-10-09T11:00:00+02:00",
            [
                StatedStep(START, "2025-11-03T08:00:00+01:00"),
                StatedStep(DONE, "2025-11-17T00:00:00+00:00", "Patched on both machines"),
                StatedStep(CORRECT, "2026-10-19T11:00:00+02:00", "It hangs as often as before: the spooler is to be looked at"),
            ],
        ),
    ],
    [
        StatedAcceptance("ext-dns-host", "A second host for DNS is dear while the contract runs", "2026-10-31", 0.5,
                         "2025-10-14T10:00:00+02:00"),
        StatedAcceptance("app-billing", "Invoices can wait for a day", "2027-06-30", 0.25, "2025-10-14T10:10:00+02:00"),
        StatedAcceptance("fra1-ups-a", "The rebuild of the room comes in 2027", "2027-06-30", 0.25, "2025-10-14T10:20:00+02:00"),
    ],
)  # fmt: skip


def write(folder: Path) -> Path:
    """Writes the improvements and accepted risks as a document that can be handed in; returns the file."""
    path = folder / "improvements.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(HISTORY), indent=1))
    return path
