"""The labels of CI classes: a closed list, since a label can't be a parameter."""

from __future__ import annotations

import re
from functools import cache

from app.domain.ci_classes import OTHER, ci_classes

OURS = {
    "ConfigurationItem",
    "RetiredItem",
    "CiState",
    "RedundancyGroup",
    "Exposure",
    "Incident",
    "Observation",
    "OpenNeed",
    "SourceRecord",
}
OURS |= {"Revision", "Ledger", "Document", "DocumentOperation", "DocumentCounter", "Team", "Site", "Supplier"}
BUSINESS_SERVICE = "BusinessService"


@cache
def class_labels() -> dict[str, str]:
    """Returns the label of each class; a label that nodes of our own have too gets the ending `Item`."""
    labels = {}
    for name, row in ci_classes().items():
        if not re.fullmatch(r"[A-Z][A-Za-z0-9]*", row.neo4j_label):
            raise ValueError(f"class {name}: {row.neo4j_label!r} is not a label")
        labels[name] = row.neo4j_label + "Item" if row.neo4j_label in OURS else row.neo4j_label
    return labels


def label_of(ci_class: str | None) -> str:
    labels = class_labels()
    return labels.get(ci_class or OTHER, labels[OTHER])


@cache
def every_label() -> str:
    """Returns all class labels, written as `REMOVE` takes them."""
    return ":".join(sorted({*class_labels().values(), BUSINESS_SERVICE}))


@cache
def service_classes() -> list[str]:
    return sorted(name for name, label in class_labels().items() if label == BUSINESS_SERVICE)
