"""The shared page: which services' KPIs an administrator has opened to everyone, without signing in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from app.domain.errors import InvalidInput, LimitExceeded
from app.domain.tags import tag_of
from app.domain.texts import is_text, one_form
from app.ports.documents import Documents
from app.ports.records import Records
from app.usecases.exposures import Condition
from app.usecases.keep import audit

KEY = "page"
MOST, SIGNS = 200, 120


@dataclass(frozen=True, slots=True)
class SharedService:
    """A service on the page; `label`: what it is called there, which need not be its name."""

    service: str
    label: str


@dataclass(frozen=True, slots=True)
class SharedPage:
    """`open`: whether anyone at all may read it; closed until an administrator opens it."""

    open: bool = False
    title: str = "Services"
    services: Sequence[SharedService] = ()
    by: str = ""
    changed_at: str = ""


SHARED = Records("shared_page", SharedPage)


def shared_page(documents: Documents) -> SharedPage:
    return SHARED.find(documents, KEY) or SharedPage()


def shared_tag(page: SharedPage) -> str:
    """Returns a tag of what an administrator can change; "" where nobody ever did."""
    said = {name: value for name, value in asdict(page).items() if name not in ("by", "changed_at")}
    return tag_of(said) if page.changed_at else ""


def put_shared_page(documents: Documents, page: SharedPage, caller: str, condition: Condition) -> SharedPage:
    """Opens, changes or closes the page; all of it stands in the audit trail."""
    if len(page.services) > MOST:
        raise LimitExceeded(f"services: at most {MOST}", field="services")
    services = [SharedService(one.service, _text(one.label, "label")) for one in page.services]
    if len({one.service for one in services}) < len(services):
        raise InvalidInput("services: each once", field="services")
    made = SharedPage(page.open, _text(page.title, "title"), services, caller, datetime.now(UTC).isoformat(timespec="seconds"))
    with documents.together():
        kept = SHARED.kept(documents, KEY)
        before = kept.value if kept else SharedPage()
        condition(shared_tag(before))
        SHARED.put(documents, KEY, made, kept.version if kept else 0)
        done = "changed" if made.open == before.open else "opened" if made.open else "closed"
        details = {"open": made.open, "services": [one.service for one in services]}
        audit.record(documents, caller, f"shared page {done}", made.title, details)
    return made


def _text(text: str, field: str) -> str:
    said = one_form(text).strip() if is_text(text) and "\x00" not in text else ""
    if not 0 < len(said) <= SIGNS:
        raise InvalidInput(f"{field}: 1 to {SIGNS} signs", field=field)
    return said
