"""The relays: a thread for each connector, which sends what is due, asks what changed and tells open tickets what holds: a ticket
system that is slow or away holds up no other."""

from __future__ import annotations

import math
import threading
import time

import structlog

from app.bootstrap import Forestay
from app.domain.errors import ForestayError
from app.usecases.keep.connectors import list_connectors
from app.usecases.keep.process import this_process
from app.usecases.tickets.apply_rules import apply_rules
from app.usecases.tickets.enrich import enrich
from app.usecases.tickets.poll import poll
from app.usecases.tickets.relay import relay
from app.usecases.tickets.work_hooks import work_hooks

PAUSE_SECONDS = 0.5
FOLLOW_SECONDS = 2.0  # until a connector that was added is served


def keep_relays(forestay: Forestay, stop: threading.Event) -> None:
    """Applies the rules and serves every connector until `stop` is set, also those that come meanwhile."""
    threads: dict[str, threading.Thread] = {}
    applied = -math.inf
    while not stop.is_set():
        try:
            if time.monotonic() - applied >= forestay.settings.tickets.rules_seconds:
                applied = time.monotonic()
                apply_rules(forestay, f"{this_process()} rules")
            for connector in list_connectors(forestay.documents):
                if connector.enabled and (connector.name not in threads or not threads[connector.name].is_alive()):
                    threads[connector.name] = threading.Thread(target=_serve, args=(forestay, connector.name, stop), daemon=True)
                    threads[connector.name].start()
        except ForestayError as error:
            structlog.get_logger().warning("a turn of the rules or of the relays ended early", error=error.message)
        stop.wait(FOLLOW_SECONDS)
    for thread in threads.values():
        thread.join()


def _serve(forestay: Forestay, connector: str, stop: threading.Event) -> None:
    """Relays for one connector until `stop` is set, or it is removed or switched off."""
    log, holder = structlog.get_logger().bind(connector=connector), f"{this_process()} {connector}"
    polled = told = -math.inf
    settings = forestay.settings.tickets
    while not stop.is_set():
        try:
            sent = relay(forestay, connector, holder)
            if heard := work_hooks(forestay, connector):
                sent, told = sent + heard, -math.inf
            if time.monotonic() - polled >= settings.poll_seconds:
                polled = time.monotonic()
                told = -math.inf if poll(forestay, connector, holder) else told
            if time.monotonic() - told >= settings.tell_seconds:
                told = time.monotonic()
                sent += enrich(forestay, connector)
            if sent:
                continue
            known = {one.name for one in list_connectors(forestay.documents) if one.enabled}
            if connector not in known:
                return
        except ForestayError as error:
            log.warning("a turn of the relay ended early", error=error.message)
            stop.wait(5)
        except Exception:  # a fault of ours in one ticket must not end the relay of all
            log.exception("a turn of the relay failed")
            stop.wait(5)
        stop.wait(PAUSE_SECONDS)
