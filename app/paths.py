"""Where the project's files lie: in a checkout, or inside the installed package."""

import os
import sys
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_BUNDLE = _PACKAGE / "_bundle"  # the wheel carries static/, templates/ and models/ here

ROOT = _BUNDLE if _BUNDLE.is_dir() else _PACKAGE.parent
STATIC = ROOT / "static"
TEMPLATES = ROOT / "templates"
MODELS = ROOT / "models"


def default_weights_dir() -> Path:
    """`models/weights` in a checkout; the user's cache folder for an installed package."""
    return _home() / "weights"


def default_state_dir() -> Path:
    """Beside the weights."""
    return _home() / "state"


def _home() -> Path:
    if ROOT != _BUNDLE:
        return MODELS
    if sys.platform == "darwin":
        cache = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        cache = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    else:
        cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return cache / "base-model-playground"
