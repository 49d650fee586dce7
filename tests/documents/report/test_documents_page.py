"""The tables of docs/documents.md are those of the code. `python` on this file writes them anew."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs
import pytest

from docmill.documents import (
    ANOMALIES,
    ISSUES,
    DocumentError,
    Extraction,
    Limits,
    LineItem,
    Party,
    Table,
    Value,
    errors,
)
from docmill.documents.quality import PageQuality, Quality

PAGE = Path(__file__).parents[3] / "docs" / "documents.md"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def issues() -> str:
    rows = [(f"`{code}`", kind.severity, str(kind.points), kind.meaning) for code, kind in ISSUES.items()]
    return table(("code", "severity", "points", "meaning"), rows)


def anomalies() -> str:
    rows = [(f"`{code}`", severity, meaning) for code, (severity, meaning) in ANOMALIES.items()]
    return table(("code", "severity", "meaning"), rows)


def limits() -> str:
    words = dict(re.findall(r"^ +(max_\w+): (.+)$", Limits.__doc__ or "", re.MULTILINE))
    rows = [
        (f"`{each.name}`", f"{each.default:,}", words[each.name].replace("``", "`")) for each in attrs.fields(Limits)
    ]
    return table(("limit", "default", ""), rows)


def refusals() -> str:
    kinds = [getattr(errors, name) for name in errors.__all__ if name != DocumentError.__name__]
    rows = [(f"`{kind.__name__}`", f"`{kind.code}`", kind.__doc__.replace("`Limits`", "limits")) for kind in kinds]
    return table(("error", "code", ""), rows)


TABLES = {"issues": issues, "anomalies": anomalies, "limits": limits, "errors": refusals}


def between(name: str, text: str) -> str:
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", text, re.DOTALL)
    assert found, f"docs/documents.md has no place for {name}"
    return found[1].strip()


@pytest.mark.parametrize("name", TABLES)
def test_the_page_lists_what_the_code_has(name: str) -> None:
    assert between(name, PAGE.read_text("utf-8")) == TABLES[name]()


@pytest.mark.parametrize("shape", [Quality, PageQuality, Extraction, LineItem, Party, Value, Table])
def test_the_page_names_every_key_of_a_result(shape: type) -> None:
    named = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`\n]+)`", PAGE.read_text("utf-8")))))
    assert [each.name for each in attrs.fields(shape) if each.name not in named] == []


def rewrite() -> None:
    text = PAGE.read_text("utf-8")
    for name, make in TABLES.items():
        start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, _, after = text.partition(start + text.split(start)[1].split(end)[0] + end)
        text = f"{before}{start}{make()}\n{end}{after}"
    PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    rewrite()
