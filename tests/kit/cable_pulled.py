"""A child process that sees no network but its own loopback: `python -m tests.kit.cable_pulled COMMAND ...`

The kernel keeps it so (network_namespaces(7)): it is no matter of what the program means to do.
"""

import fcntl
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest

_UNSHARE = ("unshare", "--map-root-user", "--net")
_SIOCSIFFLAGS = 0x8914  # set an interface's flags: netdevice(7)
_UP_RUNNING = 0x1 | 0x40


def without_network(*command: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run a command there; where the machine cannot cut itself off, skip the test."""
    try:
        subprocess.run([*_UNSHARE, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this machine does not let a process leave the network (unshare --net)")
    inside = [sys.executable, "-m", "tests.kit.cable_pulled", *command]
    return subprocess.run([*_UNSHARE, *inside], cwd=folder, capture_output=True, text=True, timeout=600)


def main() -> None:
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", _UP_RUNNING))
    assert [name for _, name in socket.if_nameindex()] == ["lo"], "there is a network"
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
