import logging
from collections.abc import Callable, Iterator

import httpx
import pytest

from app.engine.fake import FakeEngine
from app.main import create_app
from app.settings import Settings
from tests.byte_tokenizer import ByteTokenizer
from tests.live import serve
from tests.site import OneModel


@pytest.fixture(scope="module")
def ms_per_token() -> float:
    return 0.0


@pytest.fixture(scope="module")
def engine(ms_per_token: float) -> Iterator[FakeEngine]:
    engine = FakeEngine(ByteTokenizer(), slots=4, queue=100, context_length=1024, ms_per_token=ms_per_token)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def port(engine: FakeEngine) -> Iterator[int]:
    with serve(create_app(Settings(engine="fake"), OneModel(engine))) as port:
        yield port


@pytest.fixture
def http(port: int) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        yield http


@pytest.fixture
def figure() -> Callable[[str], None]:
    """What was measured, for `pytest --log-cli-level=info`."""
    return logging.getLogger("figures").info
