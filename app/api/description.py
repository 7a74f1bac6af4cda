"""Describes the API when its OpenAPI document is first asked for: most processes never are, and describing takes longer than all
else that makes the application."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

from apispec import APISpec
from flask_smorest import Api, Blueprint

from app.api.schemas.field_words import describe_field

EXAMPLES = Path(__file__).with_name("examples.json")  # by schema; `python -m tests.api_examples` makes them


class DescribedWhenAsked(Api):  # type: ignore[misc]
    """flask-smorest whose `spec` describes the registered resources when it is first read."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._lock = Lock()
        self._undescribed: list[tuple[Blueprint, str]] = []
        self._begun: APISpec | None = None
        super().__init__(*arguments, **options)

    @property
    def spec(self) -> APISpec | None:
        """The OpenAPI description of everything registered so far."""
        with self._lock:
            for blueprint, name in self._undescribed:
                blueprint.register_views_in_doc(self, self._app, self._begun, name=name, parameters=None)
                self._begun.tag({"name": name, "description": blueprint.description})  # type: ignore[union-attr]
            self._undescribed.clear()
            return self._begun

    @spec.setter
    def spec(self, begun: APISpec | None) -> None:
        self._begun = begun
        if begun is not None:
            self.ma_plugin.converter.add_attribute_function(describe_field)

    def register_blueprint(self, blueprint: Blueprint, **options: Any) -> None:
        """Mounts a resource, and notes it for the description."""
        name = options.get("name", blueprint.name)
        self._app.extensions["flask-smorest"]["blp_name_to_api"][name] = self
        self._app.register_blueprint(blueprint, **options)
        self._undescribed.append((blueprint, name))

    def document(self) -> dict[str, Any]:
        """Returns the OpenAPI document. Nothing of it refers to the pages of flask-smorest: this service has its own."""
        described: dict[str, Any] = self.spec.to_dict()  # type: ignore[union-attr]
        described["components"]["schemas"].pop("PaginationMetadata", None)
        return with_examples(described, json.loads(EXAMPLES.read_text(encoding="utf-8")))

    @cached_property
    def text(self) -> str:
        """The OpenAPI document as JSON, written once: every resource is mounted by the time that it is asked for."""
        return json.dumps(self.document())


def with_examples(document: dict[str, Any], examples: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the document with an example beside each good answer whose schema has one; it stands once, among the components."""
    used = set()
    for item in document["paths"].values():
        for operation in (told for method, told in item.items() if method != "parameters"):
            for code in ("200", "201", "202"):
                for body in operation["responses"].get(code, {}).get("content", {}).values():
                    name = body.get("schema", {}).get("$ref", "").rpartition("/")[2]
                    if name in examples:
                        body["examples"] = {"small estate": {"$ref": f"#/components/examples/{name}"}}
                        used.add(name)
    document["components"]["examples"] = {name: {"value": examples[name]} for name in sorted(used)}
    return document
