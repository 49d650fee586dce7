"""A web application around docmill: the seed's HTTP API and stream, and a page that uses them.

    python examples/web/app.py [--port 8000] [--data FOLDER]

It serves the example documents, and what its users upload, to them alone. Jobs and uploads are kept in the data
folder, and jobs go on after a restart; without `--data` everything is gone when the server stops.
"""

import argparse
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvicorn
from front import Front
from library import Library
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Mount
from users import Users

from docmill import DocumentProcessingQueue, Processor
from docmill.asgi import BatchProcessingApp
from docmill.documents import standard_processors
from docmill.stores import SQLiteStore

EXAMPLES = Path(__file__).parents[1] / "documents"
KINDS = {".docx", ".jpeg", ".jpg", ".pdf", ".png", ".tif", ".tiff", ".txt"}


def create_app(
    data: Path,
    origins: Collection[str],
    *,
    examples: Path = EXAMPLES,
    processors: Mapping[str, Processor] | None = None,
    **settings: Any,
) -> Starlette:
    """Make the application.

    Args:
        data: an existing folder for the jobs and the documents.
        origins: where its page is served from, such as ``http://localhost:8000``.
        examples: a folder of documents for everybody.
        processors: what runs for each job type; the standard processors by default.
        settings: further arguments of `BatchProcessingApp`.
    """
    library = Library(data / "documents")
    for path in examples.iterdir():
        if path.suffix in KINDS:
            shutil.copy(path, library.root)
    users = Users(["anna", "ben"], data / "key")
    queue = DocumentProcessingQueue(
        processors or standard_processors(str(library.root)), store=SQLiteStore(data / "jobs.db")
    )
    # A browser sends the cookie with every request, whichever page makes it: so it matters which page that is.
    batches = BatchProcessingApp(queue, users.name_of, allowed_origins=origins, **settings)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await queue.start()
        yield
        await queue.aclose(1.5)  # documents at work may complete; the others go on when the server is back

    return Starlette(
        routes=[*Front(library, users, origins).routes(), Mount("/", batches)],
        # A stranger's page can give its own name the address of this machine: that name is refused.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
        lifespan=lifespan,
    )


def serve(data: Path, port: int, **settings: Any) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    origins = [f"http://{host}:{port}" for host in ("127.0.0.1", "localhost")]
    app = create_app(data, origins, **settings)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn raises it again when it has stopped
    print(f"docmill: {origins[1]}", flush=True)
    uvicorn.run(app, port=port, log_level="warning", ws_max_size=65_536, timeout_graceful_shutdown=1)


def main() -> None:
    """Serve as the command line says."""
    parser = argparse.ArgumentParser(description="Serve docmill and its page on this machine.")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--data", type=Path, help="a folder to keep jobs and uploads in")
    arguments = parser.parse_args()
    if arguments.data is not None:
        arguments.data.mkdir(parents=True, exist_ok=True)
        serve(arguments.data, arguments.port)
        return
    with TemporaryDirectory(prefix="docmill-") as folder:
        serve(Path(folder), arguments.port)


if __name__ == "__main__":
    main()
