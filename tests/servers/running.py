"""A WSGI handler on a real port of the loopback, with or without TLS, that can stop listening in the middle of it all."""

from __future__ import annotations

import io
import random
import socket
import ssl
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from werkzeug import Request, Response
from werkzeug.serving import WSGIRequestHandler, make_server

TLS = Path(__file__).parent / "tls"


class _KeepAlive(WSGIRequestHandler):
    """Keeps a connection for the next request, as real servers do; Werkzeug's own handler closes it after each, and waits for
    more 10 ms before."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # an answer in two pieces would wait for the client's word on the first

    def log(self, *_: object) -> None:
        return None

    def run_wsgi(self) -> None:
        self.environ = environ = self.make_environ()
        environ["wsgi.input"] = io.BytesIO(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        try:
            response = Response.from_app(self.server.app, environ)
        except Exception:
            traceback.print_exc()
            response = Response("the stub failed", 500)
        self.send_response_only(
            response.status_code
        )  # without Server and Date of this machine: a stub may have a clock of its own
        headers = response.get_wsgi_headers(environ)
        if "Content-Length" not in headers or self.server.for_new_connections_only:  # type: ignore[attr-defined]
            headers["Connection"] = "close"
        for name, value in headers:
            self.send_header(name, value)
        self.close_connection |= "Connection" in headers
        self.end_headers()
        for part in response.get_app_iter(environ):
            self.wfile.write(part)
        response.close()


def lasting_port() -> int:
    """A port that is free and that no connection is given by chance, so a server can come back to it."""
    while True:
        port = random.randrange(20_000, 32_000)  # below what systems give to connections
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


class Running:
    def __init__(self, answer: Callable[[Request], Response], tls: bool = False, port: int = 0) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if tls else None
        if self.context:
            self.context.load_cert_chain(TLS / "server.pem", TLS / "server.key")
        self._server = make_server(
            "127.0.0.1", port, Request.application(answer), threaded=True, request_handler=_KeepAlive, ssl_context=self.context
        )
        self._server.for_new_connections_only = False  # type: ignore[attr-defined]
        self.port = self._server.server_port
        self.url = f"{'https' if tls else 'http'}://localhost:{self.port}/"
        self._listening = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def stop_listening(self) -> None:
        """From now on connections are refused."""
        if self._listening:
            self._listening = False
            self._server.for_new_connections_only = True  # type: ignore[attr-defined]
            self._server.shutdown()
            self._server.socket.close()

    def show_other_certificate(self) -> None:
        """From now on the certificate is one of no authority."""
        assert self.context is not None
        self.context.load_cert_chain(TLS / "other.pem", TLS / "other.key")
        self._server.for_new_connections_only = True  # type: ignore[attr-defined]

    def close(self) -> None:
        self.stop_listening()
        self._thread.join(5)
