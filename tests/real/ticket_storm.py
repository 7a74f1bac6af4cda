"""A storm of tickets on a real server: what the outbox does in the small, without its store."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.contract.ticket_contract import draft


def storm(opened: Any, prefix: str, creates: int = 200, keys: int = 50, threads: int = 4) -> dict[str, set[str]]:
    """Asks for tickets from several threads, each with a connector of its own, several times for each key; the key is looked for
    before, by one at a time for each key. Returns the ids of the tickets that were given for each key."""
    locks = {n: threading.Lock() for n in range(keys)}
    given: dict[str, set[str]] = {f"{prefix}-{n}": set() for n in range(keys)}
    held = threading.local()

    def ask(number: int) -> None:
        if not hasattr(held, "system"):
            held.system = opened()
        key = f"{prefix}-{number % keys}"
        with locks[number % keys]:
            found = held.system.find(key) or [held.system.create(draft(key, summary=f"Storm {number % keys}"))]
            given[key].update(one.id for one in found)

    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(ask, number) for number in range(creates)]:
            done.result()
    return given
