"""The live state over HTTP: a CI is reported down, and the changed answer is read."""

from __future__ import annotations

import http.client
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from app.bootstrap import Forestay

UPDATES = 100


def _ask(port: int, method: str, path: str, body: Any = None) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Content-Type": "application/json"} if body is not None else {}
    connection.request(method, f"/api/v1{path}", json.dumps(body) if body is not None else None, headers)
    answer = connection.getresponse()
    read = answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(read[:300])
    return read


def live_updates(forestay: Forestay, data: Path, seed: int) -> dict[str, Any]:
    """One CI after another is reported, down or at a part, until `UPDATES` are; after each the present is read. Milliseconds
    of report and answer together, and of the answer."""
    estate = forestay.estates.at()
    rng = random.Random(seed + 16)
    keys = [estate.key(position) for position in rng.sample(range(len(estate.compiled)), UPDATES)]
    forestay.close()
    environment = {**os.environ, "FORESTAY_WEB_REQUESTS_PER_MINUTE": "100000000"}
    command = [sys.executable, "-m", "app", "--data", str(data), "serve", "--port", "0", "--no-runner"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert server.stdout is not None
    port = int(server.stdout.readline().rstrip("/\n").rsplit(":", 1)[1])
    try:
        for _ in range(3):
            _ask(port, "GET", "/now")
        both, answers = [], []
        for number, key in enumerate(keys):
            said = {"state": "degraded", "share": 0.5} if number % 5 == 4 else {"state": "down"}
            started = time.perf_counter()
            _ask(port, "PUT", f"/live/{quote(key, safe='')}", said)
            asked = time.perf_counter()
            body = _ask(port, "GET", "/now")
            both.append((time.perf_counter() - started) * 1e3)
            answers.append((time.perf_counter() - asked) * 1e3)
        now = json.loads(body)
        for key in keys:
            _ask(port, "DELETE", f"/live/{quote(key, safe='')}")
    finally:
        server.terminate()
        server.wait(20)
    return {
        "updates": len(both),
        "first_update_ms": both[0],
        "p50_ms": float(np.percentile(both, 50)),
        "p95_ms": float(np.percentile(both, 95)),
        "max_ms": max(both),
        "answer_p50_ms": float(np.percentile(answers, 50)),
        "answer_p95_ms": float(np.percentile(answers, 95)),
        "cis_down": now["cis_down"],
        "services_hit": now["services_total"],
    }
