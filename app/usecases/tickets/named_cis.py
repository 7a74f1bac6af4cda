"""CIs as a ticket names them: our key and name, and what each source calls them."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.tickets import ForeignId, TicketCi
from app.usecases.keep.sources import known_told_of
from app.usecases.tools import Tools


def named_cis(tools: Tools, keys: Sequence[str]) -> list[TicketCi]:
    """Returns the CIs of these keys with their names and the records that sources hold of them, as of now; a key that nobody
    holds any more stands with itself as its name."""
    if not keys:
        return []
    store = tools.store
    at = store.current().revision
    hits = {key: hit for key, found in store.find(at, list(dict.fromkeys(keys)), ["key"]).items() for hit in found}
    sources = {source.source_id: source for source in known_told_of(tools.documents)}
    records = store.rows(at, "source_record", "ci_id", sorted({hit.ci_id for hit in hits.values()})) if hits else {"ci_id": []}
    ids: dict[int, list[ForeignId]] = {}
    for row, ci_id in enumerate(records["ci_id"]):
        source = sources.get(int(records["source_id"][row]))
        if source is not None:
            source_class, _, source_id = str(records["source_key"][row]).partition(":")
            ids.setdefault(int(ci_id), []).append(ForeignId(source.kind, source.name, source_class, source_id))
    return [
        TicketCi(key, hits[key].name or key, tuple(ids.get(hits[key].ci_id, ()))) if key in hits else TicketCi(key, key)
        for key in dict.fromkeys(keys)
    ]
