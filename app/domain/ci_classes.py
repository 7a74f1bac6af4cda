"""The table of CI classes (`ci_classes.toml`), read once."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

OTHER = "other"


@dataclass(frozen=True, slots=True)
class CiClass:
    """A class with its prior: rate per year of up time, mean restore time in hours, spreads of their logarithms."""

    name: str
    parent: str  # "" for the root
    neo4j_label: str
    failures_per_year: float
    failures_sigma: float
    repair_hours: float
    repair_sigma: float
    drawn_from: str
    short_lived: bool = False  # its CIs come and go by design, each time under another name
    backup_interval_hours: float | None = None  # of a class whose CIs hold data; None: they hold none


@cache
def ci_classes() -> dict[str, CiClass]:
    """Returns all classes by name, in the order of the file."""
    table = tomllib.loads(files("app.domain").joinpath("ci_classes.toml").read_text("utf-8"))
    classes = {
        name: CiClass(
            name,
            row["parent"],
            row["neo4j_label"],
            row["failures_per_year"],
            row["failures_sigma"],
            row["repair_hours"],
            row["repair_sigma"],
            row["from"],
            row.get("short_lived", False),
            row.get("backup_interval_hours"),
        )
        for name, row in table.items()
    }
    for row in classes.values():
        if row.parent and row.parent not in classes:
            raise ValueError(f"class {row.name}: parent {row.parent} is not in the table")
    return classes


def class_of(raw: str) -> str | None:
    """Returns the class that a raw word names, spelling and case aside; None when the table does not know it.

    >>> class_of("Virtual Machine"), class_of("frobnicator")
    ('virtual_machine', None)
    """
    name = raw.strip().casefold().replace(" ", "_").replace("-", "_")
    return name if name in ci_classes() else None
