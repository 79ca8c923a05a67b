"""What is the teacher's alone, and what every page may ask."""

from dataclasses import replace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import ValidationError

from app.engine.contract.outputs import Cores
from app.errors import TooManyGuesses, WrongSecret
from app.main import create_app
from app.network import class_addresses
from app.routes.teacher import GUESS_SECONDS, MAX_GUESSES, TeacherLane
from app.settings import Settings
from tests.site import OneModel


@pytest.fixture
def teacher(site: FastAPI) -> dict[str, str]:
    return {"X-Teacher": site.state.site.teacher.secret}


def code(reply) -> tuple[int, str]:
    return reply.status_code, reply.json()["error"]["code"]


def shown(client: TestClient) -> dict[str, object]:
    state = client.get("/api/class").json()
    return {name: state[name] for name in ("curtain", "note", "blur")}


def test_the_status_is_the_teachers_alone(client: TestClient, teacher):
    assert code(client.get("/api/status")) == (401, "wrong_secret")
    assert code(client.get("/api/status", headers={"X-Teacher": "guess"})) == (401, "wrong_secret")
    status = client.get("/api/status", headers=teacher).json()
    assert status["running"] == status["waiting"] == []
    assert status["memory_bytes"] > 0 and status["uptime_seconds"] >= 0
    assert (status["slots"], status["queue"], status["tokens_per_second"]) == (32, 200, 0.0)
    assert status["cores"] is None  # nobody watches them here


def test_the_status_says_what_other_programs_use(teacher, fake_engine, client: TestClient, monkeypatch):
    stats = replace(fake_engine.stats(), cores=Cores(count=2, others=1.04, threads=1, crowded=True))
    monkeypatch.setattr(fake_engine, "stats", lambda: stats)
    status = client.get("/api/status", headers=teacher).json()
    assert status["cores"] == {"count": 2, "others": 1.0, "threads": 1, "crowded": True}


def test_ten_wrong_secrets_close_the_door_for_that_address(client: TestClient, teacher, monkeypatch):
    for _ in range(10):
        assert code(client.get("/api/status", headers={"X-Teacher": "guess"})) == (401, "wrong_secret")
    refused = client.get("/api/status", headers=teacher)
    assert code(refused) == (429, "too_many_guesses")
    assert 0 < int(refused.headers["retry-after"]) <= 61
    monkeypatch.setattr("app.routes.teacher.GUESS_SECONDS", 0.0)
    assert client.get("/api/status", headers=teacher).status_code == 200


def test_a_wrong_secret_is_no_student_either(client: TestClient):
    reply = client.post("/api/next-token", json={"prompt": "x"}, headers={"X-Teacher": "guess"})
    assert code(reply) == (401, "wrong_secret")


def test_each_server_has_a_secret_of_its_own_or_the_one_it_was_given():
    secrets = {create_app(Settings(), OneModel(None)).state.site.teacher.secret for _ in range(2)}
    assert len(secrets) == 2 and all(len(secret) >= 16 for secret in secrets)
    given = create_app(Settings(teacher_secret="open sesame"), OneModel(None))
    assert given.state.site.teacher.secret == "open sesame"
    assert "sesame" not in repr(given.state.site.settings)


def test_the_class_sees_what_the_teacher_sets(client: TestClient, teacher):
    assert shown(client) == {"curtain": False, "note": False, "blur": []}
    assert code(client.post("/api/class", json={"curtain": True})) == (401, "wrong_secret")
    client.post("/api/class", json={"curtain": True}, headers=teacher)
    changed = client.post("/api/class", json={"note": True, "blur": ["fish", "鱼"]}, headers=teacher)
    assert changed.json() == client.get("/api/class").json()
    assert shown(client) == {"curtain": True, "note": True, "blur": ["fish", "鱼"]}
    assert client.post("/api/next-token", json={"prompt": "x"}).status_code == 200  # a curtain stops nothing


@pytest.mark.parametrize(
    "body",
    [
        {"blur": ["x"] * 201},
        {"blur": ["x" * 65]},
        {"blur": [""]},
        {"blur": "x"},
        {"curtain": 1},
        {"other": True},
    ],
)
def test_what_is_blurred_is_bounded(client: TestClient, teacher, body):
    assert client.post("/api/class", json=body, headers=teacher).status_code == 422
    assert shown(client) == {"curtain": False, "note": False, "blur": []}


def test_the_status_says_where_the_class_finds_the_site(monkeypatch):
    monkeypatch.setattr("app.network.lan_addresses", lambda: ["192.168.1.20"])
    monkeypatch.setattr("socket.gethostname", lambda: "desk")
    here = ["http://192.168.1.20:8123", "http://desk.local:8123"]
    assert class_addresses(Settings(host="0.0.0.0", port=8123)) == here
    assert class_addresses(Settings(port=8000)) == ["http://127.0.0.1:8000"]
    assert class_addresses(Settings(host="fe80::1", port=8000)) == ["http://[fe80::1]:8000"]
    named = Settings(port=8000, public_address="https://Playground.School/")
    assert class_addresses(named) == ["https://playground.school"]
    open_too = Settings(host="0.0.0.0", port=8123, public_address="http://class.school:8123")
    assert class_addresses(open_too) == ["http://class.school:8123", *here]


@pytest.mark.parametrize(
    "address", ["playground.school", "ftp://school", "http://a/b", "http://a b", "http://u@a"]
)
def test_a_public_address_is_a_scheme_a_name_and_a_port(address: str):
    with pytest.raises(ValidationError, match="is no address; allowed is http://name"):
        Settings(public_address=address)


@pytest.mark.parametrize("secret", ["пароль", "é", " open", "open\n", "a\x7fb"])
def test_a_secret_is_one_that_travels_in_a_header(secret: str):
    with pytest.raises(ValidationError, match="allowed are letters without accents"):
        Settings(teacher_secret=secret)
    assert Settings(teacher_secret="open, sesame!").teacher_secret.get_secret_value() == "open, sesame!"


@pytest.mark.parametrize(
    "given",
    [
        *("open sesame"[:length] for length in range(1, 11)),
        "open sesamed", "open sesame ", " open sesame", "Open sesame", "OPEN SESAME", "pen sesame", "sesame",
        "open-sesame", "open\tsesame", "emases nepo", "*", "пароль", "open sesame" * 2,
    ],
)  # fmt: skip
def test_every_other_word_than_the_secret_is_a_guess(given: str):
    lane = TeacherLane("open sesame")
    for _ in range(MAX_GUESSES):
        with pytest.raises(WrongSecret):
            lane.check(given, "10.0.0.1")
    with pytest.raises(TooManyGuesses):
        lane.check("open sesame", "10.0.0.1")
    lane.check("open sesame", "10.0.0.2")


def test_each_address_has_its_own_guesses_and_forgets_them_after_a_minute(monkeypatch):
    now = 100.0
    monkeypatch.setattr("app.routes.teacher.time.monotonic", lambda: now)
    lane = TeacherLane("open sesame")
    for address in ("10.0.0.1", "10.0.0.2"):
        for _ in range(MAX_GUESSES - 1):
            with pytest.raises(WrongSecret):
                lane.check("guess", address)
        lane.check("open sesame", address)  # one is left to each
    with pytest.raises(WrongSecret):
        lane.check("guess", "10.0.0.1")
    now = 100.0 + GUESS_SECONDS
    with pytest.raises(TooManyGuesses) as refused:
        lane.check("open sesame", "10.0.0.1")
    assert refused.value.retry_after == 1
    now = 100.5 + GUESS_SECONDS
    lane.check("open sesame", "10.0.0.1")


def test_the_wait_goes_by_the_oldest_of_ten_guesses(monkeypatch):
    now = 0.0
    monkeypatch.setattr("app.routes.teacher.time.monotonic", lambda: now)
    lane = TeacherLane("open sesame")
    for _ in range(MAX_GUESSES):
        with pytest.raises(WrongSecret):
            lane.check("guess", "10.0.0.1")
        now += 4.0
    with pytest.raises(TooManyGuesses) as refused:
        lane.check("open sesame", "10.0.0.1")
    assert refused.value.retry_after == 60 - 40 + 1


def test_a_thousand_addresses_are_remembered_and_then_none(monkeypatch):
    monkeypatch.setattr("app.routes.teacher.time.monotonic", lambda: 100.0)
    lane = TeacherLane("open sesame")

    def guess(address: str) -> type[Exception]:
        with pytest.raises((WrongSecret, TooManyGuesses)) as refused:
            lane.check("guess", address)
        return refused.type

    for _ in range(MAX_GUESSES):
        assert guess("the first") is WrongSecret
    for number in range(999):
        guess(f"10.0.0.{number}")
    assert guess("the first") is TooManyGuesses
    guess("one more")
    assert guess("the first") is WrongSecret
