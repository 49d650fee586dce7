"""The application: BatchProcessingApp."""

import logging
from collections.abc import Awaitable, Callable, Collection, Iterable
from functools import partial
from secrets import token_hex
from typing import Any, Final

from docmill.asgi.access import Access
from docmill.asgi.endpoints import Endpoints, refusal
from docmill.asgi.following import Pace
from docmill.asgi.http import ClientGoneError, HttpError, Request, Response, place_of
from docmill.asgi.hub import Hub
from docmill.asgi.messages import Authenticate, Receive, Scope, Send
from docmill.asgi.sse import accepts_events, serve_events
from docmill.asgi.websocket import serve_socket
from docmill.errors import DocmillError
from docmill.events import (
    DocumentCompleted,
    DocumentFailed,
    DocumentProgress,
    JobCancelled,
    JobCompleted,
    JobFailed,
    JobStarted,
    Progress,
)
from docmill.loops import Loop, current_loop
from docmill.queue import DocumentProcessingQueue
from docmill.wire import RequestLimits, asyncapi, openapi
from docmill.wire.asyncapi import STREAM
from docmill.wire.openapi import PREFIX

__all__ = ["BatchProcessingApp"]

JOB_EVENTS: Final = (JobStarted, Progress, DocumentProgress, JobCompleted, JobFailed, JobCancelled)

OUTCOME_EVENTS: Final = (DocumentCompleted, DocumentFailed)

UNSAFE: Final = "POST"

Handler = Callable[[Request, str | None], Awaitable[Response]]

logger = logging.getLogger("docmill")


class BatchProcessingApp:
    """The seed's HTTP API and stream over a queue: an ASGI 3 application without dependencies.

    It mounts in Starlette, FastAPI, Litestar and Quart, and runs by itself on uvicorn and hypercorn, on asyncio
    and trio. It has to run on the event loop on which the queue is open.

    Args:
        queue: whose jobs are shown. It may be opened later.
        authenticate: from the scope of a request to the name of its owner, or None if that is not known (401);
            sync or async. Everybody sees their own jobs only. Without it nobody has a name and everybody sees
            everything: only for hosts that have one user.
        prefix: the path of the collection of jobs.
        stream_path: the path of the stream, a WebSocket or server-sent events.
        types: the job types that may be asked for; all that the queue has by default.
        limits: what may be asked for.
        allowed_origins: the origins of pages that may listen, make, cancel and retry jobs, such as
            ``{"https://example.org"}``. None for all; name yours if people sign in by cookie.
        heartbeat: seconds of silence after which a stream says ``stream.ping``.
        ring: messages of an owner that are kept for those who come back.
        buffer: messages of an owner that are kept while they are younger than five seconds, so that a burst
            of them reaches everybody.
        send_timeout: seconds that a client may take for one message, or one piece of an answer.
        body_timeout: seconds in which the body of a request has to come.
        replay: seconds of the past that a stream begins with, unless the client says where it was.
        idle_bytes: memory for the messages of owners without a stream, all together; of those who were not
            heard of for longest, they are dropped.
        documents: whether streams tell of every single document that is settled.
        manage_queue: open the queue when the server starts and close it when it stops (ASGI's lifespan).
        close_timeout: seconds that documents at work have to complete then.
    """

    def __init__(
        self,
        queue: DocumentProcessingQueue,
        authenticate: Authenticate | None = None,
        *,
        prefix: str = PREFIX,
        stream_path: str = STREAM,
        types: Collection[str] | None = None,
        limits: RequestLimits = RequestLimits(),  # noqa: B008 - it is frozen
        allowed_origins: Collection[str] | None = None,
        heartbeat: float = 15.0,
        ring: int = 1024,
        buffer: int = 16_384,
        send_timeout: float = 10.0,
        body_timeout: float = 10.0,
        replay: float = 60.0,
        idle_bytes: int = 32 * 2**20,
        documents: bool = True,
        manage_queue: bool = False,
        close_timeout: float = 1.5,
    ) -> None:
        self._queue = queue
        self._prefix = prefix.rstrip("/")
        self._stream_path = stream_path
        self._limits = limits
        self._send_timeout = send_timeout
        self._manage_queue = manage_queue
        self._close_timeout = close_timeout
        self._types = queue.job_types if types is None else types
        self._access = Access(authenticate, allowed_origins)
        self._hub = Hub(owned=self._access.has_owners, kept=ring, burst=buffer, idle_bytes=idle_bytes)
        self._pace = Pace(heartbeat=heartbeat, send_timeout=send_timeout, replay=replay)
        self._endpoints = Endpoints(queue, self._types, limits, self._prefix, body_timeout)
        self._documents: dict[str, Callable[[str], dict[str, Any]]] = {
            "/openapi.json": lambda mount: openapi(
                types=self._types, limits=limits, prefix=self._prefix, secured=self._access.has_owners, server=mount
            ),
            "/asyncapi.json": lambda mount: asyncapi(stream_path=f"{mount}{stream_path}"),
        }
        self._loop: Loop | None = None
        for event in (*JOB_EVENTS, *(OUTCOME_EVENTS if documents else ())):
            queue.on(event.name, self._hub.publish)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, as ASGI has it."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            await self._serve_socket(scope, receive, send)
        elif scope["type"] == "http":
            await self._serve_request(scope, receive, send)
        else:
            raise ValueError(f"there is nothing to do for a scope of type {scope['type']!r}")

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        if self._manage_queue:
            try:
                await self._queue.start()
            except Exception as error:
                logger.exception("the queue cannot be opened")
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if self._manage_queue:
            await self._queue.aclose(self._close_timeout)
        self._hub.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if place_of(scope)[1] != self._stream_path:
            await receive()
            await send({"type": "websocket.close", "code": 1000})
            return
        self._watch_queue()
        await serve_socket(scope, receive, send, hub=self._hub, access=self._access, pace=self._pace)

    async def _serve_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._respond(request, receive, send)
            if response is not None:
                await response.send(send, head=request.head, patience=self._send_timeout)
        except ClientGoneError:
            logger.debug("a client has gone before its request was complete")
        except TimeoutError:
            logger.debug("a client does not read; the server closes its connection since the answer stays incomplete")

    async def _respond(self, request: Request, receive: Receive, send: Send) -> Response | None:
        """The answer to a request; None if it was streamed."""
        try:
            if request.path == self._stream_path:
                await self._stream(request, receive, send)
                return None
            if request.path in self._documents:
                return self._describe(request)
            handler = self._find(request)
            return await handler(request, await self._admit(request))
        except HttpError as error:
            return error.response()
        except DocmillError as error:
            refused = refusal(error)
            if refused is not None:
                return refused.response()
            logger.exception("a request could not be served")
        except ClientGoneError:
            raise
        except Exception:
            logger.exception("a request could not be served")
        return HttpError(500, "internal_error", "Something went wrong that should not.").response()

    def _describe(self, request: Request) -> Response:
        if request.method != "GET":
            raise _not_allowed(("GET",))
        return Response(200, self._documents[request.path](request.mount))

    async def _admit(self, request: Request) -> str | None:
        if request.method == UNSAFE and self._access.is_foreign(request.scope):
            raise HttpError(403, "forbidden_origin", "Pages of this origin may not do that.")
        return await self._access.owner(request.scope)

    def _find(self, request: Request) -> Handler:
        """What serves a request.

        Raises:
            HttpError: nothing does.
        """
        handlers = self._handlers(request)
        if not handlers:
            raise HttpError(404, "not_found", "There is nothing here.")
        if request.method not in handlers:
            raise _not_allowed(handlers)
        return handlers[request.method]

    def _handlers(self, request: Request) -> dict[str, Handler]:
        """What serves a path, by method."""
        endpoints = self._endpoints
        if request.path == self._prefix:
            return {"GET": endpoints.all, "POST": endpoints.create}
        before, _, rest = request.path.partition(f"{self._prefix}/")
        job_id, slash, action = rest.partition("/")
        if before or not job_id:
            return {}
        if not slash:
            return {"GET": partial(endpoints.status, job_id=job_id)}
        actions = {"cancel": endpoints.cancel, "retry": endpoints.retry}
        return {"POST": partial(actions[action], job_id=job_id)} if action in actions else {}

    async def _stream(self, request: Request, receive: Receive, send: Send) -> None:
        if request.method != "GET":
            raise _not_allowed(("GET",))
        if not accepts_events(request):
            upgrade = (("upgrade", "websocket"), ("connection", "Upgrade"))
            message = "This is a WebSocket; or accept text/event-stream."
            raise HttpError(426, "upgrade_required", message, headers=upgrade)
        owner = await self._access.listener(request.scope)
        self._watch_queue()
        if self._hub.closed:
            raise HttpError(503, "closing", "The service is closing; try again later.", headers=(("retry-after", "5"),))
        await serve_events(request, owner, receive, send, self._hub, self._pace)

    def _watch_queue(self) -> None:
        """Let every client go when the queue is closed."""
        if self._loop is None:
            self._loop = current_loop()  # it holds the task, which the event loop itself does not
            self._loop.spawn(self._close_with_queue, "docmill streams")

    async def _close_with_queue(self) -> None:
        # Nobody has this name, so that there is no next event; but there is an end, when the queue is closed.
        await anext(self._queue.events(owner=token_hex(16)), None)
        self._hub.close()


def _not_allowed(methods: Iterable[str]) -> HttpError:
    allowed = ", ".join(name for method in methods for name in ((method, "HEAD") if method == "GET" else (method,)))
    return HttpError(405, "method_not_allowed", f"Only {allowed} can be done here.", headers=(("allow", allowed),))
