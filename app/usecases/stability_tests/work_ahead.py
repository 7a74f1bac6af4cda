"""What hangs on the redundancy groups of an estate, worked out while the runner has nothing else to do."""

from __future__ import annotations

from app.ports.graph_store import Revision
from app.usecases.answers.group_evidence import Groups
from app.usecases.assess import assessed, is_assessed
from app.usecases.stability_tests.kept_stakes import KEPT, PARTS, keep_part, with_stakes
from app.usecases.tools import Tools

STEP_SECONDS = 4.0
MOST_STEPS = 100  # for one revision; what is left then is worked out as it is asked for


def keep_stakes(tools: Tools, revision: Revision) -> bool:
    """Works out further groups of a revision that is assessed, those first on which about the most hangs, and keeps them; returns
    whether there was one."""
    settings = tools.estates.settings_at(revision)
    if not is_assessed(tools.documents, revision.revision, settings):
        return False
    base = with_stakes(tools, assessed(tools.estates, tools.cache, revision.revision))
    able = Groups(base, []).able
    if len(base.found[KEPT]) >= len(able) or base.found.get(PARTS, 0) >= MOST_STEPS:
        return False
    return keep_part(tools, base, Groups(base, [], STEP_SECONDS).known)
