"""Which CI is meant: exactly, by any identity somebody holds, or by a few letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from unicodedata import normalize

from app.domain.errors import Ambiguous, InvalidInput, NoSuchCi, NotAService, NotFound
from app.domain.nouns import SOURCE_RECORD
from app.domain.results import CiRow
from app.domain.texts import one_form
from app.ports.graph_store import GraphStore, Hit

if TYPE_CHECKING:  # most of what looks for a CI needs no estate
    from app.usecases.estate import Estate

TEXT_LIMIT = 4000
UNTIL = "until revision "


def identify(store: GraphStore, revision: int, text: str) -> Hit:
    """Returns the one CI whose key or alias equals `text`, spelling case aside. A key wins over aliases. A text that no CI
    answers to may be a former name, or name a record as its source does, by class and id (`Server::7`, `server:7`).

    NotFound when no CI answers to it, Ambiguous (with the keys of the candidates) when several do.
    """
    text = checked_text(text)
    hits = _found(store, revision, text)
    by_key = [hit for hit in hits if hit.key == text]
    chosen = by_key or list({hit.ci_id: hit for hit in hits}.values())
    chosen = chosen or former_hits(store, revision, text) or recorded_hits(store, revision, text)
    if not chosen:
        raise NoSuchCi(f"no CI answers to {text!r} at revision {revision}; search with a few letters of its name")
    if len(chosen) > 1:
        raise Ambiguous(f"{len(chosen)} CIs answer to {text!r}; name one by its key", sorted(hit.key for hit in chosen))
    return chosen[0]


def _found(store: GraphStore, revision: int, text: str) -> Sequence[Hit]:
    """Returns the CIs that answer to a text; where none does, those that answer to it with compatible signs as one (NFKC)."""
    compatible = normalize("NFKC", text)
    return store.find(revision, [text]).get(text, ()) or (
        store.find(revision, [compatible]).get(compatible, ()) if compatible != text else ()
    )


def identify_service(store: GraphStore, estate: Estate, text: str) -> int:
    """Returns the position of the business service that answers to `text`; NotFound where the CI is none."""
    position = estate.position(identify(store, estate.revision.revision, text).ci_id)
    if position not in estate.service_number:
        raise not_a_service(text)
    return position


def not_a_service(text: str) -> NotFound:
    return NotAService(f"{text!r} is not a business service; lay an exposure over it to make it one")


def former_hits(store: GraphStore, revision: int, text: str) -> list[Hit]:
    """Returns the CIs that once had this name; the kind of alias says until when."""
    hits = store.find_former(revision, [text]).get(text, ())
    states = store.states(revision, [former.ci_id for former in hits]) if hits else {"ci_id": []}
    row = {int(ci_id): n for n, ci_id in enumerate(states["ci_id"])}
    return [
        Hit(
            former.ci_id, former.key, states["name"][row[former.ci_id]] or "", states["ci_class"][row[former.ci_id]] or "",
            f"{UNTIL}{former.until}", text,
        )
        for former in hits
    ]  # fmt: skip


def recorded_hits(store: GraphStore, revision: int, text: str) -> list[Hit]:
    """Returns the CIs of records whose class and id a text names, with one colon between them or two (iTop)."""
    source_class, _, source_id = text.partition(":")
    source_id = source_id.removeprefix(":")
    if not source_class or not source_id:
        return []
    rows = store.rows(revision, SOURCE_RECORD.name, "source_key", [f"{source_class}:{source_id}"])
    states = store.states(revision, sorted({int(ci_id) for ci_id in rows["ci_id"]})) if len(rows["ci_id"]) else {"ci_id": []}
    return [
        Hit(int(ci_id), states["key"][row], states["name"][row] or "", states["ci_class"][row] or "", "record", text)
        for row, ci_id in enumerate(states["ci_id"])
    ]


def ci_row(hit: Hit) -> CiRow:
    """Returns the row of a CI that a question named, with the old name where it was named by one."""
    old = hit.alias_kind.startswith(UNTIL)
    return CiRow(hit.key, hit.name, hit.ci_class, hit.alias_kind if old else "", hit.alias if old else "")


def identify_recorded(store: GraphStore, revision: int, text: str, source_ids: Mapping[str, int]) -> Hit:
    """As `identify`; a text that no CI answers to may also name a record as source:class:id, and then means the CI of that
    record."""
    try:
        return identify(store, revision, text)
    except NotFound:
        name, _, key = text.strip().partition(":")
        rows = store.rows(revision, SOURCE_RECORD.name, "source_key", [key]) if key and name in source_ids else {"source_id": []}
        for row, source_id in enumerate(rows["source_id"]):
            if int(source_id) == source_ids[name]:
                state = store.states(revision, [int(rows["ci_id"][row])])
                return Hit(
                    int(state["ci_id"][0]), state["key"][0], state["name"][0] or "", state["ci_class"][0] or "", "record", text
                )
        raise


def identify_all(store: GraphStore, revision: int, texts: Sequence[str]) -> list[Hit]:
    """Identifies each text, in order; each CI is listed once."""
    return list({hit.ci_id: hit for hit in (identify(store, revision, text) for text in texts)}.values())


def search(store: GraphStore, revision: int, text: str, limit: int) -> Sequence[Hit]:
    """Returns CIs with an alias that holds `text`: exact matches first, then those that start with it, then the others."""
    text = checked_text(text)
    return store.search(revision, text, limit) or former_hits(store, revision, text)[:limit]


def checked_text(text: str) -> str:
    text = one_form(text)
    if not text or "\x00" in text or len(text.encode("utf-8", "replace")) > TEXT_LIMIT:
        raise InvalidInput("an identity is 1 to 4,000 bytes of text")
    return text
