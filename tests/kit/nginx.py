"""Debian's nginx before the server, with the block of docs/classroom.md."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.kit.program import ROOT

_START_SECONDS = 10.0
_CONFIGURATION = """
{user}
daemon off;
pid {folder}/pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{block}
}}
"""


@contextmanager
def nginx(folder: Path, target: int, name: str, *, port: int = 0, bare: bool = False) -> Iterator[int]:
    """The port on which the server at `target` is to be had as `name`; `bare`: with `proxy_pass` alone."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if found is None:
        pytest.skip("no nginx here; on Debian: apt-get install nginx-light")
    port = port or free_port()
    block = readme_block().replace("listen 80", f"listen 127.0.0.1:{port}").replace("class.school", name)
    block = block.replace("127.0.0.1:8000", f"127.0.0.1:{target}")
    if bare:
        block = re.sub(r"\n *(client_max|proxy_http|proxy_set)[^\n]*", "", block)
    folder.mkdir(parents=True)
    user = "user root;" if os.geteuid() == 0 else ""  # who owns this folder
    configuration = folder / "nginx.conf"
    configuration.write_text(_CONFIGURATION.format(user=user, folder=folder, block=block), encoding="utf-8")
    process = subprocess.Popen([found, "-p", str(folder), "-c", str(configuration)])
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def readme_block() -> str:
    found = re.search(
        r"^    server \{\n.*?^    \}$",
        (ROOT / "docs" / "classroom.md").read_text(encoding="utf-8"),
        re.M | re.S,
    )
    assert found
    return found[0]


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + _START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert process.poll() is None and time.monotonic() < end, "nginx does not start"
            time.sleep(0.02)
