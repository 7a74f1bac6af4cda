"""Incidents from a folder of post-mortems; what could not be read of one is refused with its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from app.domain.errors import ForestayError
from app.domain.records import IncidentRecord, ObservationRecord
from app.domain.sentences import count
from app.ports.ci_source import SourceSnapshot
from importers.files.limits import read_bytes
from importers.gathered import Gathered, ReadWhole, unproven
from importers.postmortems.document import PostMortem, post_mortem

FILE_BYTES = 4 << 20


class PostMortems(ReadWhole):
    """`cis`: category in small letters → CI; `window`: from when until when each outage of these CIs got a post-mortem."""

    def __init__(self, location: Path, cis: Mapping[str, str], window: tuple[int, int] | None) -> None:
        self._location, self._cis, self._window = location, cis, window

    def check(self) -> Sequence[str]:
        made = self._made()
        refused = made.rejected.get("incident", ())
        return [
            f"{count(len(made.small_records.get('incident', ())), 'incident')} in {self._location}",
            *(f"{one.where}: {one.field}: {one.reason}" for one in refused),
        ]

    def read(self, folder: Path) -> SourceSnapshot:
        return self._made()

    def _made(self) -> Gathered:
        paths = sorted(self._location.glob("*.md")) if self._location.is_dir() else [self._location]
        made = Gathered(f"post-mortems of {self._location.name}", unproven(len(paths), "post-mortems"))
        for path in paths:
            try:
                told = post_mortem(path.name, read_bytes(path, FILE_BYTES).decode("utf-8"))
            except (ForestayError, UnicodeDecodeError) as error:
                why = error.message if isinstance(error, ForestayError) else "it is no text in UTF-8"
                made.reject("incident", path.name, path.name, ("file", why, "write it as text in UTF-8"))
                continue
            self._take(made, path.name, told)
        if self._window is not None:
            made.small_records["observation"] = [
                ObservationRecord(f"ci:{ci}", *self._window) for ci in sorted(set(self._cis.values()))
            ]
        else:
            made.notes.append("no settings watched_from and watched_until: the incidents are kept, and count for nothing")
        return made

    def _take(self, made: Gathered, where: str, told: PostMortem) -> None:
        ci = self._cis.get(told.category.casefold(), "")
        for cell in told.unread:
            made.notes.append(f"{where}: {cell!r} in the timeline is no time")
        for fault in told.faults:
            made.reject("incident", where, told.key, (fault.field, fault.reason, fault.advice), about=ci)
        if told.faults:
            return
        if not ci:
            category = f"no CI is named for category {told.category!r}" if told.category else "it has no category"
            made.reject("incident", where, told.key, ("category", category, "name its CI in the setting `cis`"))
        elif told.began is not None and told.ended is not None:
            record = IncidentRecord(told.key, ci, int(told.began.timestamp()), int(told.ended.timestamp()))
            made.small_records.setdefault("incident", []).append(record)
