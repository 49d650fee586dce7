"""Whether it can be seen here what a process asks of the system."""

import shutil
import subprocess

import pytest

__all__ = ["needs_strace"]


def _obstacle() -> str:
    if shutil.which("strace") is None:
        return "strace is not installed"
    done = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False)
    return f"strace may not trace here: {done.stderr.strip()}" if done.returncode else ""


_reason = _obstacle()
needs_strace = pytest.mark.skipif(bool(_reason), reason=_reason)
