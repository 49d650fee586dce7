"""Uploads of the web example, without a browser."""

import runpy
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

MODULE = runpy.run_path(str(Path(__file__).parents[2] / "examples" / "web" / "library.py"))
Library, UploadError = MODULE["Library"], MODULE["UploadError"]


async def chunks(*sizes: int) -> AsyncIterator[bytes]:
    for size in sizes:
        yield b"x" * size


@pytest.mark.parametrize(
    "name, kept",
    [
        ("invoice.pdf", "invoice.pdf"),
        ("Rechnung März (2).pdf", "Rechnung März (2).pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\anna\\scan.png", "scan.png"),
        (".htaccess", "htaccess"),
        ("..", "document"),
        ("", "document"),
        ("a\x00b\n<c>.pdf", "a_b__c_.pdf"),
        ("long" * 100 + ".pdf", ("long" * 100)[-56:] + ".pdf"),
    ],
)
async def test_a_file_keeps_what_is_safe_of_its_name(tmp_path: Path, name: str, kept: str) -> None:
    document = await Library(tmp_path / "documents").save("anna-1", name, chunks(3, 4))
    assert document == {"id": f"anna-1/{kept}", "name": kept, "size": 7, "own": True}
    assert (tmp_path / "documents" / "anna-1" / kept).stat().st_size == 7


async def test_two_files_of_one_name_are_both_kept(tmp_path: Path) -> None:
    library = Library(tmp_path / "documents")
    names = [(await library.save("anna-1", "scan.tar.gz", chunks(1)))["name"] for _ in range(3)]
    assert names == ["scan.tar.gz", "scan.tar (2).gz", "scan.tar (3).gz"]


@pytest.mark.parametrize("sizes, status", [((6, 5), 413), ((), 400)])
async def test_nothing_is_left_of_a_file_that_is_not_taken(tmp_path: Path, sizes: Any, status: int) -> None:
    library = Library(tmp_path / "documents", limit=10)
    with pytest.raises(UploadError) as refused:
        await library.save("anna-1", "scan.pdf", chunks(*sizes))
    assert refused.value.status == status
    assert library.documents("anna-1") == []


async def test_a_user_may_only_have_so_many_documents_and_sees_nobody_elses(tmp_path: Path) -> None:
    library = Library(tmp_path / "documents", many=2)
    (library.root / "example.pdf").write_bytes(b"%PDF")
    for _ in range(2):
        await library.save("anna-1", "scan.pdf", chunks(1))
    with pytest.raises(UploadError, match="2 documents already"):
        await library.save("anna-1", "scan.pdf", chunks(1))
    assert [each["id"] for each in library.documents("ben-2")] == ["example.pdf"]
    assert [each["own"] for each in library.documents("anna-1")] == [True, True, False]
