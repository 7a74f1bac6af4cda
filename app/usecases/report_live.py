"""Say what a CI does right now, and take it back."""

from __future__ import annotations

from app.domain.errors import NotFound
from app.domain.live import LiveReport
from app.usecases.find import identify
from app.usecases.keep.live import clear_reports, set_report
from app.usecases.tools import Tools


def set_live(
    tools: Tools, ci: str, caller: str, state: str, share: float | None = None, started_at: str = "", ends_at: str = "",
    reason: str = "",
) -> LiveReport:  # fmt: skip
    """Keeps what is said of the CI that answers to `ci`; NotFound or Ambiguous where that is not one."""
    hit = identify(tools.store, tools.store.current().revision, ci)
    return set_report(tools.documents, LiveReport(hit.key, state, share, started_at, ends_at, caller, reason, ""))


def clear_live(tools: Tools, ci: str, caller: str) -> tuple[str, int]:
    """Takes back all that is reported of a CI. Returns its key and how many reports there were. A CI that is gone is named by the
    key under which it was reported."""
    try:
        key = identify(tools.store, tools.store.current().revision, ci).key
    except NotFound:
        key = ci
    try:
        return key, clear_reports(tools.documents, key, caller)
    except NotFound:
        if key == ci:
            raise
        return ci, clear_reports(tools.documents, ci, caller)  # it was reported under a name that it has no more
