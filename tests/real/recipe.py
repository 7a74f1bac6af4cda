"""A recipe tried in its system: a service behind a real port, with a key that reads, a connector and a sender."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from waitress import create_server

from app.domain.alerts import AlertRules
from app.usecases.keep.access import create_key
from app.usecases.keep.connectors import Connector, put_connector
from app.usecases.keep.inbox import make_sender
from app.usecases.keep.known_tickets import KNOWN, KnownTicket
from app.usecases.tickets.work_hooks import work_hooks
from tests.e2e.conftest import Service

FQDN, TWIN, SERVICE = "san-1.example.com", "twin", "Checkout"


def estate(service: Service) -> None:
    service.csv(
        cis=[
            {"key": "shop", "name": SERVICE, "class": "business_service", "fqdn": ""},
            {"key": "san", "name": "san-1", "class": "storage_array", "fqdn": FQDN},
            *({"key": f"t{n}", "name": TWIN, "class": "server", "fqdn": ""} for n in (1, 2)),
        ],
        dependencies=[{"dependent": "shop", "provider": "san"}],
        services=[{"key": "shop", "customers": 20_000, "money_per_hour": 1000, "mtpd_hours": 2}],
    )


@contextmanager
def told_by(service: Service, kind: str, settings: Mapping[str, str], file: Path, secret_env: str, secret: str) -> Iterator[None]:
    """Serves the service; the file of the recipe holds where, and the secrets."""
    documents = service.forestay.documents
    put_connector(documents, Connector("desk", kind, settings), "tester", new=True)
    carried, _ = make_sender(documents, f"{kind}-in", kind, AlertRules(), "tester", "desk", secret_env)
    key, _ = create_key(documents, "desk-reads", "viewer")
    server = create_server(service.client.application, host="127.0.0.1", port=0, threads=2)

    def run() -> None:
        with suppress(OSError):  # it is closed while it waits
            server.run()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    given = {"url": f"http://127.0.0.1:{server.effective_port}", "key": key, "sender": f"{kind}-in", "secret": carried or secret}
    file.write_text(json.dumps(given))
    try:
        yield
    finally:
        file.unlink()
        server.close()
        thread.join(5)


def heard(service: Service) -> list[KnownTicket]:
    """Works what came to the inbox; returns the tickets that are known then."""
    work_hooks(service.forestay, "desk")
    return [row.value for row in KNOWN.every(service.forestay.documents)]
