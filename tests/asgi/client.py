"""A client that speaks ASGI with an application, in one process, on asyncio and trio."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from math import inf
from typing import Any
from urllib.parse import unquote

import anyio

PREFIX = "/api/v1/documents/batch-process"
STREAM = "/api/dashboard/stream"


class Answer:
    def __init__(self, status: int, headers: dict[str, str], body: bytes, pieces: int) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.pieces = pieces

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        code: str = self.json["error"]["code"]
        return code


def scope_of(kind: str, url: str, headers: dict[str, str], mount: str = "", **more: Any) -> dict[str, Any]:
    path, _, query = url.partition("?")
    return {
        "type": kind,
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "path": unquote(path),
        "raw_path": path.encode(),
        "root_path": mount,
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()],
        **more,
    }


class Client:
    """Calls an application, as one person."""

    def __init__(self, app: Any, user: str | None = None, mount: str = "") -> None:
        self.app = app
        self.user = user
        self.mount = mount

    def headers(self, given: dict[str, str] | None) -> dict[str, str]:
        token = {} if self.user is None else {"authorization": f"Bearer {self.user}"}
        return token | (given or {})

    async def request(
        self,
        method: str,
        url: str,
        body: bytes | Sequence[bytes] = b"",
        headers: dict[str, str] | None = None,
        *,
        then_gone: bool = False,
    ) -> Answer:
        scope = scope_of("http", url, self.headers(headers), self.mount, method=method)
        parts = [body] if isinstance(body, bytes) else list(body)
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            if parts:
                more = len(parts) > 1 or then_gone
                return {"type": "http.request", "body": parts.pop(0), "more_body": more}
            if then_gone:
                return {"type": "http.disconnect"}
            await anyio.sleep_forever()
            raise AssertionError

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        if not sent:
            return Answer(0, {}, b"", 0)
        start, *rest = sent
        assert start["type"] == "http.response.start"
        assert [message.get("more_body", False) for message in rest] == [True] * (len(rest) - 1) + [False]
        given = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
        return Answer(start["status"], given, b"".join(message["body"] for message in rest), len(rest))

    async def get(self, url: str, headers: dict[str, str] | None = None) -> Answer:
        return await self.request("GET", url, headers=headers)

    async def post(self, url: str, value: Any = None, headers: dict[str, str] | None = None) -> Answer:
        if value is None:
            return await self.request("POST", url, headers=headers)
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return await self.request("POST", url, body, {"content-type": "application/json"} | (headers or {}))

    async def create(self, documents: Sequence[str], job_type: str = "COUNT", **options: Any) -> str:
        answer = await self.post(PREFIX, {"documentIds": [*documents], "type": job_type, "options": options})
        assert answer.status == 201, answer.body
        job_id: str = answer.json["data"]["jobId"]
        return job_id

    @asynccontextmanager
    async def socket(
        self, query: str = "", *, path: str = STREAM, subprotocols: Sequence[str] = (), **more: Any
    ) -> AsyncIterator["Socket"]:
        headers = self.headers(more.pop("headers", None))
        scope = scope_of("websocket", f"{path}?{query}", headers, self.mount, subprotocols=[*subprotocols])
        async with anyio.create_task_group() as group:
            socket = Socket(**more)
            group.start_soon(socket.run, self.app, scope)
            await socket.begin()
            try:
                yield socket
            except BaseException:
                socket.close()
                raise
            socket.leave()
            with anyio.move_on_after(30) as patience:
                await socket.ended.wait()
            assert not patience.cancelled_caught, "the application goes on after its client has gone"
            socket.close()


class Socket:
    """The client's end of a WebSocket. One that does not read lets the application wait for ever."""

    def __init__(self, *, reads: bool = True) -> None:
        self.accepted: bool | None = None
        self.subprotocol: str | None = None
        self.code: int | None = None
        self.hello: dict[str, Any] = {}
        self.ended = anyio.Event()
        self._reads = reads
        self._here = anyio.Event()
        self._to_app, self._app_receives = anyio.create_memory_object_stream[Any](inf)
        self._app_sends, self.from_app = anyio.create_memory_object_stream[Any](inf)

    async def run(self, app: Any, scope: dict[str, Any]) -> None:
        self._to_app.send_nowait({"type": "websocket.connect"})
        try:
            await app(scope, self._app_receives.receive, self._take)
        finally:
            self.ended.set()
            self._here.set()
            self._app_sends.close()

    async def _take(self, message: Any) -> None:
        if message["type"] == "websocket.accept":
            self.accepted, self.subprotocol = True, message["subprotocol"]
            self._here.set()
        elif message["type"] == "websocket.close":
            self.accepted = bool(self.accepted)
            self.code = message["code"]
            self._here.set()
        elif self._reads:
            self._app_sends.send_nowait(message["text"])
        else:
            await anyio.sleep_forever()

    async def begin(self) -> None:
        await self._here.wait()
        if self.accepted and self._reads:
            self.hello = (await self.frame())["data"]

    async def frame(self) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads(await self.from_app.receive())
        return frame

    async def until(self, kind: str) -> list[dict[str, Any]]:
        frames = []
        while not frames or frames[-1]["type"] != kind:
            frames.append(await self.frame())
        return frames

    def waiting(self) -> list[dict[str, Any]]:
        frames = []
        while True:
            try:
                frames.append(json.loads(self.from_app.receive_nowait()))
            except (anyio.WouldBlock, anyio.EndOfStream):
                return frames

    def say(self, text: str) -> None:
        self._to_app.send_nowait({"type": "websocket.receive", "text": text})

    def close(self) -> None:
        for stream in (self._to_app, self._app_receives, self._app_sends, self.from_app):
            stream.close()

    def leave(self) -> None:
        self._to_app.send_nowait({"type": "websocket.disconnect", "code": 1000})


def user_of(scope: Any) -> str | None:
    """The owner, from an Authorization header or the subprotocol of a socket; "nobody" is nobody."""
    tokens = [value.decode().removeprefix("Bearer ") for name, value in scope["headers"] if name == b"authorization"]
    tokens += [name.removeprefix("bearer.") for name in scope.get("subprotocols", []) if name.startswith("bearer.")]
    return tokens[0] if tokens and tokens[0] != "nobody" else None
