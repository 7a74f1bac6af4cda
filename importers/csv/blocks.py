"""Turns the rows of one sheet into blocks of records, and names bad rows by their line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress, islice

from app.domain.records import RejectedRecord
from app.ports.ci_source import CiBlock, DependencyBlock, LeftOut, SmallBlock
from importers.csv.ci_rows import ci_builder
from importers.csv.header import Header
from importers.csv.small_rows import small_builder
from importers.files.tables import Row
from importers.mapping.cells import BadCell, number

Line = tuple[int, Row]  # number of the line, from 1, and its cells
Lines = tuple[Sequence[int], Sequence[Row]]  # the same of many lines
BLOCK = 20_000
ABOUT = {"group": "dependent", "service": "key", "incident": "ci", "observation": "scope"}  # the column of the CI a row is about
SHORT = "has {0} cells, the header {1}"
LONG_CELL_ADVICE = "the row is cut or a separator is missing in it: write the row whole"


class Refusals:
    """What was refused of one block."""

    def __init__(self, kind: str, place: str) -> None:
        self._kind, self._place = kind, place
        self.records: list[RejectedRecord] = []
        self.at: list[int] = []
        self.cells: list[RejectedRecord] = []

    def add(self, line: int, key: str, bad: BadCell, about: str = "") -> None:
        self.records.append(self._rejected(line, key, bad, about))
        self.at.append(line)

    def lose(self, line: int, key: str, cells: Sequence[BadCell], about: str) -> None:
        """Notes cells without which a record goes on."""
        self.cells += [replace(self._rejected(line, key, bad, about), partly=True) for bad in cells]

    def _rejected(self, line: int, key: str, bad: BadCell, about: str) -> RejectedRecord:
        return RejectedRecord(self._kind, f"{self._place} {line}", key[:200], bad.field, bad.reason, bad.advice, about)

    def left_out(self) -> LeftOut:
        return LeftOut(self.records, self.at, lost_cells=self.cells)


def in_blocks(lines: Iterable[Line]) -> Iterator[Lines]:
    lines = iter(lines)
    while block := list(islice(lines, BLOCK)):
        yield [line for line, _ in block], [row for _, row in block]


def _checked(row: Row, width: int) -> None:
    """Raises BadCell for a row with too few cells, or with surplus cells that are not empty."""
    if len(row) < width or any(cell.strip() for cell in row[width:]):
        raise BadCell("row", SHORT.format(len(row), width), LONG_CELL_ADVICE)


def ci_blocks(header: Header, blocks: Iterable[Lines], place: str) -> Iterator[CiBlock]:
    build, width, key_at = ci_builder(header), header.width(), header.at["key"]
    for numbers, rows in blocks:
        refused, records, positions = Refusals("ci", place), [], []
        lost: list[BadCell] = []
        for line, row in zip(numbers, rows, strict=True):
            try:
                if len(row) != width:
                    _checked(row, width)
                records.append(build(row, lost))
                positions.append(line)
                if lost:
                    refused.lose(line, records[-1].source_id, lost, records[-1].source_id)
            except BadCell as bad:
                key = row[key_at].strip() if len(row) > key_at else ""
                refused.add(line, key, bad, key)
            if lost:
                lost = []
        yield CiBlock(place, records, positions, refused.left_out())


def small_blocks(header: Header, blocks: Iterable[Lines], place: str) -> Iterator[SmallBlock]:
    build, width, about_at = small_builder(header), header.width(), header.at[ABOUT[header.kind]]
    for numbers, rows in blocks:
        refused, records, positions = Refusals(header.kind, place), [], []
        for line, row in zip(numbers, rows, strict=True):
            lost: list[BadCell] = []
            about = row[about_at].strip().removeprefix("ci:") if len(row) > about_at else ""
            try:
                if len(row) != width:
                    _checked(row, width)
                records.append(build(row, lost))
                positions.append(line)
                if lost:
                    refused.lose(line, row[0].strip(), lost, about)
            except BadCell as bad:
                refused.add(line, row[0].strip() if row else "", bad, about)
        yield SmallBlock(place, records, positions, refused.left_out())


def dependency_blocks(header: Header, blocks: Iterable[Lines], place: str) -> Iterator[DependencyBlock]:
    at, width = header.at, header.width()
    for numbers, rows in blocks:
        refused = Refusals("dependency", place)
        positions = list(numbers)
        if set(map(len, rows)) != {width}:
            whole = [_whole(line, row, width, at, refused) for line, row in zip(numbers, rows, strict=True)]
            positions, rows = list(compress(numbers, whole)), list(compress(rows, whole))
        columns = list(zip(*rows, strict=False)) or [()] * width
        kinds = _words(columns[at["kind"]], header.empty, "hard") if "kind" in at else ["hard"] * len(rows)
        relations = _words(columns[at["relation"]], header.empty, "") if "relation" in at else [""] * len(rows)
        dependents = _stripped(columns[at["dependent"]], header.empty)
        providers = _stripped(columns[at["provider"]], header.empty)
        columns_read = EndsAndKinds(dependents, providers, kinds)
        weights = (
            _weights(header, columns[at["weight"]], positions, columns_read, refused) if "weight" in at else [None] * len(rows)
        )
        if refused.at:
            bad = set(refused.at)
            keep = [n for n, line in enumerate(positions) if line not in bad]
            dependents, providers = [dependents[n] for n in keep], [providers[n] for n in keep]
            kinds, weights, relations = [kinds[n] for n in keep], [weights[n] for n in keep], [relations[n] for n in keep]
            positions = [positions[n] for n in keep]
        yield DependencyBlock(place, dependents, providers, kinds, weights, relations, positions, refused.left_out())


@dataclass(frozen=True, slots=True)
class EndsAndKinds:
    """The cells of dependencies beside their weights."""

    dependents: Sequence[str]
    providers: Sequence[str]
    kinds: Sequence[str]


def _whole(line: int, row: Row, width: int, at: Mapping[str, int], refused: Refusals) -> bool:
    try:
        _checked(row, width)
    except BadCell as bad:
        dependent = row[at["dependent"]].strip() if len(row) > at["dependent"] else ""
        refused.add(line, dependent, bad, dependent)
        return False
    return True


def _stripped(cells: Sequence[str], empty: frozenset[str]) -> list[str]:
    return ["" if text in empty else text for text in map(str.strip, cells)]


def _words(cells: Sequence[str], empty: frozenset[str], default: str) -> list[str]:
    table = {cell: default if cell.strip() in empty else cell.strip() for cell in set(cells)}
    if default:
        table = {cell: word.casefold() for cell, word in table.items()}
    return [table[cell] for cell in cells]


def _weights(
    header: Header, cells: Sequence[str], lines: Sequence[int], columns: EndsAndKinds, refused: Refusals
) -> list[float | None]:
    """Returns the weights. Of a soft dependency a weight that cannot be read refuses the row; of others it means nothing, and
    costs the cell."""
    if not any(cells):
        return [None] * len(cells)
    known: dict[str, float | None] = {}
    weights: list[float | None] = []
    for row, (cell, line) in enumerate(zip(cells, lines, strict=True)):
        if cell not in known:
            text = cell.strip()
            try:
                known[cell] = None if text in header.empty else number("weight", text, header.written)
            except BadCell as bad:
                name = f"{columns.dependents[row]} -> {columns.providers[row]}"
                if columns.kinds[row] == "soft":
                    refused.add(line, name, bad, columns.dependents[row])
                else:
                    refused.lose(line, name, [bad], "")
                weights.append(None)
                continue
        weights.append(known[cell])
    return weights
