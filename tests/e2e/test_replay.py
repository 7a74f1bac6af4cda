"""Replay: what the model would have foretold of the incidents on record."""

from __future__ import annotations

from typing import Any

from tests.e2e.conftest import Service

HOUR = 3600
BEGUN = 1_780_000_000


def incident(key: str, ci: str, start: float, end: float | None, root: bool = True) -> dict[str, Any]:
    ended = {} if end is None else {"ended_at": int(BEGUN + end * HOUR)}
    return {"key": key, "ci": ci, "started_at": int(BEGUN + start * HOUR), **ended, "root_cause": root}


def test_episodes_precision_and_recall_by_hand(service: Service) -> None:
    """db stops shop and till, net stops mail. Three episodes: db (shop recorded: one surplus), db and net at once (all three and
    one more recorded), srv alone, of which nothing depends and nothing is recorded."""
    service.document({
        "cis": [{"key": key, "name": key, "class": "business_service"} for key in ("shop", "till", "mail", "fax")]
        + [{"key": key, "name": key, "class": "server"} for key in ("db", "net", "srv")],
        "dependencies": [
            {"dependent": dependent, "provider": provider}
            for dependent, provider in (("shop", "db"), ("till", "db"), ("mail", "net"))
        ],
        "services": [{"key": key, "customers": 10} for key in ("shop", "till", "mail", "fax")],
        "incidents": [
            incident("i1", "db", 0, 2), incident("t1", "shop", 0.2, 2, False),
            incident("i2", "db", 10, 12), incident("i3", "net", 11, 14),
            *(incident(f"t2{key}", key, 13, 14, False) for key in ("shop", "till", "mail", "fax")),
            incident("i4", "srv", 20, 21), incident("t3", "shop", 30, 31, False), incident("i5", "db", 40, None),
        ],
    })  # fmt: skip
    answer = service.get("/replay")
    assert (answer["predicted"], answer["recorded"], answer["right"]) == (5, 5, 4)
    assert (answer["precision"], answer["recall"]) == (0.8, 0.8)
    assert (answer["incidents"], answer["episodes"], answer["episodes_total"]) == (4, 2, 3)
    assert (answer["recorded_elsewhen"], answer["left_out"]) == (1, 1)
    assert [(row["incidents"], row["missed"], row["surplus"]) for row in answer["items"]] == [
        (["i1"], [], ["till"]), (["i2", "i3"], ["fax"], []),
    ]  # fmt: skip
    pages = [service.get("/replay", limit=1)]
    pages.append(service.get("/replay", limit=1, after=pages[0]["next"]))
    assert [row for page in pages for row in page["items"]] == answer["items"] and pages[1]["next"] is None
    assert service.cli_json("replay")["items"] == answer["items"]
    assert "80.0% of the services predicted were recorded" in service.cli("replay").output


def test_without_services_on_record_nothing_is_said_of_the_model(service: Service) -> None:
    service.document({
        "cis": [{"key": "shop", "name": "shop", "class": "business_service"}, {"key": "db", "name": "db", "class": "server"}],
        "dependencies": [{"dependent": "shop", "provider": "db"}],
        "services": [{"key": "shop", "customers": 10}],
        "incidents": [incident("i1", "db", 0, 2)],
    })  # fmt: skip
    answer = service.get("/replay")
    assert (answer["recall"], answer["recorded"]) == (None, 0) and answer["sentence"].startswith("No incident of a service")
