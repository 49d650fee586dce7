"""The stream as server-sent events, for those who cannot have a WebSocket."""

import logging
from typing import Final

from anyio import CancelScope, create_task_group, current_time

from docmill.asgi.following import Pace, Place, TooSlowError, follow
from docmill.asgi.http import Request, query_of
from docmill.asgi.hub import Channel, Hub
from docmill.asgi.messages import Receive, Send
from docmill.asgi.ring import Frame

__all__ = ["accepts_events", "serve_events"]

MEDIA_TYPE: Final = "text/event-stream"

HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-accel-buffering", b"no"),
]

logger = logging.getLogger("docmill")


def accepts_events(request: Request) -> bool:
    """Whether a client asks for server-sent events by name."""
    accepted = (request.header("accept") or "").split(",")
    return any(kind.split(";")[0].strip().lower() == MEDIA_TYPE for kind in accepted)


async def serve_events(request: Request, owner: str | None, receive: Receive, send: Send, hub: Hub, pace: Pace) -> None:
    """Serve one client to its end. Its identifiers of events are ``epoch:seq``."""
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    if request.head:
        await send({"type": "http.response.body", "body": b""})
        return
    async with create_task_group() as group:
        group.start_soon(_watch, receive, group.cancel_scope)
        channel = hub.join(owner)
        try:
            await _tell_all(request, channel, send, hub, pace)
        finally:
            hub.leave(owner, channel)
        group.cancel_scope.cancel()


async def _tell_all(request: Request, channel: Channel, send: Send, hub: Hub, pace: Pace) -> None:
    start, resumed = _place(request).find(channel, current_time(), pace.replay)
    last = start

    async def tell(text: str, frame: Frame | None) -> None:
        nonlocal last
        last = last if frame is None else frame.seq
        event = f"id: {channel.epoch}:{last}\ndata: {text}\n\n"
        await send({"type": "http.response.body", "body": event.encode(), "more_body": True})

    try:
        await follow(hub, channel, start, resumed=resumed, tell=tell, pace=pace)
        await send({"type": "http.response.body", "body": b""})
    except TooSlowError:
        logger.debug("a client does not read; the server closes its connection since the answer stays incomplete")
    except Exception as error:
        logger.debug("a stream of events ended", exc_info=error)


def _place(request: Request) -> Place:
    query = query_of(request.scope)
    epoch, colon, after = (request.header("last-event-id") or "").rpartition(":")
    return Place(after, epoch) if colon else Place(query.get("after"), query.get("epoch"))


async def _watch(receive: Receive, scope: CancelScope) -> None:
    """Notice that the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()
