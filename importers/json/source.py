"""JSON: one neutral document (schema.json), or a folder of foreign JSON files with a mapping."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from app.domain.ci_classes import OTHER, class_of
from app.domain.completeness import MANIFEST, SAID, Evidence, Part
from app.domain.errors import InvalidInput
from app.domain.record_checks import is_negation, kind_fault
from app.domain.records import CiRecord, GroupRecord, IncidentRecord, ObservationRecord, ServiceRecord
from app.domain.strict_json import strict_json, without_halves
from app.ports.ci_source import SmallRecord
from importers.files.limits import read_bytes
from importers.files.source_class import SOURCE_CLASS
from importers.gathered import Gathered, ReadWhole
from importers.json import document as form
from importers.mapping.cells import BadCell, unix_seconds
from importers.mapping.figures import mean_from_median, rate_from_calendar

T = TypeVar("T")
R = TypeVar("R")
ABOUT = {
    "cis": "key",
    "dependencies": "dependent",
    "groups": "dependent",
    "services": "key",
    "incidents": "ci",
    "observations": "scope",
}
NEEDED = {
    "key",
    "lifecycle",
    "class",
    "dependent",
    "provider",
    "kind",
    "weight",
    "needed",
    "members",
    "supply",
    "ci",
    "scope",
    "started_at",
}
_PATH = re.compile(r"at `\$\.(\w+)")
KIND_OF = {"cis": "ci", "dependencies": "dependency", "groups": "group", "services": "service", "incidents": "incident",
           "observations": "observation"}  # fmt: skip


@dataclass(slots=True)
class JsonSource(ReadWhole):
    location: Path

    def check(self) -> Sequence[str]:
        gathered = self.read()
        return [f"{len(gathered.ci_records)} CIs, {len(gathered.dependency_records)} dependencies"]

    def read(self, folder: Path | None = None) -> Gathered:
        return read_document(read_bytes(self.location), self.location.name)


def read_document(text: bytes, name: str) -> Gathered:
    text = without_halves(text)
    strict_json(text, name)
    try:
        document = msgspec.json.decode(text, type=form.Document)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise InvalidInput(f"{name}: {error}") from error
    parts = tuple(
        Part(field, len(getattr(document, field)), document.rows.get(field)) for field in KIND_OF if getattr(document, field)
    )
    gathered = Gathered(name, Evidence(MANIFEST if document.rows else SAID, parts))
    _add(gathered, "ci", _each(gathered, document.cis, form.Ci, "cis"), _ci, gathered.ci_records)
    for row in _each(gathered, document.dependencies, form.Dependency, "dependencies"):
        gathered.depend(row.dependent, row.provider, row.relation, row.kind, row.weight)
    smalls: tuple[tuple[str, type[Any], list[msgspec.Raw], Callable[[Any], SmallRecord]], ...] = (
        ("groups", form.Group, document.groups, _group),
        ("services", form.Service, document.services, _service),
        ("incidents", form.Incident, document.incidents, _incident),
        ("observations", form.Observation, document.observations, _observation),
    )
    for field, struct, raws, build in smalls:
        _add(
            gathered,
            KIND_OF[field],
            _each(gathered, raws, struct, field),
            build,
            gathered.small_records.setdefault(KIND_OF[field], []),
        )
    return gathered


def _each(gathered: Gathered, raws: list[msgspec.Raw], struct: type[T], field: str) -> list[T]:
    rows, decoder = [], msgspec.json.Decoder(struct)
    for number, raw in enumerate(raws):
        try:
            rows.append(decoder.decode(raw))
        except msgspec.ValidationError as error:
            body = json.loads(bytes(raw))
            fields = body if isinstance(body, dict) else {}
            where, key = f"{gathered.place} {field}[{number}]", str(fields.get("key", ""))
            about = str(fields.get(ABOUT[field], "")).removeprefix("ci:")
            row, lost = _without_bad_cells(fields, decoder, error)
            if row is None:
                gathered.reject(KIND_OF[field], where, key, _fault(fields, lost[-1]), about)
                continue
            rows.append(row)
            for bad in lost:
                gathered.lose(KIND_OF[field], where, key, _fault({}, bad), about)
    return rows


def _without_bad_cells(
    fields: Mapping[str, Any], decoder: msgspec.json.Decoder[Any], error: msgspec.ValidationError
) -> tuple[Any, list[msgspec.ValidationError]]:
    """Returns the record without the optional cells that have a wrong form, and the fault of each; None where a needed cell is
    wrong."""
    lost, left = [error], dict(fields)
    while path := _PATH.search(str(lost[-1])):
        if path.group(1) in NEEDED or left.pop(path.group(1), None) is None:
            break
        try:
            return decoder.decode(msgspec.json.encode(left)), lost
        except msgspec.ValidationError as more:
            lost.append(more)
    return None, lost


def _fault(fields: Mapping[str, Any], error: msgspec.ValidationError) -> tuple[str, str, str]:
    """Returns what is wrong with a record; gates that negate are told apart from other unknown words."""
    gate = next((fields[name] for name in ("kind", "type", "gate") if is_negation(fields.get(name))), None)
    return ("record", str(error), "see schema.json") if gate is None else kind_fault(str(gate), "")


def _add(gathered: Gathered, kind: str, rows: Sequence[Any], build: Callable[[Any], R], records: list[R]) -> None:
    for row in rows:
        try:
            records.append(build(row))
        except BadCell as bad:
            fault, key = (bad.field, bad.reason, bad.advice), getattr(row, "key", "")
            if kind == "ci":
                records.append(build(msgspec.structs.replace(row, failures_per_calendar_year=None, repair_median_hours=None)))
                gathered.lose(kind, f"{gathered.place} {kind}", key, fault, key)
            else:
                gathered.reject(kind, f"{gathered.place} {kind}", key, fault, getattr(row, "ci", "") or key)


def _ci(ci: form.Ci) -> CiRecord:
    word = class_of(ci.ci_class) if ci.ci_class else OTHER
    spread = ci.repair_distribution or form.RepairDistribution()
    repair = ci.repair_hours
    if repair is None and ci.repair_median_hours is not None:
        repair = mean_from_median(ci.repair_median_hours, spread.sigma)
    rate = ci.failures_per_year
    if rate is None and ci.failures_per_calendar_year is not None:
        rate = rate_from_calendar(ci.failures_per_calendar_year, repair)
    return CiRecord(
        SOURCE_CLASS,
        ci.key,
        ci.name or ci.key,
        word or OTHER,
        raw_class="" if ci.ci_class in ("", word) else ci.ci_class,
        lifecycle=ci.lifecycle,
        environment=ci.environment,
        site=ci.site,
        team=ci.team,
        supplier=ci.supplier,
        is_service=ci.service,
        failures_per_year=rate,
        failures_origin=ci.failures_origin,
        failures_per_year_low=ci.failures_per_year_low,
        failures_per_year_high=ci.failures_per_year_high,
        repair_hours=repair,
        repair_origin=ci.repair_origin,
        repair_distribution=spread.kind,
        repair_sigma=spread.sigma,
        repair_hours_low=ci.repair_hours_low,
        repair_hours_high=ci.repair_hours_high,
        unavailability=ci.unavailability,
        failure_on_demand=ci.failure_on_demand,
        level_share=ci.level_share,
        restart_hours=ci.restart_hours,
        restore_pool=ci.restore_pool,
        starts_without=" | ".join(ci.starts_without),
        backup_interval_hours=ci.backup_interval_hours,
        transfer_lag_hours=ci.transfer_lag_hours,
        identifiers=tuple(sorted(ci.identifiers.items())),
        aliases=tuple(ci.aliases),
        attributes={name: _text(value) for name, value in ci.attributes.items() if value is not None},
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _group(row: form.Group) -> GroupRecord:
    return GroupRecord(
        row.key, row.dependent, tuple(row.members), row.needed, "supply" if row.supply else "ordinary", tuple(row.shares or ()),
        row.failover_minutes, row.failover_success, row.common_cause_share, row.common_cause_unavailability,
    )  # fmt: skip


def _service(row: form.Service) -> ServiceRecord:
    return ServiceRecord(
        row.key, row.customers, row.money_per_hour, row.currency, {name: tuple(points) for name, points in row.impact.items()},
        row.mtpd_hours, row.rto_hours, row.rpo_hours, row.mbco_share, row.availability_target, row.customer_population,
    )  # fmt: skip


def _incident(row: form.Incident) -> IncidentRecord:
    ended = None if row.ended_at is None else unix_seconds("ended_at", str(row.ended_at))
    return IncidentRecord(row.key, row.ci, unix_seconds("started_at", str(row.started_at)), ended, row.root_cause)


def _observation(row: form.Observation) -> ObservationRecord:
    return ObservationRecord(
        row.scope, unix_seconds("observed_from", str(row.observed_from)), unix_seconds("observed_until", str(row.observed_until))
    )


def open_json(location: Path, settings: Mapping[str, Any]) -> Any:
    from importers.json.folder import MappedSource, mapping_of

    mapping = settings.get("mapping")
    if mapping:
        return MappedSource(location, mapping_of(str(mapping)))
    if location.is_dir():
        raise InvalidInput("a folder of JSON files needs the setting mapping, as mapping=cmdb-kit", field="mapping")
    return JsonSource(location)
