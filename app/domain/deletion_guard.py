"""The deletion guard: a run that would retire suspiciously much waits for a person.

It watches the source records of each class, the dependencies of each kind, groups and services. A run is held where it would
retire

* more than max(25, 5 %) of what the source claims,
* half or more, where it claims at least four,
* all of it, or
* together with the runs of the last 24 hours more than max(25, 10 %) of what it claimed before them.

Of classes that are short-lived (`short_lived` in the class table or the settings: pods get another name with every start) only
the net loss counts, and so it does of the dependencies of a run in which such CIs go.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    floor: int = 25
    share: float = 0.05
    half_from: int = 4
    day_share: float = 0.10


@dataclass(frozen=True, slots=True)
class Watched:
    """One sort of thing that the guard watches.

    `what`: "class server", "dependencies hard", "groups" or "services"; `claimed`: how many the source stated before this run
    (records, not CIs: another source may still tell of them); `retired_lately`: in the last 24 hours before it.
    """

    what: str
    claimed: int
    retiring: int
    retired_lately: int = 0
    arriving: int = 0  # new ones that make up for some, where names come and go by design

    @property
    def net(self) -> int:
        return max(self.retiring - self.arriving, 0)


def held_because(rows: Iterable[Watched], limits: Limits | None = None) -> list[str]:
    """Returns one sentence for each reason to hold the run; none where it may go on.

    >>> held_because([Watched("class server", 1000, 51)])
    ['class server: 51 of the 1000 records this source has would be retired, more than 50']
    >>> held_because([Watched("class server", 100, 25)])
    []
    >>> held_because([Watched("class container", 1000, 700, arriving=690)])
    []
    """
    return [reason for row in rows for reason in _reasons(row, limits or Limits())]


def _reasons(row: Watched, limits: Limits) -> Iterable[str]:
    retiring = row.net
    records = "records this source has" if row.what.startswith("class ") else "this source has"
    sentence = f"{row.what}: {retiring} of the {row.claimed} {records} would be retired"
    if row.arriving:
        sentence += f" (net: {row.retiring} go, {row.arriving} are new)"
    if retiring <= 0:
        return
    allowed = max(limits.floor, int(limits.share * row.claimed))
    if retiring >= row.claimed:
        yield f"{sentence}, all of it"
    elif retiring > allowed:
        yield f"{sentence}, more than {allowed}"
    elif row.claimed >= limits.half_from and 2 * retiring >= row.claimed:
        yield f"{sentence}, half or more"
    in_day, before = retiring + row.retired_lately, row.claimed + row.retired_lately
    allowed_day = max(limits.floor, int(limits.day_share * before))
    if row.retired_lately and in_day > allowed_day:
        yield f"{row.what}: {in_day} of {before} within 24 hours, more than {allowed_day}"
