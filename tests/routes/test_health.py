from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from app.main import create_app
from app.settings import Settings
from tests.site import OneModel, browse


def metrics(client: TestClient) -> dict[str, float]:
    families = text_string_to_metric_families(client.get("/metrics").text)
    samples = [sample for family in families for sample in family.samples]
    return {
        sample.name + "".join(f"[{v}]" for v in sample.labels.values()): sample.value for sample in samples
    }


def test_alive_and_ready(client: TestClient):
    assert client.get("/livez").status_code == 200
    assert client.get("/readyz").json() == {"status": "ready", "model": "fake"}


def test_alive_but_not_ready_while_the_model_loads():
    with browse(create_app(Settings(), OneModel(None))) as client:
        assert client.get("/livez").status_code == 200
        reply = client.get("/readyz")
        assert reply.status_code == 503
        assert reply.json()["error"] == {
            "code": "model_not_ready",
            "message": "gemma-3-270m is being fetched: 12%",
        }
        assert reply.headers["retry-after"] == "2"
        assert metrics(client)["pg_running"] == 0


def test_the_metrics_count_what_happened(client: TestClient):
    before = metrics(client)
    for _ in range(3):
        assert client.post("/api/completions", json={"prompt": "Once", "max_tokens": 5}).status_code == 200
    for wrong in ({"prompt": "x" * 600}, {"prompt": "Once", "temperature": 99}):
        assert client.post("/api/completions", json=wrong).status_code == 422
    after = metrics(client)
    grown = {name: after[name] - before.get(name, 0) for name in after}
    assert grown["pg_tokens_total"] == 15
    assert grown["pg_requests_total[finished]"] == 3
    assert grown["pg_requests_total[rejected]"] == 2
    assert grown["pg_ttft_seconds_count"] == 3
    assert grown["pg_queue_seconds_count"] == 3
    assert after["pg_running"] == after["pg_waiting"] == 0
    assert after["pg_steps_total"] > 0
    assert after["pg_kv_bytes"] >= 0


def test_two_sites_keep_separate_books(client: TestClient, fake_engine):
    client.post("/api/completions", json={"prompt": "x" * 600})
    with browse(create_app(Settings(), OneModel(fake_engine))) as other:
        assert metrics(other)["pg_requests_total[rejected]"] == 0
