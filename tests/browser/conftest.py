"""A browser, the web example behind it, and people."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.hosts import Host, Meet, Person

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def equipment() -> str:
    """The path of the browser, or a reason to skip."""
    for module in ("starlette", "uvicorn", "websockets", "playwright"):
        pytest.importorskip(module, reason=f"{module} is not installed")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("chromium is not installed")
    return chromium


@pytest.fixture(scope="module")
def browser(equipment: str) -> Iterator[Any]:
    """For one module only: while playwright works, no other event loop can run in this thread."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=equipment, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def host(equipment: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with Host(tmp_path_factory.mktemp("host") / "data") as host:
        yield host


@pytest.fixture
def meet(browser: Any, host: Host) -> Iterator[Meet]:
    """Makes people; each has a browser of their own. The page must not have failed when they go."""
    people: list[Person] = []

    def meet(name: str = "Anna", at: Host = host, **settings: Any) -> Person:
        people.append(Person(browser.new_context(**settings), at, name))
        return people[-1]

    yield meet
    for person in people:
        person.context.close()
        assert person.failures == []
