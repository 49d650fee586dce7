"""The example that is killed and goes on does so."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "durable.py"


@contextmanager
def started(path: Path) -> Iterator[tuple[subprocess.Popen[str], Iterator[str]]]:
    """The example at work, and what it says."""
    command = [sys.executable, str(EXAMPLE), str(path), "0.05"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process, iter(process.stdout.readline, "")
        process.kill()


def names(lines: list[str], word: str) -> set[str]:
    return {line.split()[1] for line in lines if line.startswith(f"  {word}")}


def test_it_is_killed_and_goes_on_and_what_was_done_is_not_done_again(tmp_path: Path) -> None:
    said: list[str] = []
    with started(tmp_path / "jobs.db") as (process, lines):
        for line in lines:
            said.append(line)
            if len(names(said, "done")) == 10:
                break
        process.kill()
        said += lines
    assert re.search(rf"^process {process.pid}: 0 of 40 documents were done before", "".join(said), re.MULTILINE)
    assert f"try: kill -9 {process.pid}\n" in said
    done = names(said, "done")

    with started(tmp_path / "jobs.db") as (process, lines):
        again = list(lines)
        assert process.wait(60) == 0

    last = re.fullmatch(r"COMPLETED: (\d+) documents done now, (\d+) before\n", again[-1])
    assert last is not None
    assert int(last[1]) + int(last[2]) == 40
    assert int(last[2]) >= len(done) >= 10
    assert not done & names(again, "reading")
    assert len(done | names(again, "done")) in {int(last[1]) + len(done), 40}
