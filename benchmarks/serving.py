"""A service in a process of its own, to be asked over HTTP."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Served:
    pid: int
    port: int

    def cpu_seconds(self) -> float:
        """Returns the processor seconds that the process has taken so far; 0 where the system does not tell."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def ask(self, method: str, path: str, body: Any = None) -> bytes:
        """Asks the API on a connection of its own; RuntimeError for any status but 200."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        connection.request(method, f"/api/v1{path}", json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        read = answer.read()
        connection.close()
        if answer.status != 200:
            raise RuntimeError(read[:300])
        return read


def family_seconds(pid: int) -> float:
    """Processor seconds of a process and of its children so far; NaN where the system does not tell."""
    ticks = 0
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # one that has ended
            fields = status.read_text().rsplit(")", 1)[1].split()
            if pid in (int(status.parent.name), int(fields[1])):
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK") if ticks else float("nan")


@contextlib.contextmanager
def serving(data: Path, **settings: str) -> Iterator[Served]:
    """Serves a data folder without a runner and without a limit of requests, until the block ends."""
    environment = {**os.environ, "FORESTAY_WEB_REQUESTS_PER_MINUTE": "100000000", **settings}
    command = [sys.executable, "-m", "app", "--data", str(data), "serve", "--port", "0", "--no-runner"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert server.stdout is not None
    try:
        yield Served(server.pid, int(server.stdout.readline().rstrip("/\n").rsplit(":", 1)[1]))
    finally:
        server.terminate()
        server.wait(20)


def side_by_side(clients: int, work: Callable[[int], Any]) -> None:
    """Runs `work` for each client's number, all at once; what one raises is raised."""
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(work, range(clients)))
