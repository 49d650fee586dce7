"""The page under axe-core, in both colour schemes."""

from pathlib import Path
from typing import Any

import pytest

from tests.browser.hosts import Meet

axe = pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")

SOURCE = (Path(axe.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Any) -> list[str]:
    page.evaluate(SOURCE)
    found = page.evaluate("axe.run()")["violations"]
    return [f"{each['id']}: {node['html']} {node['failureSummary']}" for each in found for node in each["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(meet: Meet, scheme: str) -> None:
    anna = meet(color_scheme=scheme, viewport={"width": 1280, "height": 860}, reduced_motion="reduce")
    anna.page.goto(anna.host.url)
    anna.page.get_by_role("button", name="I am Anna").wait_for()
    assert violations(anna.page) == []
    anna.page.get_by_role("button", name="I am Anna").click()
    anna.wait_until_live()
    anna.page.locator("#start").click()
    anna.page.get_by_text("Options").click()
    assert violations(anna.page) == []
    anna.start("good-1.txt", "slow-1.txt", "bad.txt")
    anna.wait_for_rows("failed", 1)
    assert violations(anna.page) == []
    anna.wait_for("done")
    anna.row("bad.txt").get_by_role("button").click()
    anna.row("good-1.txt").get_by_role("button").click()
    anna.page.get_by_text("As JSON").click()
    assert violations(anna.page) == []
    anna.page.set_viewport_size({"width": 390, "height": 844})
    assert violations(anna.page) == []
    assert anna.too_wide_by() == 0
