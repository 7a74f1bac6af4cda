"""ArchiMate models in the Open Exchange format: elements are CIs, relationships are dependencies by type (README.md beside
this file)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from app.domain.completeness import SAID, Evidence, Part
from app.domain.errors import InvalidInput
from app.domain.records import CiRecord
from importers.gathered import Gathered, ReadWhole
from importers.limits import read_bytes

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
}
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
        found = self.read()
        return [f"{len(found.found_cis)} elements, {len(found.found_dependencies)} relationships"]

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
    elements, relationships = _below(model, "elements"), _below(model, "relationships")
    found = Gathered(name, Evidence(SAID, (Part("elements", len(elements)), Part("relationships", len(relationships)))))
    kept = {str(element.get("identifier")) for element in elements if _type(element) in CLASSES}
    known = {str(element.get("identifier")) for element in elements}
    for element in elements:
        _take_element(found, element)
    for relationship in relationships:
        _take_relationship(found, relationship, kept, known)
    return found


def _take_element(found: Gathered, element: Element) -> None:
    word, identifier = _type(element), element.get("identifier") or ""
    if word not in CLASSES:
        found.ignore("ci", f"type {word}")
        return
    name = next((child.text or "" for child in element if _plain(child.tag) == "name"), "").strip()
    found.found_cis.append(
        CiRecord(
            "element",
            identifier,
            name or identifier,
            CLASSES[word],
            raw_class=word,
            is_service=word in ("BusinessService", "Product"),
        )
    )


def _take_relationship(found: Gathered, relationship: Element, kept: set[str], known: set[str]) -> None:
    word, source, target = _type(relationship), relationship.get("source") or "", relationship.get("target") or ""
    side = SIDES.get(word)
    if side is None:
        found.ignore("dependency", f"type {word}")
    elif source not in known or target not in known:
        found.ignore("dependency", "between relationships")
    elif source not in kept or target not in kept:
        found.ignore("dependency", "to an element that is no CI")
    else:
        weight = WEAK.get(word)
        pair = (target, source) if side == TARGET else (source, target)
        found.depend(*pair, relation=word, kind="hard" if weight is None else "soft", weight=weight)


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
