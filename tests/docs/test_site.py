"""The site is made without a warning, no page is hidden, no link leads nowhere, and nothing comes from the network."""

import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

DOCS = Path(__file__).parents[2] / "docs"
LOADS = {
    "audio": ["src"],
    "embed": ["src"],
    "iframe": ["src"],
    "image": ["href", "xlink:href"],
    "img": ["src", "srcset"],
    "link": ["href"],
    "object": ["data"],
    "script": ["src"],
    "source": ["src", "srcset"],
    "use": ["href", "xlink:href"],
    "video": ["src", "poster"],
}
"""What a browser fetches without being asked to."""

NETWORK = re.compile(r"^\s*(https?:)?//")
FETCHED_BY_CSS = re.compile(r"url\(\s*['\"]?\s*((?:https?:)?//[^)'\"]+)|@import\s+['\"]([^'\"]+)")


class Page(HTMLParser):
    """What a page links to, what it loads, and where in it one can land."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.toctree: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()
        self.styles = ""
        self._depth_in_toctree = 0
        self._in_style = False
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        self.loads += [given[name] for name in LOADS.get(tag, []) if name in given]
        self.styles += given.get("style", "")
        self._in_style = tag == "style"
        if tag == "div" and (self._depth_in_toctree or "sidebar-tree" in given.get("class", "")):
            self._depth_in_toctree += 1
        if tag == "a" and "href" in given:
            (self.toctree if self._depth_in_toctree else self.links).append(given["href"])

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False
        if tag == "div" and self._depth_in_toctree:
            self._depth_in_toctree -= 1

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.styles += data


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if missing := [package for package in ("sphinx", "furo", "myst_parser") if find_spec(package) is None]:
        pytest.skip(f"not installed: {', '.join(missing)} (dependency group docs)")
    target = tmp_path_factory.mktemp("site")
    options = ["-q", "-W", "--keep-going", "-n", "-b", "html", "-d", str(target / "doctrees")]
    command = [sys.executable, "-m", "sphinx", *options, str(DOCS), str(target / "html")]
    built = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert built.returncode == 0, f"{built.stdout}\n{built.stderr}"
    return target / "html"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path) for path in sorted(site.rglob("*.html"))}


@pytest.mark.slow
def test_every_page_is_made_and_stands_in_the_table_of_contents(site: Path, pages: dict[Path, Page]) -> None:
    index = site / "index.html"
    expected = {site / path.relative_to(DOCS).with_suffix(".html") for path in DOCS.rglob("*.md")}
    listed = {(site / urlsplit(link).path).resolve() for link in pages[index].toctree if not urlsplit(link).scheme}
    assert expected <= set(pages)
    assert expected - {index} - listed == set()


@pytest.mark.slow
def test_no_link_leads_nowhere(site: Path, pages: dict[Path, Page]) -> None:
    assert [*broken_links(site, pages)] == []


def broken_links(site: Path, pages: dict[Path, Page]) -> Iterator[str]:
    for path, page in pages.items():
        for link in {*page.links, *page.toctree}:
            scheme, host, target, _, anchor = urlsplit(link)
            if scheme or host:
                continue
            there = (path.parent / unquote(target)).resolve() if target else path
            found = there.is_file() and there.is_relative_to(site)
            # Furo's link to the top of the page needs no anchor.
            if found and anchor and there in pages:
                found = unquote(anchor) in pages[there].anchors
            if not found and link != "#":
                yield f"{path.relative_to(site)}: {link}"


@pytest.mark.slow
def test_nothing_is_loaded_from_the_network(site: Path, pages: dict[Path, Page]) -> None:
    loads = [(path, load) for path, page in pages.items() for load in page.loads]
    styles = [(path, page.styles) for path, page in pages.items()]
    styles += [(path, path.read_text("utf-8")) for suffix in ("css", "svg") for path in site.rglob(f"*.{suffix}")]
    fetched = [(path, found) for path, text in styles for found in FETCHED_BY_CSS.findall(text)]
    assert len(loads) > len(pages)
    assert [(path, load) for path, load in loads if NETWORK.match(load)] == []
    assert fetched == []


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<link rel="stylesheet" href="//fonts.example/css">',
        '<img src="http://example.org/x.png">',
        "<style>@import 'https://fonts.example/css'</style>",
        '<p style="background: url(https://example.org/x.png)">',
    ],
)
def test_what_comes_from_the_network_is_seen(text: str, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(text, "utf-8")
    page = Page(tmp_path / "index.html")
    assert FETCHED_BY_CSS.findall(page.styles) or any(NETWORK.match(load) for load in page.loads)


def test_a_link_that_leads_nowhere_is_seen(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text('<a href="gone.html">a</a><a href="#here">b</a><a id="here"></a>', "utf-8")
    path = tmp_path / "index.html"
    assert [*broken_links(tmp_path, {path: Page(path)})] == ["index.html: gone.html"]
