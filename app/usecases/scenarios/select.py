"""Which CIs the selectors of a scenario mean, at a revision."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from app.domain.ci_classes import ci_classes
from app.domain.errors import InvalidInput, NotFound
from app.domain.nouns import CI
from app.ports.graph_store import GraphStore
from app.risk.graph.dependents import dependents_of
from app.risk.graph.ragged import among, ascending
from app.usecases.estate import Estate
from app.usecases.find import checked_text, identify
from app.usecases.scenarios.document import Scenario, Selector

COLUMNS = {"class": "ci_class", "site": "site", "team": "team", "supplier": "supplier", "environment": "environment"}


@dataclass
class Selection:
    """Selects for one scenario; a selector that matches nothing is an error, or a warning where the scenario says so."""

    store: GraphStore
    estate: Estate
    lenient: bool
    most_cis: int | None
    warnings: list[str] = field(default_factory=list)
    counted: int = 0
    known: dict[tuple[str, str], Any] = field(default_factory=dict)

    def prepare(self, scenario: Scenario) -> None:
        """Looks for all CIs that are named by an identity at once."""
        named = {
            selected[1]
            for step in scenario.steps
            for selector in step.select
            if (selected := selector.one()) and selected[0] in ("ci", "alias", "rack", "hangs_on")
        }
        texts = sorted({checked_text(name) for name in named})
        hits = self.store.find(self.estate.revision.revision, texts) if texts else {}
        for text in texts:
            found = hits.get(text, ())
            by_key = [hit for hit in found if hit.key == text]
            chosen = by_key or list({hit.ci_id: hit for hit in found}.values())
            if len(chosen) == 1:
                self.known["identity", text] = chosen[0].ci_id

    def positions(self, selectors: Sequence[Selector], step: int) -> Any:
        """Returns the positions (int32, ascending) of the assessed CIs that any of the selectors of a step (counted from 1)
        means."""
        parts = []
        for selector in selectors:
            kind, name = selector.one() or ("", "")
            try:
                found = self._of(kind, name)
                if not len(found):
                    raise NotFound(f"no assessed CI has the {kind} {name!r}")
            except NotFound as error:
                if not self.lenient:
                    raise NotFound(f"step {step}, {kind}:{name}: {error.message}", field=f"steps.{step - 1}.select") from None
                self.warnings.append(f"step {step}: {kind}:{name} matches nothing: {error.message}")
                continue
            parts.append(found)
        together = ascending(np.concatenate(parts)).astype(np.int32) if parts else np.zeros(0, np.int32)
        self.counted += len(together)
        if self.most_cis is not None and self.counted > self.most_cis:
            raise InvalidInput(
                f"the steps up to {step} name {self.counted:,} CIs. At most {self.most_cis:,} (setting limits.scenario_cis).",
                field="steps",
            )
        return together

    def _of(self, kind: str, name: str) -> Any:
        if (kind, name) not in self.known:
            self.known[kind, name] = self._look(kind, name)
        return self.known[kind, name]

    def _look(self, kind: str, name: str) -> Any:
        compiled = self.estate.compiled
        if kind in COLUMNS:
            return self._members(kind, name)
        if kind == "tag":
            return self._tagged(name)
        text = checked_text(name)
        ci_id = self.known.get(("identity", text)) or identify(self.store, self.estate.revision.revision, name).ci_id
        position = self.estate.position(ci_id)
        if kind == "hangs_on":
            return dependents_of(compiled, np.asarray([position]))
        if kind == "rack":
            flat = compiled.flat
            return np.concatenate([[position], flat.forward[flat.forward_ptr[position] : flat.forward_ptr[position + 1]]])
        return np.asarray([position])

    def _members(self, kind: str, name: str) -> Any:
        category = getattr(self.estate.graph.cis, COLUMNS[kind])
        names = _class_and_below(name) if kind == "class" else {name}
        joint = kind == "supplier"
        wanted = [text in names or (joint and name in text.split(" + ")) for text in category.values]
        members = np.flatnonzero(np.asarray([*wanted, False])[self.estate.codes(COLUMNS[kind])])  # code -1: unknown
        causes = np.sort(np.fromiter(self.estate.causes, np.int64, len(self.estate.causes)))
        return members[~among(members, causes)]

    def _tagged(self, name: str) -> Any:
        """CIs with an attribute name=value; where only a name is given, with any value of it."""
        wanted, equals, value = name.partition("=")
        columns = self.store.load_columns(self.estate.revision.revision, CI.name, ("ci_id", "attributes"))
        ids = []
        for ci_id, text in zip(columns["ci_id"].tolist(), columns["attributes"], strict=True):
            if text and wanted in text:
                held = json.loads(text)
                if wanted in held and (not equals or str(held[wanted]) == value):
                    ids.append(ci_id)
        compiled = self.estate.compiled
        places = np.searchsorted(compiled.sorted_ci_id, np.asarray(ids, np.int64))
        places = np.minimum(places, len(compiled.sorted_ci_id) - 1)
        assessed = compiled.sorted_ci_id[places] == np.asarray(ids, np.int64)
        return compiled.sorted_position[places[assessed]]


def _class_and_below(name: str) -> set[str]:
    classes = ci_classes()
    if name not in classes:
        raise InvalidInput(f"{name!r} is no class: see `forestay cis --help` or docs/importing.md", field="class")
    names = {name}
    while True:
        more = {row.name for row in classes.values() if row.parent in names} - names
        if not more:
            return names
        names |= more
