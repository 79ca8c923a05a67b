"""On a machine that lets nobody in, the page says what to do."""

import pytest
from fastapi.testclient import TestClient

from app.network import beyond_this_machine


@pytest.mark.parametrize(
    ("language", "says"), [("en", "Nobody can join yet"), ("zh-CN", "现在还没有人能加入")]
)
def test_a_closed_door_is_said(client: TestClient, language: str, says: str):
    text = client.get("/join", params={"lang": language}).text
    assert says in text and "python -m app --lan" in text
    assert "<qr-code>" not in text


def test_the_addresses_of_the_machine_itself_lead_nobody_in():
    inside = ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"]
    outside = ["http://192.168.1.20:8000", "https://class.school", "http://[fe80::1]:8000"]
    assert beyond_this_machine([*inside, *outside]) == outside
