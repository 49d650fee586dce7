"""What the documentation says of kills and power cuts comes from the artifacts of their runs."""

from .durability import MARKED, PAGE, said


def test_the_page_says_what_the_artifacts_say() -> None:
    marked = MARKED.search(PAGE.read_text())

    assert marked is not None
    assert marked[2] == said()
