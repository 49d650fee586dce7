"""Who has signed in: two users of a demonstration, who need no password."""

import hmac
import secrets
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from starlette.requests import HTTPConnection

__all__ = ["Users"]


class Users:
    """The users, and the signed cookies by which they are known.

    Args:
        names: who may sign in.
        key_file: keeps the key of the signatures, so that people stay signed in when the server restarts.
    """

    COOKIE = "docmill-user"

    def __init__(self, names: list[str], key_file: Path) -> None:
        self.names = names
        if not key_file.exists():
            key_file.touch(mode=0o600)
            key_file.write_bytes(secrets.token_bytes(32))
        self._key = key_file.read_bytes()

    def cookie(self, name: str) -> str:
        """What the browser of somebody keeps."""
        return f"{name}.{self._sign('cookie', name)}"

    def name_of(self, scope: MutableMapping[str, Any]) -> str | None:
        """Who makes a request or opens a socket; None if that is not known."""
        cookie = HTTPConnection(scope).cookies.get(self.COOKIE, "")
        name = cookie.partition(".")[0]
        return name if name in self.names and hmac.compare_digest(cookie, self.cookie(name)) else None

    def folder_of(self, name: str) -> str:
        """Where somebody's documents are. Nobody else can guess it, and so nobody else can name one in a job."""
        return f"{name}-{self._sign('folder', name)}"

    def _sign(self, purpose: str, name: str) -> str:
        return hmac.digest(self._key, f"{purpose} {name}".encode(), "sha256").hex()[:32]
