"""A reply is kept as it came and understood afterwards."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import h11
import pytest

from app.bench import endpoint
from app.bench.endpoint import Endpoint, ServerFailed
from app.bench.recording import Recording, content

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_pieces_keep_the_time_of_the_read_that_made_them_whole():
    reads = [(1.0, HEAD + b"3\r\nab"), (2.0, b"c\r\n2\r\nde\r\n"), (3.0, b"0\r\n\r\n")]
    status, pieces = content(reads)
    assert status == 200
    assert b"".join(data for _, data in pieces) == b"abcde"
    assert [at for at, data in pieces if b"d" in data] == [2.0]


def test_half_a_reply_is_what_came_of_it():
    assert content([(1.0, HEAD + b"3\r\nabc\r\n")]) == (200, [(1.0, b"abc")])
    assert content([]) == (0, [])
    with pytest.raises(h11.RemoteProtocolError):
        content([(1.0, b"this is no HTTP\r\n\r\n")])


@contextlib.asynccontextmanager
async def talking(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    visits: list[asyncio.Task[None] | None] = []

    async def visited(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visits.append(asyncio.current_task())
        with contextlib.suppress(ConnectionError):
            await talk(reader, writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    async with await asyncio.start_server(visited, "127.0.0.1") as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await asyncio.gather(*filter(None, visits))


async def test_the_request_is_one_that_any_server_understands():
    asked: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"}"))
        writer.write(HEAD + b"0\r\n\r\n")

    reads: list[tuple[float, bytes]] = []
    async with talking(talk) as url:
        recording = Recording(f"{url}/v1/completions", {"a": 1}, reads)
        await recording.connect()
        assert not asked
        await recording.run(5)
        recording.close()
    head, _, body = asked[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/completions HTTP/1.1\r\n")
    assert f"host: {url.removeprefix('http://')}".encode() in head.lower()
    assert (b"connection: close" in head.lower(), body) == (True, b'{"a": 1}')
    assert content(reads) == (200, [])


@pytest.mark.parametrize(("silent", "says"), [(False, "went away"), (True, "was silent for 0.05 seconds")])
async def test_a_server_without_a_word_is_one_sentence(
    silent: bool, says: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(endpoint, "_SILENCE", 0.05)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"}")
        if silent:
            await reader.read()  # until the other side gives up

    async with talking(talk) as url, Endpoint(url) as server:
        with pytest.raises(ServerFailed, match=says):
            await server.stream({"a": 1})
