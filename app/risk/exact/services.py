"""The exact answers for many services."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from app.risk.compiled import CompiledGraph
from app.risk.exact.budget import Budget
from app.risk.exact.cone import exact_space
from app.risk.exact.service import ServiceExact, Want, exact_service
from app.risk.jit import Array


def exact_services(
    compiled: CompiledGraph,
    targets: Sequence[int],
    budget: Budget | None = None,
    *,
    want: Want | None = None,
    unavailability: Array | None = None,
    threads: int = 1,
    listen: Callable[[int], None] | None = None,
) -> list[ServiceExact]:
    """`exact_service` for many, in the order of `targets`; `listen` is told how many are done. Same answers for any number of threads.

    Example by hand: two services on one a (U .01) have Q .01 each.
    """
    local = threading.local()
    done = 0
    lock = threading.Lock()

    def one(target: int) -> ServiceExact:
        nonlocal done
        if not hasattr(local, "space"):
            local.space = exact_space(len(compiled))
        answer = exact_service(compiled, int(target), budget, unavailability=unavailability, want=want, space=local.space)
        with lock:
            done += 1
            if listen is not None:
                listen(done)
        return answer

    if threads <= 1:
        return [one(target) for target in targets]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, targets))
