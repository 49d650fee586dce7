"""Servers and people for the browser tests."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self

HERE = Path(__file__).parent
EXAMPLE = HERE.parents[1] / "examples" / "web" / "app.py"
SCRIPTED = HERE / "scripted_host.py"


class Host:
    """The web example in a process of its own, on a port of its own."""

    def __init__(self, data: Path, *, scripted: bool = True) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"http://localhost:{self.port}"
        data.mkdir(exist_ok=True)
        words = [SCRIPTED, self.port, data] if scripted else [EXAMPLE, "--port", self.port, "--data", data]
        self._command = [sys.executable, *map(str, words)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        for _ in range(400):
            with suppress(OSError):
                self.ask("GET", "/session")
                return
            assert self._process.poll() is None, "the server has ended"
            time.sleep(0.05)
        raise AssertionError("the server does not answer")

    def stop(self) -> int:
        """Ask it to stop; its exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(10)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


class Person:
    """Somebody at the page."""

    def __init__(self, context: Any, host: Host, name: str = "Anna") -> None:
        self.host = host
        self.name = name
        self.context = context
        self.page = context.new_page()
        self.page.set_default_timeout(15_000)
        self.failures: list[str] = []
        self.page.on("pageerror", lambda error: self.failures.append(str(error)))
        self.page.on("dialog", lambda dialog: self.failures.append(dialog.message))

    def arrive(self) -> None:
        """Sign in, which leaves a cookie, and open the page."""
        self.context.request.post(f"{self.host.url}/sign-in/{self.name.lower()}")
        self.page.goto(self.host.url)
        self.page.locator("#documents li").first.wait_for()

    def wait_until_live(self) -> None:
        self.page.locator('#connection[data-state="live"]').wait_for()

    def start(self, *documents: str, options: dict[str, str] | None = None) -> str:
        """Start a batch; its id."""
        before = self.page.url
        for document in documents:
            self.page.locator("#documents").get_by_role("checkbox", name=document).check()
        if options:
            self.page.get_by_text("Options").click()
        for label, value in (options or {}).items():
            self.page.get_by_label(label).fill(value)
        self.page.locator("#start").click()
        return self.wait_for_batch_other_than(before)

    def wait_for_batch_other_than(self, before: str) -> str:
        """Wait until another batch is shown than at an address; its id."""
        self.page.wait_for_url(lambda url: url != before)
        self.page.locator(".job-head").wait_for()
        return str(self.page.url.partition("#")[2])

    def wait_for(self, state: str) -> None:
        """Wait until the batch is in a state, as its icon has it."""
        self.page.locator(f'.status[data-state="{state}"]').wait_for()

    def row(self, document: str) -> Any:
        return self.page.locator(".row", has=self.page.locator(".row-name", has_text=document))

    def too_wide_by(self) -> int:
        """Pixels by which the page is wider than the window."""
        root = "document.documentElement"
        return int(self.page.evaluate(f"{root}.scrollWidth - {root}.clientWidth"))

    def rows(self, state: str) -> int:
        return int(self.page.locator(f'.row[data-state="{state}"]').count())

    def wait_for_a_row(self, state: str) -> None:
        self.page.locator(f'.row[data-state="{state}"]').first.wait_for()

    def wait_for_rows(self, state: str, number: int) -> None:
        from playwright.sync_api import expect

        expect(self.page.locator(f'.row[data-state="{state}"]')).to_have_count(number, timeout=15_000)


Meet = Callable[..., Person]
"""Makes a person: ``meet(name, at=host, **settings of the browser)``."""
