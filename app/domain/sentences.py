"""The sentences people read, each worded once."""

from __future__ import annotations

from collections.abc import Sequence


def number(value: float) -> str:
    """1234567.8 -> "1.2 million"; small numbers keep what matters."""
    size = abs(value)
    if size >= 1e9:
        return f"{value / 1e9:.1f} billion"
    if size >= 1e6:
        return f"{value / 1e6:.1f} million"
    if size >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def count(amount: int, one: str, many: str | None = None) -> str:
    return f"{amount:,} {one if amount == 1 else many or one + 's'}"


def listed(names: Sequence[str], most: int = 3) -> str:
    """a; a and b; a, b and c; a, b, c and 4 more"""
    shown = list(names[:most])
    more = len(names) - len(shown)
    if more:
        return ", ".join(shown) + f" and {more:,} more"
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + " and " + shown[-1] if shown else "nothing"


def not_read(needs: int) -> str:
    """
    >>> not_read(1), not_read(2)
    ('incomplete: 1 need not read', 'incomplete: 2 needs not read')
    """
    return f"incomplete: {count(needs, 'need')} not read"


def not_read_elsewhere(needs: int, services: int) -> str:
    """What an outage of anything may stop beyond what is known; "" where all was read."""
    if not services:
        return ""
    return (
        f" Incomplete: {count(needs, 'need')} not read, on which {count(services, 'more service hangs', 'more services hang')}."
    )


def if_it_fails(name: str, down: Sequence[str], degraded: int, interrupted: bool = False, all_read: bool = True) -> str:
    """ "If san-02 fails, 14 services stop: Checkout, Shop tills, Returns and 11 more; 2 more work at a part." `all_read`: no need of any
    service was left unread, so that what is not known to stop does not."""
    if not down and not degraded:
        if not all_read and not interrupted:
            return f"If {name} fails, no service stops as far as was read."
        if interrupted:
            return f"If {name} fails, a failover interrupts what it carries; where it does not work, the service stops."
        return f"If {name} fails, no service stops: what it carries has a second path, which then is used up."
    parts = []
    if down:
        parts.append(f"{count(len(down), 'service stops', 'services stop')}: {listed(down)}")
    if degraded:
        parts.append(
            f"{count(degraded, 'service works', 'services work')} at a part" if not down else f"{degraded:,} more work at a part"
        )
    return f"If {name} fails, " + "; ".join(parts) + "."


def area_reason(kind: str, label: str, cis: int, worst: str, services: int, measure_text: str) -> str:
    what = {
        "site": "what stands in",
        "team": "what team",
        "supplier": "what supplier",
        "class": "the class",
        "service": "the service",
    }[kind]
    verb = {"site": "", "team": " runs", "supplier": " supplies", "class": "", "service": ""}[kind]
    if kind == "service":
        return f"{label} suffers {measure_text}; most of it starts at {worst}."
    return f"{what.capitalize()} {label}{verb} ({count(cis, 'CI')}) stops {count(services, 'service')}: {measure_text}, most of it started by {worst}."


CAUSE = "common cause of "  # no key of the ledger has a blank before its first colon


def common_cause_of(group_key: str) -> str:
    """Key and name of the CI that the model makes of a group's common cause."""
    return CAUSE + group_key


def group_failed(key: str, failed: int, members: int, needed: int) -> str:
    return f"needs {needed} of {members} in group {key}, and {failed} {'is' if failed == 1 else 'are'} down"


def redundancy_not_counted(name: str) -> str:
    return (
        f"{name} stops nothing alone; what a second failure beside it would cost is not yet counted, so it is not shown as safe."
    )
