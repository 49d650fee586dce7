"""The HTTP API: every status, and what is behind it."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from docmill import DocumentProcessingQueue, PluginError, StoreUnavailableError
from docmill.asgi import BatchProcessingApp
from docmill.stores import SQLiteStore
from docmill.wire import RequestLimits
from tests.asgi.client import PREFIX, STREAM, Answer, Client, user_of
from tests.asgi.conftest import serving

WANTED = {"documentIds": ["a", "b"], "type": "COUNT"}

Make = Callable[..., Client]


@pytest.fixture
async def client() -> AsyncIterator[Make]:
    async with serving() as client:
        yield client


async def test_a_job_is_made_watched_and_done(client: Make) -> None:
    ann = client()
    answer = await ann.post(PREFIX, WANTED)
    job_id = answer.json["data"]["jobId"]
    assert answer.status == 201
    assert answer.headers["location"] == f"{PREFIX}/{job_id}"
    assert answer.json == {
        "data": {"jobId": job_id, "status": "PENDING", "documentCount": 2, "type": "COUNT"},
        "message": "Batch processing job created successfully",
    }
    await anyio.sleep(0.5)
    assert (await ann.get(f"{PREFIX}/{job_id}")).json["data"]["status"] == "PROCESSING"
    await ann.queue.wait(job_id)
    answer = await ann.get(answer.headers["location"])
    assert answer.status == 200
    assert [item["data"] for item in answer.json["data"]["results"]] == [1, 1]
    assert answer.headers["content-length"] == str(len(answer.body))
    assert answer.headers["cache-control"] == "no-store"


async def test_the_location_is_right_where_the_application_is_mounted(client: Make) -> None:
    for path in (f"/mounted{PREFIX}", PREFIX):
        answer = await client(mount="/mounted/").post(path, WANTED)
        assert answer.headers["location"].startswith(f"/mounted{PREFIX}/job_")


async def test_every_problem_of_a_request_is_told(client: Make) -> None:
    answer = await client().post(PREFIX, {"documentIds": [], "type": "X", "more": 1})
    assert answer.status == 400
    assert answer.error == "invalid_request"
    assert [problem["path"] for problem in answer.json["error"]["details"]] == ["$.more", "$.documentIds", "$.type"]
    assert "$.more: must not be there" in answer.json["error"]["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 60_000, b"\xff", b"\xef\xbb\xbf{}", b"NaN"])
async def test_what_is_no_json_is_400(client: Make, body: bytes) -> None:
    answer = await client().post(PREFIX, body)
    assert (answer.status, answer.error) == (400, "invalid_request")
    assert client().queue.get_all_jobs() == []


async def test_who_is_not_known_is_401_and_told_how_to_sign_in(client: Make) -> None:
    for answer in (
        await client("nobody").get(PREFIX),
        await client("nobody").post(PREFIX, WANTED),
        await client("nobody").get(f"{PREFIX}/job_1"),
        await client("nobody").get(STREAM, {"accept": "text/event-stream"}),
    ):
        assert (answer.status, answer.error) == (401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_another_owners_job_looks_like_one_that_does_not_exist(client: Make) -> None:
    job_id = await client("ann").create(["a"])
    bob = client("bob")

    async def everything(name: str) -> list[tuple[int, bytes]]:
        answers = [
            await bob.get(f"{PREFIX}/{name}"),
            await bob.post(f"{PREFIX}/{name}/cancel"),
            await bob.post(f"{PREFIX}/{name}/retry"),
        ]
        return [(answer.status, answer.body) for answer in answers]

    assert await everything(job_id) == await everything("job_1") == await everything("a%00b")
    assert [status for status, _ in await everything(job_id)] == [404] * 3
    assert (await bob.get(PREFIX)).json == {"data": []}


async def test_own_jobs_are_listed_newest_first(client: Make) -> None:
    ann = client()
    first, second = await ann.create(["a"]), await ann.create(["b"])
    assert [job["id"] for job in (await ann.get(PREFIX)).json["data"]] == [second, first]
    await ann.queue.join()
    assert (await ann.get(f"{PREFIX}?active=true")).json["data"] == []
    assert [job["results"] for job in (await ann.get(f"{PREFIX}?active=false")).json["data"]] == [None, None]


async def test_a_flag_is_true_or_false(client: Make) -> None:
    answer = await client().get(f"{PREFIX}?active=maybe")
    assert answer.status == 400
    assert answer.json["error"]["details"] == [{"path": "?active", "message": "must be true or false"}]


async def test_a_job_is_cancelled_once(client: Make) -> None:
    ann = client()
    job_id = await ann.create(["a"])
    answer = await ann.post(f"{PREFIX}/{job_id}/cancel")
    assert (answer.status, answer.json) == (200, {"message": "Job cancelled successfully"})
    answer = await ann.post(f"{PREFIX}/{job_id}/cancel")
    assert (answer.status, answer.error) == (409, "job_finished")
    assert answer.json["error"]["message"] == "The job is CANCELLED already."


async def test_force_cancels_what_is_at_work(client: Make) -> None:
    ann = client()
    job_id = await ann.create(["20s-"])
    await anyio.sleep(1)
    assert (await ann.post(f"{PREFIX}/{job_id}/cancel?force=true")).status == 200
    job = await ann.queue.wait(job_id, drained=True)
    assert [failure.code for failure in job.errors] == ["cancelled"]


async def test_force_stops_what_a_cancelled_job_still_has_at_work(client: Make) -> None:
    ann = client()
    job_id = await ann.create(["20s-"])
    await anyio.sleep(1)
    assert (await ann.post(f"{PREFIX}/{job_id}/cancel")).status == 200
    answer = await ann.post(f"{PREFIX}/{job_id}/cancel?force=true")
    assert (answer.status, answer.json) == (200, {"message": "Running documents of the job stopped"})
    await ann.queue.wait(job_id, drained=True)
    assert (await ann.post(f"{PREFIX}/{job_id}/cancel?force=true")).status == 409


async def test_what_failed_is_tried_again(client: Make) -> None:
    ann = client()
    job_id = await ann.create(["a", "bad"])
    answer = await ann.post(f"{PREFIX}/{job_id}/retry")
    assert (answer.status, answer.error) == (409, "job_not_finished")
    await ann.queue.wait(job_id, drained=True)
    answer = await ann.post(f"{PREFIX}/{job_id}/retry")
    assert answer.status == 201
    assert answer.json["data"]["documentCount"] == 1
    assert ann.queue.get_job_status(answer.json["data"]["jobId"]).document_ids == ("bad",)
    assert answer.headers["location"].endswith(answer.json["data"]["jobId"])


async def test_nothing_to_try_again_is_409(client: Make) -> None:
    ann = client()
    job_id = await ann.create(["a"])
    await ann.queue.wait(job_id, drained=True)
    answer = await ann.post(f"{PREFIX}/{job_id}/retry")
    assert (answer.status, answer.error) == (409, "nothing_to_retry")


async def test_an_idempotency_key_gives_the_same_job_again(client: Make) -> None:
    ann, key = client(), {"idempotency-key": "k"}
    first = await ann.post(PREFIX, WANTED, key)
    await ann.queue.join()
    second = await ann.post(PREFIX, WANTED, key)
    assert first.status == second.status == 201
    assert first.json["data"]["jobId"] == second.json["data"]["jobId"]
    assert second.json["data"]["status"] == "COMPLETED"
    other = await client("bob").post(PREFIX, WANTED, key)
    assert other.json["data"]["jobId"] != first.json["data"]["jobId"]
    conflict = await ann.post(PREFIX, WANTED | {"documentIds": ["c"]}, key)
    assert (conflict.status, conflict.error) == (409, "idempotency_conflict")


@pytest.mark.parametrize("key", ["", "a b", "x" * 257, "\xe9"])
async def test_an_idempotency_key_is_short_and_visible(client: Make, key: str) -> None:
    answer = await client().post(PREFIX, WANTED, {"idempotency-key": key})
    assert answer.json["error"]["details"][0]["path"] == "Idempotency-Key"


@pytest.mark.parametrize(
    "method, path, allowed",
    [
        ("DELETE", PREFIX, "GET, HEAD, POST"),
        ("PUT", f"{PREFIX}/job_1", "GET, HEAD"),
        ("GET", f"{PREFIX}/job_1/cancel", "POST"),
        ("HEAD", f"{PREFIX}/job_1/retry", "POST"),
        ("POST", STREAM, "GET, HEAD"),
        ("POST", "/openapi.json", "GET, HEAD"),
        ("OPTIONS", PREFIX, "GET, HEAD, POST"),
    ],
)
async def test_another_method_is_405_and_told_which_there_are(
    client: Make, method: str, path: str, allowed: str
) -> None:
    answer = await client().request(method, path)
    assert (answer.status, answer.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize("path", ["/", "/x", f"{PREFIX}/a/b", f"{PREFIX}/a/cancel/x", f"/x{PREFIX}/a", f"{PREFIX}x"])
async def test_where_nothing_is_there_is_404(client: Make, path: str) -> None:
    answer = await client().get(path)
    assert (answer.status, answer.error) == (404, "not_found")


async def test_a_slash_at_the_end_does_not_matter(client: Make) -> None:
    assert (await client().get(f"{PREFIX}/")).json == {"data": []}


async def test_head_is_get_without_a_body(client: Make) -> None:
    ann = client()
    path = f"{PREFIX}/{await ann.create(['a'])}"
    await ann.queue.join()
    head, get = await ann.request("HEAD", path), await ann.get(path)
    assert head.headers == get.headers
    assert head.body == b""
    assert (await ann.request("HEAD", STREAM, headers={"accept": "text/event-stream"})).body == b""


@pytest.mark.parametrize("kind", ["", "text/plain", "application/json; charset=latin-1", "application/jsonp"])
async def test_a_body_that_is_not_called_json_is_415(client: Make, kind: str) -> None:
    answer = await client().post(PREFIX, WANTED, {"content-type": kind})
    assert (answer.status, answer.error) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "kind", ["APPLICATION/JSON", 'application/json; charset="UTF-8"', "application/json;charset=utf-8"]
)
async def test_json_may_be_named_so(client: Make, kind: str) -> None:
    assert (await client().post(PREFIX, WANTED, {"content-type": kind})).status == 201


@pytest.mark.parametrize("declared", [{}, {"content-length": "101"}, {"content-length": "9" * 30}])
async def test_a_body_that_is_too_large_is_413(declared: dict[str, str]) -> None:
    async with serving(limits=RequestLimits(body_bytes=100)) as client:
        headers = {"content-type": "application/json"} | declared
        answer = await client().request("POST", PREFIX, [b" " * 60, b" " * 60], headers)
        assert (answer.status, answer.error) == (413, "content_too_large")


async def test_a_body_may_come_in_parts(client: Make) -> None:
    body = json.dumps(WANTED).encode()
    headers = {"content-type": "application/json", "content-length": "nonsense"}
    assert (await client().request("POST", PREFIX, [body[:9], b"", body[9:]], headers)).status == 201


async def test_a_body_that_does_not_come_is_408(client: Make) -> None:
    scope_headers = {"content-type": "application/json"}
    began = anyio.current_time()
    answer = await client().request("POST", PREFIX, [], scope_headers)
    assert (answer.status, answer.error) == (408, "request_timeout")
    assert anyio.current_time() - began == 10


async def test_nobody_is_answered_who_has_gone(client: Make) -> None:
    answer = await client().request("POST", PREFIX, b"{", {"content-type": "application/json"}, then_gone=True)
    assert answer.status == 0


async def test_a_closed_queue_makes_no_jobs_and_can_be_read(client: Make) -> None:
    ann = client()
    job_id = await ann.create(["a"])
    await ann.queue.aclose()
    answer = await ann.post(PREFIX, WANTED)
    assert (answer.status, answer.error, answer.headers["retry-after"]) == (503, "closing", "5")
    assert (await ann.get(f"{PREFIX}/{job_id}")).status == 200


async def test_a_store_that_cannot_be_read_is_503(client: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    async def load_job(job_id: str, owner: str | None) -> None:
        raise StoreUnavailableError("secret path")

    ann = client()
    monkeypatch.setattr(ann.queue, "load_job", load_job)
    answer = await ann.get(f"{PREFIX}/job_1")
    assert (answer.status, answer.error, answer.headers["retry-after"]) == (503, "store_unavailable", "5")
    assert b"secret" not in answer.body


@pytest.mark.parametrize("error", [PluginError("secret"), ZeroDivisionError("secret")])
async def test_what_should_not_happen_is_500_and_logged(
    client: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    async def load_job(job_id: str, owner: str | None) -> None:
        raise error

    ann = client()
    monkeypatch.setattr(ann.queue, "load_job", load_job)
    answer = await ann.get(f"{PREFIX}/job_1")
    assert (answer.status, answer.error) == (500, "internal_error")
    assert b"secret" not in answer.body
    assert "secret" in caplog.text


async def test_what_the_queue_refuses_is_400() -> None:
    async with serving(types=["COUNT", "OTHER"]) as client:
        answer = await client().post(PREFIX, WANTED | {"type": "OTHER"})
        assert (answer.status, answer.error) == (400, "invalid_request")
        assert answer.json["error"]["details"][0]["path"] == "$"


async def test_authenticate_may_be_async_and_must_give_a_name(caplog: pytest.LogCaptureFixture) -> None:
    async def authenticate(scope: Any) -> str | None:
        await anyio.sleep(1)
        return user_of(scope)

    async with serving(authenticate=authenticate) as client:
        assert (await client("ann").get(PREFIX)).status == 200
        assert (await client("nobody").get(PREFIX)).status == 401
        assert (await client("").get(PREFIX)).status == 500
        assert "authenticate must return" in caplog.text


async def test_without_authenticate_there_is_one_user() -> None:
    async with serving(authenticate=None) as client:
        job_id = await client(None).create(["a"])
        assert (await client("whoever").get(f"{PREFIX}/{job_id}")).status == 200
        assert client().queue.get_job_status(job_id).owner is None


async def test_pages_of_other_origins_may_not_change_anything() -> None:
    async with serving(allowed_origins=["https://example.org/"]) as client:
        for origin, status in (("https://EXAMPLE.org", 201), ("https://evil.example", 403), ("null", 403)):
            answer = await client().post(PREFIX, WANTED, {"origin": origin})
            assert answer.status == status
        assert (await client().post(PREFIX, WANTED)).status == 201
        assert (await client().get(STREAM, {"origin": "null", "accept": "text/event-stream"})).status == 403


async def test_a_large_job_comes_in_pieces(client: Make) -> None:
    ann = client()
    job_id = await ann.create([f"{at:0200}" for at in range(3_000)], maxConcurrent=100)
    answer = await ann.get(f"{PREFIX}/{job_id}")
    assert answer.pieces > 1
    assert len(answer.json["data"]["documentIds"]) == 3_000
    await ann.queue.cancel_job(job_id)


async def test_who_does_not_read_an_answer_is_left(client: Make) -> None:
    async def send(message: Any) -> None:
        await anyio.sleep_forever()

    scope = {"type": "http", "method": "GET", "path": "/openapi.json", "headers": []}
    began = anyio.current_time()
    await client().app(scope, None, send)
    assert anyio.current_time() - began == 10


async def test_jobs_of_an_earlier_life_are_there(tmp_path: Path) -> None:
    async with serving(store=SQLiteStore(tmp_path / "jobs.db")) as client:
        job_id = await client().create(["a"])
        await client().queue.wait(job_id)
    async with serving(store=SQLiteStore(tmp_path / "jobs.db")) as client:
        answer = await client().get(f"{PREFIX}/{job_id}")
        assert answer.json["data"]["results"][0]["data"] == 1
        assert (await client("bob").get(f"{PREFIX}/{job_id}")).status == 404


async def lifespan(app: BatchProcessingApp) -> list[dict[str, Any]]:
    sent: list[Any] = []
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive() -> dict[str, str]:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    await app({"type": "lifespan"}, receive, send)
    return sent


@pytest.mark.parametrize("manage", [True, False])
async def test_the_lifespan_of_a_server_is_the_queues_if_wanted(manage: bool) -> None:
    queue = DocumentProcessingQueue({"COUNT": len})
    sent = await lifespan(BatchProcessingApp(queue, manage_queue=manage))
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    answer: Answer = await Client(BatchProcessingApp(queue)).post(PREFIX, WANTED)
    assert answer.status == (503 if manage else 201)
    await queue.aclose()


async def test_a_queue_that_cannot_be_opened_stops_the_server(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "jobs.db").write_bytes(b"this is no database" * 100)
    queue = DocumentProcessingQueue({"COUNT": len}, store=SQLiteStore(tmp_path / "jobs.db"))
    (message,) = await lifespan(BatchProcessingApp(queue, manage_queue=True))
    assert message["type"] == "lifespan.startup.failed"
    assert "cannot be opened" in caplog.text


async def test_other_kinds_of_connection_are_refused() -> None:
    app = BatchProcessingApp(DocumentProcessingQueue({"COUNT": len}))
    with pytest.raises(ValueError, match="'telepathy'"):
        await app({"type": "telepathy"}, None, None)
