"""Something that is killed at a named step: `python -m tests.kill_points <data folder> [modules with more verbs]` loads all it
needs once, and for each line of its input forks a process that does what the line names and dies at the step which it names.

A step is a statement that writes, in any SQLite file or in Neo4j, a commit there, a file that gets its name or goes, or a
request to another system, before it is sent and when its answer is there. `INSERT INTO ci @ forestay.db` is one step each time
that it is about to be done, numbered from 1. A kill before one step is a kill after the one before it; what lies between them is
only in the memory of the process.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import traceback
import weakref
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
END = "the end"
OF_ONE_PROCESS = re.compile(r"\.\d+\.[0-9a-f]{8}(?=$|-)")  # in the name of a file that is not finished
COMMENTS = re.compile(r"(--|//)[^\n]*\n")
SQL_WRITES = re.compile(
    r"\s*(WITH\b.*?)?\b((?:INSERT|REPLACE|UPDATE|DELETE|CREATE|DROP|ALTER|BEGIN|COMMIT|ROLLBACK)\b(?: OR \w+)?(?:\W+\w+){0,2})",
    re.S | re.I,
)
CYPHER_WRITES = re.compile(r"\b(CREATE|MERGE|SET|DELETE|REMOVE|DROP)\b")


class Steps:
    """Counts the steps of this process and dies at one of them."""

    def __init__(self, deadly: tuple[str, int] | None) -> None:
        self.deadly, self.met = deadly, Counter[str]()

    def meet(self, name: str) -> None:
        self.met[name] += 1
        if (name, self.met[name]) == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)


def watch(steps: Steps) -> None:
    """From now on this process meets the steps that it takes."""
    _watch_sqlite(steps)
    _watch_files(steps)
    _watch_neo4j(steps)
    _watch_requests(steps)


def _watch_sqlite(steps: Steps) -> None:
    connect = sqlite3.connect

    def watched(path: Any, *arguments: Any, **named: Any) -> sqlite3.Connection:
        connection = connect(path, *arguments, **named)
        name = OF_ONE_PROCESS.sub(".new", Path(path).name.partition("?")[0])

        def told(statement: str) -> None:
            found = SQL_WRITES.match(COMMENTS.sub("", statement))
            if found:
                steps.meet(f"{' '.join(found[2].split()[:3])} @ {name}")

        connection.set_trace_callback(told)
        return connection

    sqlite3.connect = watched  # type: ignore[assignment]


def _watch_files(steps: Steps) -> None:
    def watched(verb: str, do: Callable[..., Any]) -> Callable[..., Any]:
        def done(*paths: Any, **named: Any) -> Any:
            if os.path.exists(paths[0]):  # noqa: PTH110 - what is deleted to be sure is no step
                steps.meet(f"{verb} *{Path(OF_ONE_PROCESS.sub('.new', os.fsdecode(paths[-1]))).suffix}")
            return do(*paths, **named)

        return done

    for verb in ("rename", "replace", "unlink"):
        setattr(os, verb, watched(verb, getattr(os, verb)))


def _watch_neo4j(steps: Steps) -> None:
    from neo4j._sync.work.transaction import TransactionBase

    run, commit = TransactionBase.run, TransactionBase._commit

    writing = weakref.WeakSet[Any]()

    def watched_run(self: Any, query: Any, *arguments: Any, **named: Any) -> Any:
        text = COMMENTS.sub("", str(getattr(query, "text", query)) + "\n")
        if CYPHER_WRITES.search(text):
            writing.add(self)
            steps.meet(f"{' '.join(text.split())[:120]} @ neo4j")
        return run(self, query, *arguments, **named)

    def watched_commit(self: Any) -> Any:
        if self in writing:
            steps.meet("commit @ neo4j")
        return commit(self)

    TransactionBase.run, TransactionBase._commit = watched_run, watched_commit  # type: ignore[method-assign]


def _watch_requests(steps: Steps) -> None:
    from importers.http.client import Client

    once = Client._once

    def watched(client: Client, method: str, url: str, request: Any) -> Any:
        steps.meet(f"{method} to be sent")
        answer = once(client, method, url, request)
        steps.meet(f"{method} answered")
        return answer

    Client._once = watched  # type: ignore[method-assign]


def do_in_child(data: Path, asked: Mapping[str, Any]) -> None:
    """The whole life of a forked process: it opens the service itself, does what is asked, and writes which steps it took into a
    file beside the data."""
    from app.bootstrap import assemble_service
    from app.settings import load_settings
    from tests.disk import without_waiting

    steps = Steps(tuple(asked["deadly"]) if asked["deadly"] else None)
    watch(steps)
    with without_waiting():
        service = assemble_service(load_settings(data_folder=data))
        VERBS[asked["verb"]](service, asked)
        service.close()
    steps.meet(END)
    data.with_name("steps.json").write_text(json.dumps(steps.met))


def _sync(service: Any, asked: Mapping[str, Any]) -> None:
    from app.usecases.run_sync import SyncRequest, run_sync

    run_sync(service, SyncRequest("cmdb", apply=True, approve=True, complete=True, full=asked["full"]))


def _promote(service: Any, asked: Mapping[str, Any]) -> None:
    from app.bootstrap import open_store
    from app.usecases.promote import promote

    target = open_store(asked["to"], service.settings)
    promote(service.store, service.documents, target, target)
    target.close()


def _backup(service: Any, asked: Mapping[str, Any]) -> None:
    from app.bootstrap import open_store
    from app.usecases.backup import backup

    backup(service.store, Path(asked["file"]), lambda path: open_store(f"sqlite:{path}", service.settings))


def _restore(service: Any, asked: Mapping[str, Any]) -> None:
    from app.bootstrap import open_store
    from app.usecases.backup import restore

    restore(Path(asked["file"]), service.store, lambda path: open_store(f"sqlite:{path}", service.settings))


def _relay(service: Any, asked: Mapping[str, Any]) -> None:
    """One turn of a connector at a moment, as the runner takes it."""
    from app.usecases.keep.process import this_process
    from app.usecases.tickets.relay import relay

    name, moment = asked["connector"], datetime.fromisoformat(asked["now"])
    relay(service, name, f"{this_process()} {name}", lambda: moment)


VERBS: dict[str, Callable[[Any, Mapping[str, Any]], None]] = {
    "sync": _sync,
    "promote": _promote,
    "backup": _backup,
    "restore": _restore,
    "relay": _relay,
}


def main(data: Path, more: Sequence[str]) -> None:
    for name in (
        "app.bootstrap",
        "app.usecases.backup",
        "app.tickets.registry",
        "app.usecases.tickets.relay",
        "importers.csv.source",
        "importers.http.lent",
        "tests.disk",
    ):  # loaded before the fork
        import_module(name)
    for name in more:
        VERBS.update(import_module(name).VERBS)

    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                do_in_child(data, asked)
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        if "after" in asked:
            time.sleep(asked["after"])
            os.kill(child, signal.SIGKILL)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


@dataclass
class Killer:
    """The process that forks, seen from a test."""

    data: Path
    environment: Mapping[str, str]
    more: Sequence[str] = ()  # modules that name more verbs

    def __enter__(self) -> Killer:
        command = [sys.executable, "-m", "tests.kill_points", str(self.data), *self.more]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**self.environment, "PYTHONPATH": str(ROOT)},
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(20)

    def _do(self, asked: Mapping[str, Any], deadly: tuple[str, int] | None) -> int:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps({**asked, "deadly": deadly}) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def steps(self, asked: Mapping[str, Any]) -> dict[str, int]:
        """Do it to the end; how often each step was taken."""
        assert self._do(asked, None) == 0
        found: dict[str, int] = json.loads(self.data.with_name("steps.json").read_text())
        return found

    def kill_after(self, asked: Mapping[str, Any], seconds: float) -> None:
        """Do it for so long; it must not come to an end by itself."""
        assert self._do({**asked, "after": seconds}, None) == -signal.SIGKILL

    def kill_at(self, asked: Mapping[str, Any], step: str, number: int) -> None:
        """Do it until this step; it must have been met."""
        code = self._do(asked, (step, number))
        assert code == -signal.SIGKILL, f"{asked} did not come to {step!r} number {number}: exit {code}"


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
