"""Requests and responses of HTTP, as far as they are needed here."""

import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from anyio import fail_after
from anyio.lowlevel import checkpoint

from docmill.asgi.messages import Receive, Scope, Send
from docmill.wire import Problem, encode, error_response

__all__ = ["ClientGoneError", "HttpError", "Request", "Response", "header_of", "place_of", "query_of"]

JSON_TYPE: Final = re.compile(r'application/json(\s*;\s*charset="?utf-8"?)?\s*', re.IGNORECASE)

COMMON_HEADERS: Final = (
    ("content-type", "application/json"),
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
)

FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}

Headers = tuple[tuple[str, str], ...]


class ClientGoneError(Exception):
    """The client has gone before its request was complete, so that nobody waits for an answer."""


class Response:
    """An answer.

    Args:
        status: of HTTP.
        body: a value to be written as JSON, or an iterator over the pieces of JSON.
        headers: beyond the usual ones.
    """

    def __init__(self, status: int, body: dict[str, Any] | Iterable[bytes], headers: Headers = ()) -> None:
        self.status = status
        self._pieces = iter([encode(body)] if isinstance(body, dict) else body)
        self._piece = next(self._pieces)  # whatever keeps it from being written shows before anything is sent
        self._following = next(self._pieces, None)
        length = (("content-length", str(len(self._piece))),) if self._following is None else ()
        self.headers = (*COMMON_HEADERS, *length, *headers)

    async def send(self, send: Send, *, head: bool, patience: float) -> None:
        """Send it, or only its head.

        Raises:
            TimeoutError: the client does not read; a part was not taken within ``patience`` seconds.
        """
        headers = [(name.encode(), value.encode("latin-1")) for name, value in self.headers]
        with fail_after(patience):
            await send({"type": "http.response.start", "status": self.status, "headers": headers})
        piece, following = (b"", None) if head else (self._piece, self._following)
        while True:
            with fail_after(patience):
                await send({"type": "http.response.body", "body": piece, "more_body": following is not None})
            if following is None:
                return
            await checkpoint()  # to write the next piece takes a while, and a server need not have waited
            piece, following = following, next(self._pieces, None)


class HttpError(Exception):
    """Something is wrong with a request.

    Args:
        status: of HTTP.
        code: what is wrong, for programs.
        message: the same for people.
        problems: everything that is wrong, with its place.
        headers: beyond the usual ones.
    """

    def __init__(
        self, status: int, code: str, message: str, problems: Iterable[Problem] = (), headers: Headers = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers
        self.body = error_response(code, message, problems)

    def response(self) -> Response:
        """The answer that says so."""
        return Response(self.status, self.body, self.headers)


def header_of(scope: Scope, name: str) -> str | None:
    """The value of a header of a request; None if it has none."""
    wanted = name.lower().encode()
    return next((value.decode("latin-1") for key, value in scope["headers"] if key.lower() == wanted), None)


def query_of(scope: Scope) -> dict[str, str]:
    """The parameters in the address of a request; of several with one name, the last."""
    return dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True))


def place_of(scope: Scope) -> tuple[str, str]:
    """Where this application is mounted, and the path of a request within it, without a slash at the end.

    As ASGI has it, the mount is the root path, and the path contains it. Some hosts take it out of the path, and
    some of them do not name it either: then it only shows in the raw path.
    """
    path: str = scope["path"].rstrip("/")
    mount: str = scope.get("root_path", "").rstrip("/")
    if mount:
        return mount, path[len(mount) :] if path.startswith(f"{mount}/") else path
    whole = unquote((scope.get("raw_path") or b"").decode("latin-1")).rstrip("/")
    return whole.removesuffix(path) if whole.endswith(path) else "", path


class Request:
    """A request of HTTP.

    Attributes:
        method: GET for HEAD, too.
        head: whether it is HEAD.
        path: within this application.
        mount: the path under which this application is mounted.
    """

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self.head = scope["method"] == "HEAD"
        self.method: str = "GET" if self.head else scope["method"]
        self.mount, self.path = place_of(scope)
        self._receive = receive

    def header(self, name: str) -> str | None:
        """The value of a header; None if there is none."""
        return header_of(self.scope, name)

    def flag(self, name: str) -> bool:
        """A parameter in the address that is true or false; false if it is not there.

        Raises:
            HttpError: it is neither.
        """
        text = query_of(self.scope).get(name, "false")
        if text not in FLAGS:
            problem = Problem(f"?{name}", "must be true or false")
            raise HttpError(400, "invalid_request", f"The parameter {name} must be true or false.", [problem])
        return FLAGS[text]

    async def body(self, most: int, patience: float) -> bytes:
        """The body, which has to be JSON in UTF-8.

        Raises:
            HttpError: it is something else, has more than ``most`` bytes, or takes more than ``patience`` seconds.
            ClientGoneError: it will never be complete.
        """
        if JSON_TYPE.fullmatch(self.header("content-type") or "") is None:
            raise HttpError(415, "unsupported_media_type", "The body must be application/json in UTF-8.")
        if _is_more(self.header("content-length") or "", most):
            raise _too_large(most)
        try:
            with fail_after(patience):
                return await self._read(most)
        except TimeoutError:
            raise HttpError(408, "request_timeout", "The body did not come in time.") from None

    async def _read(self, most: int) -> bytes:
        parts: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > most:
                raise _too_large(most)
            if not message.get("more_body", False):
                return b"".join(parts)


def _is_more(length: str, most: int) -> bool:
    """Whether a declared length is beyond a limit; nonsense is left to the server."""
    if not (length.isascii() and length.isdecimal()):
        return False
    return len(length) > 18 or int(length) > most


def _too_large(most: int) -> HttpError:
    return HttpError(413, "content_too_large", f"The body must have at most {most:,} bytes.")
