"""Acts that come in over HTTP: as programs ask, with a key, and as pages ask, with a form in a session.

The application takes longer to make than most acts, so that a process makes one, before it forks, and hands it each service that
it opens.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, cast

from flask import Flask

from app.bootstrap import Forestay
from app.settings import Settings
from app.usecases.keep import access, audit
from app.wsgi import create_app

ROLES = ("admin", "analyst", "integrator")


class Handed:
    """Stands for the service that was handed over last, with sign-in on and no limit of requests."""

    service: Forestay

    @property
    def settings(self) -> Settings:
        return _asks_for_keys(self.service.settings)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.service, name)


_handed = Handed()


def _asks_for_keys(settings: Settings) -> Settings:
    web = replace(settings.web, sign_in="keys", session_secret="of the tests", requests_per_minute=10**9, heavy_processes=0)
    return replace(settings, web=web)


@cache
def application() -> Flask:
    return create_app(_asks_for_keys(Settings(Path())), cast(Forestay, _handed))


def make_keys(service: Forestay) -> None:
    """One for each role, named like it; their secrets lie beside the data folder."""
    secrets = {}
    with service.documents.together():
        for role in ROLES:
            secrets[role], made = access.create_key(service.documents, role, role)
            audit.record(service.documents, "tester", "key created", made.prefix)
    _secrets_of(service).write_text(json.dumps(secrets))


def ask(service: Forestay, role: str, method: str, path: str, may_fail: int = 0, **named: Any) -> Any:
    """What the API answers to one with a key of this role; only this failure is borne."""
    _handed.service = service
    headers = {"Authorization": f"Bearer {_secret(service, role)}", **named.pop("headers", {})}
    answer = application().test_client().open(f"/api/v1{path}", method=method, headers=headers, **named)
    assert answer.status_code < 400 or answer.status_code == may_fail, f"{method} {path}: {answer.text}"
    return answer.get_json()


def press(service: Forestay, role: str, path: str, form: Mapping[str, str]) -> None:
    """Sign in on the page and send one of its forms, as a browser does."""
    _handed.service = service
    browser = application().test_client()
    same = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    for place, fields in (("/sign-in", {"key": _secret(service, role)}), (path, form)):
        answer = browser.post(place, data=fields, headers=same)
        assert answer.status_code in (302, 303), f"{place}: {answer.text}"


def _secret(service: Forestay, role: str) -> str:
    return str(json.loads(_secrets_of(service).read_text())[role])


def _secrets_of(service: Forestay) -> Path:
    return service.settings.data_folder.with_name("keys.json")
