"""ArchiMate models in the Open Exchange format: elements are CIs, relationships are dependencies by type (README.md in this
folder)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from app.domain.completeness import SAID, Evidence, Part
from app.domain.errors import InvalidInput
from app.domain.records import CiRecord, GroupRecord
from importers.archimate.junctions import JUNCTIONS, Junctions
from importers.files.limits import read_bytes
from importers.gathered import Gathered, ReadWhole

MODEL_BYTES = 64 << 20
DEPTH = 32
XSI = "{http://www.w3.org/2001/XMLSchema-instance}type"
CLASSES = {
    "BusinessService": "business_service",
    "BusinessProcess": "business_process",
    "BusinessFunction": "business_process",
    "BusinessInteraction": "business_process",
    "BusinessActor": "business_actor",
    "BusinessRole": "business_actor",
    "BusinessCollaboration": "business_actor",
    "BusinessInterface": "application_service",
    "Product": "business_service",
    "ApplicationComponent": "application",
    "ApplicationService": "application_service",
    "ApplicationFunction": "application",
    "ApplicationInterface": "api",
    "ApplicationProcess": "application",
    "ApplicationCollaboration": "application",
    "ApplicationInteraction": "application",
    "DataObject": "data_object",
    "BusinessObject": "data_object",
    "Artifact": "software",
    "Node": "server",
    "Device": "server",
    "SystemSoftware": "middleware",
    "TechnologyService": "application_service",
    "InfrastructureService": "application_service",
    "TechnologyFunction": "middleware",
    "TechnologyProcess": "middleware",
    "TechnologyInterface": "api",
    "CommunicationNetwork": "network",
    "Network": "network",
    "Path": "network",
    "Facility": "location",
    "Equipment": "hardware",
    "Location": "location",
    "DistributionNetwork": "network",
    "TechnologyCollaboration": "middleware",
    "TechnologyInteraction": "middleware",
    "Grouping": "other",  # needs all that it holds
}
NO_NEEDS = {"Association", "Specialization", "Influence"}  # relations that say nothing of who needs whom
ARCHI = "archimatetool.com"
TARGET, SOURCE = "target depends", "source depends"
SIDES = {
    "Serving": TARGET,
    "UsedBy": TARGET,
    "Realization": TARGET,
    "Assignment": TARGET,
    "Composition": SOURCE,
    "Aggregation": SOURCE,
    "Access": SOURCE,
    "Flow": TARGET,
    "Triggering": TARGET,
}
WEAK = {"Flow": 0.5, "Triggering": 0.5}


@dataclass(slots=True)
class ArchimateSource(ReadWhole):
    location: Path

    def check(self) -> Sequence[str]:
        gathered = self.read()
        return [f"{len(gathered.ci_records)} elements, {len(gathered.dependency_records)} relationships"]

    def read(self, folder: Path | None = None) -> Gathered:
        return read_model(read_bytes(self.location, MODEL_BYTES), self.location.name)


def read_model(text: bytes, name: str) -> Gathered:
    try:
        model = fromstring(text, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise InvalidInput(f"{name} is not a safe XML file: {type(error).__name__} {error}") from error
    _check_depth(model, name)
    if _plain(model.tag) != "model":
        raise InvalidInput(f"{name} is no ArchiMate exchange file: its root is {_plain(model.tag)}")
    if ARCHI in model.tag:
        raise InvalidInput(
            f"{name} is a file of Archi's own format: export it there as Open Exchange (File, Export) and import that"
        )
    elements, relationships = _below(model, "elements"), _below(model, "relationships")
    gathered = Gathered(name, Evidence(SAID, (Part("elements", len(elements)), Part("relationships", len(relationships)))))
    kinds = {str(element.get("identifier")): _type(element) for element in elements}
    for element in elements:
        if _type(element) not in JUNCTIONS:
            _take_element(gathered, element)
    junctions = Junctions({at: word for at, word in kinds.items() if word in JUNCTIONS})
    for relationship in relationships:
        _take_relationship(gathered, relationship, kinds, junctions)
    _take_junctions(gathered, junctions, kinds)
    return gathered


def _take_element(gathered: Gathered, element: Element) -> None:
    word, identifier = _type(element), element.get("identifier") or ""
    if word not in CLASSES:
        gathered.ignore("ci", f"type {word}")
        return
    name = next((child.text or "" for child in element if _plain(child.tag) == "name"), "").strip()
    gathered.ci_records.append(
        CiRecord(
            "element",
            identifier,
            name or identifier,
            CLASSES[word],
            raw_class=word,
            is_service=word in ("BusinessService", "Product"),
        )
    )


def _take_relationship(gathered: Gathered, relationship: Element, kinds: Mapping[str, str], junctions: Junctions) -> None:
    word, source, target = _type(relationship), relationship.get("source") or "", relationship.get("target") or ""
    where = f"{gathered.place} relationship {relationship.get('identifier') or ''}"
    side = SIDES.get(word)
    dependent, provider = (source, target) if side == SOURCE else (target, source)
    if word in NO_NEEDS:
        gathered.ignore("dependency", f"type {word}")
    elif side is None:
        fault = ("type", f"'{word}' is not understood", "which end needs the other, nobody can tell")
        for end in (source, target):
            gathered.reject("dependency", where, f"{source} -> {target}", fault, end if kinds.get(end) in CLASSES else "")
    elif dependent in junctions.kinds or provider in junctions.kinds:
        junctions.take(word, dependent, provider)
        gathered.ignore("dependency", "part of a junction")
    elif kinds.get(dependent) in CLASSES and kinds.get(provider) in CLASSES:
        _depend(gathered, word, dependent, provider)
    elif kinds.get(dependent) in CLASSES:
        what = f"a {kinds[provider]}, which is no CI" if provider in kinds else "another relationship, or nothing"
        fault = ("source" if side == TARGET else "target", f"is {what}", "name the element that it means")
        gathered.reject("dependency", where, f"{dependent} -> {provider}", fault, dependent)
    else:
        gathered.ignore("dependency", "of an element that is no CI")


def _depend(gathered: Gathered, word: str, dependent: str, provider: str) -> None:
    weight = WEAK.get(word)
    gathered.depend(dependent, provider, relation=word, kind="hard" if weight is None else "soft", weight=weight)


def _take_junctions(gathered: Gathered, junctions: Junctions, kinds: Mapping[str, str]) -> None:
    for word, dependent, needs in junctions.needs():
        for provider in (*needs.all, *(() if word not in WEAK else (m for group in needs.groups for m in group))):
            _depend(gathered, word, dependent, provider)
        for number, members in enumerate(() if word in WEAK else needs.groups, 1):
            record = GroupRecord(f"{dependent} {word} {number} {members[0]}", dependent, members, 1)
            gathered.small_records.setdefault("group", []).append(record)
        if needs.stricter:
            gathered.notes.append(f"{dependent}: alternatives that are several things together are taken as needed all")
    for junction in junctions.lost():
        fault = ("junction", "has no relation of one type on both sides", "complete it in the model")
        ends = {end for (at, _), dependents in junctions.dependents.items() if at == junction for end in dependents}
        for end in sorted(ends) or [""]:
            gathered.reject("dependency", f"{gathered.place} junction {junction}", f"{end} -> {junction}", fault, end)


def _below(model: Element, name: str) -> list[Element]:
    return [child for part in model if _plain(part.tag) == name for child in part]


def _type(element: Element) -> str:
    return (element.get(XSI) or "").rpartition(":")[2].removesuffix("Relationship")


def _plain(tag: str) -> str:
    return tag.rpartition("}")[2]


def _check_depth(model: Element, name: str) -> None:
    level, depth = [model], 0
    while level:
        depth += 1
        if depth > DEPTH:
            raise InvalidInput(f"{name} is nested deeper than {DEPTH}")
        level = [child for element in level for child in element]
