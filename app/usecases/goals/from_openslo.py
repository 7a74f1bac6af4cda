"""Goals from an OpenSLO file: each objective becomes the goal of its kind of a service; what could not be read is listed."""

from __future__ import annotations

from app.domain.errors import ForestayError, LimitExceeded, StoreUnavailable
from app.domain.slo import SloGoal, SloReport, SloUnread
from app.usecases.goals.set_goals import set_goal
from app.usecases.tools import Tools


def take_openslo(tools: Tools, file: str, body: bytes, caller: str) -> SloReport:
    """Sets the goals of a file. Those that it states for a service that is not known, or twice, are listed and change nothing."""
    most = tools.settings.goals.slo_bytes
    if len(body) > most:
        raise LimitExceeded(f"{file}: larger than {most:,} bytes (setting goals.slo_bytes)")
    found = tools.read_openslo(file, body)
    unread, items, seen = list(found.unread), list[SloGoal](), dict[tuple[str, str], str]()
    for one in found.read:
        first = seen.setdefault((one.service, one.goal.kind), one.record)
        if first != one.record:
            kind = one.goal.kind.replace("_", " ")
            unread.append(
                SloUnread(one.record, "spec.service", f"{first} states the {kind} of {one.service} already", "keep one")
            )
            continue
        try:
            made = set_goal(tools, one.service, one.goal, caller)
        except StoreUnavailable:
            raise
        except ForestayError as error:
            unread.append(SloUnread(one.record, "spec.service", error.message, "name the service by its key or any alias"))
            continue
        items.append(SloGoal(one.record, made.key, made.kind, made.sentence))
    return SloReport(file, found.documents, items, unread)
