"""A server on this machine that speaks as much of the chat completions protocol as the tests need."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import attrs

__all__ = ["Reply", "Server", "message", "serve"]


@attrs.frozen
class Reply:
    """What the server answers: parts of a body, with a pause before each of them."""

    parts: Sequence[bytes]
    status: int = 200
    headers: Mapping[str, str] = attrs.Factory(dict)
    pause: float = 0.0


def message(content: Any, **more: Any) -> Reply:
    """An answer in the shape that such servers send."""
    if not isinstance(content, str | None):
        content = json.dumps(content)
    answer = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "test",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": content, "refusal": None}, "finish_reason": "stop"}
        ],
        "usage": {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20},
    }
    return Reply([json.dumps(answer).encode()], **more)


@attrs.define
class Server:
    """The server.

    Attributes:
        url: the base URL for a client.
        reply: what it answers next.
        requests: what it was asked: the path, the headers in lower case, the body.
    """

    url: str
    reply: Reply = attrs.Factory(lambda: message({}))
    requests: list[tuple[str, dict[str, str], dict[str, Any]]] = attrs.Factory(list)


@contextmanager
def serve() -> Iterator[Server]:
    """Run a server while the block runs."""
    stopping = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            headers = {name.lower(): value for name, value in self.headers.items()}
            server.requests.append((self.path, headers, body))
            reply = server.reply
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            for part in reply.parts:
                if stopping.wait(reply.pause):
                    return
                try:
                    self.wfile.write(part)
                except OSError:
                    return

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server = Server(f"http://127.0.0.1:{http.server_address[1]}/v1")
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            stopping.set()
            http.shutdown()
            thread.join()
