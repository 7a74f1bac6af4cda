"""Where the things that a finding of the data quality is about are mended: each finding, and each of its examples, has a link."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import current_app, url_for

from app.domain.quality import Finding
from app.web.addresses import link

ARROW = " -> "
ASSUME = "/assume"  # the editor of assumed values
CI, SERVICE, PAIR, IDENTITY, SOURCE, TEXT = "ci", "service", "pair", "identity", "source", "text"
OF = {
    "no owner": CI,
    "no site": CI,
    "class unknown": CI,
    "rate assumed": CI,
    "orphan": CI,
    "on a cycle": CI,
    "no exposure": SERVICE,
    "no RTO": SERVICE,
    "contradiction": IDENTITY,
    "observed, not declared": PAIR,
    "declared, not observed": PAIR,
    "need of what is not active": PAIR,
    "redundancy on paper: one CI": CI,
    "dangling relation": SOURCE,
    "unknown relation type": SOURCE,
    "source stale": SOURCE,
}
FIELDS = {"rate assumed": "failures_per_year"}  # what the editor of assumed values mends


@dataclass(frozen=True, slots=True)
class Place:
    label: str
    href: str  # "": there is no page for it


def mended_at(finding: Finding) -> Place:
    """Returns the page on which all of a finding is mended."""
    if finding.kind == "rate assumed":
        return Place("The costliest with assumed rates", link("web.ranking", origin="assumed"))
    if finding.kind in ("contradiction", "merged under unlike names", "may be one CI"):
        at = {"contradiction": "conflicts", "may be one CI": "suggestions"}.get(finding.kind, "decisions")
        return Place("Identity", f"{url_for('identity_web.identity')}#{at}")
    if finding.kind in ("no exposure", "no RTO"):
        return Place("Services", link("web.services"))
    if finding.kind.startswith("redundancy on paper"):
        return Place("Listed below", "#paper")
    if finding.kind in ("no owner", "no site", "class unknown", "orphan", "on a cycle"):
        return Place("Problem areas", link("web.ranking"))
    return Place("Sources and runs", url_for("sources_web.sources"))


def examples_of(finding: Finding) -> list[list[Place]]:
    """Returns the examples of a finding, each as the parts that lead somewhere."""
    return [_example(finding.kind, text) for text in finding.examples]


def _example(kind: str, text: str) -> list[Place]:
    sort = OF.get(kind, TEXT)
    if sort == CI:
        return [Place(text, _assumed(text, FIELDS.get(kind, "")) or link("web.ci", key=text))]
    if sort == SERVICE:
        return [Place(text, link("web.one_service", key=text))]
    if sort == IDENTITY:
        return [Place(text, url_for("identity_web.identity", ci=text))]
    if sort == PAIR and ARROW in text:
        ends = [end.partition(" (")[0] for end in text.split(ARROW, 1)]
        return [Place(end, "" if end.endswith(", not assessed") else link("web.ci", key=end)) for end in ends]
    if sort == SOURCE:
        return [Place(text, f"{url_for('sources_web.sources')}#sources")]
    return [Place(text, "")]


def _assumed(ci: str, field: str) -> str:
    """Returns the address at which a value is assumed for a CI; "" where this service has no such page."""
    there = field and any(rule.rule == ASSUME for rule in current_app.url_map.iter_rules())
    return f"{ASSUME}?{urlencode({'ci': ci, 'field': field})}" if there else ""
