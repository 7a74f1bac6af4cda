"""A seeded layered estate of any size: racks, switches, storage, servers, virtual machines, databases, applications, services.

`--dependencies` counts dependency rows plus group member rows. A domain (about 2,400 CIs of one site) holds one of each layer; a
CI leans on lower layers of its own domain, a domain on the core switch of its site, a service on applications of a few domains.
Rows carry no order: ci_ids are a random permutation of the layers.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from app.domain.columns import Categorical, Texts
from app.domain.graph import (
    ASSUMED,
    EXPONENTIAL,
    HARD,
    MEASURED,
    ORDINARY_GROUP,
    SOFT,
    SUPPLY,
    SUPPLY_GROUP,
    CiColumns,
    DependencyColumns,
    DependencyGraph,
    GroupColumns,
    ServiceExposure,
)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

CLASSES = (
    "rack", "network_switch", "storage_array", "server", "virtual_machine", "database", "load_balancer", "application", "other",
    "business_service",
)  # fmt: skip
PREFIXES = ("rck", "swi", "sto", "srv", "vm", "db", "lb", "app", "oth", "svc")
RACK, SWITCH, STORAGE, SERVER, MACHINE, DATABASE, BALANCER, APPLICATION, OTHER, SERVICE = range(10)
FAILURES = (0.02, 0.15, 0.1, 0.5, 0.8, 0.6, 0.2, 1.5, 0.5, 0.0)  # a year, before the spread of a CI
REPAIRS = (12.0, 4.0, 8.0, 6.0, 1.0, 2.0, 1.5, 0.75, 3.0, 0.0)  # hours
LAYER_SHARES = (0.02, 0.05, 0.01, 0.17, 0.33, 0.08, 0.02, 0.29, 0.03)  # of a domain
DOMAIN_CIS = 2400
SITES = 8
# dependent layer -> (mandatory providers, providers of further rows and of groups)
MANDATORY: dict[int, tuple[int, ...]] = {
    SWITCH: (RACK,), STORAGE: (RACK, SWITCH), SERVER: (RACK, SWITCH), MACHINE: (SERVER, STORAGE), DATABASE: (MACHINE, STORAGE),
    BALANCER: (SERVER,), APPLICATION: (MACHINE, DATABASE), OTHER: (MACHINE,),
}  # fmt: skip
FURTHER: dict[int, tuple[int, ...]] = {
    SERVER: (SWITCH, STORAGE), MACHINE: (SERVER, SWITCH), DATABASE: (MACHINE, SERVER), BALANCER: (SERVER, MACHINE),
    APPLICATION: (MACHINE, DATABASE, BALANCER, APPLICATION, APPLICATION, APPLICATION), OTHER: (MACHINE, APPLICATION),
}  # fmt: skip
FURTHER_WEIGHTS = (0.0, 0.0, 0.0, 0.6, 0.8, 1.2, 0.8, 1.9, 1.0)
GROUP_SHARE, FAILOVER_SHARE, SOFT_SHARE, CYCLE_SHARE = 0.206, 0.061, 0.1, 0.0004


class _Layout:
    """Which positions are which layer of which domain: cores first, then domains, then services."""

    def __init__(self, cis: int, services: int) -> None:
        inner = cis - services - SITES
        if inner < 9 or services < 1:
            raise ValueError("an estate needs at least one service and nine CIs more than its sites")
        self.domains = max(1, inner // DOMAIN_CIS)
        self.domain = np.sort(np.arange(inner, dtype=np.int64) % self.domains)
        starts = np.searchsorted(self.domain, np.arange(self.domains + 1))
        rank = np.arange(inner) - starts[self.domain]
        size = (starts[1:] - starts[:-1])[self.domain]
        bounds = np.cumsum(LAYER_SHARES)
        self.layer = np.minimum(np.searchsorted(bounds, (rank + 0.5) / size, side="left"), OTHER).astype(np.int64)
        self.first = np.zeros((self.domains, 9), dtype=np.int64)
        self.count = np.zeros((self.domains, 9), dtype=np.int64)
        flat = self.domain * 9 + self.layer
        self.count = np.bincount(flat, minlength=self.domains * 9).reshape(self.domains, 9)
        self.first = (np.cumsum(self.count.reshape(-1)) - self.count.reshape(-1)).reshape(self.domains, 9) + SITES
        self.inner, self.cis, self.services = inner, cis, services

    def pick(self, rng: np.random.Generator, domain: Ints, layer: Ints) -> Ints:
        """A random CI of that layer in that domain; a few of each layer are popular. -1 where the layer is empty."""
        count = self.count[domain, layer]
        place = (rng.random(len(domain)) ** 1.7 * count).astype(np.int64)
        return np.where(count > 0, self.first[domain, layer] + place, -1)


def _dependency_rows(layout: _Layout, rng: np.random.Generator, wanted: int) -> tuple[Ints, Ints]:
    """Unique (dependent, provider) pairs by position, `wanted` of them where the domains have room."""
    inner = np.arange(layout.inner, dtype=np.int64)
    parts: list[tuple[Ints, Ints]] = []
    for layer, providers in MANDATORY.items():
        rows = inner[layout.layer == layer]
        for provider in providers:
            parts.append((rows + SITES, layout.pick(rng, layout.domain[rows], np.full(len(rows), provider, dtype=np.int64))))
    cores = inner[(layout.layer == SWITCH) & (rng.random(layout.inner) < 0.9)]
    parts.append((cores + SITES, layout.domain[cores] % SITES))
    service = np.arange(layout.cis - layout.services, layout.cis, dtype=np.int64)
    for _ in range(3):
        domain = rng.integers(0, layout.domains, layout.services)
        for _ in range(2):
            parts.append((service, layout.pick(rng, domain, np.full(layout.services, APPLICATION, dtype=np.int64))))
    dependent = np.concatenate([p[0] for p in parts])
    provider = np.concatenate([p[1] for p in parts])
    pairs = np.unique((dependent * layout.cis + provider)[provider >= 0])
    weights = np.asarray(FURTHER_WEIGHTS)[layout.layer]
    heavy = np.cumsum(weights) / weights.sum()
    for _ in range(12):
        lack = wanted - len(pairs)
        if lack <= 0:
            break
        row = np.minimum(np.searchsorted(heavy, rng.random(lack + lack // 8 + 8), side="right"), layout.inner - 1)
        layer = layout.layer[row]
        target = np.zeros(len(row), dtype=np.int64)
        for key, options in FURTHER.items():
            mask = layer == key
            target[mask] = np.asarray(options)[rng.integers(0, len(options), int(mask.sum()))]
        chosen = layout.pick(rng, layout.domain[row], target)
        own = row + SITES
        low = np.minimum(own, chosen)
        loops = rng.random(len(row)) < CYCLE_SHARE
        swap = (target == layer) & ~loops & (low == own)
        own, chosen = np.where(swap, chosen, own), np.where(swap, own, chosen)
        good = (chosen >= 0) & (chosen != own)
        fresh = own[good] * layout.cis + chosen[good]
        fresh = np.setdiff1d(fresh, pairs)
        rng.shuffle(fresh)
        pairs = np.union1d(pairs, fresh[:lack])
    return pairs // layout.cis, pairs % layout.cis


def _groups(layout: _Layout, rng: np.random.Generator) -> tuple[Ints, Ints, Ints, Ints]:
    """dependent, kind and needed of each group, and members as a G x 3 table (-1: only two)."""
    inner = np.arange(layout.inner, dtype=np.int64)
    able = inner[layout.layer >= SERVER]
    rows = np.sort(rng.choice(able, min(len(able), int(layout.cis * GROUP_SHARE)), replace=False))
    layer = layout.layer[rows]
    target = np.full(len(rows), MACHINE, dtype=np.int64)
    target[layer == SERVER] = SWITCH
    target[(layer == MACHINE) | (layer == BALANCER)] = SERVER
    members = np.stack([layout.pick(rng, layout.domain[rows], target) for _ in range(3)], axis=1)
    three = rng.random(len(rows)) < 0.4
    good = (members[:, 0] >= 0) & (members[:, 0] != members[:, 1])
    spare = three & (members[:, 2] != members[:, 0]) & (members[:, 2] != members[:, 1])
    members[~spare, 2] = -1
    needed = np.where(spare & (rng.random(len(rows)) < 0.5), 2, 1)
    kind = np.where(layer == SERVER, SUPPLY_GROUP, ORDINARY_GROUP)
    rings = np.flatnonzero((layout.count[:, SWITCH] >= 2) & (rng.random(layout.domains) < 0.1))
    first = layout.first[rings, SWITCH]
    ring_own = np.concatenate([first, first + 1])
    ring_members = np.stack([np.tile(rings % SITES, 2), np.concatenate([first + 1, first]), np.full(2 * len(rings), -1)], axis=1)
    own = np.concatenate([rows[good] + SITES, ring_own])
    return (
        own,
        np.concatenate([kind[good], np.full(len(ring_own), SUPPLY_GROUP)]),
        np.concatenate([needed[good], np.ones(len(ring_own), dtype=np.int64)]),
        np.concatenate([members[good], ring_members]),
    )


def _texts(rows: Sequence[str]) -> Texts:
    raw = [row.encode() for row in rows]
    offsets = np.zeros(len(raw) + 1, dtype=np.int64)
    np.cumsum([len(row) for row in raw], out=offsets[1:])
    return Texts(np.frombuffer(b"".join(raw), dtype=np.uint8), offsets)


def _ci_columns(layout: _Layout, rng: np.random.Generator, place: Ints) -> CiColumns:
    cis = layout.cis
    kind = np.full(cis, SERVICE, dtype=np.int64)
    kind[:SITES] = SWITCH
    kind[SITES : SITES + layout.inner] = layout.layer
    site = np.zeros(cis, dtype=np.int64)
    site[:SITES] = np.arange(SITES)
    site[SITES : SITES + layout.inner] = layout.domain % SITES
    site[SITES + layout.inner :] = -1
    team = np.zeros(cis, dtype=np.int64)
    team[SITES : SITES + layout.inner] = layout.domain % 240
    supplier = np.where(rng.random(cis) < 0.15, -1, (kind * 5 + rng.integers(0, 5, cis)) % 50)
    rate = np.asarray(FAILURES)[kind] * rng.gamma(2.0, 0.5, cis)
    repair = np.asarray(REPAIRS)[kind] * np.exp(rng.normal(0.0, 0.3, cis))
    out = np.empty(cis, dtype=np.int64)
    out[place] = np.arange(cis)  # out[ci_id] = position
    kind, site, team, supplier, rate, repair = (column[out] for column in (kind, site, team, supplier, rate, repair))
    keys = [f"{PREFIXES[k]}-{p:07d}" for k, p in zip(kind.tolist(), out.tolist(), strict=True)]
    names = [f"{CLASSES[k]} {p}" for k, p in zip(kind.tolist(), out.tolist(), strict=True)]
    teams = tuple(f"team {i:03d}" for i in range(240))
    production = np.zeros(cis, dtype=np.int32)
    return CiColumns(
        ci_id=np.arange(cis, dtype=np.int64),
        key=_texts(keys),
        name=_texts(names),
        ci_class=Categorical(kind.astype(np.int32), CLASSES),
        site=Categorical(site.astype(np.int32), tuple(f"site {i}" for i in range(SITES))),
        team=Categorical(team.astype(np.int32), teams),
        supplier=Categorical(supplier.astype(np.int32), tuple(f"supplier {i:02d}" for i in range(50))),
        lifecycle=Categorical(production, ("active",)),
        environment=Categorical(production.copy(), ("production",)),
        assessed=np.ones(cis, dtype=np.bool_),
        failures_per_year=np.round(rate, 6),
        failures_origin=np.full(cis, ASSUMED, dtype=np.int8),
        repair_hours=np.round(repair, 4),
        repair_origin=np.full(cis, MEASURED, dtype=np.int8),
        repair_distribution=np.full(cis, EXPONENTIAL, dtype=np.int8),
        repair_sigma=np.full(cis, np.nan),
        unavailability=np.full(cis, np.nan),
        failure_on_demand=np.zeros(cis),
        level_share=np.ones(cis),
        restart_hours=np.zeros(cis),
        observed_years=np.zeros(cis),
        observed_incidents=np.zeros(cis, dtype=np.int32),
    )


def generate(cis: int, dependencies: int, services: int, seed: int) -> DependencyGraph:
    """The estate of that size and seed. `dependencies`: dependency rows + group member rows.

    >>> graph = generate(2000, 9000, 5, 1)
    >>> len(graph.cis.ci_id), len(graph.dependencies.kind) + len(graph.groups.member_id), len(graph.services)
    (2000, 9000, 5)
    """
    rng = np.random.default_rng([seed, cis, dependencies, services])
    layout = _Layout(cis, services)
    group_own, group_kind, needed, table = _groups(layout, rng)
    member_rows = int((table >= 0).sum())
    dependent, provider = _dependency_rows(layout, rng, dependencies - member_rows)
    place = rng.permutation(cis)
    order = rng.permutation(len(dependent))
    dependent, provider = dependent[order], provider[order]
    soft = rng.random(len(order)) < SOFT_SHARE
    layer = np.full(cis, SERVICE)
    layer[:SITES] = SWITCH
    layer[SITES : SITES + layout.inner] = layout.layer
    kind = np.where(soft, SOFT, np.where(layer[provider] <= SWITCH, SUPPLY, HARD)).astype(np.int8)
    count = (table >= 0).sum(axis=1)
    switching = (rng.random(len(count)) < FAILOVER_SHARE) & (group_kind == ORDINARY_GROUP)
    key_width = len(str(len(count)))
    exposures = []
    service_ids = np.sort(place[cis - services :])
    for ci_id in service_ids.tolist():
        mtpd = float(rng.choice([4, 8, 24, 72]))
        exposures.append(
            ServiceExposure(
                ci_id=ci_id,
                customers=float(int(rng.lognormal(7, 1.5))),
                money_per_hour=float(int(rng.lognormal(8, 1.2))),
                currency="EUR",
                mtpd_hours=mtpd,
                rto_hours=mtpd / 2,
            )
        )
    return DependencyGraph(
        cis=_ci_columns(layout, rng, place),
        dependencies=DependencyColumns(
            place[dependent], place[provider], kind, np.where(soft, rng.integers(1, 10, len(order)) / 10, 1.0)
        ),
        groups=GroupColumns(
            key=[f"grp-{i:0{key_width}d}" for i in range(len(count))],
            dependent_id=place[group_own],
            kind=group_kind.astype(np.int8),
            needed=needed.astype(np.int64),
            member_offsets=np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
            member_id=place[table[table >= 0]],
            share=np.full(member_rows, np.nan),
            failover_minutes=np.where(switching, rng.integers(1, 20, len(count)).astype(float), np.nan),
            failover_success=np.where(switching, 0.9 + rng.integers(0, 10, len(count)) / 100, np.nan),
        ),
        services=exposures,
    )


def changed_copy(graph: DependencyGraph, share: float, seed: int) -> DependencyGraph:
    """A third of `share` of the CIs renamed with another rate, a third gone (leaves without groups), a third new; so with
    dependencies."""
    rng = np.random.default_rng([seed, len(graph.cis.ci_id)])
    cis, rows = graph.cis, graph.dependencies
    total, some = len(cis.ci_id), max(1, int(len(cis.ci_id) * share / 3))
    services = np.array([s.ci_id for s in graph.services], dtype=np.int64)
    held = np.unique(np.concatenate([rows.provider_id, graph.groups.member_id, graph.groups.dependent_id, services]))
    free = np.setdiff1d(cis.ci_id, held)
    gone = rng.choice(free, min(some, len(free)), replace=False)
    keep = ~np.isin(cis.ci_id, gone)
    altered = rng.choice(np.flatnonzero(keep), some, replace=False)
    names, keys = list(cis.name), list(cis.key)
    for row in altered.tolist():
        names[row] += " (changed)"
    rate = cis.failures_per_year.copy()
    rate[altered] = np.round(rate[altered] * 1.5 + 0.01, 6)
    take = np.concatenate([np.flatnonzero(keep), rng.choice(np.flatnonzero(keep), some, replace=False)])
    kept = int(keep.sum())
    columns: dict[str, Any] = {}
    for name in CiColumns.__slots__:
        column = getattr(cis, name)
        if isinstance(column, Categorical):
            columns[name] = Categorical(column.codes[take], column.values)
        elif column is not None and not isinstance(column, Texts):
            columns[name] = column[take].copy()
    columns["failures_per_year"] = rate[take]
    columns["ci_id"] = np.concatenate([cis.ci_id[keep], cis.ci_id.max() + 1 + np.arange(some)])
    columns["key"] = _texts([keys[i] for i in take[:kept]] + [f"new-{i:07d}" for i in range(some)])
    columns["name"] = _texts([names[i] for i in take[:kept]] + [f"new {i}" for i in range(some)])
    few = max(1, int(len(rows.kind) * share / 3))
    stays = np.flatnonzero(~np.isin(rows.dependent_id, gone))
    stays = np.sort(rng.permutation(stays)[: max(0, len(stays) - few)])
    kind, weight = rows.kind[stays].copy(), rows.weight[stays].copy()
    other = rng.choice(len(stays), few, replace=False)
    weight[other] = np.where(kind[other] == SOFT, np.round(1.05 - weight[other], 2), 0.5)
    kind[other] = SOFT
    new_own = rng.choice(columns["ci_id"][kept:], few)
    new_provider = rng.choice(cis.ci_id[keep], few)
    pair = np.unique(np.stack([new_own, new_provider], axis=1), axis=0)
    dependencies = DependencyColumns(
        np.concatenate([rows.dependent_id[stays], pair[:, 0]]), np.concatenate([rows.provider_id[stays], pair[:, 1]]),
        np.concatenate([kind, np.full(len(pair), HARD, dtype=np.int8)]), np.concatenate([weight, np.ones(len(pair))]),
    )  # fmt: skip
    assert total - len(gone) + some == len(columns["ci_id"])
    return replace(graph, cis=CiColumns(**columns), dependencies=dependencies)


def _number(value: float | None) -> str:
    return "" if value is None or value != value else f"{value:.10g}"


def _write(path: Path, header: str, columns: list[list[str]], order: Ints) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        out.write(header + "\n")
        for start in range(0, len(order), 200_000):
            rows = order[start : start + 200_000].tolist()
            out.write("\n".join(map(",".join, zip(*([column[i] for i in rows] for column in columns), strict=True))))
            out.write("\n")


def _categories(column: Categorical) -> list[str]:
    values = (*column.values, "")
    return [values[code] for code in column.codes.tolist()]


def write_csv(graph: DependencyGraph, folder: Path, seed: int = 0) -> None:
    """cis.csv, dependencies.csv, groups.csv and services.csv in `folder`, rows shuffled by `seed`."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    cis, rows, groups = graph.cis, graph.dependencies, graph.groups
    keys = list(cis.key)
    place = np.full(int(cis.ci_id.max()) + 1, -1, dtype=np.int64)
    place[cis.ci_id] = np.arange(len(keys))

    def named(ids: Any) -> list[str]:
        return [keys[i] for i in place[ids].tolist()]

    _write(
        folder / "cis.csv",
        "key,name,class,environment,lifecycle,site,team,supplier,failures_per_year,repair_hours,fqdn,serial",
        [
            keys,
            list(cis.name),
            *(map(_categories, (cis.ci_class, cis.environment, cis.lifecycle, cis.site, cis.team, cis.supplier))),
            [_number(v) for v in cis.failures_per_year.tolist()],
            [_number(v) for v in cis.repair_hours.tolist()],
            [f"{key}.forestay.example" for key in keys],
            [f"SN{crc32(key.encode()):08X}-{key}" for key in keys],
        ],
        rng.permutation(len(keys)),
    )
    weights = {value: f"{value:.10g}" for value in np.unique(rows.weight).tolist()}
    _write(
        folder / "dependencies.csv", "dependent,provider,kind,weight",
        [
            named(rows.dependent_id), named(rows.provider_id), [("hard", "soft", "supply")[k] for k in rows.kind.tolist()],
            [weights[w] if k == SOFT else "" for w, k in zip(rows.weight.tolist(), rows.kind.tolist(), strict=True)],
        ],
        rng.permutation(len(rows.kind)),
    )  # fmt: skip
    members, offsets = named(groups.member_id), groups.member_offsets.tolist()
    _write(
        folder / "groups.csv", "key,dependent,kind,needed,members,failover_minutes,failover_success",
        [
            list(groups.key), named(groups.dependent_id), [("ordinary", "supply")[k] for k in groups.kind.tolist()],
            [str(n) for n in groups.needed.tolist()], ["|".join(members[a:b]) for a, b in itertools.pairwise(offsets)],
            [_number(v) for v in groups.failover_minutes.tolist()], [_number(v) for v in groups.failover_success.tolist()],
        ],
        rng.permutation(len(groups.key)),
    )  # fmt: skip
    services = graph.services
    _write(
        folder / "services.csv", "key,customers,money_per_hour,currency,mtpd_hours,rto_hours",
        [
            named(np.array([s.ci_id for s in services], dtype=np.int64)), [_number(s.customers) for s in services],
            [_number(s.money_per_hour) for s in services], [s.currency for s in services],
            [_number(s.mtpd_hours) for s in services], [_number(s.rto_hours) for s in services],
        ],
        rng.permutation(len(services)),
    )  # fmt: skip


def shape(graph: DependencyGraph) -> dict[str, float]:
    """Counts of rows and shares, read from the columns."""
    rows, groups = graph.dependencies, graph.groups
    return {
        "cis": len(graph.cis.ci_id),
        "dependency_rows": len(rows.kind),
        "member_rows": len(groups.member_id),
        "groups": len(groups.key),
        "services": len(graph.services),
        "soft_share": round(float((rows.kind == SOFT).mean()), 4),
        "supply_share": round(float((rows.kind == SUPPLY).mean()), 4),
        "share_of_cis_with_groups": round(len(np.unique(groups.dependent_id)) / len(graph.cis.ci_id), 4),
        "share_of_groups_with_failover": round(float((~np.isnan(groups.failover_minutes)).mean()), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in (("cis", 1_000_000), ("dependencies", 5_000_000), ("services", 1000), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--out", type=Path, help="folder for the CSV files")
    parser.add_argument("--changed-out", type=Path, help="folder for a copy with 0.1 %% of the rows changed, added or removed")
    parser.add_argument("--measure", action="store_true", help="also measure the blast radius of every CI")
    asked = parser.parse_args()
    graph = generate(asked.cis, asked.dependencies, asked.services, asked.seed)
    answer: dict[str, float] = shape(graph)
    if asked.measure:
        from benchmarks.blast import blast_figures

        answer |= blast_figures(graph)
    if asked.out:
        write_csv(graph, asked.out, asked.seed)
    if asked.changed_out:
        write_csv(changed_copy(graph, 0.001, asked.seed), asked.changed_out, asked.seed + 1)
    print(json.dumps(answer, indent=1))


if __name__ == "__main__":
    main()
