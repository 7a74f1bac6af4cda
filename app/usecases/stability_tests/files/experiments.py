"""Chaos experiments: journals of Chaos Toolkit and results of Litmus. What they show is what was expected against what fell; no
failure rate is drawn from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.domain.errors import InvalidInput
from app.domain.stability_tests import FAILED, GAME_DAY, NO_PROOF, PASSED, ReadTest
from app.usecases.stability_tests.files.parts import Refused, mapping_in, moment_in, number_in

VERDICTS = {"pass": PASSED, "passed": PASSED, "fail": FAILED, "failed": FAILED}


def chaos_toolkit(found: Mapping[str, Any]) -> ReadTest:
    """Passed: completed, not deviated, and the steady state met afterwards (or not asked for). Where it was not met before, or
    the experiment was broken off, the experiment proves nothing.

    The time zone of `start` is part of the journal of present versions; an older one without it proves its order only, and needs
    the time from whoever hands it over.
    """
    status, deviated = found.get("status"), found.get("deviated")
    if not isinstance(status, str) or not isinstance(deviated, bool):
        raise InvalidInput("the journal of Chaos Toolkit has no status or no deviated", field="file")
    states = mapping_in(found.get("steady_states"))
    before, after = mapping_in(states.get("before")), states.get("after")
    notes, refused = [], Refused()
    if before.get("steady_state_met") is False:
        outcome = NO_PROOF
        notes.append("the steady state was not met before the experiment")
    elif deviated or (isinstance(after, Mapping) and after.get("steady_state_met") is False):
        outcome = FAILED
    elif status == "completed":
        outcome = PASSED
    else:
        outcome = NO_PROOF
        notes.append(f"the experiment was {status}")
    expected, fell = _probes(mapping_in(after) or before, refused)
    experiment = mapping_in(found.get("experiment"))
    seconds = number_in(found.get("duration"))
    return ReadTest(
        "Chaos Toolkit", GAME_DAY, str(experiment.get("title") or "chaos experiment")[:300], moment_in(found.get("start")),
        seconds if seconds is not None and seconds >= 0 else None, outcome, tuple(notes),
        expected=expected, fell=fell, refused=tuple(refused.lines), refused_total=refused.total,
    )  # fmt: skip


def _probes(state: Mapping[str, Any], refused: Refused) -> tuple[tuple[str, ...], tuple[str, ...]]:
    probes, expected, fell = state.get("probes"), [], []
    for number, probe in enumerate(probes if isinstance(probes, list) else [], start=1):
        name = mapping_in(mapping_in(probe).get("activity")).get("name")
        if not isinstance(name, str) or not isinstance(probe.get("tolerance_met"), bool):
            refused.add(f"probe {number}", "tolerance_met", "the probe has no name, or does not say whether it met its tolerance",
                        "write the journal with a present version of Chaos Toolkit")  # fmt: skip
            continue
        expected.append(name[:200])
        if not probe["tolerance_met"]:
            fell.append(name[:200])
    return tuple(expected), tuple(fell)


def litmus(found: Mapping[str, Any]) -> ReadTest:
    """A ChaosResult as JSON (kubectl get chaosresult -o json). A verdict that is neither Pass nor Fail proves nothing."""
    status, spec = mapping_in(found.get("status")), mapping_in(found.get("spec"))
    experiment = mapping_in(status.get("experimentStatus") or status.get("experimentstatus"))
    verdict = str(experiment.get("verdict") or "")
    if not verdict:
        raise InvalidInput("the ChaosResult has no status.experimentStatus.verdict", field="file")
    refused, expected, fell = Refused(), [], []
    probes = status.get("probeStatuses") or status.get("probeStatus")
    for number, probe in enumerate(probes if isinstance(probes, list) else [], start=1):
        row = mapping_in(probe)
        said = mapping_in(row.get("status"))
        words = " ".join([str(said.get("verdict", "")), *(str(value) for value in said.values())]).casefold()
        if not isinstance(row.get("name"), str) or not any(word in words for word in ("pass", "fail")):
            refused.add(f"probe {number}", "status", "the probe has no name, or neither passed nor failed", "run it to its end")
            continue
        expected.append(str(row["name"])[:200])
        if "fail" in words:
            fell.append(str(row["name"])[:200])
    notes = [] if verdict.casefold() in VERDICTS else [f"the verdict of Litmus is {verdict[:60]}"]
    if experiment.get("failStep") not in (None, "", "N/A"):
        notes.append(f"failed at: {str(experiment['failStep'])[:200]}")
    title = spec.get("experiment") or mapping_in(found.get("metadata")).get("name") or "Litmus experiment"
    return ReadTest(
        "Litmus", GAME_DAY, str(title)[:300], None, None, VERDICTS.get(verdict.casefold(), NO_PROOF), tuple(notes),
        expected=tuple(expected), fell=tuple(fell), refused=tuple(refused.lines), refused_total=refused.total,
    )  # fmt: skip
