"""How often, and how near: in every run what any machine can keep, with THOROUGH=1 what is promised."""

import os


def rounds(usual: int, promised: int) -> int:
    return promised if os.environ.get("THOROUGH") else usual


def within(usual: float, promised: float) -> float:
    """A limit: the usual one lets through what a busy machine does, and not what a mistake would do."""
    return promised if os.environ.get("THOROUGH") else usual
