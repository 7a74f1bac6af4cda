"""Texts to CIs, for one run: the source's own records first, then whatever answers to them in the ledger as it will be after this
run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from app.domain.references import Unresolved, ambiguous_in_source
from app.domain.texts import loosely
from app.ports.graph_store import GraphStore
from app.usecases.sync.after import AfterRun
from app.usecases.sync.reconcile import Reconciliation
from app.usecases.sync.roster import NO_CI, RETIRED, Roster, add_from_ledger
from app.usecases.sync.setup import SyncSettings


class Resolver:
    """`lazy`: the roster does not hold all records of the source; those that are needed are fetched from the ledger."""

    def __init__(
        self,
        store: GraphStore,
        revision: int,
        settings: SyncSettings,
        roster: Roster,
        outcome: Reconciliation,
        lazy: Collection[str] | None,
    ) -> None:
        self._store, self._revision, self._settings = store, revision, settings
        self._roster, self._lazy = roster, lazy
        self._own: dict[str, int] = {}
        self._prepared: set[str] = set()
        self._ambiguous: dict[str, list[str]] = {}
        self._others: dict[str, int | Unresolved] = {}
        self._keys: dict[int, str] = {}
        self.after = AfterRun(store, revision, outcome.changes)
        self.by_alias = 0
        self._alike: dict[str, str] | None = None  # a text without case, accents and signs -> the id it is like
        self.refresh()

    def refresh(self) -> None:
        roster = self._roster
        live = roster.ci_ids[:]
        for number in roster.numbers_in(RETIRED):
            live[number] = NO_CI
        self._own = {}
        several = len(roster.by_class) > 1
        for name, ids in sorted(roster.by_class.items()):
            for source_id, number in ids.items():
                ci_id = live[number]
                if ci_id == NO_CI:
                    continue
                if several and source_id in self._own:
                    self._ambiguous.setdefault(source_id, []).append(name)
                else:
                    self._own[source_id] = ci_id
        if several:
            self._settle_several(live)

    def _settle_several(self, live: Sequence[int]) -> None:
        for source_id in self._ambiguous:
            self._own.pop(source_id, None)
            self._ambiguous[source_id] = [
                name for name, ids in self._roster.by_class.items() if source_id in ids and live[ids[source_id]] != NO_CI
            ]
        for name, ids in self._roster.by_class.items():
            for source_id, number in ids.items():
                if live[number] != NO_CI:
                    self._own.setdefault(f"{name}:{source_id}", live[number])

    def prepare(self, texts: Iterable[str]) -> None:
        """Fetches what a lazy roster lacks."""
        if self._lazy is None:
            return
        before = len(self._roster)
        several = len(self._lazy) > 1  # an id that one class answers to may be one of another class as well
        missing = [text for text in dict.fromkeys(texts) if text not in self._prepared and (several or text not in self._own)]
        self._prepared.update(missing)
        keys = [f"{name}:{text}" for text in missing for name in self._lazy] + [text for text in missing if ":" in text]
        add_from_ledger(self._roster, self._store, self._revision, self._settings.source_id, keys)
        if len(self._roster) > before:
            self.refresh()

    def own(self) -> Mapping[str, int]:
        """Returns the ids of the source's own records by reference; a reference that is not in it may still be answered by
        `others`."""
        return self._own

    def others(self, texts: Iterable[str]) -> Mapping[str, int | Unresolved]:
        """Returns what texts mean that no own record answers to."""
        unknown = [text for text in dict.fromkeys(texts) if text not in self._others]
        wanted: list[str] = []
        for text in unknown:
            if text in self._ambiguous:
                self._others[text] = ambiguous_in_source(text, self._ambiguous[text])
            elif not text:
                self._others[text] = Unresolved("is empty", "name a CI")
            else:
                wanted.append(text)
        if wanted:
            self._ask_ledger(wanted)
        return self._others

    def one(self, text: str) -> int | Unresolved:
        own = self._own.get(text) if text in self._own else self._class_id(text)
        return self.others([text])[text] if own is None else own

    def key_of(self, ci_id: int) -> str:
        """Returns the key of a CI as it is after this run."""
        if ci_id not in self._keys:
            self._keys[ci_id] = self.after.key_of(ci_id)
        return self._keys[ci_id]

    def _class_id(self, text: str) -> int | None:
        number = self._roster.number(text) if ":" in text else None
        if number is None or self._roster.states[number] == RETIRED:
            return None
        return self._roster.ci_ids[number]

    def _ask_ledger(self, texts: list[str]) -> None:
        direct = {text: ci_id for text in texts if (ci_id := self._class_id(text)) is not None}
        self._others.update(direct)
        me = self._settings.source_id
        answers = self.after.learn((me, text) for text in texts if text not in direct)
        for text in texts:
            if text not in direct:
                answer = self._others[text] = self._with_near_miss(text, answers[me, text])
                self.by_alias += isinstance(answer, int)

    def _with_near_miss(self, text: str, answer: int | Unresolved) -> int | Unresolved:
        """Adds to an unanswered text the id of this source that differs only in case, accents or signs, for a person to look
        at."""
        if not isinstance(answer, Unresolved) or answer.candidates:
            return answer
        if self._alike is None:
            self._alike = {loosely(own): own for own in reversed(self._own)}
        own = self._alike.get(loosely(text))
        if not own or own == text:
            return answer
        return Unresolved(answer.reason, f"this source has '{own}': if that is meant, write it so; else {answer.advice}", (own,))
