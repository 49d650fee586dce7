"""What the application does is what its OpenAPI and AsyncAPI documents say."""

from typing import Any

import anyio
import pytest

from tests.asgi.client import PREFIX, Client
from tests.asgi.conftest import serving

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")


class Checked(Client):
    """A client that checks every answer against what the OpenAPI document says of it."""

    document: dict[str, Any]
    seen: set[tuple[str, str, int]]

    async def request(self, method: str, url: str, *args: Any, **more: Any) -> Any:
        answer = await super().request(method, url, *args, **more)
        path = url.partition("?")[0]
        rest = path.removeprefix(PREFIX).split("/")
        template = "/".join([PREFIX, *(["{jobId}", *rest[2:]] if len(rest) > 1 else [])])
        responses = self.document["paths"][template][method.lower()]["responses"]
        described = responses[str(answer.status)]
        assert {name.lower() for name in described.get("headers", {})} <= answer.headers.keys()
        schema = described["content"][answer.headers["content-type"]]["schema"]
        whole = schema | {"components": self.document["components"]}
        jsonschema.Draft202012Validator(whole).validate(answer.json)
        self.seen.add((method, template, answer.status))
        return answer


async def test_live_traffic_is_what_the_documents_say() -> None:
    async with serving() as client:
        plain = client("ann")
        payloads = (await plain.get("/asyncapi.json")).json["components"]["messages"]
        validators = {
            payload["name"]: jsonschema.Draft202012Validator(payload["payload"]) for payload in payloads.values()
        }
        ann, nobody = Checked(plain.app, "ann"), Checked(plain.app, "nobody")
        ann.document = nobody.document = (await plain.get("/openapi.json")).json
        ann.seen = nobody.seen = set()
        async with plain.socket(subprotocols=["batch.v1"]) as socket, plain.socket() as seeds:
            first = await ann.create(["a", "bad"])
            await ann.get(f"{PREFIX}/{first}")
            await ann.post(f"{PREFIX}/{first}/retry")
            await plain.queue.wait(first, drained=True)
            second = (await ann.post(f"{PREFIX}/{first}/retry")).json["data"]["jobId"]
            await plain.queue.wait(second)
            third = await ann.create(["20s-"])
            await ann.post(f"{PREFIX}/{third}/cancel")
            await ann.post(f"{PREFIX}/{third}/cancel")
            await ann.post(f"{PREFIX}/{third}/cancel?force=perhaps")
            for job_id in (first, second, third, "unknown"):
                await ann.get(f"{PREFIX}/{job_id}")
            await ann.post(f"{PREFIX}/unknown/cancel")
            await ann.post(PREFIX, {})
            await ann.request("POST", PREFIX, b"x")
            await ann.get(PREFIX)
            await nobody.get(PREFIX)
            await anyio.sleep(20)
            frames = [*socket.waiting(), *seeds.waiting(), whole_hello(socket.hello)]
        for frame in frames:
            validators[frame["type"]].validate(frame)
        assert {frame["type"] for frame in frames} == validators.keys()
        assert {status for _, _, status in ann.seen} == {200, 201, 400, 401, 404, 409, 415}


def whole_hello(hello: dict[str, Any]) -> dict[str, Any]:
    """The hello as a whole message: the client has taken it apart already."""
    return {"type": "stream.hello", "data": hello, "timestamp": "2024-11-09T10:00:00.000Z"}
