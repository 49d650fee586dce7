"""The words of ASGI 3 that are used here."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

__all__ = ["Authenticate", "Message", "Receive", "Scope", "Send"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

Authenticate = Callable[[Scope], "str | Awaitable[str | None] | None"]
"""Says who asks, from the scope of a request; None if that is not known."""
