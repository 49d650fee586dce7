"""Places with nothing but a loopback interface, for what opens ports on all interfaces; hosts joined by cables.

A place is a Linux namespace of networks and of processes: nobody outside can reach what listens there, and when its
first process ends, the kernel ends all that is left in it.
"""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from itertools import count
from typing import Final

__all__ = ["Cable", "Host", "inside", "obstacle"]

PROGRAMS: Final = ("unshare", "nsenter", "ip", "bash")

UNSHARE: Final = ("unshare", "--net", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc")

_numbers = count(2)


@cache
def obstacle() -> str | None:
    """Why there can be no such place here; None if there can."""
    if sys.platform != "linux":
        return "only Linux has namespaces"
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        return f"these programs are missing: {', '.join(missing)}"
    tried = subprocess.run(inside(["true"]), capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else f"no namespace can be made: {tried.stderr.strip()}"


def inside(command: Sequence[str]) -> list[str]:
    """A command that runs another one in a new place, with loopback up, and ends as that does."""
    # The first process of a place buries the others, which a shell does and most programs do not.
    script = 'ip link set lo up && "$@"; exit $?'
    return [*UNSHARE, "bash", "-c", script, "bash", *command]


class Host:
    """A host of its own in the network of the place that this is called in, with a cable to it.

    Attributes:
        address: its address.
    """

    def __init__(self, cable: "Cable") -> None:
        number = next(_numbers)
        self.address = f"{cable.net}.{number}"
        self._plug = f"plug{number}"
        self._holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec sleep infinity"], stdout=-1)
        assert self._holder.stdout is not None
        self._holder.stdout.readline()  # from now on it has a network of its own
        pid = str(self._holder.pid)
        ip("link", "add", self._plug, "type", "veth", "peer", "name", "eth0", "netns", pid)
        ip("link", "set", self._plug, "master", cable.name, "up")
        for words in (f"addr add {self.address}/24 dev eth0", "link set eth0 up", "link set lo up"):
            subprocess.run(self.command(["ip", *words.split()]), check=True, capture_output=True)

    def command(self, command: Sequence[str]) -> list[str]:
        """A command that runs another one on this host."""
        return ["nsenter", "--target", str(self._holder.pid), "--net", *command]

    def cut_off(self) -> None:
        """Pull the plug: packets are lost, and nobody is told."""
        ip("link", "set", self._plug, "down")

    def heal(self) -> None:
        """Put the plug in again."""
        ip("link", "set", self._plug, "up")

    def close(self) -> None:
        """Remove the host; what runs on it has to be ended before."""
        self._holder.kill()
        self._holder.wait()
        assert self._holder.stdout is not None
        self._holder.stdout.close()


class Cable:
    """What joins hosts: a bridge, with an address for the place that it is made in.

    Attributes:
        net: the first three numbers of all addresses.
        name: the bridge.
        address: the address of this place.
    """

    def __init__(self, net: str = "10.77.0", name: str = "cable") -> None:
        self.net, self.name, self.address = net, name, f"{net}.1"
        ip("link", "add", name, "type", "bridge")
        ip("addr", "add", f"{self.address}/24", "dev", name)
        ip("link", "set", name, "up")

    def close(self) -> None:
        """Remove the bridge."""
        ip("link", "delete", self.name)


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
