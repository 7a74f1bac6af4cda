"""Every system as a strict stub, with a fault at each request of a ticket's life and a kill at each step of the relay."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from app.bootstrap import Forestay
from tests.contract.test_ticket_systems import CASES, TWO_WAY
from tests.fault_points import check_points, estate, opened_line
from tests.kill_points import Killer
from tests.servers.running import Running

AT_LEAST = 200
FAULT_EVERY, KILL_EVERY = 12, 12  # 1 in a thorough run


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Forestay]:
    more = {"FORESTAY_OUTBOUND_HOSTS": "localhost", "FORESTAY_KERNELS": "interpreted"}
    for name, value in more.items():
        monkeypatch.setenv(name, value)
    for name in TWO_WAY:
        for variable, value in CASES[name].secrets.items():
            monkeypatch.setenv(variable, value)
    found = estate(tmp_path, more)
    yield found
    found.close()


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_doubled_wherever_it_fails(service: Forestay) -> None:
    faults = kills = 0
    with Killer(service.settings.data_folder, os.environ) as killer, ExitStack() as opened:
        for name in TWO_WAY:
            case = CASES[name]
            stub = case.stub()
            running = Running(stub)
            opened.callback(running.close)
            line = opened.enter_context(
                opened_line(
                    service,
                    name.replace(" ", "-"),
                    case.kind,
                    running.url,
                    case.settings,
                    lambda ticket, case=case, stub=stub: case.comments(stub, ticket),  # type: ignore[misc]
                )
            )
            found = check_points(line, killer, FAULT_EVERY, KILL_EVERY)
            faults, kills = faults + found[0], kills + found[1]
    print(f"{faults + kills} fault points of {len(TWO_WAY)} ticket systems: {faults} requests failed, {kills} kills")
    assert faults + kills >= AT_LEAST
