"""The Debian Packages index as an import document: packages depend on packages, alternatives and virtual packages are 1-of-n
groups.

apt-cache dumpavail | python -m benchmarks.debian_packages - packages.json
python -m benchmarks.debian_packages /var/lib/apt/lists/*_Packages packages.json
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

NAME = re.compile(r"[a-z0-9][a-z0-9+.-]*")


def stanzas(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    body: dict[str, str] = {}
    field = ""
    for line in lines:
        if not line.strip():
            if body:
                yield body
            body, field = {}, ""
        elif line[0] in " \t":
            if field in ("Depends", "Pre-Depends", "Provides"):
                body[field] += line.strip()
        else:
            field, _, value = line.partition(":")
            body[field] = value.strip()
    if body:
        yield body


def names(text: str) -> list[str]:
    """Package names of a comma list, versions and architectures left off."""
    return [match.group() for part in text.split(",") if (match := NAME.match(part.strip()))]


def document(packages: Iterable[dict[str, str]]) -> dict[str, object]:
    """The first stanza of a package counts. A need that nobody can meet is left out, and counted by `unmet`."""
    known: dict[str, dict[str, str]] = {}
    providers: dict[str, list[str]] = {}
    for package in packages:
        if package.get("Package") and package["Package"] not in known:
            known[package["Package"]] = package
            for virtual in names(package.get("Provides", "")):
                providers.setdefault(virtual, []).append(package["Package"])
    hard: dict[tuple[str, str], None] = {}
    groups: dict[tuple[str, tuple[str, ...]], None] = {}
    unmet = 0
    for name, package in sorted(known.items()):
        needs = ",".join(filter(None, (package.get("Pre-Depends"), package.get("Depends"))))
        for clause in filter(None, (part.strip() for part in needs.split(","))):
            ways: dict[str, None] = {}
            for wanted in names(clause.replace("|", ",")):
                ways.update(dict.fromkeys([wanted] if wanted in known else sorted(providers.get(wanted, []))))
            if name in ways:
                continue
            if not ways:
                unmet += 1
            elif len(ways) == 1:
                hard[name, next(iter(ways))] = None
            else:
                groups[name, tuple(ways)] = None
    print(f"{len(known)} packages, {len(hard)} needs, {len(groups)} choices, {unmet} unmet", file=sys.stderr)
    cis = [
        {"key": name, "class": "software", "attributes": {"section": p.get("Section", "")}} for name, p in sorted(known.items())
    ]
    rows = [{"dependent": a, "provider": b, "relation": "Depends"} for a, b in hard]
    choices = [
        {"key": f"{name} {number}", "dependent": name, "needed": 1, "members": list(ways)}
        for number, (name, ways) in enumerate(groups)
    ]
    return {"cis": cis, "dependencies": rows, "groups": choices,
            "rows": {"cis": len(cis), "dependencies": len(rows), "groups": len(choices)}}  # fmt: skip


def main() -> None:
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    *inputs, target = sys.argv[1:]
    packages = (package for name in inputs for package in _read(name))
    Path(target).write_text(json.dumps(document(packages), ensure_ascii=False), "utf-8")


def _read(name: str) -> Iterator[dict[str, str]]:
    if name == "-":
        yield from stanzas(sys.stdin)
        return
    with Path(name).open(encoding="utf-8") as file:
        yield from stanzas(file)


if __name__ == "__main__":
    main()
