"""The readings: what gauges measure is read again and again, in a thread of its own, for a Prometheus that is slow or away holds
up nothing else. Of several processes one reads a gauge at a time."""

from __future__ import annotations

import threading

import structlog

from app.bootstrap import Forestay
from app.domain.errors import ForestayError
from app.usecases.goals.read import read_gauges
from app.usecases.keep.process import this_process


def keep_readings(forestay: Forestay, stop: threading.Event) -> None:
    """Reads every gauge each `goals.read_seconds` until `stop` is set, and waits while the store is away."""
    log, holder = structlog.get_logger(), f"{this_process()} readings"
    while not stop.wait(forestay.settings.goals.read_seconds):
        try:
            read_gauges(forestay, holder)
        except ForestayError as error:
            log.warning("gauges were not read", error=error.message)
        except Exception:  # a fault of ours in one reading must not end all of them
            log.exception("reading gauges failed")
