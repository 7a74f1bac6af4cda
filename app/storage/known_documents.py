"""The documents as they were read last, for answers while the store does not answer. Keys, sessions and the audit trail are never
among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NoReturn

from app.domain.errors import StoreUnavailable
from app.domain.signing import Signer
from app.ports.documents import Document

KEPT = (
    "source", "former_source", "assessment", "live", "alert", "restore_pool", "scenario", "scenario_version", "scenario_played",
    "stability_test",
)  # fmt: skip
AS_NONE = ("inbox_sender", "inbox_waiting", "study")  # what an answer mentions beside what it is about
MOST = 20_000  # of a kind


class KnownDocuments:
    """Documents that can be read only, of the kinds that were kept."""

    def __init__(self, signer: Signer, kept: Mapping[str, Sequence[tuple[str, int, str]]]) -> None:
        self.signer = signer
        self._kept = {
            **{kind: {} for kind in AS_NONE},
            **{kind: {key: Document(kind, key, version, body) for key, version, body in rows} for kind, rows in kept.items()},
        }

    def get(self, kind: str, key: str) -> Document | None:
        return self._of(kind).get(key)

    def page(self, kind: str, after: str = "", limit: int = 100, descending: bool = False) -> Sequence[Document]:
        rows = self._of(kind)
        keys = sorted((key for key in rows if not after or (key < after if descending else key > after)), reverse=descending)
        return [rows[key] for key in keys[:limit]]

    def kinds(self) -> Mapping[str, int]:
        return dict.fromkeys(self._kept, 0)

    def _of(self, kind: str) -> Mapping[str, Document]:
        if kind not in self._kept:
            raise StoreUnavailable("the store does not answer, and this was not kept for such times")
        return self._kept[kind]

    def _read_only(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise StoreUnavailable("the store does not answer: nothing can be written")

    put = delete = append = restore = _read_only

    def together(self) -> AbstractContextManager[None]:
        raise StoreUnavailable("the store does not answer: nothing can be written")
