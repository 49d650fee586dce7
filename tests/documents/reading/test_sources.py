"""Where documents come from, and what nobody gets out of there."""

import os
import pickle
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from docmill.documents import sources
from docmill.documents.errors import DocumentNotFoundError, DocumentTooLargeError, UnsafePathError
from docmill.documents.sources import DocumentSource, FolderSource, FsspecSource, MemorySource, as_source

posix = pytest.mark.skipif(sys.platform == "win32", reason="links and special files of POSIX")

UNSAFE = [
    "",
    ".",
    "..",
    "../secret.txt",
    "inner/../../secret.txt",
    "/etc/passwd",
    "//server/share/a.txt",
    "\\\\server\\share\\a.txt",
    "\\windows\\a.txt",
    "C:\\a.txt",
    "C:a.txt",
    "..\\secret.txt",
    "a\0b.txt",
    "half \ud800.txt",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "documents"
    (root / "inner").mkdir(parents=True)
    (root / "a.txt").write_bytes(b"alpha")
    (root / "inner" / "b.txt").write_bytes(b"beta")
    (tmp_path / "secret.txt").write_bytes(b"secret")
    return root


@pytest.fixture
def remote() -> Iterator[FsspecSource]:
    files = fsspec.filesystem("memory")
    files.pipe("/bucket/documents/a.txt", b"alpha")
    files.pipe("/bucket/documents/inner/b.txt", b"beta")
    files.pipe("/bucket/secret.txt", b"secret")
    yield FsspecSource("memory://bucket/documents")
    files.rm("/bucket", recursive=True)


@pytest.fixture(params=["folder", "memory", "fsspec"])
def source(request: pytest.FixtureRequest, folder: Path) -> DocumentSource:
    if request.param == "folder":
        return FolderSource(folder)
    if request.param == "memory":
        return MemorySource({"a.txt": b"alpha", "inner/b.txt": b"beta"})
    found: DocumentSource = request.getfixturevalue("remote")
    return found


def test_a_document_is_read_by_its_id(source: DocumentSource) -> None:
    assert source.read("a.txt", 5) == b"alpha"
    assert source.read("inner/b.txt", 5) == b"beta"


def test_a_document_that_is_not_there_is_not_found(source: DocumentSource) -> None:
    for name in ("c.txt", "c/a.txt", "inner"):
        with pytest.raises(DocumentNotFoundError):
            source.read(name, 5)


def test_a_document_beyond_the_limit_is_not_read(source: DocumentSource) -> None:
    with pytest.raises(DocumentTooLargeError, match="5 bytes, and max_bytes is 4"):
        source.read("a.txt", 4)


def test_a_source_travels(source: DocumentSource) -> None:
    source.read("a.txt", 5)
    assert pickle.loads(pickle.dumps(source)).read("a.txt", 5) == b"alpha"


def test_a_source_says_what_it_is_and_keeps_its_secrets(source: DocumentSource) -> None:
    assert type(source).__name__ in repr(source)
    assert "s3cret" not in repr(FsspecSource("s3://bucket", secret="s3cret"))


@pytest.mark.parametrize("document_id", UNSAFE)
def test_no_id_leads_out_of_the_folder(folder: Path, remote: FsspecSource, document_id: str) -> None:
    for source in (FolderSource(folder), remote):
        with pytest.raises(UnsafePathError):
            source.read(document_id, 100)


@pytest.mark.parametrize(
    "document_id", ["%2e%2e/secret.txt", "inner/%2E%2E/%2e%2e/secret.txt", "%2Fetc/passwd", "a%00"]
)
def test_no_id_leads_out_of_a_remote_folder_once_it_is_part_of_a_url(remote: FsspecSource, document_id: str) -> None:
    with pytest.raises(UnsafePathError):
        remote.read(document_id, 100)


def test_a_name_that_is_too_long_is_no_path(folder: Path) -> None:
    with pytest.raises(UnsafePathError):
        FolderSource(folder).read("x" * 5_000, 100)
    with pytest.raises((UnsafePathError, DocumentNotFoundError)):
        FolderSource(folder).read("x/" * 5_000 + "x", 100)


@posix
def test_a_link_is_followed_inside_of_the_folder_and_not_out_of_it(folder: Path) -> None:
    (folder / "inside.txt").symlink_to("inner/b.txt")
    (folder / "back").symlink_to("inner")
    (folder / "outside.txt").symlink_to(folder.parent / "secret.txt")
    (folder / "parent").symlink_to("..")
    (folder / "loop").symlink_to("loop")
    source = FolderSource(folder)

    assert source.read("inside.txt", 9) == source.read("back/b.txt", 9) == b"beta"
    for name in ("outside.txt", "parent/secret.txt", "parent/documents/../secret.txt", "parent/documents/a.txt/../x"):
        with pytest.raises(UnsafePathError):
            source.read(name, 9)
    with pytest.raises((UnsafePathError, DocumentNotFoundError)):
        source.read("loop", 9)


@posix
@pytest.mark.parametrize("place", ["a.txt", "inner/b.txt"])
def test_a_link_that_appears_after_the_check_is_not_followed(
    folder: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = folder.parent / "elsewhere"
    outside.mkdir()
    (outside / "b.txt").write_bytes(b"secret")
    resolve = os.path.realpath

    def resolve_and_swap(path: Path) -> str:
        found = str(resolve(path))
        victim = folder / place.partition("/")[0]
        victim.rename(folder / "moved")
        victim.symlink_to(outside / "b.txt" if place == "a.txt" else outside)
        return found

    source = FolderSource(folder)
    monkeypatch.setattr(sources.os.path, "realpath", resolve_and_swap)
    with pytest.raises((UnsafePathError, DocumentNotFoundError)):
        source.read(place, 9)


@posix
def test_only_regular_files_are_documents(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    listener = socket.socket(socket.AF_UNIX)
    here = Path.cwd()
    os.chdir(folder)  # the path of a socket must be short
    try:
        listener.bind("socket")
    finally:
        os.chdir(here)
    with listener:
        for name in ("pipe", "socket", "inner"):
            with pytest.raises(DocumentNotFoundError, match="not a regular file"):
                FolderSource(folder).read(name, 9)


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_document_that_must_not_be_read_is_not_found(folder: Path) -> None:
    (folder / "a.txt").chmod(0)
    with pytest.raises(DocumentNotFoundError, match="must not be read"):
        FolderSource(folder).read("a.txt", 9)


@posix
def test_errors_of_the_system_are_told_apart(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    def fail(code: int) -> None:
        def fail_so(*_: object, **__: object) -> int:
            raise OSError(code, "")

        monkeypatch.setattr(sources, "_open_inside", fail_so)

    source = FolderSource(folder)
    for code, error in (
        (errno.EACCES, DocumentNotFoundError),
        (errno.ENXIO, DocumentNotFoundError),
        (errno.ELOOP, UnsafePathError),
        (errno.EIO, OSError),
    ):
        fail(code)
        with pytest.raises(error):
            source.read("a.txt", 9)


def test_a_folder_is_read_where_the_system_cannot_walk_by_descriptors(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "CAN_WALK", False)

    assert FolderSource(folder).read("inner/b.txt", 9) == b"beta"


@posix
def test_a_document_that_grows_while_it_is_read_is_cut_off_at_the_limit(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "_check_size", lambda *_: None)
    with pytest.raises(DocumentTooLargeError, match="more bytes than max_bytes, which is 3"):
        FolderSource(folder).read("a.txt", 3)


def test_no_descriptor_is_left_open(folder: Path) -> None:
    places = Path("/proc/self/fd")
    if not places.is_dir():
        pytest.skip("only Linux lists them")
    source = FolderSource(folder)
    before = len(list(places.iterdir()))
    for name in ("a.txt", "inner/b.txt", "inner/c.txt", "c/d/e.txt", "inner", "../x"):
        for _ in range(3):
            try:
                source.read(name, 9)
            except (DocumentNotFoundError, UnsafePathError):
                continue
    assert len(list(places.iterdir())) == before


def test_a_folder_must_be_one(folder: Path) -> None:
    with pytest.raises(NotADirectoryError):
        FolderSource(folder / "a.txt")


@pytest.mark.parametrize("url", ["documents", "file:///tmp", "local:///tmp", "C:/documents"])
def test_local_folders_are_not_for_fsspec(url: str) -> None:
    with pytest.raises(ValueError, match="FolderSource"):
        FsspecSource(url)


def test_a_remote_file_of_unknown_size_is_cut_off_at_the_limit(
    remote: FsspecSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, _ = remote._files()
    monkeypatch.setattr(files, "info", lambda path: {"type": "file", "size": None})

    assert remote.read("a.txt", 5) == b"alpha"
    with pytest.raises(DocumentTooLargeError):
        remote.read("a.txt", 4)


def test_a_source_is_made_of_what_is_at_hand(folder: Path) -> None:
    memory = MemorySource({})

    assert as_source(memory) is memory
    assert isinstance(as_source(str(folder)), FolderSource)
    assert isinstance(as_source(folder), FolderSource)
    assert isinstance(as_source({"a": b""}), MemorySource)
    assert isinstance(as_source("memory://bucket"), FsspecSource)
    with pytest.raises(TypeError, match="not from 5"):
        as_source(5)  # type: ignore[arg-type]


def test_without_fsspec_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(ImportError, match=r"pip install 'docmill\[fsspec\]'"):
        FsspecSource("memory://documents").read("a.pdf", 10)
