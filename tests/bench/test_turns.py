"""Contenders take turns; who fails is out, and nobody else."""

from app.bench import turns
from app.bench.endpoint import ServerFailed
from app.bench.turns import in_turn


class Contender:
    def __init__(self, name: str, log: list[str], fails_at: int = -1) -> None:
        self.name, self.log, self.fails_at, self.rounds = name, log, fails_at, 0

    async def warm_up(self, streams: int) -> None:
        self.log.append(f"{self.name} warms up")

    async def round(self, streams: int) -> int:
        if self.rounds == self.fails_at:
            raise ServerFailed(f"{self.name} failed")
        self.rounds += 1
        self.log.append(self.name)
        return streams * self.rounds


async def test_they_take_turns(monkeypatch):
    monkeypatch.setattr(turns, "_REST_SECONDS", 0)
    log: list[str] = []
    found = await in_turn({"a": Contender("a", log), "b": Contender("b", log)}, 4, 2, lambda error: None)
    assert log == ["a warms up", "b warms up", "a", "b", "a", "b"]
    assert found == {"a": [4, 8], "b": [4, 8]}


async def test_who_fails_is_out(monkeypatch):
    monkeypatch.setattr(turns, "_REST_SECONDS", 0)
    log: list[str] = []
    failed: list[ServerFailed] = []
    contenders = {"a": Contender("a", log, fails_at=1), "b": Contender("b", log)}
    assert await in_turn(contenders, 1, 3, failed.append) == {"b": [1, 2, 3]}
    assert [str(error) for error in failed] == ["a failed"]
