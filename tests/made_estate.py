"""A made estate as an average company would send it, and what is true of it: two sets of CSV files from one description."""

from __future__ import annotations

from pathlib import Path

SERVICES = {"Webshop": "ws", "Kasse": "ks", "Rückgabe": "rg", "Händlerportal": "hp"}
HOSTS = [f"srv-{number:02d}" for number in range(1, 13)]
# the truth: who needs whom
NEEDS = [
    *(("Webshop", host) for host in HOSTS[:4]),
    *(("Kasse", host) for host in HOSTS[3:7]),
    *(("Rückgabe", host) for host in HOSTS[6:9]),
    *(("Händlerportal", host) for host in HOSTS[8:12]),
    ("srv-01", "db-01"),
    ("srv-04", "db-01"),
    ("srv-07", "db-02"),
    ("srv-09", "db-02"),
]
# how the export calls providers in every second relation: names of nothing
DANGLING = {row: f"{provider.upper()}.ALT.LOCAL" for row, (_, provider) in enumerate(NEEDS) if row % 2}
LOST = [  # what cannot be read of the export, as the lists of a run name it: place, and a part of the reason
    ("cis.csv line 7", "'#N/A' is an error value of a spreadsheet"),
    ("cis.csv line 9", "'ca. 4' is not a number"),
    ("cis.csv line 19", "was given before in this run with other content"),
    ("cis.csv line 20", "is empty"),
    ("cis.csv line 21", "has 5 cells, the header 8"),
    ("services.csv line 3", "'12.000' can be 12000 or 12.000"),
    ("services.csv line 5", "'#NV' is an error value of a spreadsheet"),
    ("incidents.csv line 5", "20260310 looks like a date"),
    ("incidents.csv line 6", "has no zone"),
    *((f"dependencies.csv line {row + 2}", f"no CI answers to '{text}'") for row, text in DANGLING.items()),
]


def truth(folder: Path) -> Path:
    """The same estate, whole and clean."""
    cis = [f"{key},{key},business_service,,," for key in SERVICES]
    cis += [f"{host},{host},server,Basel,2.5,4.5" for host in HOSTS]
    cis += [f"{name},{name},database,Basel,0.5,3" for name in ("db-01", "db-02")]
    money = ("1500.5", "900", "250", "400")
    return _write(
        folder,
        {
            "cis": ["key,name,class,site,failures_per_year,repair_hours", *cis],
            "dependencies": ["dependent,provider", *(f"{a},{b}" for a, b in NEEDS)],
            "services": [
                "key,customers,money_per_hour",
                *(f"{key},12000,{value}" for key, value in zip(SERVICES, money, strict=True)),
            ],
        },
        "utf-8",
    )


def export(folder: Path) -> Path:
    """As it is sent: semicolons, a byte order mark or Windows-1252, decimal commas, headers in any case, #N/A, hosts twice, half
    of the relations to nothing."""
    cis = [f"{key};{key};Business Service;;;;;" for key in SERVICES]
    for number, host in enumerate(HOSTS):
        rate, hours, site = "2,5", "4,5", "Basel"
        if number == 1:
            site = "#N/A"
        if number == 3:
            hours = "ca. 4"
        cis.append(f"{host};{host};Server;{site};Betrieb;{rate};{hours};{host}.firma.example")
    cis += [f"{name};{name};Database;Basel;Datenbanken;0,5;3;" for name in ("db-01", "db-02")]
    cis.insert(17, "SRV-03b;srv-03;Server;Basel;Betrieb;2,5;4,5;srv-03.firma.example")  # the same host under another key
    cis.insert(17, "srv-02;srv-02 alt;Server;Zug;;9,9;9,9;")  # the same key, other content
    cis.insert(18, ";ohne Schlüssel;Server;;;;;")
    cis.insert(19, "srv-99;abgeschnitten;Server;Basel;Betrieb")
    money = ("1.500,50", "900", "250,0", "#NV")
    customers = ("12 000", "12.000", "12000", "12000")
    rows = zip(SERVICES, customers, money, strict=True)
    needs = [f"{a};{DANGLING.get(row, b)}" for row, (a, b) in enumerate(NEEDS)]
    incidents = [
        "INC-1;srv-05;2026-01-10T10:00:00+01:00;2026-01-10T12:00:00+01:00",
        "INC-2;srv-05;2026-01-10T10:05:00+01:00;2026-01-10T12:00:00+01:00",
        "INC-3;srv-06;2026-02-01T08:00:00+01:00;",
        "INC-4;srv-06;20260310;20260311",
        "INC-5;srv-06;2026-03-12 08:00:00;2026-03-12 09:00:00",
    ]
    return _write(
        folder,
        {
            "cis": ["Key;NAME;Class;Site;Team;Failures per Year;Repair-Hours;FQDN", *cis],
            "dependencies": ["DEPENDENT;Provider", *needs],
            "services": ["KEY;Customers;Money per Hour", *(";".join(row) for row in rows)],
            "incidents": ["Key;CI;Started_At;Ended_At", *incidents],
            "observations": ["Scope;Observed From;Observed Until", "*;2025-12-01T00:00:00Z;2026-11-01T00:00:00Z"],
        },
        "windows-1252",
    )


def _write(folder: Path, sheets: dict[str, list[str]], encoding: str) -> Path:
    folder.mkdir(parents=True)
    for name, lines in sheets.items():
        its = "utf-8-sig" if name == "cis" else encoding  # one program writes a byte order mark, the other the old code page
        (folder / f"{name}.csv").write_bytes("\r\n".join([*lines, ""]).encode(its))
    return folder
