"""Dependencies in: resolved, collected as columns, compared with the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from app.domain.columns import Columns
from app.domain.nouns import DEPENDENCY
from app.domain.record_checks import kind_fault
from app.domain.records import DependencyRecord
from app.domain.references import Unresolved
from app.ports.ci_source import DependencyBlock
from app.ports.comparison import KIND_NAMES, Comparison, DependencyDifference, DependencyRows
from app.ports.graph_store import GraphStore
from app.usecases.sync.one_form import dependencies_in_one_form
from app.usecases.sync.resolver import Resolver
from app.usecases.sync.setup import Doubt, Ledgerkeeper
from app.usecases.sync.unread import Unread

CLASH = (
    "kind",
    "the same dependency was given before in this run with other content; the first one counts",
    "remove one of the rows",
)
CODES = {name: code for code, name in enumerate(KIND_NAMES)}
NAN = float("nan")
Key = tuple[int, int, int]


class _OpenRow(NamedTuple):
    """A row of texts. `at`: its place among the rows that were taken."""

    dependent: str
    provider: str
    kind: int
    weight: float
    relation: int
    position: int
    at: int


@dataclass(slots=True)
class _Open:
    """Rows with an end that no own record answers to, until the ledger is asked."""

    rows: list[_OpenRow] = field(default_factory=list)
    place: str = ""


class DependencyIntake:
    def __init__(self, resolver: Resolver, books: Ledgerkeeper) -> None:
        self._resolver, self.books = resolver, books
        self.rows = DependencyRows()
        self._relations = {"": 0}
        self._open = _Open()
        self._place = "dependency"

    def take(self, blocks: Iterable[DependencyBlock], lazy: bool = False) -> None:
        done = 0
        for given in blocks:
            block = dependencies_in_one_form(given, self.books.respelled)
            if lazy:
                self._resolver.prepare([*block.dependents, *block.providers])
            self.books.read("dependency", len(block.dependents), block.left_out)
            self._place = block.place
            self._take_block(block)
            done += len(block.dependents)
            self.books.step("reading dependencies", done)
        self._settle_open()

    def _take_block(self, block: DependencyBlock) -> None:
        own, rows = self._resolver.own(), self.rows
        dependent: list[Any] = list(map(own.get, block.dependents))
        provider: list[Any] = list(map(own.get, block.providers))
        kind: list[Any] = list(map(CODES.get, block.kinds))
        relation = [self._relation(text) for text in block.relations] if any(block.relations) else [0] * len(dependent)
        soft = CODES["soft"]
        weight = block.weights if soft in kind else ()
        if (
            not (None in dependent or None in provider or None in kind)
            and all(w is not None and 0 < w <= 1 for w, k in zip(weight, kind, strict=False) if k == soft)
            and not any(map(int.__eq__, dependent, provider))
        ):
            rows.dependent.extend(dependent)
            rows.provider.extend(provider)
            rows.kind.extend(kind)
            rows.weight.extend(
                [w if k == soft and w is not None else NAN for w, k in zip(weight, kind, strict=True)]
                if weight
                else [NAN] * len(kind)
            )
            rows.relation.extend(relation)
            rows.position.extend(block.positions)
            return
        for row, (a, b, k, w) in enumerate(zip(dependent, provider, kind, block.weights, strict=True)):
            self._take_row(block, row, a, b, k, w, relation[row])

    def _take_row(
        self,
        block: DependencyBlock,
        row: int,
        a: int | None,
        b: int | None,
        kind: int | None,
        weight: float | None,
        relation: int,
    ) -> None:
        position = block.positions[row]
        if kind is None:
            fault = kind_fault(block.kinds[row], "use hard, soft or supply")
            self._refuse(block.place, position, self._stated(block, row), fault, again=False)
            return
        if kind == CODES["soft"]:
            if weight == 0:
                self.books.ignore("dependency", "weight 0", position)
                return
            if weight is None or not 0 < weight <= 1:
                fault = ("weight", f"{weight} is not in (0, 1]", "give the share of the dependent that is lost")
                self._refuse(block.place, position, self._stated(block, row), fault, again=False)
                return
        else:
            weight = None
        if a is None or b is None:
            ends = block.dependents[row], block.providers[row]
            at = len(self.rows.dependent)
            self._open.rows.append(_OpenRow(*ends, kind, NAN if weight is None else weight, relation, position, at))
            self._open.place = block.place
            a, b = a or 0, b or 0
        elif a == b:
            self.books.ignore("dependency", "self", position)
            return
        self._append(a, b, kind, NAN if weight is None else weight, relation, position)

    def _refuse(
        self, place: str, position: int, stated: DependencyRecord, fault: tuple[str, str, str], again: bool = True
    ) -> None:
        """Refuses a row. `again`: it is resolved again when CIs come or go."""
        name = f"{stated.dependent} -> {stated.provider}"
        unread = Unread("dependency", stated.dependent, name, f"{fault[0]} {fault[1]}", record=stated if again else None)
        self.books.reject("dependency", place, position, name, fault, unread)

    def _stated(self, block: DependencyBlock, row: int) -> DependencyRecord:
        return DependencyRecord(
            block.dependents[row], block.providers[row], block.kinds[row], block.weights[row], block.relations[row]
        )

    def _append(self, a: int, b: int, kind: int, weight: float, relation: int, position: int) -> None:
        rows = self.rows
        rows.dependent.append(a)
        rows.provider.append(b)
        rows.kind.append(kind)
        rows.weight.append(weight)
        rows.relation.append(relation)
        rows.position.append(position)

    def _relation(self, text: str) -> int:
        code = self._relations.get(text)
        if code is None:
            code = self._relations[text] = len(self.rows.relations)
            self.rows.relations.append(text)
        return code

    def _settle_open(self) -> None:
        """Asks the ledger once for all ends that are not own records, then fills in or refuses the rows that waited."""
        waiting, self._open.rows = self._open.rows, []
        if not waiting:
            return
        own = self._resolver.own()
        answers = self._resolver.others(text for row in waiting for text in (row.dependent, row.provider) if text not in own)
        refused: list[int] = []
        for a_text, b_text, kind, weight, relation, position, at in waiting:
            a = own[a_text] if a_text in own else answers[a_text]
            b = own[b_text] if b_text in own else answers[b_text]
            if isinstance(a, Unresolved) or isinstance(b, Unresolved):
                field_name, why = ("dependent", a) if isinstance(a, Unresolved) else ("provider", b)
                assert isinstance(why, Unresolved)
                stated = DependencyRecord(
                    a_text, b_text, KIND_NAMES[kind], None if weight != weight else weight, self.rows.relations[relation]
                )
                self._refuse(self._open.place, position, stated, (field_name, why.reason, why.advice))
                refused.append(at)
            elif a == b:
                self.books.ignore("dependency", "self", position)
                refused.append(at)
            else:
                self.rows.dependent[at], self.rows.provider[at] = a, b
        self._drop(refused)

    def _drop(self, refused: list[int]) -> None:
        gone = set(refused)
        if gone:
            keep = [n for n in range(len(self.rows.dependent)) if n not in gone]
            self.rows = picked(self.rows, keep)

    def _clash(self, n: int) -> Unread:
        """Returns the open need of a second statement with another weight: which of the two is right was not read."""
        rows = self.rows
        dependent = self._resolver.key_of(rows.dependent[n])
        name = f"{dependent} -> {self._resolver.key_of(rows.provider[n])}"
        return Unread("dependency", dependent, f"{name} {KIND_NAMES[rows.kind[n]]}, given twice", CLASH[1])

    def keys(self) -> list[Key]:
        """The key of each row."""
        return list(zip(self.rows.dependent, self.rows.provider, self.rows.kind, strict=True))

    def heaviest(self) -> None:
        """Gives soft needs that are stated twice the larger weight, whatever the order of the rows: no need is lighter for being
        repeated."""
        rows, most = self.rows, dict[tuple[int, int], float]()
        for n, kind in enumerate(rows.kind):
            if kind == CODES["soft"]:
                pair = rows.dependent[n], rows.provider[n]
                most[pair] = max(most.get(pair, 0.0), rows.weight[n])
        for n, kind in enumerate(rows.kind):
            if kind == CODES["soft"]:
                rows.weight[n] = most[rows.dependent[n], rows.provider[n]]

    def settle(self, difference: DependencyDifference) -> None:
        """Enters what the comparison found into the counts."""
        for position in difference.duplicates:
            self.books.duplicate("dependency", position)
        at = {position: n for n, position in enumerate(self.rows.position)} if difference.clashes else {}
        for position in difference.clashes:
            self.books.reject("dependency", self._place, position, "", CLASH, self._clash(at[position]))
        counts = self.books.counts("dependency")
        counts.stored += difference.added + difference.changed
        counts.unchanged += difference.unchanged


def picked(rows: DependencyRows, keep: Iterable[int]) -> DependencyRows:
    kept = DependencyRows(relations=rows.relations)
    for n in keep:
        kept.dependent.append(rows.dependent[n])
        kept.provider.append(rows.provider[n])
        kept.kind.append(rows.kind[n])
        kept.weight.append(rows.weight[n])
        kept.relation.append(rows.relation[n])
        kept.position.append(rows.position[n])
    return kept


OldRows = Mapping[Key, tuple[float, str]]


def ledger_rows(store: GraphStore, revision: int, source_id: int, keys: Iterable[Key]) -> dict[Key, tuple[float, str]]:
    """Returns those of the named dependencies that the ledger holds for a source: weight (NaN: absent) and relation."""
    wanted = set(keys)
    dependents = sorted({key[0] for key in wanted})
    held: dict[Key, tuple[float, str]] = {}
    for start in range(0, len(dependents), 5_000):
        rows = store.rows(revision, "dependency", "dependent_id", dependents[start : start + 5_000])
        for row in range(len(rows["dependent_id"])):
            key = (int(rows["dependent_id"][row]), int(rows["provider_id"][row]), CODES[rows["kind"][row]])
            if int(rows["source_id"][row]) == source_id and key in wanted:
                held[key] = (float(rows["weight"][row]), rows["relation"][row] or "")
    return held


def ledger_columns(store: GraphStore, revision: int, source_id: int) -> Columns:
    """All dependencies that the ledger holds for a source."""
    names = [name for name in DEPENDENCY.names() if name != "source_id"]
    return store.load_columns(revision, DEPENDENCY.name, names, source_id)


def as_columns(old: OldRows) -> dict[str, list[Any]]:
    ordered = sorted(old.items())
    return {
        "dependent_id": [key[0] for key, _ in ordered],
        "provider_id": [key[1] for key, _ in ordered],
        "kind": [KIND_NAMES[key[2]] for key, _ in ordered],
        "weight": [weight for _, (weight, _) in ordered],
        "relation": [relation for _, (_, relation) in ordered],
    }


def whole_difference(intake: DependencyIntake, old: Columns, compare: Comparison, retire: bool) -> DependencyDifference:
    """What all rows that were read change in `old`, the dependencies of their source (`ledger_columns`)."""
    intake.heaviest()
    return compare.dependencies(intake.rows, old, retire)


def partial_difference(intake: DependencyIntake, gone: set[Key], old: OldRows, compare: Comparison) -> DependencyDifference:
    """As `whole_difference`, from the rows that were examined and the keys of rows that went; `old`: what the ledger holds of
    both."""
    intake.heaviest()
    rows, keep = intake.rows, list[int]()
    for n, key in enumerate(intake.keys()):
        if key in gone or key not in old:
            keep.append(n)
            continue
        weight, _ = old[key]
        if not (weight == rows.weight[n] or (weight != weight and rows.weight[n] != rows.weight[n])):
            raise Doubt("a dependency says otherwise than an untouched row")
        intake.books.duplicate("dependency", rows.position[n])
    intake.rows = picked(rows, keep)
    return compare.dependencies(intake.rows, as_columns({key: value for key, value in old.items() if key in gone}), True)
