from __future__ import annotations

import random

import networkx as nx

from app.risk.intake.compile import compile_graph
from benchmarks.reach import reach
from tests.unit.risk.build import graph_of, random_estate


def test_reach_equals_networkx_both_ways_for_any_number_of_threads() -> None:
    rng = random.Random(5)
    for size in [*[rng.randint(2, 12) for _ in range(60)], 150, 300]:
        estate = random_estate(rng, size)
        compiled = compile_graph(graph_of(estate))
        graph = nx.DiGraph()
        graph.add_nodes_from(range(size))
        flat = compiled.flat
        for v in range(size):
            graph.add_edges_from((u, v) for u in flat.reverse[flat.reverse_ptr[v] : flat.reverse_ptr[v + 1]].tolist())
            graph.add_edges_from(
                (u, v) for u in flat.soft_reverse[flat.soft_reverse_ptr[v] : flat.soft_reverse_ptr[v + 1]].tolist()
            )
            members = flat.member[flat.member_ptr[flat.group_ptr[v]] : flat.member_ptr[flat.group_ptr[v + 1]]]
            graph.add_edges_from((u, v) for u in members.tolist())
        answer = reach(compiled)
        assert answer.dependents.tolist() == [len(nx.descendants(graph, v)) for v in range(size)]
        assert answer.providers.tolist() == [len(nx.ancestors(graph, v)) for v in range(size)]
        assert reach(compiled, threads=1).providers.tolist() == answer.providers.tolist()
