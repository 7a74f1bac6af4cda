"""Named views: the address of a page under a name, for its owner alone or shared with everyone who sees the whole estate."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from app.domain.errors import InvalidInput, LimitExceeded, NotAllowed, NotFound
from app.domain.texts import is_text, one_form
from app.ports.documents import Documents
from app.ports.records import Records
from app.usecases.keep import audit
from app.usecases.keep.access import Caller

NAME_SIGNS, ADDRESS_SIGNS, MOST = 100, 4000, 200
NO_PAGES = ("/api/", "/static/", "/sign-")  # what a view is not made of: no pages, or pages without a state


@dataclass(frozen=True, slots=True)
class NamedView:
    """`address`: path and query of a page of this service. `owner`: key or subject of who keeps it; `by`: their name."""

    view: str
    name: str
    address: str
    owner: str
    by: str
    shared: bool
    changed_at: str


VIEWS = Records("named_view", NamedView, named="view")


def views_of(documents: Documents, caller: Caller) -> Sequence[NamedView]:
    """Returns the views that someone sees: their own and the shared ones, by name; within a scope their own alone."""
    every = (kept.value for kept in VIEWS.every(documents))
    return sorted((view for view in every if _sees(caller, view)), key=lambda view: (view.name.casefold(), view.view))


def keep_view(documents: Documents, caller: Caller, name: str, address: str, shared: bool = False) -> NamedView:
    """Keeps an address under a name. InvalidInput where one has a view of the name already, or the address is none of a page."""
    made = NamedView(uuid.uuid4().hex[:12], _named(name), page_address(address), owner_of(caller), caller.name, shared, _now())
    _may_share(caller, made)
    with documents.together():
        own = _free(documents, made)
        if own >= MOST:
            raise LimitExceeded(f"{MOST} views are kept already: remove one first")
        VIEWS.put(documents, made.view, made)
        audit.record(documents, caller.name, "view kept", made.view, {"name": made.name, "shared": shared})
    return made


def change_view(documents: Documents, caller: Caller, view: str, name: str, shared: bool) -> NamedView:
    """Gives a view another name, or shares it. NotFound where the caller does not see it, NotAllowed where it is another's."""
    with documents.together():
        changed = replace(_own(documents, caller, view), name=_named(name), shared=shared, changed_at=_now())
        _may_share(caller, changed)
        _free(documents, changed)
        VIEWS.put(documents, view, changed)
        audit.record(documents, caller.name, "view changed", view, {"name": changed.name, "shared": shared})
    return changed


def remove_view(documents: Documents, caller: Caller, view: str) -> NamedView:
    """Removes a view: one's own, or as an administrator a shared one."""
    with documents.together():
        gone = _own(documents, caller, view)
        VIEWS.delete(documents, view)
        audit.record(documents, caller.name, "view removed", view, {"name": gone.name})
    return gone


def page_address(text: str) -> str:
    """Returns path and query of an address of this service; InvalidInput for one of another host, or of no page.

    >>> page_address("/?kind=team&sort=name"), page_address(" /map?ci=db#list ")
    ('/?kind=team&sort=name', '/map?ci=db')
    """
    parts = urlsplit(text.strip())
    plain = is_text(text) and "\\" not in text and not any(ord(sign) < 33 for sign in text.strip())
    if not plain or parts.scheme or parts.netloc or not parts.path.startswith("/") or parts.path.startswith("//"):
        raise InvalidInput("address: that of a page of this service, from its first / on", field="address")
    if parts.path.startswith(NO_PAGES) or len(text) > ADDRESS_SIGNS:
        raise InvalidInput(f"address: a page's, of at most {ADDRESS_SIGNS} characters", field="address")
    return parts.path + (f"?{parts.query}" if parts.query else "")


def owner_of(caller: Caller) -> str:
    return caller.key or caller.name


def may_change(caller: Caller, view: NamedView) -> bool:
    return view.owner == owner_of(caller) or (view.shared and caller.may("admin"))


def _sees(caller: Caller, view: NamedView) -> bool:
    return view.owner == owner_of(caller) or (view.shared and not caller.scope)


def _own(documents: Documents, caller: Caller, view: str) -> NamedView:
    found = VIEWS.find(documents, view)
    if found is None or not _sees(caller, found):
        raise NotFound(f"no view {view}")
    if not may_change(caller, found):
        raise NotAllowed(f"view {found.name} is kept by {found.by}; keep one of your own", status=403)
    return found


def _free(documents: Documents, view: NamedView) -> int:
    """Counts the views of the same owner; InvalidInput where another has the name."""
    own = [kept.value for kept in VIEWS.every(documents) if kept.value.owner == view.owner and kept.value.view != view.view]
    if any(other.name.casefold() == view.name.casefold() for other in own):
        raise InvalidInput(f"name: you keep a view “{view.name}” already", field="name")
    return len(own)


def _may_share(caller: Caller, view: NamedView) -> None:
    if view.shared and not caller.may("edit"):
        raise NotAllowed("sharing a view takes the permission edit; keep it for yourself", status=403)


def _named(text: str) -> str:
    name = one_form(text).strip() if is_text(text) and "\x00" not in text else ""
    if not 0 < len(name) <= NAME_SIGNS:
        raise InvalidInput(f"name: 1 to {NAME_SIGNS} characters", field="name")
    return name


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
