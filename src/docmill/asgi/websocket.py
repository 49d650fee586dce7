"""The stream as a WebSocket."""

import logging
from collections.abc import Awaitable, Callable
from enum import IntEnum
from typing import Final

from anyio import CancelScope, create_task_group, current_time, move_on_after

from docmill.asgi.access import Access
from docmill.asgi.following import Pace, Place, TooSlowError, follow
from docmill.asgi.http import HttpError, query_of
from docmill.asgi.hub import Hub
from docmill.asgi.messages import Receive, Scope, Send
from docmill.asgi.ring import Frame

__all__ = ["PROTOCOL", "CloseCode", "serve_socket"]

PROTOCOL: Final = "batch.v1"
"""The subprotocol of clients that want numbered messages. Another one may carry the token: ``bearer.TOKEN``."""

FAREWELL: Final = 1.0
"""Seconds that closing may take."""

logger = logging.getLogger("docmill")


class CloseCode(IntEnum):
    """Why a socket is closed."""

    GOING_AWAY = 1001
    """The queue is closed."""
    REFUSED = 4401
    """It is not known who asks, or it is somebody else than it says. Not accepted; servers answer HTTP 403."""
    TOO_SLOW = 4408
    """The client does not read. It may come back and resume."""


async def serve_socket(scope: Scope, receive: Receive, send: Send, *, hub: Hub, access: Access, pace: Pace) -> None:
    """Serve one socket to its end."""
    if (await receive())["type"] != "websocket.connect":
        return
    try:
        owner = await access.listener(scope)
    except HttpError:
        await send({"type": "websocket.close", "code": CloseCode.REFUSED, "reason": "refused"})
        return
    offered = scope.get("subprotocols", [])
    await send({"type": "websocket.accept", "subprotocol": PROTOCOL if PROTOCOL in offered else None})
    query = query_of(scope)
    place = Place(query.get("after"), query.get("epoch"))
    numbered = PROTOCOL in offered or place.after is not None

    async def tell(text: str, frame: Frame | None) -> None:
        await send({"type": "websocket.send", "text": frame.numbered if numbered and frame else text})

    async def tell_all() -> None:
        channel = hub.join(owner)
        try:
            start, resumed = place.find(channel, current_time(), pace.replay)
            await follow(hub, channel, start, resumed=resumed, tell=tell, pace=pace)
        finally:
            hub.leave(owner, channel)

    async with create_task_group() as group:
        group.start_soon(_watch, receive, group.cancel_scope)
        await _close_after(tell_all, send)
        group.cancel_scope.cancel()


async def _watch(receive: Receive, scope: CancelScope) -> None:
    """Notice that the client has gone. What it says does not matter."""
    while (await receive())["type"] != "websocket.disconnect":
        pass
    scope.cancel()


async def _close_after(tell_all: Callable[[], Awaitable[None]], send: Send) -> None:
    code = CloseCode.GOING_AWAY
    try:
        try:
            await tell_all()
        except TooSlowError:
            code = CloseCode.TOO_SLOW
        with move_on_after(FAREWELL):
            await send({"type": "websocket.close", "code": code, "reason": code.name.lower().replace("_", " ")})
    except Exception as error:
        logger.debug("a socket ended", exc_info=error)
