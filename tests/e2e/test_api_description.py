"""What the OpenAPI document promises to strangers: names, words and errors of each operation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from app.api.schemas.field_words import field_words
from app.bootstrap import assemble_service
from app.settings import load_settings
from app.usecases.keep.access import PERMISSIONS
from tests.api_examples import name_of
from tests.e2e.conftest import Service
from tests.e2e.test_api_contract import documented

VERBS = ("get", "post", "put", "patch", "delete")


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What every installation serves, whatever estate it has."""
    folder = tmp_path_factory.mktemp("service")
    forestay = assemble_service(load_settings(data_folder=folder / "data"))
    told: dict[str, Any] = Service(folder, forestay).get("/openapi.json")
    forestay.close()
    return told


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """Path, method, the path's item and the operation."""
    for path, item in document["paths"].items():
        yield from ((path, method, item, item[method]) for method in VERBS if method in item)


def fields(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Schema, name and description of every field of questions and answers."""
    for schema, body in document["components"]["schemas"].items():
        yield from ((schema, name, told) for name, told in body.get("properties", {}).items())
    for path, method, item, operation in operations(document):
        for parameter in [*item.get("parameters", []), *operation.get("parameters", [])]:
            yield f"{method} {path}", parameter["name"], parameter


def test_every_operation_has_a_name_of_its_own_and_a_first_sentence(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, _, operation in operations(document)]
    assert len(set(names)) == len(names) > 110
    assert all(name.isidentifier() and name == name.lower() for name in names)
    assert {"areas_list", "areas_get", "cis_blast_radius", "impact_get", "services_put", "simulations_create"} <= set(names)
    for path, method, _, operation in operations(document):
        assert operation["summary"].endswith((".", "?")) and "\n" not in operation["summary"], (method, path)
        assert operation.get("description", "Needs permission").startswith((operation["summary"], "Needs permission")), (
            method,
            path,
        )


def test_every_field_is_described(document: dict[str, Any]) -> None:
    bare = [f"{schema}.{name}" for schema, name, told in fields(document) if not told.get("description")]
    assert not bare, f"write into app/domain/field_words.toml what these mean, with unit and null: {', '.join(bare)}"


def test_every_word_describes_a_field(document: dict[str, Any]) -> None:
    words, shown = field_words(), {told.get("description") for _, _, told in fields(document)}
    plain = {name: text for name, text in words.items() if isinstance(text, str)}
    exceptions = {
        f"{schema}.{name}": text for schema, rows in words.items() if schema not in plain for name, text in rows.items()
    }
    assert [name for name, text in {**plain, **exceptions}.items() if text not in shown] == []
    assert [name for name, text in exceptions.items() if plain.get(name.rpartition(".")[2]) == text] == []


@pytest.mark.parametrize(
    ("name", "errors"),
    [
        ("areas_list", "401 403 404 413 421 422 429 503"),
        ("jobs_list", "401 403 421 422 429 503"),
        ("cis_get", "401 403 404 409 413 421 422 429 503"),
        ("services_put", "400 401 403 404 409 412 413 415 421 422 428 429 503"),
        ("services_delete", "401 403 404 409 412 421 422 429 503"),
        ("sources_check", "401 403 404 409 421 422 429 502 503"),
    ],
)
def test_an_operation_names_the_errors_that_can_happen_and_no_others(document: dict[str, Any], name: str, errors: str) -> None:
    operation = next(operation for _, _, _, operation in operations(document) if operation["operationId"] == name)
    assert " ".join(sorted(code for code in operation["responses"] if code >= "400")) == errors


def test_an_operation_says_who_may_ask(document: dict[str, Any]) -> None:
    for path, method, _, operation in operations(document):
        if (
            not path.endswith("/inbox/alertmanager/{sender}")
            and not path.endswith("/inbox/{kind}/{sender}")
            and "security" not in operation
        ):  # signs in with a secret of its own, or is public
            told = operation.get("description", operation["summary"])
            assert any(f"permission `{name}`" in told for name in PERMISSIONS), (method, path)


def test_a_page_links_to_the_next_one(service: Service) -> None:
    service.csv(cis=[{"key": f"c{number}", "class": "server", "name": f"web {number}"} for number in range(5)])
    address, found = "/api/v1/cis?limit=2", []
    while address:
        answer = service.client.get(address)
        found += [row["name"] for row in answer.get_json()["items"]]
        links = re.findall(r'<([^>]+)>; rel="next"', answer.headers.get("Link", ""))
        assert bool(links) == answer.get_json()["truncated"]
        address = links[0] if links else ""
    assert sorted(found) == [f"web {number}" for number in range(5)]
    first = service.client.get("/api/v1/areas?limit=2&kind=ci")
    second = service.client.get(re.findall(r'<([^>]+)>; rel="next"', first.headers["Link"])[0])
    assert second.get_json()["items"][0]["rank"] == 3 and 'rel="prev"' in second.headers["Link"]
    assert "Link" not in service.client.get("/api/v1/sources").headers


def test_answers_have_an_example_that_is_one_of_theirs(service: Service, document: dict[str, Any]) -> None:
    loaders = {name_of(schema): schema for _, _, schema in documented(service)}
    examples = {name: example["value"] for name, example in document["components"]["examples"].items()}
    for name, example in examples.items():
        schema = loaders[name]
        faults = (schema() if isinstance(schema, type) else schema).validate(example)
        assert faults == {}, f"{name}: python -m tests.api_examples makes the examples anew"
    without = {
        body["schema"]["$ref"].rpartition("/")[2]
        for _, _, _, operation in operations(document)
        for code in ("200", "201", "202")
        for body in operation["responses"].get(code, {}).get("content", {}).values()
        if "$ref" in body["schema"] and "examples" not in body
    }
    assert without == set(), "python -m tests.api_examples makes the examples anew; it asks every GET, and what it lists beside"
    assert "/tmp" not in json.dumps(examples)
