"""Opens a source of kind cypher from its settings."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from app.domain.errors import InvalidInput
from app.ports.ci_source import CiSource
from importers.cypher_graph.graph import Graph
from importers.cypher_graph.source import CypherGraph
from importers.http.client import Outbound
from importers.http.secrets import secret
from importers.lists.listed import Listed
from importers.mapping.rules import load_mapping
from importers.opening import hours_of, known, number_of

SETTINGS = ("user", "password_env", "database", "mapping", "recipe", "block_size", "ca_file", "full_after_hours")
RECIPES = ("cartography",)


def open_source(location: str, settings: Mapping[str, Any], outbound: Outbound) -> CiSource:
    known("cypher", settings, *SETTINGS)
    recipe = str(settings.get("recipe", ""))
    if recipe and recipe not in RECIPES:
        raise InvalidInput(f"cypher: recipe is one of {', '.join(RECIPES)}", field="recipe")
    shipped = files("importers.cypher_graph").joinpath(f"{recipe}.toml").read_text("utf-8") if recipe else ""
    rules = load_mapping("cypher", shipped, str(settings.get("mapping", "")))
    auth = (str(settings.get("user") or "neo4j"), secret("cypher", settings, "password_env"))
    graph = Graph(location, outbound, auth, str(settings.get("database", "")), str(settings.get("ca_file", "")),
                  number_of("cypher", settings, "block_size", 5000, 1, 100_000))  # fmt: skip
    return Listed(CypherGraph(graph, rules), hours_of(settings))
