"""Where the service is reached: what a command or a ticket links to."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from app.domain.errors import ForestayError
from app.ports.documents import Documents
from app.ports.records import Records
from app.settings import Settings
from app.usecases.keep.process import is_gone, this_process


@dataclass(frozen=True, slots=True)
class Served:
    """A web process and the address at which it listens."""

    url: str
    at: str


SERVED = Records("served", Served)


def note_served(documents: Documents, url: str, at: str) -> None:
    """Notes where this process serves, and forgets those that are gone. A store that is away is not waited for."""
    with suppress(ForestayError), documents.together():
        for kept in list(SERVED.every(documents)):
            if is_gone(kept.key):
                SERVED.delete(documents, kept.key)
        SERVED.put(documents, this_process(), Served(url, at))


def base_url(settings: Settings, documents: Documents | None) -> str:
    """Returns the address that links begin with: the public one of the settings, else that of the web process on this machine
    that was started last, else the one that the settings listen at."""
    web = settings.web
    if web.public_url:
        return web.public_url.rstrip("/")
    running: list[Served] = []
    if documents is not None:
        with suppress(ForestayError):
            running = [kept.value for kept in SERVED.every(documents) if not is_gone(kept.key)]
    latest = max(running, key=lambda one: one.at, default=None)
    return latest.url if latest is not None else f"http://{web.host}:{web.port}"
