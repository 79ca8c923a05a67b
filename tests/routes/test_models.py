from fastapi.testclient import TestClient


def test_the_state_is_what_the_host_says(client: TestClient):
    reply = client.get("/api/models")
    assert reply.status_code == 200
    assert reply.json()["state"] == "ready"
    assert reply.json()["engine"]["mode"] == "scripted"


def test_a_load_is_accepted_and_begins(client: TestClient, site):
    reply = client.post("/api/models/load", json={"name": "gpt2"})
    assert reply.status_code == 202
    assert "models" in reply.json()
    assert site.state.host.asked_for == ["gpt2"]


def test_an_unknown_model_is_a_404_and_is_not_repeated(client: TestClient):
    reply = client.post("/api/models/load", json={"name": "../../etc/passwd"})
    assert reply.status_code == 404
    assert "passwd" not in reply.text


def test_a_name_is_needed(client: TestClient):
    assert client.post("/api/models/load", json={}).json()["error"]["message"] == "name is missing"
