"""A served service under hostile load, and what that costs its other users.

`python -m tests.hostile` serves an estate with sign-in and a runner, floods it with 50 hostile clients at once for a while, from
a process of their own that steps back behind everything else, and prints: the 99th percentile of `/livez` and of the light
answers of another user, usual and under load; the memory of the service before, at its highest, and afterwards; and the machine's
pace (milliseconds for a million additions in Python), for a figure of a machine that does other work tells little.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import http.client
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[1]
CLIENTS = 50
LIGHT = ("/api/v1/areas?limit=10", "/api/v1/services", "/api/v1/cis/own-csv:ci:s1-1", "/", "/api/v1/health")
LONG = "/api/v1/services/shop/availability?method=simulated&years=100000&seconds=60&nodes=20000000&seed={}"
DEEP = b'{"a":' * 200_000
QUOTES = b'{"cis": ["' + b'\\"' * 500_000
MANY = json.dumps(
    {"cis": [f"s{n // 4}-{n % 4}" for n in range(240)] * 4, "duration_hours": 900, "at_hours": list(range(200))}
).encode()
SITES = "site:" + " site:".join(f'"site {n}"' for n in range(9))


@cache
def huge() -> bytes:
    """A million fields; made when it is first asked for, as tests import this module."""
    return b"{" + b",".join(b'"f%d":%d' % (n, n) for n in range(1_000_000)) + b"}"


TIMELINES = [
    json.dumps({"text": text}).encode()
    for text in (
        f"t=0 fail {SITES}",  # everything, each back after its hours of work
        "; ".join(f"t={n}h fail ci:c{n * 7} ci:s{n % 60}-{n % 4} for 3h" for n in range(200)),
        "t=0 fail " + " ".join(f"ci:c{n}" for n in range(1_000)),
        "; ".join(f"t={n} fail {SITES} for 1h" for n in range(60)),
        "t=0 fail " + " ".join(f"ci:c{n}" for n in range(10_000)),  # more selectors than are allowed
        "; ".join(f"t={n} fail ci:c{n}" for n in range(1_000)),  # more steps
    )
]
KINDS = 11
STUDY = b'{"worlds": 100000000, "years": 1000000, "seconds": 600, "draws": 10000}'


def pace() -> float:
    """Milliseconds for a million additions in Python."""
    started, total = time.perf_counter(), 0
    for number in range(1_000_000):
        total += number
    return (time.perf_counter() - started) * 1000


def write_estate(folder: Path) -> None:
    """A service behind 60 groups, so that years have something to simulate, and 20,000 CIs, so that lists are long."""
    members = [[f"s{number}-{part}" for part in range(4)] for number in range(60)]
    names = [name for group in members for name in group]
    cis = [
        {"key": "shop", "class": "business_service"},
        *({"key": n, "class": "server", "failures_per_year": 50, "repair_hours": 20} for n in names),
    ]
    cis += [{"key": f"c{n}", "class": "server", "team": f"team {n % 50}", "site": f"site {n % 9}"} for n in range(20_000)]
    groups = [{"key": f"g{n}", "dependent": "shop", "needed": 2, "members": "|".join(group)} for n, group in enumerate(members)]
    edges = [{"dependent": f"c{n}", "provider": f"c{n // 3}"} for n in range(1, 20_000)] + [
        {"dependent": "shop", "provider": "c19999"}
    ]
    sheets = {
        "cis": cis,
        "groups": groups,
        "dependencies": edges,
        "services": [{"key": "shop", "customers": 1000, "money_per_hour": 5}],
    }
    folder.mkdir(parents=True, exist_ok=True)
    for sheet, rows in sheets.items():
        with (folder / f"{sheet}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)), restval="")
            writer.writeheader()
            writer.writerows(rows)  # type: ignore[arg-type]


@dataclass
class Served:
    """A service in processes of its own, and a way to ask it."""

    process: subprocess.Popen[str]
    port: int

    def ask(
        self, method: str, path: str, body: bytes | None = None, key: str = "", timeout: float = 200.0
    ) -> tuple[int, float, bytes]:
        """Status, seconds and body of an answer."""
        return ask(self.port, method, path, body, key, timeout)

    def p99(self, path: str, times: int = 150, key: str = "") -> float:
        found = []
        for _ in range(times):
            status, seconds, _ = self.ask("GET", path, key=key)
            assert status == 200, path
            found.append(seconds)
        return sorted(found)[int(0.99 * times)]

    def below(self) -> list[int]:
        """Processes that it started."""
        return children(self.process.pid)

    def memory(self) -> dict[str, float]:
        """MiB held by the web process, and by those below it."""
        pids = [self.process.pid, *self.below()]
        sizes = [_resident(pid) / (1 << 20) for pid in pids]
        return {"web": sizes[0], "below": sum(sizes[1:])}


def ask(port: int, method: str, path: str, body: bytes | None, key: str, timeout: float) -> tuple[int, float, bytes]:
    started = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    headers = {"Content-Type": "application/json"} if body else {}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, time.perf_counter() - started, answer.read()
    finally:
        connection.close()


def children(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(found) for found in listed.stdout.split()]


def _resident(pid: int) -> int:
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


@contextlib.contextmanager
def serving(data: Path, environment: Mapping[str, str], *options: str) -> Iterator[Served]:
    """`forestay serve` over a data folder, until the block ends."""
    command = [sys.executable, "-m", "app", "--data", str(data), "serve", "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment})
    assert process.stdout is not None
    line = process.stdout.readline()
    port = urlsplit(line.split()[-1]).port if line else None
    try:
        assert port, line
        yield Served(process, port)
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


# --- the hostile clients
def hostile(port: int, number: int, key: str, until: float) -> str:
    """One question of a client that takes what it gets; what came of it."""
    kind = number % KINDS
    if kind in (0, 1):
        return str(ask(port, "GET", LONG.format(number), None, key, 60)[0])
    if kind == 2:
        return str(
            ask(
                port, "GET", f"/api/v1/services/shop/importance?nodes=20000000&seconds=60&seed={number}&limit=500", None, key, 60
            )[0]
        )
    if kind == 3:
        return str(ask(port, "POST", "/api/v1/simulations", MANY, key, 60)[0])
    if kind == 4:
        return str(ask(port, "POST", "/api/v1/studies", STUDY, key, 60)[0])
    if kind == 5:
        path = random.choice(
            (
                "/api/v1/cis?limit=500",
                "/api/v1/quality?limit=500",
                "/api/v1/revisions/1/changes?since=0&limit=500",
                "/api/v1/conflicts?limit=500",
            )
        )
        return str(ask(port, "GET", path, None, key, 60)[0])
    if kind == 6:
        return str(ask(port, "POST", random.choice(("/api/v1/simulations", "/api/v1/decisions/merge")), huge(), key, 60)[0])
    if kind == 7:
        return str(
            ask(
                port,
                "POST",
                random.choice(("/api/v1/decisions/merge", "/api/v1/sources")),
                random.choice((DEEP, QUOTES)),
                key,
                60,
            )[0]
        )
    if kind == 10:
        return str(ask(port, "POST", "/api/v1/timelines", random.choice(TIMELINES), key, 60)[0])
    return _slow_reader(port, key, until) if kind == 8 else _slow_writer(port, key, until)


def _slow_reader(port: int, key: str, until: float) -> str:
    """Asks for a long list a hundred times on one connection and reads a few bytes a second."""
    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.sendall(
            f"GET /api/v1/cis?limit=500 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\r\n".encode() * 100
        )
        while time.monotonic() < until and slow.recv(16):
            time.sleep(0.5)
    return "slow reader"


def _slow_writer(port: int, key: str, until: float) -> str:
    """A request that comes byte by byte and never ends."""
    head = (
        f"POST /api/v1/simulations HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nContent-Length: "
        f"1000000\r\n\r\n{{"
    )
    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.sendall(head.encode())
        while time.monotonic() < until:
            slow.sendall(b" ")
            time.sleep(0.2)
    return "slow writer"


def flood(port: int, keys: list[str], seconds: float, kinds: frozenset[int]) -> Counter[str]:
    """CLIENTS hostile clients at once, each asking again as soon as it was answered; how often each outcome came."""
    until, seen, lock = time.monotonic() + seconds, Counter[str](), threading.Lock()

    def client(number: int) -> None:
        while time.monotonic() < until:
            try:
                came = hostile(port, number, keys[number % len(keys)], until)
            except (OSError, http.client.HTTPException) as error:
                came = type(error).__name__
            with lock:
                seen[came] += 1
            if came == "429":
                time.sleep(0.2)

    threads = [
        threading.Thread(target=client, args=(number,), daemon=True) for number in range(CLIENTS) if number % KINDS in kinds
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until + 20 - time.monotonic()))
    return seen


# --- the other users
@dataclass
class Latency:
    """Seconds of every answer, by what was asked."""

    seconds: dict[str, list[float]] = field(default_factory=dict)

    def share(self, path: str, share: float) -> float:
        found = sorted(self.seconds[path])
        return found[min(len(found) - 1, int(share * len(found)))]

    def light(self, share: float) -> float:
        found = sorted(second for path, taken in self.seconds.items() if path != "/livez" for second in taken)
        return found[min(len(found) - 1, int(share * len(found)))]


def measure(served: Served, key: str, seconds: float, highest: dict[str, float]) -> Latency:
    """Two other users at a calm pace: one asks for signs of life, one for light answers. `highest`: the memory seen."""
    told, until = Latency(), time.monotonic() + seconds

    def user(paths: tuple[str, ...]) -> None:
        number = 0
        while time.monotonic() < until:
            path = paths[number % len(paths)]
            status, taken, _ = served.ask("GET", path, key=key)
            assert status == 200, (path, status)
            told.seconds.setdefault(path, []).append(taken)
            number += 1
            time.sleep(0.02)

    def watch() -> None:
        while time.monotonic() < until:
            for name, size in served.memory().items():
                highest[name] = max(highest.get(name, 0.0), size)
            time.sleep(0.5)

    threads = [threading.Thread(target=user, args=(paths,)) for paths in (("/livez",), LIGHT)] + [threading.Thread(target=watch)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def shown(name: str, told: Latency) -> str:
    rows = [
        f"{name}: /livez p50 {told.share('/livez', 0.5) * 1000:.1f} p99 {told.share('/livez', 0.99) * 1000:.1f} ms of "
        f"{len(told.seconds['/livez'])}; light p50 {told.light(0.5) * 1000:.1f} p99 {told.light(0.99) * 1000:.1f} ms of "
        f"{sum(map(len, told.seconds.values())) - len(told.seconds['/livez'])}"
    ]
    rows += [f"    {path}: p50 {told.share(path, 0.5) * 1000:.1f}, p99 {told.share(path, 0.99) * 1000:.1f} ms" for path in LIGHT]
    return "\n".join(rows)


def make_keys(data: Path) -> list[str]:
    """Eleven keys: ten of the hostile, the last one of a user."""
    from app.bootstrap import assemble_service
    from app.settings import load_settings
    from app.usecases.keep.access import create_key

    service = assemble_service(load_settings(environment={}, data_folder=data))
    keys = [create_key(service.documents, f"hostile {n}", "admin")[0] for n in range(10)]
    keys.append(create_key(service.documents, "user", "viewer")[0])
    service.close()
    return keys


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="how long the flood lasts")
    parser.add_argument("--kinds", default=",".join(map(str, range(KINDS))), help="which hostile questions")
    parser.add_argument("--flood", help="port and keys: be the hostile clients")
    chosen = parser.parse_args()
    kinds = frozenset(int(kind) for kind in chosen.kinds.split(","))
    if chosen.flood:
        os.nice(19)
        port, *keys = chosen.flood.split(",")
        print(dict(flood(int(port), keys, chosen.seconds, kinds)))
        return
    environment = {"FORESTAY_WEB_SIGN_IN": "keys", "FORESTAY_WEB_REQUESTS_PER_MINUTE": "1000000"}
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        write_estate(Path(folder) / "input")
        command = [sys.executable, "-m", "app", "--data", str(data), "run", "--csv", str(Path(folder) / "input"), "--no-serve"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        *keys, user = make_keys(data)
        with serving(data, environment) as served:
            for path in ("/livez", *LIGHT):
                served.p99(path, 20, user)
            highest: dict[str, float] = {}
            before = pace()
            usual = measure(served, user, chosen.seconds / 2, highest)
            memory, quiet = served.memory(), served.below()
            told = ",".join([str(served.port), *keys])
            command = [
                sys.executable,
                "-m",
                "tests.hostile",
                "--seconds",
                str(chosen.seconds),
                "--kinds",
                chosen.kinds,
                "--flood",
                told,
            ]
            clients = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
            time.sleep(1.5)
            under = measure(served, user, chosen.seconds - 2, highest)
            during = pace()
            outcomes = clients.communicate()[0].strip()
            for job in json.loads(served.ask("GET", "/api/v1/jobs?limit=200", key=keys[0])[2])["items"]:
                served.ask("DELETE", f"/api/v1/jobs/{job['job_id']}", key=keys[0])
            time.sleep(5)
            afterwards = measure(served, user, chosen.seconds / 4, {})
            after = served.memory()
            print(
                f"pace: {before:.0f} ms for a million additions on the quiet machine, {during:.0f} ms under load; "
                f"{os.cpu_count()} cores"
            )
            print(shown("usual", usual))
            print(shown("under load", under))
            print(shown("afterwards", afterwards))
            print(f"hostile answers: {outcomes}")
            for name in ("web", "below"):
                print(f"memory {name}: before {memory[name]:.0f}, highest {highest[name]:.0f}, afterwards {after[name]:.0f} MiB")
            print(f"processes below: before {len(quiet)}, afterwards {len(served.below())}")
            ratio = under.light(0.99) / usual.light(0.99)
            print(f"GOAL /livez p99 {under.share('/livez', 0.99) * 1000:.0f} ms (100), light p99 {ratio:.2f} times the usual (2)")


if __name__ == "__main__":
    main()
