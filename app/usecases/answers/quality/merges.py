"""CIs that several sources tell of under names that are nothing alike: perhaps two that were taken for one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from app.domain.identity_spelling import FQDN, host_of, normalise
from app.domain.nouns import SOURCE_RECORD
from app.domain.payloads import record_of
from app.domain.quality import Finding
from app.domain.records import CiRecord
from app.ports.graph_store import GraphStore
from app.usecases.answers.quality.several import costliest
from app.usecases.answers.quality.weighing import EXAMPLES, Scale
from app.usecases.tools import Tools

BLOCK = 5_000


def unlike_names_finding(scale: Scale, tools: Tools) -> Finding:
    """Returns the finding on CIs whose records have nothing alike in their names; of the CIs with several records the costliest
    are compared."""
    revision = scale.assessment.estate.revision.revision
    looked_at = costliest(scale, tools)
    ids, positions = looked_at.ids, looked_at.positions
    unlike = _unlike(tools.store, revision, ids.tolist())
    held = np.isin(ids, sorted(unlike))
    impact = scale.impact(positions[held]) if held.any() else None
    return Finding(
        "merged under unlike names",
        int(held.sum()),
        len(ids),
        impact,
        scale.share(impact),
        "records with nothing alike in their names are one CI: if it is two, redundancy between them is not counted, "
        f"and each has the needs of both{looked_at.cut}",
        "see `forestay why` for what joins them; part them with `forestay split` if they are two",
        [unlike[int(ci_id)] for ci_id in ids[held][:EXAMPLES]],
    )


def _unlike(store: GraphStore, revision: int, ci_ids: Sequence[int]) -> dict[int, str]:
    """Returns the names, in words, of the CIs of which two records have nothing alike."""
    of_ci: dict[int, list[CiRecord]] = {}
    for start in range(0, len(ci_ids), BLOCK):
        rows: Any = store.rows(revision, SOURCE_RECORD.name, "ci_id", ci_ids[start : start + BLOCK])
        for row, payload in enumerate(rows["payload"]):
            record = record_of(payload)
            if record.ci_class:
                of_ci.setdefault(int(rows["ci_id"][row]), []).append(record)
    return {
        ci_id: " / ".join(dict.fromkeys(record.name for record in records))
        for ci_id, records in of_ci.items()
        if any(not alike(a, b) for a, b in combinations(records, 2))
    }


def alike(a: CiRecord, b: CiRecord) -> bool:
    """Whether some name of one is a name of the other, or a part of it.

    >>> web, db = CiRecord("ci", "1", "web-1", "server"), CiRecord("ci", "2", "db-7", "server")
    >>> alike(web, db), alike(web, CiRecord("ci", "3", "WEB-1 (old)", "server"))
    (False, True)
    """
    return any(one in other or other in one for one in _names(a) for other in _names(b))


def _names(record: CiRecord) -> set[str]:
    hosts = {host_of(value) for kind, value in (normalise(*pair) for pair in record.identifiers) if kind == FQDN}
    return {name for name in (record.name.casefold().strip(), host_of(record.name.casefold()).strip(), *hosts) if name}
