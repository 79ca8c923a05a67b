"""The metrics add up, the loop never waits, and nothing anybody wrote is left behind. Promises 15 to 17, 37."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

from app.pages.presets import read_presets
from app.pages.registry import WITH_PRESETS
from tests.kit.program import program
from tests.kit.rounds import within
from tests.kit.stream import Reply, ask

CANARY = "xyzzy-plugh\r\n\x1b[31m{injected}"
WORD = "plugh"  # of it: what no file and no answer may hold


async def test_the_books_agree_with_what_the_class_saw(tmp_path: Path, figure):
    """Every request is counted once, under the outcome its student saw."""
    options = ("--ms-per-token", "2", "--fail-at", "701")
    with program(tmp_path, *options, slots=4, queue=500, per_client=500, deadline_seconds=1.5) as server:
        before = server.metrics()
        bodies = {
            "short": {"prompt": "Once", "max_tokens": 6, "ignore_eos": True},
            "endless": {"prompt": "Once", "max_tokens": 900, "ignore_eos": True},
            "wrong": {"prompt": "Once", "temperature": 99},
        }
        seen = {"finished": 0, "timeout": 0, "ended": 0, "rejected": 0}

        async def student(number: int) -> None:
            kind = ("short", "short", "leaves", "wrong", "short", "endless")[number % 6]
            await asyncio.sleep(number * 0.02)
            leaves = kind == "leaves"
            reply = await ask(
                server.port, "/api/completions", bodies["endless" if leaves else kind], client=f"s{number}",
                leave=lambda reply: leaves and len(reply.tokens) >= 2,
            )  # fmt: skip
            if reply.status == 422:
                seen["rejected"] += 1
            elif reply.terminal == ["done"]:
                reasons = reply.events[-1].data["finish_reasons"]
                seen["timeout" if "timeout" in reasons else "finished"] += 1
            else:
                seen["ended"] += 1  # by an error, or by leaving: which came first, nobody outside knows

        await asyncio.gather(*(student(number) for number in range(120)))
        server.until(lambda metrics: metrics["pg_running"] == metrics["pg_waiting"] == 0)
        after = server.metrics()
        text = server.get("/metrics").text
    grown = {name: after[name] - before.get(name, 0) for name in after}
    outcome = {
        each: grown[f"pg_requests_total[{each}]"]
        for each in ("finished", "cancelled", "failed", "timeout", "rejected")
    }
    figure(f"seen by the class: {seen}; in the books: {outcome}")
    assert outcome["finished"] == seen["finished"] > 0
    assert seen["timeout"] > 0
    assert outcome["rejected"] == seen["rejected"] == 20
    # who left in the very step in which the time ran out has not seen that it did
    assert outcome["cancelled"] + outcome["failed"] + outcome["timeout"] == seen["ended"] + seen["timeout"]
    assert outcome["timeout"] >= seen["timeout"] and seen["ended"] > 0
    assert grown["pg_accepted_total"] == 100 == sum(outcome.values()) - outcome["rejected"]
    assert grown["pg_queue_seconds_count"] >= seen["finished"] + seen["timeout"]
    assert grown["pg_ttft_seconds_count"] > 0
    series = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert len(series) <= 200
    assert "Once" not in text and "tab" not in text  # no label comes from a request


async def test_alive_is_answered_at_once_and_ready_is_not_the_same(tmp_path: Path, figure):
    with program(tmp_path, "--ms-per-token", "10", slots=2, queue=20) as server:
        body = {"prompt": "Once", "max_tokens": 300, "ignore_eos": True}
        load = [
            asyncio.create_task(ask(server.port, "/api/completions", body, client=f"s{i}")) for i in range(22)
        ]
        await asyncio.sleep(0.5)
        text = {"text": "never mind the gap " * 1700, "encoding": "gpt2"}  # 32 KB
        pasting = [asyncio.create_task(_paste(server.port, text)) for _ in range(20)]
        waits = []
        for _ in range(100):
            started = time.monotonic()
            assert (await ask(server.port, "/livez")).status == 200
            waits.append(time.monotonic() - started)
            await asyncio.sleep(0.01)
        assert (await ask(server.port, "/readyz")).status == 200
        for task in (*load, *pasting):
            task.cancel()
        await asyncio.gather(*load, *pasting, return_exceptions=True)
    waits.sort()
    figure(
        f"/livez with every place taken and 20 pasting 32 KB: p99 {waits[98] * 1000:.0f} ms, max {waits[-1] * 1000:.0f} ms"
    )
    assert waits[98] < within(1.0, 0.1)
    assert waits[-1] < within(2.0, 0.2)


async def _paste(port: int, text: dict) -> None:
    for _ in range(3):
        await ask(port, "/api/tokenize", text)


async def test_what_was_asked_is_found_nowhere(tmp_path: Path):
    """The canary through every route, as every field, in addresses, headers and methods; then look everywhere."""
    answers: list[Reply] = []
    with program(tmp_path, "--ms-per-token", "0", "--fail-at", "40", log_level="info") as server:
        schema = server.get("/openapi.json").json()
        for path, methods in schema["paths"].items():
            if "post" in methods:
                for fields in (
                    *({field: CANARY} for field in ("prompt", "text", "question")),
                    {"prompt": CANARY, "temperature": CANARY},
                    {CANARY: [CANARY]},
                    {WORD: [WORD]},
                ):
                    answers.append(await ask(server.port, path, fields))
        for preset in (preset for behaviour in WITH_PRESETS for preset in read_presets(behaviour)[:4]):
            path = f"/api/experiments/{preset.experiment}"
            for fields in (with_canary(preset.request), {**preset.request, WORD: WORD}):
                answers.append(await ask(server.port, path, fields))
        written = answers[:]
        for raw in (
            f"GET /{WORD}?q={WORD} HTTP/1.1", f"{WORD.upper()} / HTTP/1.1", f"GET /static/{WORD} HTTP/1.1",
            f"GET /api/vocabulary/{WORD} HTTP/1.1",
        ):  # fmt: skip
            written.append(
                await _raw(
                    server.port, f"{raw}\r\nHost: 127.0.0.1\r\nX-{WORD}: {WORD}\r\nX-Client: {WORD}\r\n"
                )
            )
        written.append(await ask(server.port, "/api/class", {"curtain": True}, headers={"X-Teacher": WORD}))
        metrics = server.get("/metrics").text
        assert {reply.status for reply in answers} >= {200, 422}
        code, _ = await asyncio.to_thread(server.stop)
        assert code == 0
        for reply in written:
            if reply.status >= 400:
                assert WORD not in reply.body.decode().lower()
            assert WORD not in str(reply.headers)
        assert WORD not in metrics
        lines = (tmp_path / "err").read_text().splitlines()
        requests = [json.loads(line) for line in lines if '"event": "request"' in line]
        assert len(requests) >= len(answers)
        assert all(isinstance(json.loads(line), dict) for line in lines if line.startswith("{"))
        for path in tmp_path.rglob("*"):
            assert WORD not in path.name.lower()
            if path.is_file():
                assert WORD not in path.read_text(errors="replace").lower(), path


def with_canary(value: Any) -> Any:
    """A preset's request with the canary in all its longer texts; what is chosen from a list stays."""
    if isinstance(value, str):
        return f"{value} {CANARY}" if len(value) > 12 else value
    if isinstance(value, dict):
        return {key: with_canary(each) for key, each in value.items()}
    return [with_canary(each) for each in value] if isinstance(value, list) else value


async def _raw(port: int, head: str) -> Reply:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{head}Connection: close\r\n\r\n".encode())
    whole = await reader.read()
    writer.close()
    head_bytes, _, content = whole.partition(b"\r\n\r\n")
    reply = Reply(0.0, int(head_bytes.split(b" ")[1]), {"all": head_bytes.decode("latin-1")})
    reply.body += content
    return reply
