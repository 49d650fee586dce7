"""The OpenAPI and AsyncAPI documents."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from docmill.wire import RequestLimits, asyncapi, openapi


@pytest.mark.parametrize("secured", [True, False])
def test_the_openapi_document_is_valid(secured: bool) -> None:
    validators = pytest.importorskip("openapi_spec_validator", reason="openapi-spec-validator is not installed")
    document = openapi(types=["X"], prefix="/jobs", secured=secured, server="/mounted")
    validators.OpenAPIV31SpecValidator(document).validate()
    assert ("401" in document["paths"]["/jobs"]["get"]["responses"]) is secured
    assert ("security" in document) is secured
    assert document["servers"] == [{"url": "/mounted"}]


def test_its_limits_are_those_that_the_code_goes_by() -> None:
    schema = openapi(limits=RequestLimits(documents=7))["components"]["schemas"]["CreateRequest"]
    assert schema["properties"]["documentIds"]["maxItems"] == 7


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_the_asyncapi_document_has_what_version_3_asks_for() -> None:
    document = asyncapi(stream_path="/stream")
    assert document["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= document["info"].keys()
    (channel,) = document["channels"].values()
    assert channel["address"] == "/stream"
    for operation in document["operations"].values():
        assert operation["action"] in ("send", "receive")
        assert {name["$ref"].rpartition("/")[2] for name in operation["messages"]} == channel["messages"].keys()
    assert channel["messages"].keys() == document["components"]["messages"].keys()
    assert all(re.fullmatch(r"[A-Za-z0-9_\-]+", name) for name in channel["messages"])


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = asyncapi()
    found = set(references(document))
    assert found
    for reference in found:
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_the_payloads_of_the_asyncapi_document_are_json_schemas() -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    for message in asyncapi()["components"]["messages"].values():
        jsonschema.Draft202012Validator.check_schema(message["payload"])
