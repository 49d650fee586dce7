"""Who asks, and from where."""

import inspect
from collections.abc import Collection

from docmill.asgi.http import HttpError, header_of, query_of
from docmill.asgi.messages import Authenticate, Scope

__all__ = ["Access"]


class Access:
    """Lets in whom the host knows.

    Args:
        authenticate: says who asks; None lets everybody in, and nobody has a name.
        allowed_origins: the origins of pages that may ask, such as ``https://example.org``; None for all.
    """

    def __init__(self, authenticate: Authenticate | None, allowed_origins: Collection[str] | None) -> None:
        self._authenticate = authenticate
        self._origins = None if allowed_origins is None else {_plain(origin) for origin in allowed_origins}

    @property
    def has_owners(self) -> bool:
        """Whether people have names here."""
        return self._authenticate is not None

    def is_foreign(self, scope: Scope) -> bool:
        """Whether the page that asks is of an origin that may not. Programs other than browsers name none."""
        origin = header_of(scope, "origin")
        return self._origins is not None and origin is not None and _plain(origin) not in self._origins

    async def owner(self, scope: Scope) -> str | None:
        """Who asks; None if people have no names here.

        Raises:
            HttpError: that is not known.
            ValueError: the host's function gives an empty name.
        """
        if self._authenticate is None:
            return None
        answer = self._authenticate(scope)
        owner = await answer if inspect.isawaitable(answer) else answer
        if owner is None:
            raise HttpError(
                401, "unauthorized", "It is not known who asks; sign in.", headers=(("www-authenticate", "Bearer"),)
            )
        if not owner:
            raise ValueError("authenticate must return a str that is not empty, or None")
        return owner

    async def listener(self, scope: Scope) -> str | None:
        """Who listens to the stream. The seed's ``?userId=`` is only a claim: it must be who has signed in.

        Raises:
            HttpError: that is not known, or somebody else, or the page may not listen.
        """
        if self.is_foreign(scope):
            raise HttpError(403, "forbidden_origin", "Pages of this origin may not listen.")
        owner = await self.owner(scope)
        if owner is not None and query_of(scope).get("userId", owner) != owner:
            raise HttpError(401, "unauthorized", "The userId is not the one of who has signed in.")
        return owner


def _plain(origin: str) -> str:
    return origin.rstrip("/").lower()
