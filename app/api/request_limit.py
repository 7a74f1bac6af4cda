"""The limit of requests: so many a minute of one caller to one endpoint.

One limit holds for every endpoint, so the library's window is asked itself: its Flask extension works out for each request which
limits, exemptions and scopes hold, which cost a tenth of a light answer.
"""

from __future__ import annotations

from flask import Flask, request
from limits import RateLimitItemPerMinute
from limits.strategies import FixedWindowRateLimiter

from app.api import auth
from app.api.counters import Counters
from app.api.resources.inbox import is_known_sender
from app.bootstrap import Forestay


def limit_requests(app: Flask, forestay: Forestay, per_minute: int) -> None:
    """Counts every request before anything else is done for it, and refuses those beyond the limit (429). Files of the pages,
    liveness, what a web process passed on and deliveries of known senders do not count."""
    limit = RateLimitItemPerMinute(per_minute)
    windows = FixedWindowRateLimiter(Counters())

    @app.before_request
    def count() -> None:
        endpoint = request.endpoint
        if endpoint is None or endpoint == "operate.alive" or endpoint.rpartition(".")[2] == "static":
            return
        if auth.is_passed_on() or is_known_sender():
            return
        caller = auth.counted_as(forestay)
        if not windows.hit(limit, caller, endpoint):
            auth.refuse_for_a_while(limit.amount, windows.get_window_stats(limit, caller, endpoint).reset_time)
