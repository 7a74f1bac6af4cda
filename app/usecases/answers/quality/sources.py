"""The sources as their last runs left them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np

from app.domain.quality import SourceQuality
from app.domain.records import SyncReport
from app.ports.documents import Documents
from app.usecases.keep import sync_runs
from app.usecases.keep.refused import KEPT
from app.usecases.keep.sources import RegisteredSource, list_sources

NOBODY, UNKNOWN_TYPE, UNKNOWN = "no CI answers to", "unknown type: ", "unknown"


def source_rows(
    documents: Documents, records: Mapping[int, int], relations: Mapping[int, Mapping[str, int]]
) -> list[SourceQuality]:
    """Returns the sources by priority.

    `records`: how many each source has in the ledger; `relations`: dependencies of unknown types that were taken in, by word.
    """
    return [_row(documents, source, records, relations) for source in list_sources(documents)]


def _row(
    documents: Documents, source: RegisteredSource, records: Mapping[int, int], relations: Mapping[int, Mapping[str, int]]
) -> SourceQuality:
    run = sync_runs.get_run(documents, source.last_run) if source.last_run else SyncReport("", source.name, state="")
    refused = sum(counts.rejected for counts in run.counts.values())
    kept = run.rejected if refused == len(run.rejected) else sync_runs.page_rejected(documents, run.run_id, 0, KEPT)[0]
    dangling = sum(NOBODY in row.reason for row in kept)
    ignored = run.counts["dependency"].ignored if "dependency" in run.counts else {}
    unknown = {word: number for word, number in ignored.items() if UNKNOWN in word}
    for word, number in relations.get(source.source_id, {}).items():
        unknown[word] = unknown.get(word, 0) + number
    return SourceQuality(
        source.name,
        source.kind,
        source.synced_at,
        _age(source.synced_at),
        source.last_state,
        dict(source.incomplete),
        records.get(source.source_id, 0),
        refused,
        dangling,
        refused > len(kept),
        unknown,
        dict(run.unknown_classes),
    )


def _age(at: str) -> float | None:
    if not at:
        return None
    return round((datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds() / 3600, 2)


def unknown_relations(columns: Mapping[str, Any]) -> dict[int, dict[str, int]]:
    """Counts dependencies under a word that no mapping names, by source and word."""
    relation, sources = columns["relation"], np.asarray(columns["source_id"])
    counted: dict[int, dict[str, int]] = {}
    for code, word in enumerate(relation.values):
        if not word.startswith(UNKNOWN_TYPE):
            continue
        ids, counts = np.unique(sources[np.asarray(relation.codes) == code], return_counts=True)
        for source_id, count in zip(ids.tolist(), counts.tolist(), strict=True):
            counted.setdefault(source_id, {})[word.removeprefix(UNKNOWN_TYPE)] = count
    return counted
