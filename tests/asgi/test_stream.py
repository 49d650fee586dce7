"""The stream as a WebSocket."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import pytest

from docmill.asgi import CloseCode
from tests.asgi.client import PREFIX, STREAM, Client
from tests.asgi.conftest import serving

Make = Callable[..., Client]

V1 = ["batch.v1"]


@pytest.fixture
async def client() -> AsyncIterator[Make]:
    async with serving() as client:
        yield client


def kinds(frames: list[dict[str, Any]]) -> list[str]:
    return [frame["type"].removeprefix("batch.") for frame in frames]


async def test_the_seeds_client_sees_progress_and_the_end_in_the_seeds_words(client: Make) -> None:
    ann = client()
    async with ann.socket("userId=ann") as socket:
        job_id = await ann.create(["1s-a", "2s-b", "3s-c"])
        frames = await socket.until("batch.completed")
    assert all(frame.keys() == {"type", "data", "timestamp"} for frame in frames)
    assert {frame["data"]["jobId"] for frame in frames} == {job_id}
    progress = [frame["data"] for frame in frames if frame["type"] == "batch.progress"]
    assert [data["progress"] for data in progress] == [33, 66, 100]
    assert progress[1] == {
        "jobId": job_id,
        "progress": 66,
        "processedDocuments": 2,
        "totalDocuments": 3,
        "estimatedTimeRemaining": 1500,
    }
    assert frames[-1]["data"] == {
        "jobId": job_id,
        "totalDocuments": 3,
        "processedDocuments": 3,
        "failedDocuments": 0,
        "duration": 3000,
    }
    assert socket.subprotocol is None


async def test_beyond_the_seed_single_documents_are_told(client: Make) -> None:
    ann = client()
    async with ann.socket() as socket:
        await ann.create(["a", "bad"], maxConcurrent=1)
        frames = await socket.until("batch.completed")
    documents = [frame for frame in frames if frame["type"].startswith("batch.document")]
    assert kinds(documents) == ["document", "documentCompleted", "document", "documentFailed"]
    assert documents[0]["data"] | {"jobId": ""} == {
        "jobId": "",
        "documentId": "a",
        "fraction": 0.5,
        "message": "half",
        "attempt": 1,
    }
    assert documents[3]["data"]["error"] == "PermanentError: <b>no</b>"


async def test_single_documents_can_be_left_out() -> None:
    async with serving(documents=False) as client, client().socket() as socket:
        await client().create(["a"])
        assert "documentCompleted" not in kinds(await socket.until("batch.completed"))


async def test_a_client_of_batch_v1_gets_numbers_and_resumes_where_it_was(client: Make) -> None:
    ann = client()
    async with ann.socket(subprotocols=["bearer.ann", *V1]) as socket:
        assert socket.subprotocol == "batch.v1"
        assert (socket.hello["seq"], socket.hello["resumed"], socket.hello["heartbeat"]) == (0, False, 15_000)
        await ann.create(["1s-", "3s-"])
        frames = await socket.until("batch.progress")
    assert [frame["seq"] for frame in frames] == sorted(frame["seq"] for frame in frames)
    epoch, seq = socket.hello["epoch"], frames[-1]["seq"]
    await ann.queue.join()
    async with ann.socket(f"after={seq}&epoch={epoch}") as socket:
        assert (socket.hello["seq"], socket.hello["resumed"]) == (seq, True)
        assert kinds(await socket.until("batch.completed")) == ["documentCompleted", "progress", "completed"]
    async with ann.socket(f"after={seq}&epoch={epoch}") as socket:
        again = await socket.until("batch.completed")
        assert [frame["seq"] for frame in again] == sorted({frame["seq"] for frame in again})


@pytest.mark.parametrize("query", ["after=99", "after=0&epoch=other", "after=-1", "after=x", "after=%C2%B2"])
async def test_who_cannot_resume_is_told_so_and_goes_on_from_now(client: Make, query: str) -> None:
    ann = client()
    await ann.create(["a"])
    await ann.queue.join()
    async with ann.socket(query) as socket:
        assert not socket.hello["resumed"]
        await ann.create(["b"])
        assert kinds(await socket.until("batch.completed"))[0] == "started"


async def test_numbers_that_are_gone_or_not_there_yet_cannot_be_resumed() -> None:
    async with serving(ring=3, buffer=3) as client:
        ann = client()
        async with ann.socket(subprotocols=V1) as socket:
            await ann.create(["a"])
            await socket.until("batch.completed")
        epoch = socket.hello["epoch"]
        for after, resumed in ((0, False), (2, True), (5, True), (6, False)):
            async with ann.socket(f"after={after}&epoch={epoch}") as socket:
                assert socket.hello["resumed"] is resumed, after


async def test_who_comes_late_sees_the_last_minute(client: Make) -> None:
    ann = client()
    await ann.create(["a"])
    await ann.queue.join()
    await anyio.sleep(30)
    async with ann.socket() as socket:
        assert kinds(await socket.until("batch.completed"))[0] == "started"
    await anyio.sleep(31)
    async with ann.socket() as socket:
        await ann.create(["b"])
        frames = await socket.until("batch.completed")
    assert kinds(frames).count("started") == 1


async def test_nobody_sees_what_is_anothers(client: Make) -> None:
    async with client("ann").socket(subprotocols=V1) as ann, client("bob").socket(subprotocols=V1) as bob:
        job_id = await client("ann").create(["a"])
        await ann.until("batch.completed")
        await client("bob").create(["b"])
        frames = await bob.until("batch.completed")
        assert job_id not in json.dumps(frames)
        assert frames[0]["seq"] == 1
        assert ann.waiting() == []


async def test_jobs_of_nobody_are_told_to_nobody_where_people_have_names(client: Make) -> None:
    ann = client()
    await ann.queue.wait(await ann.queue.create_job(["a"], "COUNT"))
    async with ann.socket() as socket:
        await anyio.sleep(1)
        assert socket.waiting() == []


async def test_without_names_everybody_sees_everything() -> None:
    async with serving(authenticate=None) as client, client(None).socket("userId=whoever") as socket:
        await client().queue.create_job(["a"], "COUNT", owner="ann")
        await socket.until("batch.completed")


@pytest.mark.parametrize("user, query", [("nobody", ""), ("ann", "userId=bob"), ("ann", "userId=")])
async def test_who_is_not_known_or_somebody_else_is_refused(client: Make, user: str, query: str) -> None:
    async with client(user).socket(query) as socket:
        assert (socket.accepted, socket.code) == (False, CloseCode.REFUSED)


async def test_a_page_of_another_origin_is_refused() -> None:
    async with serving(allowed_origins={"https://example.org"}) as client:
        for headers, accepted in (({"origin": "https://evil"}, False), ({"origin": "https://example.org"}, True)):
            async with client().socket(headers=headers) as socket:
                assert socket.accepted is accepted


async def test_a_token_may_come_as_a_subprotocol(client: Make) -> None:
    async with client(None).socket(subprotocols=[*V1, "bearer.ann"]) as socket:
        assert (socket.accepted, socket.subprotocol) == (True, "batch.v1")
    async with client(None).socket(subprotocols=[*V1, "bearer.nobody"]) as socket:
        assert not socket.accepted


async def test_there_is_one_stream_only(client: Make) -> None:
    async with client().socket(path=f"{STREAM}/x") as socket:
        assert not socket.accepted
    async with client(mount="/mounted").socket(path=f"/mounted{STREAM}") as socket:
        assert socket.accepted


async def test_in_silence_there_is_a_ping(client: Make) -> None:
    async with client().socket() as socket:
        began = anyio.current_time()
        frames = [await socket.frame(), await socket.frame()]
        assert anyio.current_time() - began == 30
        assert [(frame["type"], frame["data"]) for frame in frames] == [("stream.ping", {})] * 2


async def test_what_a_client_says_does_not_matter(client: Make) -> None:
    async with client().socket() as socket:
        socket.say("x" * 10_000)
        await client().create(["a"])
        await socket.until("batch.completed")


async def test_a_client_that_is_late_gets_the_newest_progress_only(client: Make) -> None:
    ann = client()
    await ann.create([f"{at}s-" for at in range(1, 21)], maxConcurrent=20)
    await ann.queue.join()
    async with ann.socket() as socket:
        frames = await socket.until("batch.completed")
    assert [frame["data"]["progress"] for frame in frames if frame["type"] == "batch.progress"] == [100]
    assert kinds(frames).count("documentCompleted") == 20
    assert "document" not in kinds(frames)


async def test_a_client_that_never_reads_is_closed_and_disturbs_nobody(client: Make) -> None:
    ann = client()
    async with ann.socket(reads=False) as stuck, ann.socket() as socket:
        began = anyio.current_time()
        await ann.create(["a"])
        await socket.until("batch.completed")
        assert anyio.current_time() - began == 1
        await stuck.ended.wait()
        assert stuck.code == CloseCode.TOO_SLOW
        assert anyio.current_time() - began == 10


async def test_a_client_whose_messages_are_gone_is_closed() -> None:
    async with serving(ring=2, buffer=2) as client, client().socket() as socket:
        await client().create([f"{at}-" for at in range(50)], maxConcurrent=50)
        await socket.ended.wait()
        assert socket.code == CloseCode.TOO_SLOW


async def test_a_closed_queue_lets_every_client_go_after_the_last_event() -> None:
    async with serving() as client:
        async with client().socket() as socket:
            await client().create(["90s-"])
            await anyio.sleep(1)
            await client().queue.aclose(0)
            await socket.ended.wait()
            assert socket.code == CloseCode.GOING_AWAY
            assert kinds(socket.waiting())[-1] == "cancelled"
        async with client().socket() as socket:
            await socket.ended.wait()
            assert socket.code == CloseCode.GOING_AWAY


async def test_a_server_that_raises_when_the_client_has_gone_ends_the_socket_quietly(client: Make) -> None:
    messages = [{"type": "websocket.connect"}]

    async def receive() -> Any:
        return messages.pop() if messages else await anyio.sleep_forever()

    async def send(message: Any) -> None:
        if message["type"] == "websocket.send":
            raise OSError("gone")

    scope = {"type": "websocket", "path": STREAM, "headers": [(b"authorization", b"ann")]}
    await client().app(scope, receive, send)


async def test_a_socket_that_is_gone_before_it_connects_is_left_alone(client: Make) -> None:
    async def receive() -> Any:
        return {"type": "websocket.disconnect"}

    await client().app({"type": "websocket", "path": STREAM, "headers": []}, receive, None)


async def test_a_thousand_subscribers_watch_one_job(client: Make) -> None:
    ann = client()
    done = []

    async def watch() -> None:
        async with ann.socket() as socket:
            done.append(kinds(await socket.until("batch.completed")))

    async with anyio.create_task_group() as group:
        for _ in range(1_000):
            group.start_soon(watch)
        await anyio.sleep(1)
        await ann.create(["1s-", "2s-"])
    assert len(done) == 1_000
    assert all(seen == done[0] for seen in done)


async def test_polling_works_without_a_stream(client: Make) -> None:
    ann = client()
    job_id = await ann.create([f"{at}s-" for at in range(1, 11)], maxConcurrent=10)
    seen = []
    while not seen or seen[-1]["status"] not in ("COMPLETED", "FAILED"):
        seen.append((await ann.get(f"{PREFIX}/{job_id}")).json["data"])
        await anyio.sleep(2)
    progress = [job["progress"] for job in seen]
    assert progress == sorted(progress)
    assert progress[-1] == 100
