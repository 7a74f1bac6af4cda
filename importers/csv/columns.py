"""The sheets and headers of the CSV and Excel form; README.md and the templates are made from this table."""

from __future__ import annotations

from collections.abc import Mapping

# sheet -> kind, columns: (name, needed, what it holds)
SHEETS: Mapping[str, tuple[str, tuple[tuple[str, bool, str], ...]]] = {
    "cis": (
        "ci",
        (
            ("key", True, "a text of its own that never changes"),
            ("name", False, "how people call it; empty: the key"),
            ("class", False, "a class of the class table; another word is kept, and counted as `other`"),
            ("environment", False, "production where empty"),
            ("lifecycle", False, "planned, active, maintenance or retired; active where empty"),
            ("site", False, ""),
            ("team", False, ""),
            ("supplier", False, "several: A + B"),
            ("service", False, "yes: it is a business service"),
            ("failures_per_year", False, "per year of up time"),
            ("failures_per_calendar_year", False, "a count per calendar year instead; needs repair_hours"),
            ("failures_per_year_low", False, "5 % end of the rate's 90 % interval; needs the rate and the other end"),
            ("failures_per_year_high", False, "95 % end"),
            ("failures_origin", False, "measured or declared; declared where empty"),
            ("repair_hours", False, "mean restore time"),
            ("repair_median_hours", False, "the median instead; needs repair_sigma"),
            ("repair_hours_low", False, "5 % end of the mean restore time's 90 % interval; needs the mean and the other end"),
            ("repair_hours_high", False, "95 % end"),
            ("repair_origin", False, "measured or declared; declared where empty"),
            ("repair_distribution", False, "exponential or lognormal"),
            ("repair_sigma", False, "spread of the logarithm; makes it lognormal"),
            ("unavailability", False, "share of time down, 0 to 1, where it is given directly"),
            ("failure_on_demand", False, "0 to 1"),
            ("level_share", False, "share left of a CI that is degraded itself; 0: it is out"),
            ("restart_hours", False, "until it is up again when only a provider of it had failed"),
            ("restore_pool", False, "the crew or shared capacity that its restoration takes one place of"),
            ("starts_without", False, "hard needs that it need not wait for to start, separated by |: keys or names"),
            ("backup_interval_hours", False, "between two backups of the data it holds"),
            ("transfer_lag_hours", False, "until its data, or what it hands on, is safe elsewhere"),
            ("fqdn", False, "identifier: records of two sources with the same one are one CI"),
            ("serial", False, "identifier"),
            ("uuid", False, "identifier"),
            ("mac", False, "identifier"),
        ),
    ),
    "dependencies": (
        "dependency",
        (
            ("dependent", True, "the CI that fails"),
            ("provider", True, "when this one fails"),
            ("kind", False, "hard, soft or supply; hard where empty"),
            ("weight", False, "soft only: the share lost, above 0 up to 1"),
            ("relation", False, "the source's own word"),
        ),
    ),
    "groups": (
        "group",
        (
            ("key", True, "a text of its own"),
            ("dependent", True, "the CI that needs the group"),
            ("kind", False, "ordinary or supply"),
            ("needed", True, "how many members suffice"),
            ("members", True, "CIs, separated by |, the active ones first"),
            ("shares", False, "capacity share of each member, separated by |"),
            ("failover_minutes", False, ""),
            ("failover_success", False, "0 to 1"),
            ("common_cause_share", False, "beta, 0 to 1: the share of each member's failures that takes all members at once"),
            ("common_cause_unavailability", False, "of the common cause itself, where members are unlike, 0 to below 1"),
        ),
    ),
    "services": (
        "service",
        (
            ("key", True, "the CI"),
            ("customers", False, "unknown where empty, not 0"),
            ("customer_population", False, "a name: services with the same one share customers, who are counted once"),
            ("money_per_hour", False, ""),
            ("currency", False, "three letters"),
            ("mtpd_hours", False, "maximum tolerable period of disruption"),
            ("rto_hours", False, ""),
            ("rpo_hours", False, ""),
            ("mbco_share", False, "share of the service that must be kept, 0 to 1"),
            ("availability_target", False, "0 to 1"),
        ),
    ),
    "incidents": (
        "incident",
        (
            ("key", True, "the number of the incident"),
            ("ci", True, "where it was"),
            ("started_at", True, "ISO 8601 with zone, or unix seconds"),
            ("ended_at", False, "empty: still open"),
            ("root_cause", False, "no: it fell with another CI; yes where empty"),
        ),
    ),
    "observations": (
        "observation",
        (
            ("scope", True, "*, class:<class> or ci:<key>: which CIs were watched"),
            ("observed_from", True, "from when incidents were recorded"),
            ("observed_until", True, ""),
        ),
    ),
}
# the example a template holds: a shop on two web servers behind one name, a database on one host
EXAMPLE: Mapping[str, tuple[Mapping[str, str], ...]] = {
    "cis": (
        {"key": "shop", "name": "Web shop", "class": "business_service", "team": "Commerce"},
        {"key": "web", "name": "Shop front", "class": "application", "team": "Commerce"},
        {"key": "web-1", "class": "virtual_machine", "site": "North", "fqdn": "web-1.example.com"},
        {"key": "web-2", "class": "virtual_machine", "site": "South", "fqdn": "web-2.example.com"},
        {"key": "db", "name": "Shop database", "class": "database", "failures_per_year": "0.5", "repair_hours": "3"},
        {"key": "mail", "name": "Mail gateway", "class": "supplier_service", "supplier": "Example Mail"},
    ),
    "dependencies": (
        {"dependent": "shop", "provider": "web"},
        {"dependent": "web", "provider": "db"},
        {"dependent": "shop", "provider": "mail", "kind": "soft", "weight": "0.1"},
    ),
    "groups": (
        {
            "key": "web-pair",
            "dependent": "web",
            "needed": "1",
            "members": "web-1|web-2",
            "failover_minutes": "1",
            "failover_success": "0.98",
        },
    ),
    "services": (
        {"key": "shop", "customers": "12000", "money_per_hour": "4500", "currency": "EUR", "mtpd_hours": "4", "rto_hours": "2"},
    ),
    "incidents": (
        {
            "key": "INC-1",
            "ci": "web",
            "started_at": "2026-03-02T08:15:00Z",
            "ended_at": "2026-03-02T09:00:00Z",
            "root_cause": "yes",
        },
    ),
    "observations": (
        {"scope": "class:application", "observed_from": "2025-01-01T00:00:00Z", "observed_until": "2026-11-01T00:00:00Z"},
    ),
}
IDENTIFIERS = ("fqdn", "serial", "uuid", "mac")
SHEET_OF = {kind: sheet for sheet, (kind, _) in SHEETS.items()}
MANIFEST = "manifest"  # columns: file, rows, sha256


def columns_of(kind: str) -> tuple[str, ...]:
    return tuple(name for name, _, _ in SHEETS[SHEET_OF[kind]][1])


def needed_of(kind: str) -> tuple[str, ...]:
    return tuple(name for name, needed, _ in SHEETS[SHEET_OF[kind]][1] if needed)
