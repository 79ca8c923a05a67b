"""The encodings as the site has them."""

import pytest

from app.paths import STATIC
from app.tokenization.registry import Encodings

FOLDER = STATIC / "vendor" / "encodings"


@pytest.fixture(scope="session")
def encodings() -> Encodings:
    if not FOLDER.is_dir():
        pytest.fail("the tokenizer vocabularies are missing: run `python -m app.assets`")
    return Encodings(FOLDER)
