"""A suite runs where what it depends on changed: nothing that it depends on is overlooked, and what is kept of its passes is well
formed."""

from __future__ import annotations

import re
from pathlib import Path

import grimp
import pytest

from tests.suites import seconds
from tests.suites.table import suites
from tests.suites.touched import ROOT, Tree, checkout

SUITES = list(suites().values())


@pytest.fixture(scope="module")
def tree() -> Tree:
    return checkout()


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_what_a_suite_names_is_there(suite) -> None:
    named = [*suite.files, *filter(None, [suite.tests]), *suite.server.split()[:1]]
    assert [name for name in named if not (ROOT / name).exists()] == []
    assert suite.lane in ("checkout", "servers")
    assert (suite.lane in (ROOT / ".ci" / "run").read_text()) and suite.mark in (ROOT / "pyproject.toml").read_text()


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_passes_are_digests_of_test_files(suite) -> None:
    lines = suite.kept.read_text("utf-8").splitlines() if suite.kept.exists() else []
    for line in lines:
        assert re.fullmatch(r"[0-9a-f]{32}  tests/\S+\.py", line), line
        assert (ROOT / line.split()[1]).is_file(), line
    assert len(suite.passed()) == len(lines)


def test_every_suite_of_real_servers_is_in_the_table() -> None:
    assert {one.tests for one in SUITES if one.mark == "real"} == {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "tests" / "real").glob("test_*.py")
    }
    assert {one.server.split()[0] for one in SUITES if one.server} == {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "scripts").glob("*/with-server")
    }


@pytest.mark.slow
def test_no_import_is_overlooked(tree: Tree) -> None:
    """Against import-linter's own graph, which sees app and importers, of every module of the two."""
    graph = grimp.build_graph("app", "importers")
    for module in graph.modules - {"importers.registry"}:
        path = tree.file_of(module)
        assert path is not None, module
        seen = tree.said(path)[0]
        assert graph.find_modules_directly_imported_by(module) <= seen, module


@pytest.mark.parametrize(
    ("test", "wants", "spares"),
    [
        (
            "real/test_jaeger.py",
            "importers/callgraph/source.py importers/http/client.py app/storage/sql/ci/begin.sql app/usecases/sync_source.py",
            "importers/netbox/source.py importers/servicenow/mapping.toml app/web/views.py app/risk/first_order/sweep.py",
        ),
        (
            "real/test_nautobot.py",
            "importers/netbox/nautobot.py app/storage/sqlite_store.py",
            "importers/glpi/source.py app/api/problems.py",
        ),
        (
            "real/test_slapd.py",
            "importers/ldap/mapping.toml importers/ldap/directory.py tests/servers/ldap_way.py tests/servers/tls/ca.pem",
            "importers/netbox/source.py app/web/views.py",
        ),
        (
            "real/test_rt.py",
            "app/tickets/rt.py app/tickets/connector.py tests/contract/ticket_contract.py importers/http/client.py",
            "app/tickets/glpi.py importers/glpi/source.py",
        ),
        (
            "contract/importers/test_glpi_faults.py",
            "importers/glpi/mapping.toml tests/contract/importers/faults.py",
            "importers/idoit/source.py",
        ),
        (
            "contract/test_ledger.py",
            "app/storage/neo4j_store.py app/domain/nouns.py tests/contract/conftest.py",
            "app/web/views.py app/risk/first_order/sweep.py",
        ),
        (
            "browser/test_pages.py",
            "app/web/templates/ranking.html app/risk/first_order/sweep.py tests/browser/conftest.py app/cli/run.py",
            "importers/glpi/source.py",
        ),
        (
            "integration/test_killed_sync.py",
            "tests/kill_points.py importers/csv/source.py",
            "importers/glpi/source.py app/web/views.py",
        ),
        ("integration/test_schedulers.py", "app/jobs/schedule.py app/jobs/runner.py", "app/web/views.py"),
    ],
)
def test_what_a_test_depends_on(tree: Tree, test: str, wants: str, spares: str) -> None:
    found = {path.relative_to(ROOT).as_posix() for path in tree.files([ROOT / "tests" / test])}
    assert set(wants.split()) <= found
    assert [name for name in spares.split() if not (ROOT / name).exists()] == []
    assert not set(spares.split()) & found


MODULES = {
    "app/__init__.py": "",
    "app/used.py": "from . import deeper\n",
    "app/deeper.py": "",
    "app/spare.py": "",
    "app/lazy/__init__.py": "",
    "app/lazy/one.py": "",
    "app/queries/q.sql": "SELECT 1",
    "importers/__init__.py": "",
    "importers/wiki/__init__.py": "",
    "importers/wiki/source.py": "",
    "importers/wiki/mapping.toml": "",
    "importers/other/__init__.py": "",
    "importers/other/source.py": "",
    "tests/conftest.py": "",
    "tests/unit/test_it.py": "from app.used import x\nKIND = 'wiki'\nLOADED = 'app.lazy.one'\n",
}


@pytest.mark.parametrize("changed", sorted(MODULES))
def test_a_digest_follows_each_file_that_is_needed(tmp_path: Path, changed: str) -> None:
    for name, text in MODULES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    kinds = {"wiki": {"importers.wiki.source"}, "other": {"importers.other.source"}}
    test = tmp_path / "tests" / "unit" / "test_it.py"
    before = Tree(tmp_path, kinds).digest([test])
    (tmp_path / changed).write_text(MODULES[changed] + "\n# more\n")
    assert (Tree(tmp_path, kinds).digest([test]) == before) is (
        changed in ("app/spare.py", "importers/other/__init__.py", "importers/other/source.py")
    )
    assert Tree(tmp_path, kinds).digest([test], also="a row of the table") != before


def test_counts_of_a_report(tmp_path: Path) -> None:
    path = tmp_path / "it.xml"
    assert seconds.read(path).counts == {}
    cases = ['name="a" time="1.5"/>', 'name="b" time="0.5"><skipped/></testcase>', 'name="c" time="0"><failure/></testcase>']
    text = "".join('<testcase file="t.py" ' + case for case in cases)
    path.write_text(f"<testsuites>{text}</testsuites>")
    found = seconds.read(path)
    assert found.counts == {"passed": 1, "skipped": 1, "failure": 1}
    assert max(found.tests) == (1.5, "t.py::a")
