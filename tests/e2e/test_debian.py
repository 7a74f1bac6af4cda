"""The machine's own Debian package index as an estate: failed sets against an independent computation.

Packages need packages; alternatives and virtual packages are 1-of-n groups; there are cycles. 60,000 CIs that nobody made up for
a test.
"""

from __future__ import annotations

import json
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import debian_packages
from tests.e2e.conftest import Service

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def index() -> dict[str, Any]:
    dump = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, check=True, text=True).stdout
    return json.loads(json.dumps(debian_packages.document(debian_packages.stanzas(dump.splitlines()))))


def fallen(document: dict[str, Any], down: Iterable[str]) -> set[str]:
    """The least set that holds `down`, every dependent of one of its members, and every dependent of a group that lost too many:
    round after round over every row until nothing changes. Nothing of the product is used."""
    lost, grew = set(down), True
    while grew:
        grew = False
        for row in document["dependencies"]:
            if row["provider"] in lost and row["dependent"] not in lost:
                lost.add(row["dependent"])
                grew = True
        for group in document["groups"]:
            if group["dependent"] in lost:
                continue
            if sum(member not in lost for member in group["members"]) < group["needed"]:
                lost.add(group["dependent"])
                grew = True
    return lost


def in_a_cycle(document: dict[str, Any]) -> list[str]:
    """Packages that need each other, two at a time."""
    pairs = {(row["dependent"], row["provider"]) for row in document["dependencies"]}
    return sorted(a for a, b in pairs if (b, a) in pairs)


def test_failed_sets_of_packages(service: Service, index: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "packages.json"
    path.write_text(json.dumps(index))
    report = service.cli_json("import", "json", str(path), "--no-assess")
    laid = service.cli(
        "service", "add", "json:ci:apt", "--customers", "1"
    )  # one service: no thousands of assumed ones in each answer
    assert laid.exit_code == 0, laid.output
    counts = {kind: (count["stored"], count["rejected"]) for kind, count in report["counts"].items()}
    assert report["complete"] is True
    assert counts["ci"] == (len(index["cis"]), 0)
    assert counts["dependency"] == (len(index["dependencies"]), 0)
    assert counts["group"] == (len(index["groups"]), 0)
    assert len(index["cis"]) > 50_000 and len(index["groups"]) > 1_000

    needed = {row["provider"] for row in index["dependencies"]} | {m for group in index["groups"] for m in group["members"]}
    leaf = next(row["key"] for row in index["cis"] if row["key"] not in needed)
    of_alternatives = defaultdict(int)
    for group in index["groups"]:
        for member in group["members"]:
            of_alternatives[member] += 1
    alternative = max(sorted(of_alternatives), key=of_alternatives.__getitem__)
    cycle = in_a_cycle(index)
    assert cycle, "no two packages need each other"

    asked = [["libc6"], ["perl-base"], ["libssl3"], [leaf], [alternative], [cycle[0]], [cycle[-1]], ["python3-minimal"]]
    pair = next(group["members"] for group in index["groups"] if len(group["members"]) == 2)
    asked += [[pair[0]], [pair[1]], list(pair)]
    sizes = []
    for down in asked:
        expected = fallen(index, down)
        assert failed(service, *down) == expected, down
        sizes.append(len(expected))
    assert sizes[0] > 20_000  # nearly everything needs the C library
    assert sizes[3] == 1  # a leaf takes nothing with it
    # a pair of alternatives together takes its dependent, one alone does not need to
    dependents = {group["dependent"] for group in index["groups"] if group["members"] == pair}
    assert dependents <= failed(service, *pair)


def failed(service: Service, *down: str) -> set[str]:
    """By key, page by page: names of packages are aliases of nothing else here."""
    keys: set[str] = set()
    after: dict[str, Any] = {}
    while True:
        answer = service.get(
            f"/cis/json:ci:{down[0]}/blast-radius", also=[f"json:ci:{key}" for key in down[1:]], limit=500, **after
        )
        keys |= {row["key"].removeprefix("json:ci:") for row in answer["fallen"] if row["state"] == "down"}
        if not answer["truncated"]:
            assert len(keys) == answer["cis_down"]
            return keys
        after = {"after": answer["next"]}
