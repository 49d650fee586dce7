"""The stream as server-sent events."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from tests.asgi.client import STREAM, Client, scope_of
from tests.asgi.conftest import serving

Make = Callable[..., Client]

ACCEPT = {"accept": "text/html, Text/Event-Stream;q=0.9"}


@pytest.fixture
async def client() -> AsyncIterator[Make]:
    async with serving() as client:
        yield client


class Events:
    """The client's end."""

    def __init__(self) -> None:
        self.status = 0
        self.text = ""
        self.complete = False
        self.gone = anyio.Event()
        self.ended = anyio.Event()
        self.fails: Exception | None = None
        self.reads = True
        self.unsaid = [{"type": "http.request", "body": b""}]

    async def receive(self) -> Any:
        if self.unsaid:
            return self.unsaid.pop()
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            return
        if self.fails is not None:
            raise self.fails
        if not self.reads:
            await anyio.sleep_forever()
        self.text += message["body"].decode()
        self.complete = not message.get("more_body", False)

    @property
    def events(self) -> list[tuple[str, dict[str, Any]]]:
        events = []
        for block in self.text.split("\n\n")[:-1]:
            fields = dict(line.split(": ", 1) for line in block.split("\n"))
            events.append((fields.get("id", ""), json.loads(fields["data"])))
        return events


@asynccontextmanager
async def listening(
    client: Client, query: str = "", headers: dict[str, str] | None = None, **settings: Any
) -> AsyncIterator[Events]:
    events = Events()
    for name, value in settings.items():
        setattr(events, name, value)
    scope = scope_of("http", f"{STREAM}?{query}", client.headers(ACCEPT | (headers or {})), method="GET")

    async def run() -> None:
        await client.app(scope, events.receive, events.send)
        events.ended.set()

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await anyio.sleep(0.01)
        yield events
        events.gone.set()


async def test_the_same_messages_come_with_identifiers(client: Make) -> None:
    ann = client()
    async with listening(ann, "userId=ann") as events:
        await ann.create(["a"])
        await anyio.sleep(20)
    first, *rest, ping = events.events
    assert first[1]["type"] == "stream.hello"
    epoch = first[1]["data"]["epoch"]
    assert [number for number, _ in rest] == [f"{epoch}:{frame}" for frame in (1, 2, 3, 4, 5)]
    assert [message["type"] for _, message in rest][-2:] == ["batch.progress", "batch.completed"]
    assert (first[0], ping[0], ping[1]["type"]) == (f"{epoch}:0", f"{epoch}:5", "stream.ping")


async def test_a_browser_resumes_by_itself(client: Make) -> None:
    ann = client()
    async with listening(ann) as events:
        epoch = events.events[0][1]["data"]["epoch"]
        await ann.create(["a"])
        await anyio.sleep(2)
    async with listening(ann, headers={"last-event-id": f"{epoch}:4"}) as events:
        hello, last = (message for _, message in events.events)
        assert hello["data"]["resumed"]
        assert last["type"] == "batch.completed"
    async with listening(ann, f"after=4&epoch={epoch}") as events:
        assert events.events[0][1]["data"]["resumed"]


async def test_a_closed_queue_ends_the_answer(client: Make) -> None:
    async with listening(client()) as events:
        await client().queue.aclose()
        await events.ended.wait()
        assert events.complete
    async with listening(client()) as events:
        await events.ended.wait()
        assert events.status == 503


async def test_a_client_that_never_reads_is_left(client: Make) -> None:
    began = anyio.current_time()
    async with listening(client(), reads=False) as events:
        await events.ended.wait()
        assert anyio.current_time() - began == pytest.approx(10)


async def test_a_server_that_raises_ends_the_stream_quietly(client: Make) -> None:
    async with listening(client(), fails=OSError("gone")) as events:
        await events.ended.wait()


async def test_who_does_not_ask_for_events_is_told_what_there_is(client: Make) -> None:
    answer = await client().get(STREAM, {"accept": "*/*"})
    assert (answer.status, answer.error, answer.headers["upgrade"]) == (426, "upgrade_required", "websocket")


async def test_another_owners_events_cannot_be_asked_for(client: Make) -> None:
    answer = await client().get(f"{STREAM}?userId=bob", ACCEPT)
    assert (answer.status, answer.error) == (401, "unauthorized")
