"""Promote, backup and restore leave word in the audit trail of the store that they fill."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from app.bootstrap import Forestay, open_store
from app.settings import load_settings
from app.usecases.keep import audit
from app.usecases.keep.audit_verify import verify
from tests.e2e.conftest import Service


def actions(service: Forestay) -> list[str]:
    assert verify(service.documents, foreign_keys=False) == []
    return [str(json.loads(entry.body)["action"]) for entry in audit.all_entries(service.documents)]


def test_the_filled_store_names_the_copy(make_service: Callable[..., Service], tmp_path: Path) -> None:
    service, other = make_service(), make_service()
    service.csv(cis=[{"key": "web", "class": "server"}])
    assert service.cli("backup", str(tmp_path / "backup.db")).exit_code == 0
    told = other.cli("restore", str(tmp_path / "backup.db"))
    assert told.exit_code == 0, told.output
    assert actions(other.forestay)[-1] == "restored"
    target = f"sqlite:{tmp_path / 'promoted.db'}"
    told = service.cli("promote", "--to", target)
    assert told.exit_code == 0, told.output
    assert actions(service.forestay)[-2:] == ["promotion begun", "promoted"]
    copy = open_store(target, load_settings(environment={}, data_folder=service.folder / "data"))
    try:
        kept = [json.loads(entry.body)["action"] for entry in audit.all_entries(copy)]
    finally:
        copy.close()
    assert kept[-1] == "promotion begun", "a kill after the copy leaves word in both"
