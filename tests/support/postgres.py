"""A PostgreSQL server of the tests' own: in a temporary folder, behind a socket there, and reachable only by that."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Literal

import psycopg

UNPRIVILEGED = ("postgres", "nobody")
"""Who may run a server when the tests are run by root, whom PostgreSQL refuses."""

STOPS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT, "kill": signal.SIGKILL}

_numbers = count()


def find_binaries() -> Path | None:
    """The newest PostgreSQL server on this machine; None if there is none."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    found.sort(key=lambda path: int(path.parent.name) if path.parent.name.isdigit() else 0)
    on_path = shutil.which("postgres")
    if on_path is not None:
        found.append(Path(on_path).resolve().parent)
    return next((path for path in reversed(found) if (path / "initdb").exists()), None)


class Cluster:
    """A server and its folder.

    Args:
        binaries: where the server's programs are.
        durable: whether commits wait for the disk; without that only a crash of the machine could lose any.
    """

    def __init__(self, binaries: Path, *, durable: bool = False) -> None:
        self._binaries = binaries
        self._folder = Path(tempfile.mkdtemp(prefix="docmill-pg-", dir="/tmp"))  # the path of a socket must be short
        self._user = self._choose_user()
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        if self._user is not None:
            os.chown(self._folder, self._user.pw_uid, self._user.pw_gid)
        self._run("initdb", "--auth=trust", "--username=docmill", "--encoding=UTF8", "--no-locale", "--no-sync")

    @staticmethod
    def _choose_user() -> pwd.struct_passwd | None:
        if os.geteuid():
            return None
        names = {entry.pw_name: entry for entry in pwd.getpwall()}
        return next(names[name] for name in UNPRIVILEGED if name in names)

    @property
    def data(self) -> Path:
        return self._folder / "data"

    @property
    def dsn(self) -> str:
        return f"host={self._folder} user=docmill dbname=postgres"

    def _identity(self) -> dict[str, int | list[int]]:
        if self._user is None:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._binaries / program), "-D", str(self.data), *arguments],
            check=True,
            capture_output=True,
            cwd=self._folder,
            **self._identity(),  # type: ignore[arg-type]
        )

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._folder),
            "fsync": "on" if self._durable else "off",
            "max_connections": "60",
            "shared_buffers": "32MB",
        }
        command = [str(self._binaries / "postgres"), "-D", str(self.data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        deadline = time.monotonic() + 30.0
        while True:
            with (self._folder / "log").open("ab") as log:
                self._process = subprocess.Popen(
                    command, stdout=log, stderr=log, cwd=self._folder, start_new_session=True, **self._identity()
                )  # type: ignore[call-overload]
            if self._answers(deadline):
                return
            # What is left of a server that was killed may still hold on to its memory for a moment.
            assert time.monotonic() < deadline, (self._folder / "log").read_text()[-2_000:]
            time.sleep(0.05)

    def _answers(self, deadline: float) -> bool:
        assert self._process is not None
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                psycopg.connect(self.dsn, connect_timeout=2).close()
            except psycopg.OperationalError:
                time.sleep(0.01)
            else:
                return True
        return False

    def stop(self, how: Literal["smart", "fast", "immediate", "kill"] = "fast") -> None:
        """Stop the server, and only that."""
        if self._process is not None:
            self._process.send_signal(STOPS[how])
            self._process.wait(30.0)
            self._process = None

    def restart(self, how: Literal["smart", "fast", "immediate", "kill"] = "fast", *, down: float = 0.0) -> None:
        """Stop the server, leave it down for some seconds, and start it again."""
        self.stop(how)
        time.sleep(down)
        self.start()

    def schema(self) -> str:
        """The address of an empty place in the database; it goes with the server."""
        name = f"t{next(_numbers)}"
        self.execute(f"CREATE SCHEMA {name}")
        return f"{self.dsn} options=-csearch_path={name}"

    def execute(self, statement: str, dsn: str | None = None) -> None:
        with closing(psycopg.connect(dsn or self.dsn, autocommit=True)) as connection:
            connection.execute(statement)

    def close(self) -> None:
        """Stop the server and remove its folder."""
        self.stop("immediate")
        shutil.rmtree(self._folder, ignore_errors=True)
