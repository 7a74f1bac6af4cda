"""The server of the web process: waitress, which takes large bodies only where a view streams them.

One loop receives the bodies of all requests. What no view will read is dropped as it comes, so that it costs neither disk nor a
thread, and its sender, who reads no answer before all is sent, still learns what was wrong.
"""

from __future__ import annotations

import copy
import io
import json
import logging
from collections.abc import Callable
from typing import Any

from flask import Flask
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import create_server
from waitress.utilities import RequestEntityTooLarge
from werkzeug.exceptions import HTTPException

from app.api.heavy import STEP_ASIDE
from app.api.problem_document import PROBLEM, problem_document
from app.cli.turns import Turns
from app.settings import WebSettings

Streams = Callable[[str, str], bool]


def server_of(app: Flask, web: WebSettings, waiting: int) -> Any:
    """Returns the server, which listens already, with threads for `waiting` requests beside those that compute. Its `run` serves
    until it is stopped."""
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a line for every request that waits helps nobody
    sockets: dict[int, Any] = {}
    turns = Turns(web.threads + waiting, web.threads)

    def told(environ: dict[str, Any], start_response: Any) -> Any:
        environ[STEP_ASIDE] = turns.step_aside
        return app.wsgi_app(environ, start_response)

    server = create_server(
        told,
        _dispatcher=turns,
        map=sockets,
        host=web.host,
        port=web.port,
        recv_bytes=65_536,  # large bodies in fewer turns of the loop that serves everybody
        channel_request_lookahead=1,  # so that one who leaves is noticed
        clear_untrusted_proxy_headers=False,  # whom to believe is judged by web.trusted_proxies
        ident="forestay",
        asyncore_use_poll=True,  # select() ends at 1,024 open files
        channel_timeout=120,
        max_request_body_size=max(web.request_bytes, web.upload_bytes) + 1,
    )
    channel = channel_class(web.request_bytes, streams_of(app))
    for listening in sockets.values():
        listening.channel_class = channel
    return server


def streams_of(app: Flask) -> Streams:
    """Returns a function that tells whether the view of a method and path reads a large body itself."""

    def streams(method: str, path: str) -> bool:
        try:
            endpoint, _ = app.url_map.bind("").match(path, method)
        except HTTPException:
            return False
        return bool(getattr(app.view_functions[endpoint], "streams", False))

    return streams


def channel_class(most: int, streams: Streams) -> type[HTTPChannel]:
    """Returns the class of connections on which a body above `most` bytes is dropped where no view streams it."""

    class Parser(HTTPRequestParser):  # type: ignore[misc]
        adj: Any

        def parse_header(self, header_plus: bytes) -> None:
            super().parse_header(header_plus)
            if self.content_length <= most and not self.chunked:
                return
            if streams(self.command, self.path):
                return
            if self.chunked:
                self.adj = copy.copy(self.adj)
                self.adj.max_request_body_size = most + 1
            elif self.content_length < self.adj.max_request_body_size:
                self.body_rcv = Dropped(self.content_length)

        def received(self, data: bytes) -> int:
            consumed = int(super().received(data))
            if self.completed and isinstance(self.body_rcv, Dropped):
                self.error = TooLarge(most)
            return consumed

    class Channel(HTTPChannel):  # type: ignore[misc]
        parser_class = Parser

    return Channel


class Dropped:
    """Receives a body of a stated length and keeps nothing of it."""

    error = None

    def __init__(self, size: int) -> None:
        self.remain = size

    @property
    def completed(self) -> bool:
        return self.remain == 0

    def received(self, data: bytes) -> int:
        taken = min(self.remain, len(data))
        self.remain -= taken
        return taken

    def getbuf(self) -> io.BytesIO:
        """Returns what was kept, which waitress closes at the end."""
        return io.BytesIO()


class TooLarge(RequestEntityTooLarge):  # type: ignore[misc]
    """413, as the problem document that the service answers elsewhere."""

    def __init__(self, most: int) -> None:
        super().__init__(f"a request body here has at most {most:,} bytes")

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        code, title = "request_entity_too_large", "Request Entity Too Large"
        body = problem_document(self.code, title, code, self.body)
        return f"{self.code} {title}", [("Content-Type", PROBLEM)], json.dumps(body).encode()
