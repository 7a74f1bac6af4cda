"""A believable estate: "Brightwater", an online retailer with 48 shops, two data centres, a cloud region and its suppliers.

Seeded and deterministic. About 3,000 CIs, told by three sources that do not quite agree:

* `cmdb` (a folder of CSV files): business services with exposure, applications, databases, virtual machines, shops, the
  redundancy that the architects declared, two years of incidents, in which some things got better and one got worse
  (app/demo/history.py), and the tickets of services that people missed meanwhile;
* `datacentre` (one JSON document): what discovery sees below - places, power, network, storage, hypervisors - and where things
  really stand;
* `tracing` (a call graph): which deployed service really calls which.

Redundancy is real in places (core switches, the order database across both sites) and only on paper in others: the payment
database pair lives on one storage array, the pair of edge load balancers on one hypervisor, both power feeds of one room hang on
one panel. The CMDB does not know; put together, the three sources do.
"""

from __future__ import annotations

import csv
import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.demo.history import CHANGED, HIDDEN_NEEDS, RELAYS, SET_UP

CMDB, DATACENTRE = "cmdb", "datacentre"
SITES = ("fra1", "fra2")
SITE_NAMES = {"fra1": "Frankfurt 1", "fra2": "Frankfurt 2", "cloud": "Cloud EU-Central", "shops": "Shops"}
SHOPS = 48
OBSERVED_FROM, OBSERVED_UNTIL = datetime(2024, 11, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)

# key, name, team, customers, money per hour, MTPD h, RTO h, applications it needs
SERVICES: tuple[tuple[str, str, str, int | None, float | None, float, float, tuple[str, ...]], ...] = (
    (
        "svc-checkout",
        "Checkout",
        "Checkout",
        42000,
        95000.0,
        2,
        1,
        ("checkout", "basket", "payment-gateway", "pricing", "order-intake"),
    ),
    ("svc-search", "Product search", "Discovery", 42000, 38000.0, 4, 2, ("search", "catalogue", "pricing")),
    ("svc-app", "Mobile app", "Mobile", 26000, 41000.0, 4, 2, ("mobile-bff", "catalogue", "basket", "accounts")),
    ("svc-accounts", "Customer accounts", "Identity", 42000, 12000.0, 8, 4, ("accounts", "login")),
    ("svc-tracking", "Order tracking", "Fulfilment", 18000, 2500.0, 24, 8, ("tracking", "orders")),
    ("svc-pos", "Shop tills", "Stores", 9500, 52000.0, 2, 1, ("till-hub", "pricing", "payment-gateway")),
    ("svc-collect", "Click and collect", "Stores", 3200, 6000.0, 8, 4, ("collect", "stock", "orders")),
    ("svc-picking", "Warehouse picking", "Warehouse", None, 31000.0, 6, 3, ("wms", "stock", "conveyor-control")),
    ("svc-shipping", "Shipping", "Warehouse", 11000, 18000.0, 12, 6, ("shipping", "wms", "labels")),
    ("svc-returns", "Returns", "Fulfilment", 2100, 1500.0, 48, 24, ("returns", "orders", "payment-gateway")),
    ("svc-market", "Marketplace partners", "Partners", 640, 14000.0, 12, 6, ("partner-api", "catalogue", "orders")),
    ("svc-giftcards", "Gift cards", "Checkout", 1800, 2200.0, 24, 12, ("giftcards", "payment-gateway")),
    ("svc-support", "Customer support", "Care", 5200, 3500.0, 8, 4, ("crm", "telephony", "orders")),
    ("svc-newsletter", "Newsletter and offers", "Marketing", None, None, 72, 24, ("campaigns", "crm")),
    ("svc-invoicing", "Invoicing", "Finance", 900, 4200.0, 48, 24, ("billing", "erp")),
    ("svc-supplier", "Supplier portal", "Purchasing", 310, 900.0, 72, 24, ("supplier-portal", "erp")),
)

# service -> least availability over a year, as the business wrote it into the CMDB
TARGETS = {
    "svc-checkout": 0.999,
    "svc-search": 0.998,
    "svc-app": 0.998,
    "svc-accounts": 0.998,
    "svc-pos": 0.999,
    "svc-collect": 0.995,
    "svc-picking": 0.997,
    "svc-shipping": 0.995,
    "svc-support": 0.99,
    "svc-market": 0.995,
}
# service -> longest mean time to repair in hours, and why
REPAIR_GOALS = {
    "svc-checkout": (1.0, "the RTO of the checkout"),
    "svc-pos": (2.0, "a till that is down for longer closes the shop"),
    "svc-picking": (3.0, "the afternoon's lorries leave with what was picked by then"),
    "svc-newsletter": (8.0, "a working day"),
}

# application -> (team, calls, database, queue, machines, needed)
APPS: dict[str, tuple[str, tuple[str, ...], str, bool, int, int]] = {
    "checkout": ("Checkout", ("basket", "payment-gateway", "pricing", "order-intake", "login"), "db-checkout", True, 8, 5),
    "basket": ("Checkout", ("catalogue", "pricing", "sessions"), "db-basket", False, 6, 4),
    "pricing": ("Commerce", ("catalogue", "tax"), "db-pricing", False, 6, 3),
    "order-intake": ("Fulfilment", ("orders", "stock"), "", True, 4, 2),
    "orders": ("Fulfilment", ("stock", "accounts"), "db-orders", True, 8, 5),
    "search": ("Discovery", ("catalogue", "recommend"), "db-search", False, 9, 6),
    "catalogue": ("Discovery", ("media", "stock"), "db-catalogue", False, 8, 5),
    "recommend": ("Discovery", (), "db-recommend", False, 4, 2),
    "media": ("Discovery", (), "", False, 3, 2),
    "mobile-bff": ("Mobile", ("login", "catalogue", "basket", "orders"), "", False, 6, 4),
    "accounts": ("Identity", ("login", "mailer"), "db-accounts", False, 4, 2),
    "login": ("Identity", ("directory",), "db-login", False, 4, 2),
    "directory": ("Identity", (), "db-directory", False, 2, 1),
    "sessions": ("Checkout", (), "db-sessions", False, 3, 2),
    "payment-gateway": ("Payments", ("fraud", "vault"), "db-payment", True, 6, 4),
    "fraud": ("Payments", ("recommend",), "db-fraud", False, 4, 2),
    "vault": ("Payments", (), "db-vault", False, 2, 1),
    "tax": ("Commerce", (), "", False, 2, 1),
    "stock": ("Warehouse", ("wms",), "db-stock", True, 5, 3),
    "wms": ("Warehouse", ("conveyor-control",), "db-wms", True, 4, 3),
    "conveyor-control": ("Warehouse", (), "db-conveyor", False, 2, 1),
    "shipping": ("Warehouse", ("labels", "orders"), "db-shipping", True, 3, 2),
    "labels": ("Warehouse", (), "", False, 2, 1),
    "tracking": ("Fulfilment", ("shipping",), "db-tracking", False, 3, 2),
    "returns": ("Fulfilment", ("orders", "mailer"), "db-returns", False, 2, 1),
    "collect": ("Stores", ("orders", "stock", "mailer"), "db-collect", False, 2, 1),
    "till-hub": ("Stores", ("pricing", "stock", "payment-gateway"), "db-till", True, 4, 2),
    "partner-api": ("Partners", ("catalogue", "orders", "login"), "db-partner", False, 4, 2),
    "giftcards": ("Checkout", ("vault",), "db-giftcards", False, 2, 1),
    "crm": ("Care", ("accounts", "orders"), "db-crm", False, 3, 2),
    "telephony": ("Care", (), "db-telephony", False, 2, 1),
    "campaigns": ("Marketing", ("crm", "mailer"), "db-campaigns", True, 2, 1),
    "mailer": ("Platform", (), "", True, 3, 1),
    "billing": ("Finance", ("erp", "orders"), "db-billing", True, 2, 1),
    "erp": ("Finance", (), "db-erp", False, 4, 3),
    "supplier-portal": ("Purchasing", ("erp", "login"), "db-supplier", False, 2, 1),
}
SOFT_CALLS = {
    ("search", "recommend"): 0.25,
    ("fraud", "recommend"): 0.2,
    ("accounts", "mailer"): 0.1,
    ("catalogue", "media"): 0.4,
}
ONE_SIDED = {"db-payment": "san-fra1-02", "db-vault": "san-fra1-02", "db-login": "san-fra1-02", "db-till": "san-fra1-02"}
STRETCHED = ("db-orders", "db-checkout", "db-catalogue", "db-accounts", "db-stock", "db-pricing")
SUPPLIERS = {
    "psp": ("Payment provider Adria Pay", "Adria Pay", ("payment-gateway",)),
    "cdn": ("Content network Fleetcast", "Fleetcast", ("media", "mobile-bff")),
    "sms": ("Text messages Quickline", "Quickline", ("mailer",)),
    "carrier": ("Parcel carrier interface", "Parcelino", ("labels",)),
    "maps": ("Address check", "Geofind", ("shipping",)),
    "dns-host": ("Hosted DNS", "Rootline", ()),
}


@dataclass(slots=True)
class Estate:
    """What the two CMDB-like sources and the tracer would hand over."""

    cis: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {CMDB: {}, DATACENTRE: {}})
    dependencies: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {CMDB: [], DATACENTRE: []})
    groups: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {CMDB: [], DATACENTRE: []})
    calls: list[tuple[str, str, int]] = field(default_factory=list)
    services: list[dict[str, Any]] = field(default_factory=list)
    incidents: list[dict[str, Any]] = field(default_factory=list)

    def ci(self, source: str, key: str, name: str, ci_class: str, **values: Any) -> str:
        self.cis[source][key] = {"key": key, "name": name, "class": ci_class, **values}
        return key

    def needs(self, source: str, dependent: str, provider: str, kind: str = "hard", weight: float | None = None) -> None:
        row: dict[str, Any] = {"dependent": dependent, "provider": provider, "kind": kind}
        if weight is not None:
            row["weight"] = weight
        self.dependencies[source].append(row)

    def group(self, source: str, key: str, dependent: str, members: list[str], needed: int, **values: Any) -> None:
        self.groups[source].append({"key": key, "dependent": dependent, "members": members, "needed": needed, **values})


def build(seed: int = 7) -> Estate:
    """Returns the whole estate; the same seed gives the same estate."""
    rng = random.Random(seed)
    estate = Estate()
    hosts = _datacentres(estate, rng)
    volumes = _storage(estate)
    _suppliers_and_cloud(estate)
    _applications(estate, rng, hosts, volumes)
    _services(estate)
    _shops(estate, rng)
    _office_and_warehouse(estate, rng, hosts, volumes)
    _disagreements(estate, rng)
    _relays(estate)
    _incidents(estate, rng)
    _changed(estate, random.Random(seed + 2))
    _tickets(estate, random.Random(seed + 1))
    return estate


def _datacentres(estate: Estate, rng: random.Random) -> dict[str, list[str]]:
    """Adds places, power, network and hypervisors of both sites; returns the hypervisors of each site."""
    hosts: dict[str, list[str]] = {}
    for site in SITES:
        place = {"site": SITE_NAMES[site], "team": "Facilities"}
        estate.ci(DATACENTRE, site, SITE_NAMES[site], "site", **place)
        rooms, feeds = [], {}
        for side in "ab":
            grid = estate.ci(
                DATACENTRE,
                f"{site}-grid-{side}",
                f"Grid {side.upper()} {SITE_NAMES[site]}",
                "power_source",
                supplier="Mainova Netz",
                **place,
            )
            gen = estate.ci(
                DATACENTRE, f"{site}-gen-{side}", f"Generator {side.upper()} {SITE_NAMES[site]}", "power_source", **place
            )
            ups = estate.ci(DATACENTRE, f"{site}-ups-{side}", f"UPS {side.upper()} {SITE_NAMES[site]}", "ups", **place)
            estate.group(DATACENTRE, f"{ups}-input", ups, [grid, gen], 1, supply=True)
            feeds[side] = ups
        for number in (1, 2):
            room = estate.ci(DATACENTRE, f"{site}-room{number}", f"Room {number} {SITE_NAMES[site]}", "room", **place)
            estate.needs(DATACENTRE, room, site)
            cooling = [
                estate.ci(DATACENTRE, f"{room}-crac{unit}", f"Cooling {unit} {room}", "cooling", **place) for unit in (1, 2, 3)
            ]
            estate.group(DATACENTRE, f"{room}-cooling", room, cooling, 2)
            panels = {}
            for side in "ab":
                # in room 2 of the first site both panels were fed from UPS A during a rebuild and never moved back
                ups = feeds["a"] if (site, number) == ("fra1", 2) else feeds[side]
                panels[side] = estate.ci(
                    DATACENTRE, f"{room}-panel-{side}", f"Panel {side.upper()} {room}", "power_feed", **place
                )
                estate.needs(DATACENTRE, panels[side], ups, "supply")
            rooms.append((room, panels))
        hosts[site] = _racks(estate, rng, site, rooms, place)
    return hosts


def _racks(estate: Estate, rng: random.Random, site: str, rooms: list[Any], place: dict[str, str]) -> list[str]:
    network = {"site": SITE_NAMES[site], "team": "Network"}
    cores = [
        estate.ci(DATACENTRE, f"{site}-core{n}", f"Core switch {n} {SITE_NAMES[site]}", "network_switch", **network)
        for n in (1, 2)
    ]
    firewalls = [
        estate.ci(DATACENTRE, f"{site}-fw{n}", f"Firewall {n} {SITE_NAMES[site]}", "firewall", **network) for n in (1, 2)
    ]
    circuits = [
        estate.ci(
            DATACENTRE,
            f"{site}-wan{n}",
            f"Internet line {n} {SITE_NAMES[site]}",
            "circuit",
            supplier=("Telenord", "Fibrex")[n - 1],
            **network,
        )
        for n in (1, 2)
    ]
    edge = estate.ci(DATACENTRE, f"{site}-edge", f"Internet edge {SITE_NAMES[site]}", "network", **network)
    estate.group(DATACENTRE, f"{edge}-fw", edge, firewalls, 1, failover_minutes=1.0, failover_success=0.97)
    estate.group(DATACENTRE, f"{edge}-wan", edge, circuits, 1, failover_minutes=2.0, failover_success=0.95)
    fabric = estate.ci(DATACENTRE, f"{site}-fabric", f"Network fabric {SITE_NAMES[site]}", "network", **network)
    estate.group(DATACENTRE, f"{fabric}-core", fabric, cores, 1)
    estate.needs(DATACENTRE, edge, fabric)
    hosts: list[str] = []
    for number in range(1, 21):
        room, panels = rooms[(number - 1) % 2]
        rack = estate.ci(DATACENTRE, f"{site}-r{number:02}", f"Rack {number:02} {SITE_NAMES[site]}", "rack", **place)
        estate.needs(DATACENTRE, rack, room)
        pdus = []
        for side in "ab":
            pdu = estate.ci(DATACENTRE, f"{rack}-pdu-{side}", f"PDU {side.upper()} {rack}", "pdu", **place)
            estate.needs(DATACENTRE, pdu, panels[side], "supply")
            pdus.append(pdu)
        leaves = [estate.ci(DATACENTRE, f"{rack}-sw{n}", f"Rack switch {n} {rack}", "network_switch", **network) for n in (1, 2)]
        for leaf in leaves:
            estate.needs(DATACENTRE, leaf, rack)
            estate.needs(DATACENTRE, leaf, fabric)
            estate.group(DATACENTRE, f"{leaf}-power", leaf, pdus, 1, supply=True)
        for slot in range(1, 4):
            host = estate.ci(
                DATACENTRE, f"{site}-hv{number:02}{slot}", f"Hypervisor {number:02}{slot} {SITE_NAMES[site]}", "hypervisor",
                site=SITE_NAMES[site], team="Platform", serial=f"HV{rng.randrange(10**7):07}",
            )  # fmt: skip
            estate.needs(DATACENTRE, host, rack)
            estate.group(DATACENTRE, f"{host}-power", host, pdus, 1, supply=True)
            estate.group(DATACENTRE, f"{host}-net", host, leaves, 1)
            hosts.append(host)
    for number, device in enumerate((*cores, *firewalls)):
        estate.needs(DATACENTRE, device, f"{site}-r{1 + number % 2:02}")
    return hosts


def _storage(estate: Estate) -> dict[str, list[str]]:
    """Adds arrays with their volumes; returns the volumes of each array."""
    volumes: dict[str, list[str]] = {}
    for site in SITES:
        for number in (1, 2, 3):
            values = {"site": SITE_NAMES[site], "team": "Storage", "supplier": "Granit Storage"}
            array = estate.ci(DATACENTRE, f"san-{site}-{number:02}", f"san-{site}-{number:02}", "storage_array", **values)
            estate.needs(DATACENTRE, array, f"{site}-r{number + 4:02}")
            volumes[array] = []
            for index in range(1, 21):
                volume = estate.ci(DATACENTRE, f"{array}-v{index:02}", f"Volume {index:02} on {array}", "data_store", **values)
                estate.needs(DATACENTRE, volume, array)
                volumes[array].append(volume)
    return volumes


def _suppliers_and_cloud(estate: Estate) -> None:
    for key, (name, supplier, _) in SUPPLIERS.items():
        estate.ci(CMDB, f"ext-{key}", name, "supplier_service", supplier=supplier, team="Vendor management")
    for zone in "abc":
        estate.ci(
            CMDB,
            f"cloud-az-{zone}",
            f"Cloud zone {zone}",
            "cloud_service",
            supplier="Nordwolke",
            site=SITE_NAMES["cloud"],
            team="Platform",
        )
    estate.ci(
        CMDB, "cloud-lb", "Cloud load balancing", "cloud_service", supplier="Nordwolke", site=SITE_NAMES["cloud"], team="Platform"
    )
    estate.ci(
        CMDB, "cloud-iam", "Cloud sign-in", "cloud_service", supplier="Nordwolke", site=SITE_NAMES["cloud"], team="Platform"
    )
    for name in ("dns-internal", "time", "pki"):
        estate.ci(CMDB, f"core-{name}", f"Internal {name}", "dns" if "dns" in name else "application", team="Platform")


@dataclass(frozen=True, slots=True)
class Machine:
    """A virtual machine: what runs on it, where it stands, and on which host and volume."""

    key: str
    name: str
    team: str
    site: str
    host: str
    volume: str
    ci_class: str = "virtual_machine"


def _vm(estate: Estate, vm: Machine) -> str:
    """Adds a virtual machine to both sources, whose fqdn makes the two records one CI; returns its key."""
    fqdn, site = f"{vm.name}.{vm.site}.brightwater.example", SITE_NAMES[vm.site]
    estate.ci(CMDB, vm.key, vm.name, vm.ci_class, team=vm.team, site=site, fqdn=fqdn)
    appliance = vm.ci_class == "load_balancer"  # it is not the machine it runs on, whose name is its own
    named = {} if appliance else {"fqdn": fqdn}
    below = estate.ci(DATACENTRE, f"vm-{vm.name}", vm.name, "virtual_machine", site=site, team="Platform", **named)
    if appliance:
        estate.needs(DATACENTRE, f"{CMDB}:ci:{vm.key}", below)
    estate.needs(DATACENTRE, below, vm.host)
    estate.needs(DATACENTRE, below, vm.volume)
    return vm.key


def _applications(estate: Estate, rng: random.Random, hosts: dict[str, list[str]], volumes: dict[str, list[str]]) -> None:
    arrays = {site: [a for a in volumes if site in a and a != "san-fra1-02"] for site in SITES}
    edge_host = hosts["fra1"][4]
    for number in (1, 2):  # declared as a pair, standing on one hypervisor
        _vm(
            estate,
            Machine(
                f"edge-lb{number}", f"edge-lb{number}", "Network", "fra1", edge_host, volumes["san-fra1-01"][0], "load_balancer"
            ),
        )
    estate.ci(CMDB, "edge", "Shop edge", "application_service", team="Network", **{"id:trace": "edge"})
    estate.group(CMDB, "edge-pair", "edge", ["edge-lb1", "edge-lb2"], 1, failover_minutes=0.5, failover_success=0.98)
    estate.needs(CMDB, "edge", "ext-dns-host")
    estate.needs(CMDB, "edge", "cert-shop")
    estate.ci(CMDB, "cert-shop", "Certificate shop.brightwater.example", "certificate", team="Platform")
    for name, (team, calls, database, queue, machines, needed) in APPS.items():
        app = estate.ci(CMDB, f"app-{name}", name, "microservice", team=team, **{"id:trace": name})
        members = []
        for number in range(1, machines + 1):
            site = SITES[number % 2] if machines > 2 else "fra1"
            array = rng.choice(arrays[site])
            members.append(
                _vm(
                    estate,
                    Machine(
                        f"vm-{name}-{number}",
                        f"{name}-{number:02}",
                        team,
                        site,
                        rng.choice(hosts[site]),
                        rng.choice(volumes[array]),
                    ),
                )
            )
        estate.group(CMDB, f"{app}-machines", app, members, needed)
        for callee in calls:
            weight = SOFT_CALLS.get((name, callee))
            if weight is None:
                estate.calls.append((name, callee, rng.randrange(1000, 900000)))
            else:
                estate.needs(CMDB, app, f"app-{callee}", "soft", weight)
        if database:
            _database(estate, rng, database, team, hosts, volumes, arrays)
            estate.needs(CMDB, app, database)
        if queue:
            estate.needs(CMDB, app, "queue-main", "soft", 0.6)
        estate.needs(CMDB, app, "core-dns-internal")
    brokers = []
    for n in range(1, 4):
        site = SITES[n % 2]
        host, volume = rng.choice(hosts[site]), rng.choice(volumes[arrays[site][0]])
        brokers.append(_vm(estate, Machine(f"queue-node{n}", f"queue-{n:02}", "Platform", site, host, volume, "message_queue")))
    estate.ci(CMDB, "queue-main", "Message bus", "message_queue", team="Platform")
    estate.group(CMDB, "queue-main-nodes", "queue-main", brokers, 2)
    for key, (_, _, users) in SUPPLIERS.items():
        for user in users:
            kind = ("soft", 0.5) if key in ("sms", "maps", "cdn") else ("hard", None)
            estate.needs(CMDB, f"app-{user}", f"ext-{key}", *kind)
    estate.group(CMDB, "cdn-zones", "app-media", ["cloud-az-a", "cloud-az-b", "cloud-az-c"], 2)
    estate.needs(CMDB, "app-media", "cloud-lb")
    estate.needs(CMDB, "app-media", "cloud-iam")


def _database(
    estate: Estate,
    rng: random.Random,
    name: str,
    team: str,
    hosts: dict[str, list[str]],
    volumes: dict[str, list[str]],
    arrays: dict[str, list[str]],
) -> None:
    """Adds a primary and a standby: across both sites, on two arrays of one site, or (unknown to the CMDB) on one and the same
    array."""
    members = []
    for number in (1, 2):
        site = SITES[number - 1] if name in STRETCHED else "fra1"
        array = ONE_SIDED.get(name) or arrays[site][(number - 1) % 2]
        members.append(
            _vm(
                estate,
                Machine(
                    f"{name}-{number}",
                    f"{name}-{number:02}",
                    team,
                    site,
                    rng.choice(hosts[site]),
                    rng.choice(volumes[array]),
                    "database",
                ),
            )
        )
    estate.ci(CMDB, name, f"Database {name[3:]}", "database", team=team)
    success = 0.98 if name in STRETCHED else 0.9
    estate.group(
        CMDB, f"{name}-pair", name, members, 1, failover_minutes=3.0 if name in STRETCHED else 10.0, failover_success=success
    )


def _services(estate: Estate) -> None:
    for key, name, team, customers, money, mtpd, rto, apps in SERVICES:
        estate.ci(CMDB, key, name, "business_service", team=team)
        for app in apps:
            estate.needs(CMDB, key, f"app-{app}")
        if key not in ("svc-picking", "svc-shipping", "svc-invoicing", "svc-supplier", "svc-pos"):
            estate.needs(CMDB, key, "edge")
        estate.services.append(
            {
                "key": key,
                "customers": customers,
                "money_per_hour": money,
                "currency": "EUR" if money else "",
                "mtpd_hours": mtpd,
                "rto_hours": rto,
                "availability_target": TARGETS.get(key),
            }
        )


def _shops(estate: Estate, rng: random.Random) -> None:
    """Adds 48 shops, each a service of its own: tills, a controller, a router and a line, with mobile fallback in the newer
    ones."""
    for number in range(1, SHOPS + 1):
        shop, values = f"shop-{number:02}", {"site": SITE_NAMES["shops"], "team": "Stores"}
        estate.ci(CMDB, shop, f"Shop {number:02} tills", "business_service", **values)
        controller = estate.ci(CMDB, f"{shop}-ctl", f"Till controller {number:02}", "server", **values)
        router = estate.ci(CMDB, f"{shop}-rt", f"Router shop {number:02}", "router", **values)
        line = estate.ci(
            CMDB, f"{shop}-line", f"Line shop {number:02}", "circuit", supplier=rng.choice(("Telenord", "Fibrex")), **values
        )
        estate.needs(CMDB, shop, controller)
        estate.needs(CMDB, shop, "svc-pos", "soft", 0.7)
        estate.needs(CMDB, controller, router)
        if number % 3 == 0:
            mobile = estate.ci(CMDB, f"{shop}-lte", f"Mobile line shop {number:02}", "circuit", supplier="Telenord", **values)
            estate.group(CMDB, f"{shop}-wan", router, [line, mobile], 1, failover_minutes=2.0, failover_success=0.9)
        else:
            estate.needs(CMDB, router, line)
        tills = [estate.ci(CMDB, f"{shop}-till{n}", f"Till {n} shop {number:02}", "hardware", **values) for n in range(1, 6)]
        estate.group(CMDB, f"{shop}-tills", shop, tills, 3)
        points = [
            estate.ci(CMDB, f"{shop}-ap{n}", f"Access point {n} shop {number:02}", "network_device", **values) for n in (1, 2)
        ]
        estate.group(CMDB, f"{shop}-wifi", shop, points, 1)
        estate.services.append(
            {
                "key": shop,
                "customers": rng.randrange(120, 420),
                "money_per_hour": float(rng.randrange(600, 2400)),
                "currency": "EUR",
                "mtpd_hours": 8,
                "rto_hours": 4,
            }
        )


def _office_and_warehouse(estate: Estate, rng: random.Random, hosts: dict[str, list[str]], volumes: dict[str, list[str]]) -> None:
    """Adds warehouse hardware, and the long tail: internal tools, reporting, test systems that must not be ranked."""
    for line in range(1, 9):
        belt = estate.ci(CMDB, f"belt-{line}", f"Conveyor line {line}", "hardware", team="Warehouse", site="Warehouse Hanau")
        estate.ci(CMDB, f"plc-{line}", f"Controller of line {line}", "hardware", team="Warehouse", site="Warehouse Hanau")
        estate.needs(CMDB, belt, f"plc-{line}")
    estate.group(CMDB, "belts", "app-conveyor-control", [f"belt-{line}" for line in range(1, 9)], 6)
    scanners = [
        estate.ci(CMDB, f"scanner-{n:03}", f"Scanner {n:03}", "hardware", team="Warehouse", site="Warehouse Hanau")
        for n in range(1, 121)
    ]
    estate.group(CMDB, "scanners", "svc-picking", scanners, 70)
    for number in range(1, 561):
        team = rng.choice(("Finance", "Marketing", "Care", "Platform", "Purchasing", "People"))
        tool = estate.ci(CMDB, f"tool-{number:03}", f"Internal tool {number:03}", "application", team=team)
        site = rng.choice(SITES)
        host, volume = rng.choice(hosts[site]), rng.choice(volumes[f"san-{site}-{rng.choice((1, 3)):02}"])
        estate.needs(CMDB, tool, _vm(estate, Machine(f"vm-tool-{number:03}", f"tool-{number:03}", team, site, host, volume)))
        estate.needs(CMDB, tool, "app-login", "soft", 0.5)
    for number in range(1, 261):
        name = f"test-{number:03}"
        site = rng.choice(SITES)
        host, volume = rng.choice(hosts[site]), rng.choice(volumes[f"san-{site}-{rng.choice((1, 3)):02}"])
        key = _vm(estate, Machine(f"vm-{name}", name, "Platform", site, host, volume))
        estate.cis[CMDB][key]["environment"] = estate.cis[DATACENTRE][f"vm-{name}"]["environment"] = "test"


def _disagreements(estate: Estate, rng: random.Random) -> None:
    """Makes the sources disagree: other spellings, machines that only one of them knows, one machine that is long gone."""
    for key, row in list(estate.cis[DATACENTRE].items()):
        if key.startswith("vm-") and rng.random() < 0.08:
            row["site"] = {"Frankfurt 1": "FRA1", "Frankfurt 2": "FRA2"}[row["site"]]
        if key.startswith("vm-tool") and rng.random() < 0.05:
            row["name"] = row["name"].upper()
    for number in range(1, 26):  # seen by discovery, in no CMDB
        site = rng.choice(SITES)
        ghost = estate.ci(DATACENTRE, f"vm-ghost-{number:02}", f"ghost-{number:02}", "virtual_machine", site=SITE_NAMES[site],
                          fqdn=f"ghost-{number:02}.{site}.brightwater.example")  # fmt: skip
        estate.needs(DATACENTRE, ghost, f"{site}-hv{rng.randrange(1, 21):02}{rng.randrange(1, 4)}")
    for number in range(1, 16):  # still in the CMDB, switched off long ago
        estate.ci(CMDB, f"vm-old-{number:02}", f"old-{number:02}", "virtual_machine", team="Platform", lifecycle="retired")


def _incidents(estate: Estate, rng: random.Random) -> None:
    """Adds two years of incidents: true rates per class with a few CIs far worse than their class; cascades marked as such; two
    still open."""
    rates = {
        "microservice": (0.9, 1.1),
        "database": (0.35, 2.0),
        "circuit": (0.8, 4.0),
        "load_balancer": (0.5, 1.0),
        "server": (0.25, 5.0),
        "virtual_machine": (0.12, 0.8),
        "message_queue": (0.7, 1.2),
        "supplier_service": (1.1, 2.2),
        "router": (0.2, 3.0),
    }
    worse = {"app-payment-gateway": 3.0, "app-search": 2.5, "ext-psp": 2.0, "app-wms": 2.5, "app-login": 2.0, "shop-17-line": 6.0}
    years = (OBSERVED_UNTIL - OBSERVED_FROM).days / 365.25
    number = 0
    for key, row in estate.cis[CMDB].items():
        if row["class"] not in rates or row.get("lifecycle") == "retired" or row.get("environment") == "test":
            continue
        rate, hours = rates[row["class"]]
        rate *= worse.get(key, 1.0)
        clock = rng.expovariate(rate)
        while clock < years:
            number += 1
            started = OBSERVED_FROM + timedelta(days=clock * 365.25)
            ended = started + timedelta(hours=rng.lognormvariate(0, 0.9) * hours * 0.67)
            estate.incidents.append(
                {
                    "key": f"INC{number:06}",
                    "ci": key,
                    "started_at": started,
                    "ended_at": ended if ended < OBSERVED_UNTIL else None,
                    "root_cause": True,
                }
            )
            clock += rng.expovariate(rate)
    for cause in rng.sample(estate.incidents, 25):
        number += 1
        victim = rng.choice([key for key in estate.cis[CMDB] if key.startswith(("app-", "db-"))])
        estate.incidents.append({**cause, "key": f"INC{number:06}", "ci": victim, "root_cause": False})


def _relays(estate: Estate) -> None:
    """Adds two relays for mail of which either does; the CMDB says that campaigns need both."""
    for key in RELAYS:
        estate.ci(CMDB, key, key, "server", team="Platform", site=SITE_NAMES["fra1"])
        estate.needs(CMDB, "app-campaigns", key)


def _changed(estate: Estate, rng: random.Random) -> None:
    """Replaces the outages of CIs that changed in these years, and adds those of tools that secretly fall with them."""
    others = {one.ci for one in CHANGED}
    estate.incidents = [row for row in estate.incidents if row["ci"] not in others or not row["root_cause"]]
    number = int(max(row["key"] for row in estate.incidents)[3:])
    tools = {provider: tool for tool, provider in HIDDEN_NEEDS.items()}
    for one in CHANGED:
        for started, ended in one.outages(rng, OBSERVED_FROM, OBSERVED_UNTIL):
            number += 1
            row = {"started_at": started, "ended_at": ended if ended < OBSERVED_UNTIL else None}
            estate.incidents.append({"key": f"INC{number:06}", "ci": one.ci, "root_cause": True, **row})
            if one.ci in tools and rng.random() >= NOT_WRITTEN:
                number += 1
                row["started_at"] = min(started + timedelta(minutes=rng.uniform(1, 8)), ended)
                estate.incidents.append({"key": f"INC{number:06}", "ci": tools[one.ci], "root_cause": False, **row})


NOT_WRITTEN, BY_MISTAKE, FELT_SOFTLY = 0.10, 0.02, 0.03  # shares of tickets: missing, of another service, of a soft need


def _tickets(estate: Estate, rng: random.Random) -> None:
    """Adds what the service desk wrote: for each incident a ticket of each business service that people missed.

    Who that is, is worked out here, sign by sign and without the service's own engine. The desk is no perfect witness: a tenth of
    the tickets was never written, some are of a service that had nothing to do with it, a failover that did not work is felt, and
    now and then a need that only degrades.
    """
    world = _World(estate)
    services = [row["key"] for row in estate.services]
    for incident in [row for row in estate.incidents if row["root_cause"] and row["ended_at"]]:
        down = world.down_with(incident["ci"], rng)
        felt = [service for service in services if service in down and rng.random() >= NOT_WRITTEN]
        felt += [
            service
            for service in services
            if service not in down and any(need in down for need in world.soft.get(service, ())) and rng.random() < FELT_SOFTLY
        ]
        if rng.random() < BY_MISTAKE:
            felt.append(rng.choice(services))
        minutes = (incident["ended_at"] - incident["started_at"]).total_seconds() / 60
        for service in dict.fromkeys(felt):
            started = incident["started_at"] + timedelta(minutes=rng.uniform(0, min(20.0, minutes / 2)))
            key = f"{incident['key']}-{service}"
            estate.incidents.append(
                {"key": key, "ci": service, "started_at": started, "ended_at": incident["ended_at"], "root_cause": False}
            )


class _World:
    """The estate as it really hangs together, all three sources in one: who needs whom, by plain look-up."""

    def __init__(self, estate: Estate) -> None:
        named = {row["fqdn"]: key for key, row in estate.cis[CMDB].items() if row.get("fqdn")}
        self._same = {key: named[row["fqdn"]] for key, row in estate.cis[DATACENTRE].items() if row.get("fqdn") in named}
        self.soft: dict[str, list[str]] = {}
        self._hard: dict[str, list[str]] = {}
        self._groups: dict[str, list[dict[str, Any]]] = {}
        traced = {row["id:trace"]: key for key, row in estate.cis[CMDB].items() if row.get("id:trace")}
        for caller, callee, _ in estate.calls:
            self._hard.setdefault(traced[callee], []).append(traced[caller])
        for row in (*estate.dependencies[CMDB], *estate.dependencies[DATACENTRE]):
            dependent, provider = self._one(row["dependent"]), self._one(row["provider"])
            if provider in RELAYS:
                continue
            if row["kind"] == "soft":
                self.soft.setdefault(dependent, []).append(provider)
            else:
                self._hard.setdefault(provider, []).append(dependent)
        relays = {"key": "relays", "dependent": "app-campaigns", "members": list(RELAYS), "needed": 1}
        for row in (*estate.groups[CMDB], *estate.groups[DATACENTRE], relays):
            group = {**row, "dependent": self._one(row["dependent"]), "members": [self._one(member) for member in row["members"]]}
            for member in group["members"]:
                self._groups.setdefault(member, []).append(group)

    def down_with(self, key: str, rng: random.Random) -> set[str]:
        """Returns what is down while a CI is; failovers work as often as their group says."""
        down, waiting = {key}, [key]
        failed_over: dict[str, bool] = {}
        while waiting:
            provider = waiting.pop()
            hit = list(self._hard.get(provider, ()))
            for group in self._groups.get(provider, ()):
                success = group.get("failover_success")
                works = success is None or failed_over.setdefault(group["key"], rng.random() < success)
                left = sum(member not in down for member in group["members"])
                if left < group["needed"] or not works:
                    hit.append(group["dependent"])
            for dependent in hit:
                if dependent not in down:
                    down.add(dependent)
                    waiting.append(dependent)
        return down

    def _one(self, key: str) -> str:
        key = key.removeprefix(f"{CMDB}:ci:")
        return self._same.get(key, key)


SERVICE_FIELDS = ("key", "customers", "money_per_hour", "currency", "mtpd_hours", "rto_hours", "availability_target")
CI_FIELDS = ("key", "name", "class", "environment", "lifecycle", "site", "team", "supplier", "fqdn", "id:trace")


def write(estate: Estate, folder: Path, until: datetime = OBSERVED_UNTIL) -> dict[str, Path]:
    """Writes the three sources; returns the place of each: {"cmdb": folder, "datacentre": file, "tracing": file}. `until`: what
    began later is not told yet, and what ended later is open."""
    cmdb, datacentre, tracing = folder / "cmdb", folder / "datacentre.json", folder / "calls.csv"
    cmdb.mkdir(parents=True, exist_ok=True)
    _csv(cmdb / "cis.csv", CI_FIELDS, estate.cis[CMDB].values())
    _csv(cmdb / "dependencies.csv", ("dependent", "provider", "kind", "weight"), estate.dependencies[CMDB])
    groups = [{**row, "members": "|".join(row["members"])} for row in estate.groups[CMDB]]
    _csv(cmdb / "groups.csv", ("key", "dependent", "needed", "members", "failover_minutes", "failover_success"), groups)
    _csv(cmdb / "services.csv", SERVICE_FIELDS, estate.services)
    incidents = [
        {
            **row,
            "started_at": _time(row["started_at"]),
            "ended_at": _time(row["ended_at"] if row["ended_at"] and row["ended_at"] < until else None),
            "root_cause": "yes" if row["root_cause"] else "no",
        }
        for row in estate.incidents
        if row["started_at"] < until
    ]
    _csv(cmdb / "incidents.csv", ("key", "ci", "started_at", "ended_at", "root_cause"), incidents)
    observed = sorted({estate.cis[CMDB][row["ci"]]["class"] for row in estate.incidents if row["root_cause"]})
    _csv(
        cmdb / "observations.csv",
        ("scope", "observed_from", "observed_until"),
        [{"scope": f"class:{name}", "observed_from": _time(OBSERVED_FROM), "observed_until": _time(until)} for name in observed],
    )
    document = {
        "cis": [_document_row(row) for row in estate.cis[DATACENTRE].values()],
        "dependencies": estate.dependencies[DATACENTRE],
        "groups": [{"supply": False, **row} for row in estate.groups[DATACENTRE]],
    }
    datacentre.write_text(json.dumps(document, indent=1, sort_keys=True), "utf-8")
    calls = [{"caller": a, "callee": b, "kind": "http", "call_sites": n} for a, b, n in estate.calls]
    _csv(tracing, ("caller", "callee", "kind", "call_sites"), calls)
    return {"cmdb": cmdb, "datacentre": datacentre, "tracing": tracing}


def _document_row(row: dict[str, Any]) -> dict[str, Any]:
    """Returns a CI of the neutral document: fqdn and serial are identifiers."""
    kept = {name: value for name, value in row.items() if name not in ("fqdn", "serial")}
    identifiers = {kind: row[kind] for kind in ("fqdn", "serial") if kind in row}
    return {**kept, "identifiers": identifiers} if identifiers else kept


def write_as_set_up(estate: Estate, folder: Path) -> Path:
    """Writes the CMDB as it was when the service was set up; returns its folder."""
    return write(estate, folder, SET_UP)[CMDB]


def _time(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""


def _csv(path: Path, names: tuple[str, ...], rows: Any) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names, restval="", extrasaction="ignore")
        writer.writeheader()
        writer.writerows({name: "" if value is None else value for name, value in row.items()} for row in rows)
