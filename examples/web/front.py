"""What the application has besides docmill's own addresses: its page, signing in, and documents."""

from collections.abc import Collection
from pathlib import Path

from library import Library, UploadError
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from users import Users

__all__ = ["Front"]

PAGE = Path(__file__).parent / "page"

# Nothing is loaded from elsewhere, and no script runs but the page's own: documents may contain anything.
PAGE_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Front:
    """The application's own routes.

    Args:
        library: the documents.
        users: who may sign in.
        origins: where its page is served from.
    """

    def __init__(self, library: Library, users: Users, origins: Collection[str]) -> None:
        self._library = library
        self._users = users
        self._origins = origins

    def routes(self) -> list[BaseRoute]:
        """The routes, for Starlette."""
        return [
            Route("/", self.page),
            Mount("/page", StaticFiles(directory=PAGE)),
            Route("/session", self.session),
            Route("/sign-in/{name}", self.sign_in, methods=["POST"]),
            Route("/documents", self.documents),
            Route("/upload", self.upload, methods=["POST"]),
        ]

    async def page(self, _: Request) -> Response:
        """The page, which loads its scripts and its style from beside it."""
        return FileResponse(PAGE / "index.html", headers=PAGE_HEADERS)

    async def session(self, request: Request) -> Response:
        """Who has signed in, and what the page needs to know."""
        user = self._users.name_of(request.scope)
        return JSONResponse({"user": user, "users": self._users.names, "uploadBytes": self._library.limit})

    async def sign_in(self, request: Request) -> Response:
        """Give a browser the cookie of one of the users."""
        name = request.path_params["name"]
        if name not in self._users.names:
            return _refuse(404, "There is no such user.")
        response = JSONResponse({"user": name})
        response.set_cookie(self._users.COOKIE, self._users.cookie(name), httponly=True, samesite="strict")
        return response

    async def documents(self, request: Request) -> Response:
        """The documents that a user may choose from."""
        owner = self._users.name_of(request.scope)
        if owner is None:
            return _refuse(401, "Sign in first.")
        return JSONResponse({"data": self._library.documents(self._users.folder_of(owner))})

    async def upload(self, request: Request) -> Response:
        """Keep a file, which is the body; its name is in the query."""
        owner = self._users.name_of(request.scope)
        if owner is None:
            return _refuse(401, "Sign in first.")
        if request.headers.get("origin") not in self._origins:
            return _refuse(403, "Pages of this origin may not upload anything.")
        name = request.query_params.get("name", "")
        try:
            document = await self._library.save(self._users.folder_of(owner), name, request.stream())
        except UploadError as error:
            return _refuse(error.status, str(error))
        return JSONResponse({"data": document}, 201)


def _refuse(status: int, message: str) -> Response:
    return JSONResponse({"error": {"message": message}}, status)
