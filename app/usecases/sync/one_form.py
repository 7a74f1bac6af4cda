"""Records with their texts in one form, whatever source they come from.

A record with half a character in it is refused; the run goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from app.domain.records import CiRecord, GroupRecord, IncidentRecord, ObservationRecord, RejectedRecord, ServiceRecord
from app.domain.texts import NO_TEXT, all_plain, in_one_form, is_text, one_form
from app.ports.ci_source import DependencyBlock, LeftOut, SmallBlock, SmallRecord

FAULT = ("text", "is not valid Unicode", "correct the encoding")
Noticed = Callable[[], None]  # called where a text had another form


def plain_json(payload: str) -> bool:
    """Whether all texts of a record are certainly in their one form."""
    return (
        payload.isascii()
        and "\\" not in payload
        and "  " not in payload
        and ' "' not in payload
        and '" ' not in payload
        and payload.isprintable()
    )


def ci_in_one_form(record: CiRecord) -> CiRecord:
    """Returns the record with its texts in one form. Attributes stay as they are: nothing is found by them."""
    if not all(map(is_text, (record.source_class, record.source_id))):
        return record  # it is refused
    return record._replace(
        source_class=one_form(record.source_class),
        source_id=one_form(record.source_id),
        name=one_form(record.name),
        site=one_form(record.site),
        team=one_form(record.team),
        supplier=one_form(record.supplier),
        restore_pool=one_form(record.restore_pool),
        starts_without=one_form(record.starts_without),
        raw_class=one_form(record.raw_class),
        environment=one_form(record.environment),
        identifiers=in_one_form(record.identifiers),
        aliases=in_one_form(record.aliases),
    )


def dependencies_in_one_form(block: DependencyBlock, noticed: Noticed) -> DependencyBlock:
    if all_plain(block.dependents) and all_plain(block.providers) and all_plain(block.relations):
        return block
    columns = (block.dependents, block.providers, block.relations)
    good = [all(map(is_text, row)) for row in zip(*columns, strict=True)]
    if not all(good):
        block = _without_bad(block, good)
        columns = (block.dependents, block.providers, block.relations)
    tidy = tuple(list(map(one_form, column)) for column in columns)
    if any(list(column) != new for column, new in zip(columns, tidy, strict=True)):
        noticed()
    return replace(block, dependents=tidy[0], providers=tidy[1], relations=tidy[2])


def _without_bad(block: DependencyBlock, good: Sequence[bool]) -> DependencyBlock:
    keep = [row for row, fine in enumerate(good) if fine]
    bad = [row for row, fine in enumerate(good) if not fine]
    refused = [
        _refused(
            "dependency",
            block.place,
            block.positions[row],
            f"{block.dependents[row]} -> {block.providers[row]}",
            block.dependents[row],
        )
        for row in bad
    ]  # fmt: skip
    left_out = _more(block.left_out, refused, [block.positions[row] for row in bad])
    columns: dict[str, Any] = {
        name: [getattr(block, name)[row] for row in keep]
        for name in ("dependents", "providers", "kinds", "weights", "relations", "positions")
    }
    return replace(block, **columns, left_out=left_out)


def small_in_one_form(kind: str, block: SmallBlock, noticed: Noticed) -> SmallBlock:
    records: list[SmallRecord] = []
    positions: list[int] = []
    refused: list[RejectedRecord] = []
    at: list[int] = []
    for record, position in zip(block.records, block.positions, strict=True):
        texts = _texts(record)
        if all_plain(texts):
            records.append(record)
            positions.append(position)
        elif all(map(is_text, texts)):
            tidy = _respelled(record)
            if tidy != record:
                noticed()
            records.append(tidy)
            positions.append(position)
        else:
            refused.append(_refused(kind, block.place, position, texts[0], texts[1]))
            at.append(position)
    return replace(block, records=records, positions=positions, left_out=_more(block.left_out, refused, at))


def _texts(record: SmallRecord) -> tuple[str, ...]:
    """Returns the key of a record, the CI it is about, and its other texts."""
    if isinstance(record, GroupRecord):
        return record.key, record.dependent, *record.members
    if isinstance(record, IncidentRecord):
        return record.key, record.ci
    if isinstance(record, ObservationRecord):
        return record.scope, record.scope.removeprefix("ci:")
    return record.ci, record.ci, record.customer_population, record.currency, *record.impact


def _respelled(record: SmallRecord) -> SmallRecord:
    if isinstance(record, GroupRecord):
        members = tuple(map(one_form, record.members))
        return replace(record, key=one_form(record.key), dependent=one_form(record.dependent), members=members)
    if isinstance(record, IncidentRecord):
        return replace(record, key=one_form(record.key), ci=one_form(record.ci))
    if isinstance(record, ServiceRecord):
        impact = {one_form(name): points for name, points in record.impact.items()}
        return replace(record, ci=one_form(record.ci), customer_population=one_form(record.customer_population), impact=impact)
    return replace(record, scope=one_form(record.scope))


def _refused(kind: str, place: str, position: int, key: str, about: str) -> RejectedRecord:
    """Returns the refusal of a record. `about` may be damaged as well; then nobody can tell whose need it was."""
    return RejectedRecord(kind, f"{place} {position}", NO_TEXT.sub("?", key)[:200], *FAULT, about=about if is_text(about) else "")


def _more(left_out: LeftOut, refused: Sequence[RejectedRecord], at: Sequence[int]) -> LeftOut:
    if not refused:
        return left_out
    return replace(left_out, rejected=[*left_out.rejected, *refused], rejected_at=[*left_out.rejected_at, *at])
