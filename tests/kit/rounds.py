"""How often: a few times in every run of the tests, as often as promised with THOROUGH=1."""

import os


def rounds(usual: int, promised: int) -> int:
    return promised if os.environ.get("THOROUGH") else usual
