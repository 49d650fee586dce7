"""The stream as an AsyncAPI 3.0 document, made from the tables that the code goes by."""

from typing import Any, Final

from docmill.wire.events import MESSAGES, Message, message_schema
from docmill.wire.openapi import DESCRIPTION, TITLE

__all__ = ["STREAM", "asyncapi"]

STREAM: Final = "/api/dashboard/stream"

PARAMETERS: Final = {
    "userId": {"type": "string", "description": "Who listens; must be who has signed in."},
    "after": {"type": "integer", "minimum": 0, "description": "The number of the last message that was received."},
    "epoch": {"type": "string", "description": "The epoch of that number."},
}


def asyncapi(*, stream_path: str = STREAM) -> dict[str, Any]:
    """The AsyncAPI 3.0 document of the stream.

    Args:
        stream_path: the path of the stream.
    """
    names = [_name(message) for message in MESSAGES]
    return {
        "asyncapi": "3.0.0",
        "info": {"title": TITLE, "version": "1.0.0", "description": DESCRIPTION},
        "defaultContentType": "application/json",
        "channels": {
            "stream": {
                "address": stream_path,
                "description": "What becomes of one's jobs, as it happens. Messages that clients send are ignored.",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
                "bindings": {"ws": {"method": "GET", "query": {"type": "object", "properties": PARAMETERS}}},
            }
        },
        "operations": {
            "tell": {
                "action": "send",
                "summary": "What clients are told.",
                "channel": {"$ref": "#/channels/stream"},
                "messages": [{"$ref": f"#/channels/stream/messages/{name}"} for name in names],
            }
        },
        "components": {"messages": {_name(message): _describe(message) for message in MESSAGES}},
    }


def _name(message: Message) -> str:
    """A key of a document, which may not have dots in it everywhere."""
    head, tail = message.type.split(".")
    return head + tail[0].upper() + tail[1:]


def _describe(message: Message) -> dict[str, Any]:
    return {"name": message.type, "summary": message.description, "payload": message_schema(message)}
