"""The sentences people read, each worded once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


def number(value: float) -> str:
    """Returns a number in words, 1234567.8 -> "1.2 million"; small numbers keep what matters."""
    size = abs(value)
    if size >= 1e9:
        return f"{value / 1e9:.1f} billion"
    if size >= 1e6:
        return f"{value / 1e6:.1f} million"
    if size >= 999.5:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def figure(value: float | None) -> str:
    """Returns a number to three digits; more would be false exactness.

    >>> figure(486_976.0), figure(4_351_564.0), figure(None)
    ('487,000', '4.4 million', 'unknown')
    """
    if value is None:
        return "unknown"
    return number(value if abs(value) >= 1e6 else float(f"{value:.3g}"))  # millions have fewer digits by themselves


def signed(value: float) -> str:
    """Returns a difference to three digits, with its sign.

    >>> signed(5000.0), signed(-12.345), signed(0.0)
    ('+5,000', '-12.3', '0')
    """
    return f"+{figure(value)}" if value > 0 else figure(value)


def loss_unit(measure: str, currency: str) -> str:
    """Returns what a loss in a measure is counted in.

    >>> loss_unit("money_per_year", "EUR"), loss_unit("service_hours_per_year", "EUR")
    ('EUR a year', 'service-hours a year')
    """
    return f"{currency} a year" if measure == "money_per_year" else measure.replace("_per_year", " a year").replace("_", "-")


def minute(text: str) -> str:
    """Returns a stored time to the minute, for people; what is empty stays so.

    >>> minute("2026-11-30T17:05:09+00:00")
    '2026-11-30 17:05'
    """
    return text[:16].replace("T", " ")


def count(amount: int, one: str, many: str | None = None) -> str:
    return f"{amount:,} {one if amount == 1 else many or one + 's'}"


def listed(names: Sequence[str], most: int = 3) -> str:
    """Returns names as a list in words: a; a and b; a, b and c; a, b, c and 4 more."""
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


def needs_of_nobody(needs: int) -> str:
    """
    >>> needs_of_nobody(1)
    'incomplete: 1 need or value was not read of which nobody can tell whose it is; any service may hang on it'
    """
    many = needs > 1
    return (
        f"incomplete: {count(needs, 'need or value', 'needs or values')} {'were' if many else 'was'} not read "
        f"of which nobody can tell whose {'they are' if many else 'it is'}; any service may hang on {'them' if many else 'it'}"
    )


def not_read_elsewhere(needs: int, services: int) -> str:
    """Says what an outage of anything may stop beyond what is known; "" where everything was read."""
    if not services:
        return ""
    return (
        f" Incomplete: {count(needs, 'need')} not read, on which {count(services, 'more service hangs', 'more services hang')}."
    )


@dataclass(frozen=True, slots=True)
class Felt:
    """What one outage does to services, as the figures have it: enough to word it and to check the wording.

    `spare`, `used_up`: groups that lost a member and still stand, with members to spare and with none. `fallen`: CIs that fail or
    degrade beside those that are out. `needed`: something depends on what is out. `at_rest`: services that depend on it and are
    down anyhow. `all_read`: no need of any service was left unread.
    """

    names: Sequence[str]  # what is out, in words; one name may stand for many CIs
    down: Sequence[str]  # services that stop; may be cut, see `down_total`
    degraded: int = 0  # services that work at a part
    interrupted: Sequence[str] = ()  # services that only a failover interrupts
    used_up: int = 0
    spare: int = 0
    fallen: int = 0
    needed: bool = True
    at_rest: Sequence[str] = ()
    down_already: bool = False  # all that is out is down at rest
    all_read: bool = True


def if_it_fails(felt: Felt) -> str:
    """
    >>> if_it_fails(Felt(["san-02"], ["Checkout", "Shop tills", "Returns", "Web"], 2))
    'If san-02 fails, 4 services stop: Checkout, Shop tills, Returns and 1 more; 2 more work at a part.'
    >>> if_it_fails(Felt(["lonely"], [], needed=False))
    'Nothing is known to depend on lonely.'
    >>> if_it_fails(Felt(["web-1"], [], used_up=1))
    'If web-1 fails, no service stops: what it carries has a second path, which then is used up.'
    """
    name, many = listed(felt.names), len(felt.names) > 1
    what, it = f"If {name} {'fail' if many else 'fails'}, ", "they carry" if many else "it carries"
    parts = []
    if felt.down:
        parts.append(f"{count(len(felt.down), 'service stops', 'services stop')}: {listed(felt.down)}")
    if felt.degraded:
        more = " more" if felt.down else ""
        one, all_ = (
            (f"{more} works at a part", f"{more} work at a part")
            if felt.down
            else (" service works at a part", " services work at a part")
        )
        parts.append(f"{felt.degraded:,}{one if felt.degraded == 1 else all_}")
    if felt.interrupted:
        where = "where it does not work, they stop" if len(felt.interrupted) > 1 else "where it does not work, the service stops"
        parts.append(f"a failover interrupts {listed(felt.interrupted)}; {where}")
    if parts:
        return what + "; ".join(parts) + "."
    read = "" if felt.all_read else " as far as was read"
    if felt.down_already:
        return f"{name} {'are' if many else 'is'} down already in the state at rest: a failure changes nothing."
    if felt.used_up:
        return f"{what}no service stops{read}: what {it} has a second path, which then is used up."
    if felt.spare:
        return f"{what}no service stops{read}: what {it} has more than one path left."
    if felt.at_rest:
        hangs, down = ("hangs", "is") if len(felt.at_rest) == 1 else ("hang", "are")
        return f"{what}no further service stops{read}: {listed(felt.at_rest)} {hangs} on it and {down} down already."
    if not felt.needed:
        return f"Nothing is known to depend on {name}{read}."
    if felt.fallen:
        fallen = f"{count(felt.fallen, 'CI falls', 'CIs fall')} with {'them' if many else 'it'}"
        return f"{what}no service stops{read}: {fallen}, and no service hangs on {'it' if felt.fallen == 1 else 'any of them'}."
    return f"{what}no service stops{read}."


def hours(amount: float) -> str:
    """
    >>> hours(1.0), hours(2.5)
    ('1 hour', '2.5 hours')
    """
    return f"{number(amount)} {'hour' if number(amount) == '1' else 'hours'}"


def gap_in_short(wants_hours: float, takes_hours: float) -> str:
    """
    >>> gap_in_short(1.0, 2.7)
    'RTO 1 h, back in 2.7 h'
    """
    return f"RTO {number(wants_hours)} h, back in {number(takes_hours)} h"


def hours_cost(duration: float, money: str, at_least: bool) -> str:
    """
    >>> hours_cost(2.0, "200 EUR", False), hours_cost(1.0, "100 EUR", True)
    ('2 hours cost 200 EUR.', '1 hour costs at least 100 EUR.')
    """
    length = hours(duration)
    return f"{length} {'costs' if length == '1 hour' else 'cost'}{' at least' if at_least else ''} {money}."


def hang_on_the_rest(services: Sequence[str], in_maintenance: Sequence[str]) -> str:
    """
    >>> hang_on_the_rest(["Shop"], ["web-2"])
    'Shop now hangs on what is left of its redundancy; web-2 of it is in maintenance.'
    """
    one = len(services) == 1
    sentence = f"{listed(services)} now {'hangs' if one else 'hang'} on what is left of {'its' if one else 'their'} redundancy"
    if in_maintenance:
        sentence += f"; {listed(in_maintenance)} of it {'is' if len(in_maintenance) == 1 else 'are'} in maintenance"
    return sentence + "."


WHOLE, MOST, FIRST = 0.9995, 0.5, 5  # a share from which a CI is called all of it, most of it; how many are added up


def shares_start(names: Sequence[str], shares: Sequence[float]) -> str:
    """Says where a loss starts, by its largest shares (falling, of all of it).

    >>> shares_start(["san-02", "b", "c", "d", "e", "f"], [0.091, 0.08, 0.06, 0.05, 0.04, 0.03])
    'the largest part (9.1 %) starts at san-02; the first five make 32 %'
    >>> shares_start(["db"], [1.0]), shares_start(["db", "web"], [0.7, 0.3])
    ('all of it starts at db', 'most of it (70 %) starts at db')
    """
    if not names:
        return "none of it starts at a CI alone"
    if shares[0] >= WHOLE:
        return f"all of it starts at {names[0]}"
    word = "most of it" if shares[0] > MOST else "the largest part"
    sentence = f"{word} ({percent(shares[0])}) starts at {names[0]}"
    if len(names) > FIRST and shares[0] <= MOST:
        sentence += f"; the first five make {percent(sum(shares[:FIRST]))}"
    return sentence


def percent(share: float) -> str:
    """
    >>> percent(0.0912), percent(0.318), percent(0.7), percent(0.00004)
    ('9.1 %', '32 %', '70 %', 'less than 0.01 %')
    """
    if 0 < share < 0.0001:
        return "less than 0.01 %"
    return f"{100 * share:.2g} %" if share < 0.995 else "100 %"


def class_label(name: str) -> str:
    """
    >>> class_label("application_server"), class_label("(unknown)")
    ('application server', '(unknown)')
    """
    return name.replace("_", " ")


AREAS = {
    "site": "What stands in {0}",
    "team": "What team {0} runs",
    "supplier": "What supplier {0} supplies",
    "class": "The class {0}",
}


def area_reason(kind: str, label: str, cis: int, stopped: int, at_a_part: int, measure_text: str, start: str) -> str:
    """
    >>> area_reason("site", "Berlin", 12, 3, 1, "1.2 million EUR a year", "all of it starts at db")
    'What stands in Berlin (12 CIs) stops 3 services and touches 1 more: 1.2 million EUR a year; all of it starts at db.'
    """
    if kind == "service":
        return f"{label} suffers {measure_text}; {start}."
    touched = ""
    if at_a_part:
        touched = f" and touches {at_a_part:,} more" if stopped else f"; it degrades or interrupts {count(at_a_part, 'service')}"
    stops = f"stops {count(stopped, 'service') if stopped else 'no service'}"
    return f"{AREAS[kind].format(label)} ({count(cis, 'CI')}) {stops}{touched}: {measure_text}; {start}."


def down_at_rest(name: str) -> str:
    return f"{name} is down in the state at rest: nothing that fails costs it more, and its standing outage is charged to nobody."


def overlapping(hours: float, corrected: float) -> str:
    """
    >>> overlapping(40000, 8348.6)
    'outages overlap: 40,000 hours a year to first order are 8,349 of down time'
    """
    return f"outages overlap: {hours:,.0f} hours a year to first order are {corrected:,.0f} of down time"


CAUSE = "common cause of "  # no key of the ledger has a blank before its first colon


def common_cause_of(group_key: str) -> str:
    """Returns key and name of the CI that the model makes of a group's common cause."""
    return CAUSE + group_key


def group_failed(key: str, failed: int, members: int, needed: int) -> str:
    return f"needs {needed} of {members} in group {key}, and {failed} {'is' if failed == 1 else 'are'} down"


def redundancy_not_counted(name: str) -> str:
    return (
        f"{name} stops nothing alone; what a second failure beside it would cost is not yet counted, so it is not shown as safe."
    )
