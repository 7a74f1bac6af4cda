"""Hidden common causes: one thing by which so many members of a redundancy group hang that too few are left without it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain.ci_classes import CiClass
from app.domain.results import Stamp

CI, SITE, RACK, POWER, STORAGE, DNS, IDENTITY = "ci", "site", "rack", "power", "storage", "dns", "identity provider"
CERTIFICATE, SUPPLIER, ON_CALL, VERSION = "certificate", "supplier", "on-call team", "software version"
# from what takes all at one stroke to what takes them one after the other
CAUSE_KINDS = (RACK, POWER, STORAGE, DNS, IDENTITY, CERTIFICATE, SITE, SUPPLIER, ON_CALL, VERSION, CI)

# names of attributes in sources, in one spelling, by what they mean
ATTRIBUTES: Mapping[str, Sequence[str]] = {
    RACK: ("rack", "cabinet", "rack name", "chassis", "enclosure", "blade chassis"),
    POWER: ("power", "power feed", "power source", "pdu", "ups", "power circuit", "feed"),
    STORAGE: ("storage", "storage array", "san", "datastore", "data store", "storage pool", "volume group", "nas"),
    DNS: ("dns", "dns server", "dns servers", "resolver", "nameserver", "name server"),
    IDENTITY: ("identity provider", "idp", "auth", "authentication", "ldap", "realm", "directory", "domain controller", "sso"),
    CERTIFICATE: ("certificate", "cert", "tls certificate", "ssl certificate", "certificate serial", "certificate fingerprint"),
    SUPPLIER: ("supplier", "vendor", "provider", "manufacturer", "cloud provider"),
    ON_CALL: ("on call", "oncall", "on call team", "support group", "operations team", "duty team"),
    VERSION: ("software version", "version", "os version", "firmware", "firmware version", "kernel", "image", "release"),
}
CLASSES: Mapping[str, Sequence[str]] = {  # what a shared CI is, by its class or one above it
    RACK: ("rack", "enclosure", "room"),
    SITE: ("site", "location"),
    POWER: ("power_source",),
    STORAGE: ("storage_array",),
    DNS: ("dns",),
    IDENTITY: ("identity_provider",),
    CERTIFICATE: ("certificate",),
    SUPPLIER: ("supplier_service", "cloud_service"),
}
OF_A_PLACE = frozenset({RACK, POWER, STORAGE})  # such names are given anew at each site
SILENT = frozenset({"", "0", "na", "n a", "none", "null", "unknown", "default", "tbd", "todo", "x", "other", "various", "empty"})
_WORDS = re.compile(r"[^\W_]+")


def spelling(text: str) -> str:
    """Returns a name or value in one spelling: its words in small letters.

    >>> spelling("Rack-12"), spelling("RACK 12"), spelling("on_call.team")
    ('rack 12', 'rack 12', 'on call team')
    """
    return " ".join(_WORDS.findall(text.casefold()))


def kind_of_attribute(name: str) -> str:
    """Returns what an attribute of a source means here; "" where it is nothing that members share.

    >>> kind_of_attribute("Power_Feed"), kind_of_attribute("colour")
    ('power', '')
    """
    told = spelling(name)
    return next((kind for kind, names in ATTRIBUTES.items() if told in names), "")


def kind_of_class(ci_class: str, classes: Mapping[str, CiClass]) -> str:
    """Returns what a shared CI is by its class; "ci" where it is none of these.

    >>> from app.domain.ci_classes import ci_classes
    >>> kind_of_class("ups", ci_classes()), kind_of_class("server", ci_classes())
    ('power', 'ci')
    """
    above = ci_class
    while above:
        for kind, names in CLASSES.items():
            if above in names:
                return kind
        above = classes[above].parent if above in classes else ""
    return CI


@dataclass(frozen=True, slots=True)
class CommonCause:
    """`kind`: one of CAUSE_KINDS; `shared`: the key of a CI, or the value of an attribute (`attribute`: its name in the source,
    "" a CI); `members` that share it, of `of` in the group of `dependent`, which needs `needed`. `services`: those that stop
    where these members fail together. `impact`: expected loss a year by the outage of a shared CI; None where nobody gives it a
    rate."""

    kind: str
    shared: str
    name: str
    attribute: str
    group: str
    dependent: str
    dependent_name: str
    members: Sequence[str]
    of: int
    needed: int
    services: int
    impact: float | None


@dataclass(frozen=True, slots=True)
class CommonCauses:
    """`groups`: redundant ones, `affected` of them have a common cause; `by_kind`: how many rows of each kind there are;
    `unsaid`: by kind, groups of which less than two members say anything of it, so that nothing is known. `worked_out`: false
    while the rows of a large estate are still to be found, after its assessment."""

    stamp: Stamp
    sentence: str
    measure: str
    groups: int
    affected: int
    by_kind: Mapping[str, int]
    unsaid: Mapping[str, int]
    items: Sequence[CommonCause]
    limit: int
    truncated: bool
    next: str | None
    worked_out: bool
