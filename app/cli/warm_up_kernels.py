"""Compile every kernel on a tiny estate, so that nobody's first question waits for it."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from app import risk
from app.bootstrap import assemble_service
from app.demo import retailer
from app.domain.scenario import OutageScenario
from app.settings import load_settings
from app.usecases.answers.blast import blast_radius
from app.usecases.answers.service_risk.ask import RiskQuestion
from app.usecases.answers.service_risk.goal import service_goal
from app.usecases.answers.service_risk.importance import service_importance
from app.usecases.answers.services import service_detail
from app.usecases.answers.simulate import simulate_outage
from app.usecases.assess import assess
from app.usecases.keep.sources import add_source
from app.usecases.run_sync import SyncRequest, run_sync


def mark(folder: Path) -> Path:
    """The file in `folder` that says the kernels of this version are compiled; named by what the risk room says."""
    rooms = sorted(Path(risk.__path__[0]).rglob("*.py"))
    digest = hashlib.blake2b(b"".join(path.read_bytes() for path in rooms), digest_size=8).hexdigest()
    return folder / f"warm-{digest}"


def warm_up() -> float:
    """Import, assess and ask the example estate in a temporary folder; seconds taken."""
    started = time.perf_counter()
    with TemporaryDirectory() as folder:
        forestay = assemble_service(load_settings(environment={}, data_folder=Path(folder)))
        places = retailer.write(retailer.build(), Path(folder) / "example")
        for name, kind in (("cmdb", "csv"), ("datacentre", "json"), ("tracing", "callgraph")):
            add_source(forestay.documents, name, kind, str(places[name]))
            run_sync(forestay, SyncRequest(name, apply=True, complete=True))
        assess(forestay.store, forestay.documents, forestay.estates, forestay.cache)
        blast_radius(forestay.store, forestay.documents, forestay.estates, ["san-fra1-02"])
        service_detail(forestay.store, forestay.estates, forestay.cache, forestay.documents, "svc-checkout", 10, None, None)
        scenario = OutageScenario(cis=("san-fra1-02",), duration_hours=8.0)
        simulate_outage(forestay.store, forestay.documents, forestay.estates, scenario, "warm-up")
        asked = RiskQuestion("svc-checkout", nodes=20_000, seconds=1.0)
        service_goal(forestay.store, forestay.documents, forestay.estates, asked)
        service_importance(
            forestay.store, forestay.documents, forestay.estates, RiskQuestion("svc-tracking", nodes=20_000, seconds=1.0)
        )
        forestay.close()
    return time.perf_counter() - started
