"""The model read word by word in plain Python over sets: slow, obvious, and written without a look at the kernels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import networkx as nx


class Oracle:
    def __init__(self, estate: Mapping[str, Any]) -> None:
        self.keys = [ci["key"] for ci in estate["cis"]]
        self.level = {ci["key"]: ci.get("level_share", 1.0) for ci in estate["cis"]}
        kinds: dict[tuple[str, str], set[str]] = {}
        weights: dict[tuple[str, str], float] = {}
        self.groups = []
        for row in estate["dependencies"]:
            pair, kind, weight = (row["dependent"], row["provider"]), row["kind"], row.get("weight", 1.0)
            if pair[0] == pair[1] or (kind == "soft" and weight == 0):
                continue
            if kind == "soft" and weight == 1:
                kind = "hard"
            kinds.setdefault(pair, set()).add(kind)
            if kind == "soft":
                weights[pair] = max(weight, weights.get(pair, 0.0))
        seen = set()
        for g in estate["groups"]:
            shares = g.get("shares")
            if g["needed"] == len(g["members"]) and shares is None:
                for m in g["members"]:
                    kinds.setdefault((g["dependent"], m), set()).add("supply" if g.get("supply") else "hard")
                continue
            switch = (g.get("failover_minutes"), g.get("failover_success"))
            members = tuple(g["members"]) if switch[0] is not None else frozenset(g["members"])
            shared = None if shares is None else frozenset(zip(g["members"], shares, strict=True))
            token = (g["dependent"], g["needed"], bool(g.get("supply")), members, shared, switch)
            if token not in seen:
                seen.add(token)
                self.groups.append(g)
        self.hard = {p for p, k in kinds.items() if "hard" in k}
        self.supply = {p for p, k in kinds.items() if "supply" in k}
        self.soft = {p: w for p, w in weights.items() if p not in self.hard and p not in self.supply}
        graph = nx.DiGraph()
        graph.add_nodes_from(self.keys)
        graph.add_edges_from([*self.hard, *self.supply, *self.soft])
        graph.add_edges_from((g["dependent"], m) for g in self.groups for m in g["members"])
        self.component = {k: i for i, part in enumerate(nx.strongly_connected_components(graph)) for k in part}

    def _phi(self, x: set[str], y: set[str], own: set[str]) -> set[str]:
        out = set(own)
        out |= {a for a, b in self.hard if b in x} | {a for a, b in self.supply if b in y}
        for g in self.groups:
            lost = sum(m in (y if g.get("supply") else x) for m in g["members"])
            if lost >= len(g["members"]) - g["needed"] + 1:
                out.add(g["dependent"])
        return out

    def failed(self, down: set[str]) -> set[str]:
        """nu Y. mu X. Phi(X, Y)."""
        own = down | {k for k in self.keys if self.level[k] == 0}
        y = set(self.keys)
        while True:
            x: set[str] = set()
            while True:
                more = self._phi(x, y, own)
                if more == x:
                    break
                x = more
            if x == y:
                return x
            y = x

    def cold(self) -> set[str]:
        """Greatest fixpoint of failure of the healthy estate."""
        x = set(self.keys)
        while True:
            less = self._phi(x, x, {k for k in self.keys if self.level[k] == 0})
            if less == x:
                return x
            x = less

    def capability(self, failed: set[str], rule: str = "product") -> dict[str, float]:
        c = {k: 0.0 if k in failed else 1.0 for k in self.keys}
        while True:
            new = {k: 0.0 if k in failed else self._factors(k, c, rule) for k in self.keys}
            if max(abs(new[k] - c[k]) for k in self.keys) < 1e-13:
                return new
            c = new

    def _factors(self, v: str, c: dict[str, float], rule: str) -> float:
        needs = [b for a, b in self.hard | self.supply if a == v]
        mine = self.component[v]
        factors = [(c[u], self.component[u] == mine) for u in needs]
        outside = min([f for f, inside in factors if not inside], default=1.0)
        apart = [f for f, inside in factors if inside]
        rest = [self.level[v], outside]
        for (a, u), w in self.soft.items():
            if a == v:
                (apart if self.component[u] == mine else rest).append(1 - w * (1 - c[u]))
        for g in self.groups:
            if g["dependent"] != v:
                continue
            inside = any(self.component[m] == mine for m in g["members"])
            if "shares" in g:
                got = sum(
                    s * ((1.0 if c[m] > 0 else 0.0) if self.component[m] == mine else c[m])
                    for m, s in zip(g["members"], g["shares"], strict=True)
                )
                factor = min(1.0, got)
            else:
                factor = sorted((c[m] for m in g["members"]), reverse=True)[g["needed"] - 1]
            (apart if inside else rest).append(factor)
        if rule == "worst":
            return min(rest + apart)
        product = 1.0
        for f in rest:
            product *= f
        return min([product, *apart])
