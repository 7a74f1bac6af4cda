"""Impact by the ids that other systems hold, of every kind of source that gives its CIs ids of its own: found by the id and by
class and id, ambiguous where several CIs answer, unknown where none does."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from app.bootstrap import assemble_service
from app.settings import load_settings
from app.storage.sqlite_store import SqliteStore
from app.storage.workbench import LocalWorkbench
from app.usecases.sync_source import Bench, SyncSettings, Terms, sync_source
from importers.csv.source import CsvSource
from tests.contract.importers.faults import Faulty, Subject, sync
from tests.e2e.conftest import Service

SECRETS = {
    "servicenow": {"SN_PASSWORD": "PASSWORD"},
    "itop": {"ITOP_PASSWORD": "PASSWORD"},
    "glpi": {"GLPI_TOKEN": "TOKEN", "GLPI_APP": "APP"},
    "idoit": {"IDOIT_PASSWORD": "PASSWORD", "IDOIT_API_KEY": "API_KEY"},
    "device42": {"D42_PASSWORD": "PASSWORD"},
    "jira_assets": {"JIRA_TOKEN": "TOKEN"},
    "backstage": {"BS_TOKEN": "TOKEN"},
    "netbox": {"NB_TOKEN": "TOKEN"},
    "nautobot": {"NB_TOKEN": "TOKEN"},
}


def read(kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads the stub of a kind into a store of its own."""
    module = import_module(f"tests.contract.importers.test_{kind}_faults")
    for variable, name in SECRETS[kind].items():
        monkeypatch.setenv(variable, getattr(module, name))
    make: Callable[..., Subject] = module.subject
    subject = make(folder / "mapping.toml") if inspect.signature(make).parameters else make()
    report = sync(folder, subject, Faulty(subject, "", 0), True, 1)
    assert not isinstance(report, Exception), report


def records(store: SqliteStore) -> dict[str, int]:
    """Class and id of every record of a CI -> the CI."""
    rows = store.load_columns(store.current().revision, "source_record", ["source_key", "ci_id"])
    return {str(key): int(ci_id) for key, ci_id in zip(rows["source_key"], rows["ci_id"], strict=True) if int(ci_id)}


QUICK = ("servicenow", "itop", "glpi")  # whose ids ticket systems hold; the others are read by the suite `slow`


@pytest.mark.parametrize("kind", [kind if kind in QUICK else pytest.param(kind, marks=pytest.mark.slow) for kind in SECRETS])
def test_a_foreign_id_finds_its_ci_or_says_why_not(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read(kind, tmp_path, monkeypatch)
    store = SqliteStore(tmp_path / "store.db")
    known = records(store)
    times = Counter(key.partition(":")[2] for key in known)
    source_key = next(key for key in sorted(known) if times[key.partition(":")[2]] == 1)
    source_class, _, source_id = source_key.partition(":")
    state = store.states(store.current().revision, [known[source_key]])
    meant = str(state["key"][0])

    def asked() -> dict[str, tuple[int, list[str]]]:
        """The status and the CIs that are named, by how the CI is called."""
        forestay = assemble_service(load_settings(environment={}, data_folder=tmp_path / "data"))
        client = Service(tmp_path, forestay).client
        found = {}
        for text in (source_id, source_key, f"{source_class}::{source_id}", f"{source_key}-none", f"None::{source_id}", "none-9"):
            answer = client.get("/api/v1/impact", query_string={"id": text})
            body = answer.get_json()
            found[text] = (answer.status_code, [body["ci"]["key"]] if answer.status_code == 200 else body.get("candidates") or [])
        forestay.close()
        return found

    unknown = (404, [])
    by_class = {source_key: (200, [meant]), f"{source_class}::{source_id}": (200, [meant])}
    nobody = {f"{source_key}-none": unknown, f"None::{source_id}": unknown, "none-9": unknown}
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "forestay.db").symlink_to(tmp_path / "store.db")
    assert asked() == {source_id: (200, [meant]), **by_class, **nobody}

    twins = tmp_path / "twins"
    twins.mkdir()
    (twins / "cis.csv").write_text(f'key,name,class\n"{source_id}",a twin of another source,server\n', "utf-8")
    bench = Bench(store, LocalWorkbench(), tmp_path / "staging", tmp_path / "spool")
    sync_source(bench, CsvSource(twins), SyncSettings("twins", 2, "2"), Terms(full=True, complete=True))
    store.close()
    assert asked() == {source_id: (409, sorted([meant, f"twins:ci:{source_id}"])), **by_class, **nobody}
