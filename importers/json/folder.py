"""A folder of foreign JSON files, read by a mapping (mappings/*.toml beside this file, or an admin's own)."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from app.domain.completeness import SAID, Evidence, Part
from app.domain.errors import InvalidInput, SourceFailed
from app.domain.records import DependencyRecord
from app.domain.strict_json import strict_json
from importers.files.limits import read_bytes
from importers.gathered import Gathered, ReadWhole
from importers.mapping.mapped import UNKNOWN_TYPE, unknown_types
from importers.mapping.rows import map_relation, map_row
from importers.mapping.rules import RuleSet, rules_of


def mapping_of(name: str) -> RuleSet:
    """Returns a mapping that comes with the service by its name, else one from a TOML file."""
    shipped = files("importers.json").joinpath("mappings", f"{name}.toml")
    try:
        table = tomllib.loads(shipped.read_text("utf-8") if shipped.is_file() else Path(name).read_text("utf-8"))
    except OSError as error:
        raise InvalidInput(f"no mapping {name}", field="mapping") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"mapping {name}: {error}", field="mapping") from error
    return rules_of(name, _by_file(name, table))


def _by_file(name: str, table: dict[str, Any]) -> dict[str, Any]:
    """Returns [[files]], and [relations] with their `file`, as lists and relations by the name of the file."""
    try:
        tables = {key: value for key, value in table.items() if key not in ("files", "relations")}
        tables["lists"] = {row["file"]: {key: value for key, value in row.items() if key != "file"} for row in table["files"]}
        if relations := dict(table.get("relations", {})):
            tables["relations"] = {relations.pop("file"): {"with_class": True, **relations}}
    except (KeyError, TypeError) as error:
        raise InvalidInput(f"mapping {name}: [[files]] and [relations] name their file", field="mapping") from error
    return tables


@dataclass(slots=True)
class MappedSource(ReadWhole):
    location: Path
    mapping: RuleSet

    def check(self) -> Sequence[str]:
        gathered = self.read()
        return [f"{len(gathered.ci_records)} CIs, {len(gathered.dependency_records)} dependencies"]

    def read(self, folder: Path | None = None) -> Gathered:
        return map_folder(self.location, self.mapping)


def map_folder(folder: Path, mapping: RuleSet) -> Gathered:
    if not folder.is_dir():
        raise SourceFailed(f"{folder} is not a folder")
    parts: list[Part] = []
    gathered, unknown = Gathered(folder.name, Evidence(SAID, ())), dict[str, int]()
    for name in (*mapping.lists, *mapping.relations):
        objects = _objects(folder / name)
        parts.append(Part(name, len(objects)))
        for number, body in enumerate(objects):
            where = f"{name}[{number}]"
            rule = mapping.lists.get(name)
            for record in map_row(mapping, rule, body, where) if rule else map_relation(mapping.relations[name], body, where):
                gathered.take(record)
                if isinstance(record, DependencyRecord) and record.relation.startswith(UNKNOWN_TYPE):
                    unknown[record.relation] = unknown.get(record.relation, 0) + 1
    gathered.notes += unknown_types(unknown)
    for path in sorted(folder.rglob("*.json")):
        name = path.relative_to(folder).as_posix()
        if name not in mapping.lists and name not in mapping.relations and (count := len(_objects(path))):
            gathered.ignore("ci", f"file {name}", count)
    gathered.proof = Evidence(SAID, tuple(parts))
    return gathered


def _objects(path: Path) -> list[Any]:
    """Returns a list of objects, or the one list that an object wraps."""
    body = strict_json(read_bytes(path), path.name)
    if isinstance(body, dict) and len(body) == 1 and isinstance(next(iter(body.values())), list):
        body = next(iter(body.values()))
    if not isinstance(body, list):
        raise InvalidInput(f"{path.name} holds no list of objects")
    return body
