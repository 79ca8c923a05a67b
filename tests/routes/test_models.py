"""What can be loaded, and who may: everybody has the same model, so on an open server the teacher chooses it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fastapi.testclient import TestClient

from app.host import ModelHost
from app.main import create_app
from app.settings import Settings
from tests.kit.stream import ask
from tests.live import serve, wait_until
from tests.site import Loader, browse

FIRST, SECOND = "gemma-3-270m", "gpt2"  # of the catalogue
OPEN = [
    {"host": "0.0.0.0"},
    {"host": "::"},
    {"host": ""},
    {"host": "192.168.7.7"},
    {"public_address": "http://class.school"},
]
CLOSED = [{}, {"host": "localhost"}, {"host": "127.0.0.2"}, {"host": "::1"}]


@contextmanager
def class_on(loader: Loader, **settings: str) -> Iterator[TestClient]:
    """A site whose first model is ready."""
    given = Settings(teacher_secret="open sesame", **settings)
    host = ModelHost(given, open_model=loader)
    with browse(create_app(given, host)) as client:
        wait_until(lambda: host.state()["loaded"])
        yield client


def switch(client: TestClient, **headers: str):
    return client.post("/api/models/load", json={"name": SECOND}, headers=headers)


def test_the_state_is_what_the_host_says(client: TestClient):
    reply = client.get("/api/models")
    assert reply.status_code == 200
    assert reply.json()["state"] == "ready"
    assert reply.json()["engine"]["mode"] == "scripted"


def test_a_load_is_accepted_and_begins(client: TestClient, site):
    reply = client.post("/api/models/load", json={"name": "gpt2"})
    assert reply.status_code == 202
    assert "models" in reply.json()
    assert site.state.site.host.asked_for == ["gpt2"]


@pytest.mark.parametrize("settings", OPEN)
def test_on_an_open_server_only_the_teacher_switches_the_model(settings: dict[str, str]):
    loader = Loader()
    with class_on(loader, **settings) as client:
        assert client.get("/api/models").json()["switch"] == "teacher"
        for headers in ({}, {"X-Client": "a-student"}, {"X-Teacher": "guess"}):
            reply = switch(client, **headers)
            assert (reply.status_code, reply.json()["error"]["code"]) == (401, "wrong_secret")
        assert client.get("/api/models").json()["task"] is None
        assert loader.asked_for == [FIRST]  # nothing has begun

        reply = switch(client, **{"X-Teacher": "open sesame"})
        assert (reply.status_code, reply.json()["switch"]) == (202, "teacher")
        wait_until(lambda: client.get("/api/models").json()["loaded"]["name"] == SECOND)


@pytest.mark.parametrize("settings", CLOSED)
def test_on_a_server_for_this_machine_alone_anyone_at_it_switches(settings: dict[str, str]):
    loader = Loader()
    with class_on(loader, **settings) as client:
        assert client.get("/api/models").json()["switch"] == "anyone"
        assert switch(client, **{"X-Teacher": "guess"}).status_code == 401  # as wherever a secret is sent
        assert switch(client).status_code == 202
        wait_until(lambda: client.get("/api/models").json()["loaded"]["name"] == SECOND)
        assert loader.asked_for == [FIRST, SECOND]


async def test_a_student_reads_to_the_end_while_the_teacher_switches():
    loader = Loader(ms_per_token=20)
    given = Settings(host="0.0.0.0", teacher_secret="open sesame")
    host = ModelHost(given, open_model=loader)
    with serve(create_app(given, host)) as port:
        await asyncio.to_thread(wait_until, lambda: host.state()["loaded"])
        body = {"prompt": "Once", "max_tokens": 100, "ignore_eos": True}
        student = asyncio.create_task(ask(port, "/api/completions", body))
        await asyncio.to_thread(wait_until, lambda: loader.engines[FIRST].requests())
        teacher = {"X-Teacher": "open sesame"}
        reply = await ask(port, "/api/models/load", {"name": SECOND}, headers=teacher)
        assert reply.status == 202
        await asyncio.to_thread(wait_until, lambda: host.state()["loaded"]["name"] == SECOND)
        assert not student.done()
        read = await student
    assert read.terminal == ["done"] and len(read.tokens) == 100


def test_an_unknown_model_is_a_404_and_is_not_repeated(client: TestClient):
    reply = client.post("/api/models/load", json={"name": "../../etc/passwd"})
    assert reply.status_code == 404
    assert "passwd" not in reply.text


def test_a_name_is_needed(client: TestClient):
    assert client.post("/api/models/load", json={}).json()["error"]["message"] == "name is missing"
